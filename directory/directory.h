/* directory.h -- the directory operation: a handle, and what its parts share. The implementation behind
 * `dir:PATH`; include/cairn/directory.h has the rules. */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <cairn/operation.h>

/* A handle. Nothing in it changes once it is open: all that threads and processes have to agree on is in the
 * directory, below its lock. */
struct directory {
    char *path;   /* as it was given, for messages */
    int dir;      /* the open directory */
    dev_t device; /* which one it is */
    ino_t inode;
    bool readonly;
    pid_t pid;        /* of the process that opened it: the handle is of no use in a child */
    uint8_t boot[16]; /* this boot's id */
};

extern const struct cairn_vtable directory_vtable;

#endif
