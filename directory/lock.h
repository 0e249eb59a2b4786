/* lock.h -- the file `lock`: whoever holds an exclusive flock on it has the directory to itself. Go programs
 * lock the same file in the same way.
 *
 * The file may be removed or replaced while it is held, and then somebody else holds another one. So a lock
 * that has just been taken must still be the one that the name stands for; and whoever has changed the
 * directory looks again before it relies on having been alone.
 */
#ifndef DIRECTORY_LOCK_H
#define DIRECTORY_LOCK_H

#include <stdbool.h>

#include <cairn/context.h>

#include "directory/directory.h"

#define LOCK_NAME "lock"

struct lock {
    int fd;        /* -1: there is no such file, and this handle may not make one */
    bool writable; /* the memo may be kept in it */
};

/* lock_take -- takes it; waits as long as the context lets it. A handle that only reads does without, if the
 * file is not there: nobody has changed the directory yet. */
int lock_take(struct lock *lock, const struct directory *directory, const struct cairn_ctx *ctx);

/* lock_holds -- whether what is held is still what others take. */
bool lock_holds(const struct lock *lock, const struct directory *directory);

void lock_release(struct lock *lock);

#endif
