/* outside.h -- files beyond the directory that were written to and not synced since: one that is moved in has
 * been made durable there, or has not. What was there before the workload counts as durable, as it does in
 * the directory. */
#ifndef TORTURE_OUTSIDE_H
#define TORTURE_OUTSIDE_H

#include "torture/known.h"

struct outside {
    struct pending {
        struct identity identity;
        bool mapped; /* it may be stored to at any time: no sync is enough */
    } * files;
    size_t count, space;
};

void outside_wrote(struct outside *outside, const struct identity *identity, bool mapped);

/* outside_synced -- NULL: all files have been. */
void outside_synced(struct outside *outside, const struct identity *identity);

bool outside_is_synced(const struct outside *outside, const struct identity *identity);
void outside_release(struct outside *outside);

#endif
