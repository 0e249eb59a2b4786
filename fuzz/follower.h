/* follower.h -- one who follows an operation by a mark (cairn_list_since()), and what he has been shown of
 * it.
 *
 * What certainly is there and has not been shown to him has to be shown when a walk ends by itself; oldest
 * first, nothing that is not of the ledger, and nothing twice.
 */
#ifndef FUZZ_FOLLOWER_H
#define FUZZ_FOLLOWER_H

#include <stdint.h>

#include <cairn/cairn.h>

#include "fuzz/ledger.h"

/* All zero is one who has been shown nothing. Bit k of a set is the checkpoint of step k. */
struct follower {
    struct cairn_mark mark;
    uint64_t past;  /* what may be behind the mark: it was shown, passed over, or it is not known which was */
    uint64_t shown; /* what is, beyond doubt */
    uint64_t last;  /* the last of these; none if it is not known which */
};

/* How he looks. */
enum {
    FOLLOWER_PASSES = 1, /* nothing is shown to him, and all is behind the mark */
    FOLLOWER_ENDS = 2    /* he ends the walk with the first */
};

/* follower_look -- has what is new shown to him, while calls may fail; with no bit of `how`, then once more,
 * and that is nothing. Returns what the call returns. */
int follower_look(struct follower *follower, const struct ledger *ledger, struct cairn_op *op,
                  const struct cairn_ctx *ctx, enum ledger_fails fails, unsigned how);

#endif
