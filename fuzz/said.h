/* said.h -- a stream that keeps what is printed to it, as far as there is room, and counts the rest. */
#ifndef FUZZ_SAID_H
#define FUZZ_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SAID_MAX (64u * 1024)

struct said {
    char text[SAID_MAX + 1]; /* with a NUL behind it; whole once the stream is closed */
    size_t size;             /* of the text */
    size_t total;            /* of all that was printed */
};

/* said_open -- a stream to it, empty; the caller closes it before the text is looked at. */
FILE *said_open(struct said *said);

/* said_is_text -- whether it is lines of UTF-8, each ended, without a control character. */
bool said_is_text(const struct said *said);

#endif
