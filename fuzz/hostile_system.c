/* hostile_system.c -- see hostile_system.h. The calls that change files are seen by calls.h, the others are
 * wrapped here. */
#include "fuzz/hostile_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/calls.h"
#include "fuzz/canary.h"
#include "fuzz/target.h"

#define NOBODY    65534
#define ASKED_MAX 9                   /* whoever asks so often waits as long as he ever does */
#define RANDOM    0x0123456789abcdefu /* the first number; the name of a temporary file that may be there */

static uint8_t lacks, who;
static uint64_t next_random;
static bool inside;  /* a call of Cairn's is under way */
static bool between; /* somebody else is doing something within it */
static bool forked;
static struct cairn_ctx *context;

static struct {
    unsigned nth, count;
    void (*deed)(void);
    bool done;
} planned;

static struct {
    int fd; /* -1: nobody */
    enum held held;
    unsigned asked; /* how often somebody has tried to lock it */
} holder = {.fd = -1};

/* --- who is asking ------------------------------------------------------------------------------------- */

/* become -- a guest, as far as files go, or who we are. */
static void become(bool guest)
{
    if (!(who & WHO_GUEST) || geteuid() != 0)
        return;
    setfsuid(guest ? NOBODY : 0);
    if (!guest)
        prctl(PR_SET_DUMPABLE, 1); /* LeakSanitizer looks at this process from outside */
}

/* set_mode -- that of the directory. */
static void set_mode(bool blind)
{
    static const mode_t modes[] = {0755, 0755, 0777, 01777};
    const mode_t mode = geteuid() == 0 ? modes[who & WHO_GUEST] : who & WHO_GUEST ? 0555 : 0755;

    fchmod(canary_work(), blind ? mode & ~(mode_t)0044 : mode);
}

void hostile_system_begin(uint8_t lacks_, uint8_t who_)
{
    lacks = lacks_;
    who = who_;
    next_random = RANDOM;
    set_mode(false);
}

void hostile_blind(bool now)
{
    if (who & WHO_BLIND)
        set_mode(now);
}

void hostile_system_end(void)
{
    lacks = who = 0;
    fchmod(canary_work(), 0755);
}

bool hostile_is_guest(void)
{
    return who & WHO_GUEST && geteuid() == 0;
}

bool hostile_is_refused(void)
{
    return who & (WHO_GUEST | WHO_READ_ONLY) || geteuid() != 0;
}

