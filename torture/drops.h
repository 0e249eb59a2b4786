/* drops.h -- which of the syncs that were recorded a check misses. */
#ifndef TORTURE_DROPS_H
#define TORTURE_DROPS_H

#include "torture/campaign.h"

/* drops_try -- leaves out one sync after the other, and tells on standard output which of them no check
 * misses, by the place in the source that made them. The campaign is one that has passed with them all. */
void drops_try(const struct campaign *like, const struct trace *trace, enum profile profile);

#endif
