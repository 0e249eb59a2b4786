/* place.h -- the directory that the benchmark works in, which is its own and is removed with the process. */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* Makes it below `parent`. Dies if that cannot be. */
void place_make(const char *parent);

/* Its path; "" before it is made. */
const char *place_path(void);

/* Returns the path of `name` in it, with `suffix`; to be freed. */
char *place_in(const char *name, const char *suffix);

/* Removes what is there, if anything is, and waits until the disk is at rest. */
void place_remove(const char *path);

void place_copy(const char *from, const char *to);

/* How many bytes are free there. */
uint64_t place_free(void);

/* Whether a signal has asked to end. It interrupts what waits. */
bool place_is_interrupted(void);

/* If so, ends the process, whose directory is removed. */
void place_interrupted(void);

#endif
