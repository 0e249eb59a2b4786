/* patch.h -- changes to the bytes of a file that was whole, as an input describes them. */
#ifndef FUZZ_PATCH_H
#define FUZZ_PATCH_H

#include <stddef.h>

#include "fuzz/source.h"

enum patch {
    PATCH_BYTES, /* some bytes become others */
    PATCH_WORD,  /* eight, at a multiple of eight: a number shifted by some bits */
    PATCH_HALF,  /* two, at a multiple of two */
    PATCH_BIT,   /* one bit is another */
    PATCH_COPY,  /* what stands in one place stands in another, too */
    PATCH_FILL,  /* a run of the same byte */
    PATCH_CUT,   /* the file ends here */
    PATCH_COUNT
};

/* patch_apply -- applies all of the patches that are left in the input to the `size` bytes, and returns the
 * size that there is then. */
size_t patch_apply(struct source *source, unsigned char *bytes, size_t size);

#endif
