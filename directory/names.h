/* names.h -- which checkpoints there are, by reading the whole directory. */
#ifndef DIRECTORY_NAMES_H
#define DIRECTORY_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "directory/directory.h"
#include "directory/name.h"

enum listed_kind {
    LISTED_CHECKPOINT, /* a regular file with a number */
    LISTED_NUMBERLESS, /* a file that a Go program would take for one, without a number */
    LISTED_IRREGULAR,  /* a directory, a link, a fifo, under the name of a checkpoint */
};

struct listed {
    uint32_t number;
    enum listed_kind kind;
    char *name;
};

struct names {
    struct listed *items; /* the checkpoints, oldest first; then the others */
    size_t count;         /* of checkpoints */
    size_t all;           /* of all items */
};

#define NAMES_INIT                                                                                           \
    {                                                                                                        \
        NULL, 0, 0                                                                                           \
    }

/* names_read -- reads it. Whatever happens, the names is to be released. It stops if the context ends. */
int names_read(struct names *names, const struct directory *directory, const struct cairn_ctx *ctx);

void names_release(struct names *names);

#endif
