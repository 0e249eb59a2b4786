/* damaged_vouched.h -- what the files that are left of a damaged journal vouch for, as docs/protocol.md says
 * it.
 */
#ifndef FUZZ_DAMAGED_VOUCHED_H
#define FUZZ_DAMAGED_VOUCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/damaged.h"

struct vouched {
    int newest;                      /* index of the newest segment with a good header; -1: none has */
    bool missing;                    /* and there was a newer one */
    uint64_t witness;                /* the log was durable up to here */
    unsigned next[HISTORY_SEGMENTS]; /* index of the next good segment; HISTORY_SEGMENTS: there is none */
    uint64_t upto[HISTORY_SEGMENTS]; /* what is in each segment up to here is believed, chain or no chain */
};

/* damaged_vouch -- takes it from the files and from what was recorded. With lies it means nothing. */
void damaged_vouch(const struct damaged *journal, struct vouched *vouched);

#endif
