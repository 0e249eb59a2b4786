/* lock.c -- see lock.h.
 *
 * flock() has no time limit. Without a context the call sleeps in it, in the kernel's own queue; with one it
 * asks again and again, at most LOCK_PAUSE_MAX_NS apart, and may so be overtaken.
 */
#include "directory/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system/system.h"

#define LOCK_PAUSE_MIN_NS 100000
#define LOCK_PAUSE_MAX_NS 5000000

/* open_lock -- opens the file, and makes it if the handle may. -1 with errno. */
static int open_lock(struct lock *lock, const struct directory *directory)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

    lock->writable = !directory->readonly;
    if (lock->writable) {
        lock->fd = openat(directory->dir, LOCK_NAME, flags | O_RDWR | O_CREAT, 0666);
        if (lock->fd >= 0 || (errno != EACCES && errno != EPERM && errno != EROFS))
            return lock->fd;
        lock->writable = false; /* reading is enough for flock() */
    }
    lock->fd = openat(directory->dir, LOCK_NAME, flags | O_RDONLY);
    return lock->fd;
}

/* wait_for -- waits for the open file's lock. */
static int wait_for(int fd, const struct directory *directory, const struct cairn_ctx *ctx)
{
    struct timespec pause = {.tv_nsec = LOCK_PAUSE_MIN_NS};

    for (;;) {
        if (flock(fd, ctx ? LOCK_EX | LOCK_NB : LOCK_EX) == 0)
            return 0;
        const int why = errno;
        if (why != EINTR && why != EWOULDBLOCK)
            return system_error(why, "%s/" LOCK_NAME ": cannot lock", directory->path);
        int error = cairn_ctx_check(ctx);
        if (error)
            return error;
        if (why == EINTR)
            continue;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < LOCK_PAUSE_MAX_NS)
            pause.tv_nsec *= 2;
    }
}

int lock_take(struct lock *lock, const struct directory *directory, const struct cairn_ctx *ctx)
{
    for (;;) {
        struct stat st;
        if (open_lock(lock, directory) < 0) {
            if (errno == ENOENT && directory->readonly)
                return 0;
            if (errno == ELOOP || errno == ENXIO || errno == EISDIR)
                return cairn_set_message(
                    CAIRN_EBUSY, "%s/" LOCK_NAME ": this is no regular file, and no lock", directory->path);
            return system_error(errno, "%s/" LOCK_NAME ": cannot open", directory->path);
        }
        int error = 0;
        if (fstat(lock->fd, &st) != 0)
            error = system_error(errno, "%s/" LOCK_NAME ": cannot look at it", directory->path);
        else if (!S_ISREG(st.st_mode))
            error = cairn_set_message(CAIRN_EBUSY, "%s/" LOCK_NAME ": this is no regular file, and no lock",
                                      directory->path);
        if (error == 0)
            error = wait_for(lock->fd, directory, ctx);
        if (error == 0 && lock_holds(lock, directory))
            return 0;
        lock_release(lock);
        if (error)
            return error;
    }
}

bool lock_holds(const struct lock *lock, const struct directory *directory)
{
    struct stat held, named;

    return lock->fd >= 0 && fstat(lock->fd, &held) == 0 &&
           fstatat(directory->dir, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

void lock_release(struct lock *lock)
{
    if (lock->fd >= 0) {
        flock(lock->fd, LOCK_UN); /* at once, even if a forked child has the descriptor, too */
        close(lock->fd);
    }
    lock->fd = -1;
}
