/* rot.h -- what a medium may do to files that lie there: bytes turned, sectors zeroed, files cut, gone, or as
 * they once were. One of these at a time, on the directory as the workload has left it. */
#ifndef TORTURE_ROT_H
#define TORTURE_ROT_H

#include "torture/trace.h"
#include "torture/tree.h"

enum rot_kind {
    ROT_NONE,
    ROT_TURN,   /* a bit of the byte at `offset` is another */
    ROT_ZERO,   /* the sector at `offset` is all zero */
    ROT_CUT,    /* the file has `offset` bytes */
    ROT_REMOVE, /* the file is gone */
    ROT_OLDER,  /* its bytes are those that it had after so many operations: `offset` */
    ROT_KINDS
};

struct rot {
    enum rot_kind kind;
    uint32_t object;
    uint64_t offset;
};

/* rot_all -- calls `fn` for each of some: of a file at most `most` of each kind, evenly over what it has. A
 * result other than true ends it. */
typedef bool rot_fn(void *arg, const struct rot *rot);
void rot_all(const struct trace *trace, const struct tree *tree, uint64_t seed, unsigned most, rot_fn *fn,
             void *arg);

/* rot_apply -- does it to the tree, which is that of the whole trace. */
void rot_apply(const struct rot *rot, const struct trace *trace, struct tree *tree);

/* rot_tell -- in words. */
void rot_tell(const struct rot *rot, const struct trace *trace, FILE *stream);

#endif
