/* hostile_asked.h -- what holds of each call on a `dir:`: its answer is what a plain reading of the directory
 * and the public header say, and it changes what it says and nothing else.
 */
#ifndef FUZZ_HOSTILE_ASKED_H
#define FUZZ_HOSTILE_ASKED_H

#include <stdbool.h>
#include <stddef.h>

#include <cairn/cairn.h>

#include "fuzz/hostile.h"
#include "fuzz/listing.h"
#include "fuzz/source.h"

/* Of whom the next call is asked, and how. */
extern struct here {
    struct cairn_op *handle;
    bool readonly;
    struct cairn_ctx *ctx; /* NULL if it has none */
    int ends;              /* the error with which that, or the lock, may end it; 0 if it does not */
    bool must;             /* it does, before the call has the lock */
    bool at_once;          /* and before anything else */
    struct listing before; /* the directory, as it is before the call */
} here;

/* hostile_check_asked -- takes from the input what the call is asked with, asks, and checks. */
void hostile_check_asked(enum asked asked, struct source *source);

/* hostile_forget -- nothing has been shown yet to who follows. */
void hostile_forget(void);

/* hostile_may_fail -- whether a call may fail so for what the directory is: the lock is none; or for who is
 * asking, who may be refused what others have closed. */
bool hostile_may_fail(int error);

/* hostile_check_unchanged -- nothing has been, but for the lock. */
void hostile_check_unchanged(const char *what);

/* A plain reading: whether a file is a checkpoint; the latest, NULL if there is none; how many there are. */
bool hostile_is_checkpoint(const struct found *file);
const struct found *hostile_latest(const struct listing *listing);
size_t hostile_count(const struct listing *listing);

#endif
