/* hostile_meddler.h -- what somebody does in the midst of a call, by himself or with a handle of his own; and
 * what holds of a call all the same, whatever he did.
 */
#ifndef FUZZ_HOSTILE_MEDDLER_H
#define FUZZ_HOSTILE_MEDDLER_H

#include <cairn/cairn.h>

#include "fuzz/hostile.h"
#include "fuzz/listing.h"
#include "fuzz/source.h"

/* What he does. */
enum deed {
    DEED_NO_LOCK,    /* removes the lock */
    DEED_OTHER_LOCK, /* puts another in its place */
    DEED_BAD_LOCK,   /* puts a directory in its place */
    DEED_RECORD,     /* removes the lock, and records a checkpoint with a handle of his own */
    DEED_CLEAR,      /* removes the lock, and clears */
    DEED_TAKE,       /* puts a checkpoint there without the lock */
    DEED_REMOVE,     /* removes the latest without the lock */
    DEED_OPEN,       /* opens the directory: what killed processes have left is removed */
    DEED_LOSE,       /* removes the directory */
    DEED_COUNT
};

/* What a call was asked with, and what it gave. */
struct asking {
    enum asked asked;
    char text[300]; /* the label, or the id */
    unsigned char bytes[255];
    size_t bytes_size;
    int error;
    struct cairn_id id;
    void *data; /* to be freed with cairn_free() */
    size_t size;
};

/* hostile_ask -- takes from the input what the call is asked with, and asks. */
void hostile_ask(struct asking *asking, enum asked asked, struct source *source,
                 const struct listing *listing, struct cairn_op *handle, struct cairn_ctx *ctx);

/* hostile_meddle -- the next call will be meddled with, as the input says; and its context, which is this,
 * cancelled then, if it says so. */
void hostile_meddle(struct source *source, struct cairn_ctx *ctx);

/* hostile_meddle_end -- after that call: `before` is as it was before it. Nothing was meant to be there that
 * is not; what was acknowledged is there. True if the directory that the handle is of has been removed. */
bool hostile_meddle_end(const struct asking *asking, const struct listing *before);

#endif
