/* lock.c -- see lock.h.
 *
 * flock() has no time limit, and who only asks again and again is overtaken by those who sleep in it. So
 * where there is a context, a thread sleeps in it in the caller's place. If the context ends first, the
 * thread is cancelled within its sleep; nothing of it is left. Where no thread may be had, it is asked again
 * and again.
 */
#include "directory/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "system/system.h"

#define LOCK_PAUSE_MIN_NS 100000
#define LOCK_PAUSE_MAX_NS 5000000
#define LOOK_NS           5000000 /* from one look at the context to the next */

/* Who sleeps in flock() for somebody. */
struct sleeper {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    int fd;
    bool has_ended; /* flock() has returned: 0, or the errno `why` */
    int why;
};

/* open_lock -- opens the file, and makes it if the handle may. -1 with errno: if there is none, and it may
 * not be made, why not. */
static int open_lock(struct lock *lock, const struct directory *directory)
{
    const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int refused = ENOENT;

    lock->writable = !directory->readonly;
    if (lock->writable) {
        lock->fd = openat(directory->dir, LOCK_NAME, flags | O_RDWR | O_CREAT, 0666);
        if (lock->fd >= 0 || (errno != EACCES && errno != EPERM && errno != EROFS))
            return lock->fd;
        refused = errno;
        lock->writable = false; /* reading is enough for flock() */
    }
    lock->fd = openat(directory->dir, LOCK_NAME, flags | O_RDONLY);
    if (lock->fd < 0 && errno == ENOENT)
        errno = refused;
    return lock->fd;
}

static void *sleep_in_flock(void *arg)
{
    struct sleeper *sleeper = arg;
    int result, before;

    /* It may be cancelled within the system call, and nowhere else: it has nothing then that anybody would
     * miss. */
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    do {
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
        result = flock(sleeper->fd, LOCK_EX);
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    } while (result != 0 && errno == EINTR);
    pthread_mutex_lock(&sleeper->mutex);
    sleeper->why = result == 0 ? 0 : errno;
    sleeper->has_ended = true;
    pthread_cond_signal(&sleeper->ended);
    pthread_mutex_unlock(&sleeper->mutex);
    return NULL;
}

/* With AddressSanitizer a thread that is cancelled leaves, now and then, its allocator locked for ever. So
 * the fuzzers, which would cancel thousands, go without; the replay of their corpora does not. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#define MAY_SLEEP false
#else
#define MAY_SLEEP true
#endif

/* sleeper_start -- false if there can be none. */
static bool sleeper_start(struct sleeper *sleeper, int fd)
{
    pthread_condattr_t condition;
    pthread_attr_t attributes;
    sigset_t all, before;

    *sleeper = (struct sleeper){.fd = fd};
    pthread_mutex_init(&sleeper->mutex, NULL);
    pthread_condattr_init(&condition);
    pthread_condattr_setclock(&condition, CLOCK_MONOTONIC);
    pthread_cond_init(&sleeper->ended, &condition);
    pthread_condattr_destroy(&condition);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    sigfillset(&all); /* signals are the program's own threads' */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&sleeper->thread, &attributes, sleep_in_flock, sleeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) {
        pthread_cond_destroy(&sleeper->ended);
        pthread_mutex_destroy(&sleeper->mutex);
    }
    return failed == 0;
}

/* sleeper_wait -- until it has ended, then *why is the errno; or the context has, whose error is returned.
 * The thread is gone then. */
static int sleeper_wait(struct sleeper *sleeper, const struct cairn_ctx *ctx, int *why)
{
    struct timespec until;
    int error = 0;

    pthread_mutex_lock(&sleeper->mutex);
    while (!sleeper->has_ended && (error = cairn_ctx_check(ctx)) == 0) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&sleeper->ended, &sleeper->mutex, &until);
    }
    const bool ended = sleeper->has_ended;
    pthread_mutex_unlock(&sleeper->mutex);
    if (!ended)
        pthread_cancel(sleeper->thread);
    pthread_join(sleeper->thread, NULL);
    *why = sleeper->why;
    pthread_cond_destroy(&sleeper->ended);
    pthread_mutex_destroy(&sleeper->mutex);
    return ended ? 0 : error;
}

/* wait_asking -- for want of a thread. */
static int wait_asking(int fd, const struct directory *directory, const struct cairn_ctx *ctx)
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

/* wait_for -- waits for the open file's lock. */
static int wait_for(int fd, const struct directory *directory, const struct cairn_ctx *ctx)
{
    struct sleeper sleeper;
    int why = 0;

    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (ctx == NULL || errno != EWOULDBLOCK || !MAY_SLEEP || !sleeper_start(&sleeper, fd))
        return wait_asking(fd, directory, ctx);
    const int error = sleeper_wait(&sleeper, ctx, &why);
    return why ? system_error(why, "%s/" LOCK_NAME ": cannot lock", directory->path) : error;
}

int lock_take(struct lock *lock, const struct directory *directory, const struct cairn_ctx *ctx)
{
    for (;;) {
        struct stat st;
        if (open_lock(lock, directory) < 0) {
            const int why = errno;
            struct stat here;
            if (fstat(directory->dir, &here) == 0 && here.st_nlink == 0)
                return cairn_set_message(CAIRN_ENONE, "%s: the directory has been removed", directory->path);
            if (why == ENOENT && directory->readonly)
                return 0;
            if (why == ELOOP || why == ENXIO || why == EISDIR)
                return cairn_set_message(
                    CAIRN_EBUSY, "%s/" LOCK_NAME ": this is no regular file, and no lock", directory->path);
            return system_error(why, "%s/" LOCK_NAME ": cannot open", directory->path);
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
