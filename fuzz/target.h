/* target.h -- what a fuzz target is: a file fuzz/fuzz_NAME.c that defines these two functions.
 *
 * It is linked three times: with libFuzzer, with AFL++, and with replay/replay.c, which runs it once on each
 * of the files that it is given and needs no engine. Any other .c of fuzz/ is a helper, linked to all.
 *
 * An input is decoded rather than read: whatever its bytes are they describe something, and where a checksum
 * has to be right the target computes it. So an engine that knows nothing of checksums gets past them.
 *
 * What must not be is told by FUZZ_ASSERT(). A target keeps nothing from one input to the next that an answer
 * could depend on, and gives back all memory, files and locks.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* LLVMFuzzerTestOneInput -- runs the target on one input. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* target_seeds -- calls `seed` for each input of the seed corpus, with the name that its file is to have. The
 * same ones each time: fuzz/corpus/NAME/ is what it makes, and a test looks. */
typedef void target_seed(const char *name, const void *data, size_t size);
void target_seeds(target_seed *seed);

/* FUZZ_ASSERT -- ends the program as a finding if the condition is false; the rest is as for printf and says
 * what was found instead. */
#define FUZZ_ASSERT(condition, ...)                                                                          \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                  \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                             \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
