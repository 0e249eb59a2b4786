/* paths.h -- whether the paths that a user names can be what they are for. Each is false with a message on
 * stderr. */
#ifndef TORTURE_PATHS_H
#define TORTURE_PATHS_H

#include <stdbool.h>

/* paths_dir -- a directory that can be tortured: the current one may be it, and must not be below it. */
bool paths_dir(const char *dir);

/* paths_output -- a file to be written, or a directory to be made, which must not be in the tortured one:
 * that would change what is recorded. NULL is none. */
bool paths_output(const char *path, const char *dir);

/* paths_differ -- whether no two of them are the same; NULL is none. */
bool paths_differ(const char *const paths[], unsigned count);

#endif