int64_t hostile_number(const char *name)
{
    const size_t size = strlen(name);
    int64_t number = 0;

    if (size < 12 || size > 255 || strchr(name, '/') || strcmp(name + size - 4, ".chk") != 0)
        return -1;
    for (unsigned i = 0; i < 8; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

bool hostile_is_rotten(const char *name, uint64_t size)
{
    return who & WHO_ROTTEN && size > 0 && hostile_number(name) >= 0 && hostile_number(name) % 2 == 1;
}

void hostile_fork(bool forked_)
{
    forked = forked_;
}

/* --- what comes between -------------------------------------------------------------------------------- */

/* is_asked -- whether this is a call of Cairn's, and not of somebody who comes between. */
static bool is_asked(void)
{
    return inside && !between;
}

static void point(void)
{
    if (!is_asked() || planned.deed == NULL || ++planned.count != planned.nth)
        return;
    between = true;
    become(false);
    planned.deed();
    become(true);
    between = false;
    planned.done = true;
}

void hostile_at(unsigned nth, void (*deed)(void))
{
    memset(&planned, 0, sizeof(planned));
    planned.nth = nth;
    planned.deed = deed;
}

bool hostile_was_done(void)
{
    const bool done = planned.done;

    memset(&planned, 0, sizeof(planned));
    return done;
}

/* is_refused_by_system -- whether a file system that is read-only refuses that. */
static bool is_refused_by_system(const struct call *call)
{
    switch (call->kind) {
    case CALL_OPEN:
        return call->flags & O_CREAT || (call->flags & O_ACCMODE) != O_RDONLY;
    case CALL_MKDIR:
    case CALL_UNLINK:
    case CALL_RENAME:
    case CALL_LINK:
    case CALL_TIMES:
        return true;
    default:
        return false;
    }
}

/* is_unsynced -- whether the file is open for reading only and in a file system that syncs no such. That is
 * mounted where the directory is: what is above is another. */
static bool is_unsynced(int fd)
{
    struct stat st, work;

    return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY && fstat(fd, &st) == 0 &&
           fstat(canary_work(), &work) == 0 && (!S_ISDIR(st.st_mode) || st.st_ino == work.st_ino);
}

static int before_call(struct call *call)
{
    point();
    if (!is_asked())
        return 0;
    if (who & WHO_READ_ONLY && is_refused_by_system(call))
        return EROFS;
    if (lacks & LACKS_UNNAMED && call->kind == CALL_OPEN && (call->flags & O_TMPFILE) == O_TMPFILE)
        return EOPNOTSUPP;
    if (lacks & LACKS_NOREPLACE && strcmp(call->name, "renameat2") == 0)
        return lacks & LACKS_PROC ? ENOSYS : EINVAL;
    if (lacks & LACKS_SYNC && call->kind == CALL_SYNC && is_unsynced(call->fd))
        return who & WHO_READ_ONLY ? EROFS : EINVAL;
    return 0;
}

static void after_call(const struct call *call)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
    struct stat st;

    if (!is_asked() || !(lacks & LACKS_TIMES) || call->kind != CALL_TIMES || call->result != 0)
        return;
    if (fstat(call->fd, &st) == 0) {
        times[1].tv_sec = st.st_mtim.tv_sec;
        futimens(call->fd, times);
    }
}

void hostile_enter(struct cairn_ctx *ctx)
{
    context = ctx;
    calls_watch(before_call, after_call);
    become(true);
    inside = true;
}

void hostile_leave(void)
{
    inside = false;
    become(false);
    calls_watch(NULL, NULL);
    context = NULL;
}

/* --- the lock ------------------------------------------------------------------------------------------ */

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

bool hostile_hold(enum held held)
{
    struct stat st;

    holder.fd = openat(canary_work(), "lock", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (holder.fd < 0)
        return false;
    if (fstat(holder.fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        hostile_let_go();
        return false;
    }
    FUZZ_ASSERT(__real_flock(holder.fd, LOCK_EX | LOCK_NB) == 0, "the lock is somebody's, between two calls");
    holder.held = held;
    holder.asked = 0;
    return true;
}

void hostile_let_go(void)
{
    if (holder.fd >= 0)
        close(holder.fd);
    holder.fd = -1;
}

/* replace -- puts another file in the lock's place. */
static void replace(void)
{
    between = true;
    become(false);
    unlinkat(canary_work(), "lock", 0);
    close(openat(canary_work(), "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    become(true);
    between = false;
}

/* wants -- somebody tries to lock the file that is held: the errno with which that fails, or 0. He who waits
 * may be cancelled in there at any moment once his context has been, so that is the last thing done. */
static int wants(int fd, int operation)
{
    struct stat his, ours;

    if (fstat(fd, &his) != 0 || fstat(holder.fd, &ours) != 0 || his.st_ino != ours.st_ino)
        return 0;
    const unsigned asked = ++holder.asked;
    if (holder.held == HELD_NEVER || (holder.held == HELD_FAILS && asked > 1))
        return ENOLCK;
    if (holder.held == HELD_SIGNAL && asked == 2)
        return EINTR;
    if (operation & LOCK_NB && asked < ASKED_MAX)
        return 0;
    if (holder.held == HELD_REPLACED)
        replace();
    if (holder.held == HELD_RELEASED || holder.held == HELD_REPLACED || holder.held == HELD_SIGNAL)
        __real_flock(holder.fd, LOCK_UN);
    else if (holder.held == HELD_CANCELED && context)
        cairn_ctx_cancel(context);
    return 0;
}

int __wrap_flock(int fd, int operation)
{
    if (is_asked() && operation != LOCK_UN) {
        if (operation & LOCK_NB)
            point();
        const int failed = holder.fd >= 0 ? wants(fd, operation) : 0;
        if (failed) {
            errno = failed;
            return -1;
        }
    }
    return __real_flock(fd, operation);
}

/* --- the other calls ----------------------------------------------------------------------------------- */

int __real_fstatat(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags);
int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    point();
    return __real_fstatat(dir, path, st, flags);
}

struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir)
{
    struct dirent *entry = __real_readdir(dir);

    if (entry && is_asked() && lacks & LACKS_TYPES)
        entry->d_type = DT_UNKNOWN;
    return entry;
}

int __real_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags);
int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags);
int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags)
{
    point();
    if (is_asked() && lacks & LACKS_HANDLES) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_name_to_handle_at(dir, path, handle, mount, flags);
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (is_asked() && lacks & LACKS_PROC) {
        errno = ENOENT;
        return -1;
    }
    return __real_access(path, mode);
}

ssize_t __real_getrandom(void *to, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags)
{
    if (!is_asked() || !(lacks & LACKS_UNNAMED) || size != sizeof(next_random))
        return __real_getrandom(to, size, flags);
    memcpy(to, &next_random, size);
    next_random++;
    return (ssize_t)size;
}

pid_t __real_getpid(void);
pid_t __wrap_getpid(void);
pid_t __wrap_getpid(void)
{
    return __real_getpid() + (is_asked() && forked);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
    return is_asked() && lacks & LACKS_THREADS ? EAGAIN : __real_pthread_create(thread, attributes, run, arg);
}

/* is_rotten -- whether the open file is one that cannot be read. */
static bool is_rotten(int fd)
{
    char path[64], name[4096];
    struct stat st;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(path, name, sizeof(name) - 1);
    if (size < 0 || fstat(fd, &st) != 0)
        return false;
    name[size] = '\0';
    const char *slash = strrchr(name, '/');
    return slash && hostile_is_rotten(slash + 1, (uint64_t)st.st_size);
}

ssize_t __real_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset)
{
    if (is_asked() && who & WHO_ROTTEN && is_rotten(fd)) {
        errno = EIO;
        return -1;
    }
    return __real_pread(fd, to, size, offset);
}
