/* rival.h -- somebody else, who takes the lock of a `dir:` away and records a checkpoint there, while who
 * asks for it waits: in a thread of his own, so that who watches the calls (calls.h) sees his as those of
 * another process.
 */
#ifndef FUZZ_RIVAL_H
#define FUZZ_RIVAL_H

#include <stddef.h>

struct rival {
    int dir; /* the open directory, and how the operation there is called */
    const char *url;
    const char *label;
    const void *data;
    size_t size;
    int error; /* what the call returned, and the id */
    char id[256];
};

void rival_record(struct rival *rival);

#endif
