/* source.h -- where in its program's source a stopped thread is.
 *
 * What a thread came by is asked of its stack anew only if that shows a chain of calls that was not seen
 * before; each is remembered for as long as the process has the same code mapped. Processes that have the
 * same share it: a child has what its parent has, until it becomes another program. Nothing is told of a
 * program without symbols, and of most of those that are interpreted.
 *
 * Not noticed: that a library was unloaded and another one has come to the same place.
 */
#ifndef TORTURE_SOURCE_H
#define TORTURE_SOURCE_H

#include <stdint.h>
#include <sys/types.h>

struct sources;

struct sources *sources_new(void);
void sources_release(struct sources *sources);

/* source_of -- of a thread that is stopped at a system call: the innermost of the calls by which it came
 * there that have a line and are not the C library's, three at most, as "work.c:42 append < work.c:97 main";
 * names only, if the program has no lines; "" if it has neither. The string is good until the next call. */
const char *source_of(struct sources *sources, pid_t thread);

/* sources_walks -- how often a stack was gone through anew. */
uint64_t sources_walks(const struct sources *sources);

/* source_ended -- the thread is gone, or has become another program's. */
void source_ended(struct sources *sources, pid_t thread);

#endif
