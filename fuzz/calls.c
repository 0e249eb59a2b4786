/* calls.c -- see calls.h. */
#include "fuzz/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal/control.h"
#include "journal/spares.h"

uint64_t calls_segment_max = UINT64_MAX;
bool calls_plain;

static calls_before *watch_before;
static calls_after *watch_after;
static _Thread_local bool within; /* a watcher */
static _Thread_local bool inside; /* a call of Cairn */

void calls_watch(calls_before *before, calls_after *after)
{
    watch_before = before;
    watch_after = after;
}

void calls_enter(void)
{
    inside = true;
}

void calls_leave(void)
{
    inside = false;
}

bool calls_inside(void)
{
    return inside;
}

int calls_begin(struct call *call)
{
    int error = 0;

    if (watch_before && !within) {
        const int kept = errno;
        within = true;
        error = watch_before(call);
        within = false;
        errno = kept;
    }
    return error;
}

static void end(struct call *call, long result)
{
    if (watch_after == NULL || within)
        return;
    const int kept = errno;
    within = true;
    call->result = result;
    watch_after(call);
    within = false;
    errno = kept;
}

/* WRAP -- a call that returns a number: declares the real one, and defines the one in its place. `fields` are
 * those of struct call. */
#define WRAP(type, symbol, parameters, arguments, ...)                                                       \
    type __real_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters                                                                          \
    {                                                                                                        \
        struct call call = {.name = #symbol, __VA_ARGS__};                                                   \
        const int error_ = calls_begin(&call);                                                               \
        if (error_) {                                                                                        \
            errno = error_;                                                                                  \
            return -1;                                                                                       \
        }                                                                                                    \
        const type result_ = __real_##symbol arguments;                                                      \
        end(&call, (long)result_);                                                                           \
        return result_;                                                                                      \
    }

WRAP(int, fsync, (int fd), (fd), .kind = CALL_SYNC, .fd = fd)
WRAP(int, fdatasync, (int fd), (fd), .kind = CALL_DATASYNC, .fd = fd)
WRAP(int, syncfs, (int fd), (fd), .kind = CALL_SYNC_ALL, .fd = fd)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), .kind = CALL_MKDIR, .fd = AT_FDCWD,
     .path = path)
WRAP(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), .kind = CALL_UNLINK,
     .fd = dir, .path = path)
WRAP(int, renameat, (int dir, const char *path, int to_dir, const char *to), (dir, path, to_dir, to),
     .kind = CALL_RENAME, .fd = dir, .path = path, .to_dir = to_dir, .to = to)
WRAP(int, renameat2, (int dir, const char *path, int to_dir, const char *to, unsigned flags),
     (dir, path, to_dir, to, calls_plain ? ~0u : flags), .kind = CALL_RENAME, .fd = dir, .path = path,
     .to_dir = to_dir, .to = to)
WRAP(int, linkat, (int dir, const char *path, int to_dir, const char *to, int flags),
     (dir, path, to_dir, to, flags), .kind = CALL_LINK, .fd = dir, .path = path, .to_dir = to_dir, .to = to)
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times), .kind = CALL_TIMES, .fd = fd)

/* UNFAILED -- one whose failing would mean something else; `before` only sees it. */
#define UNFAILED(type, symbol, parameters, arguments, kind_)                                                 \
    type __real_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters                                                                          \
    {                                                                                                        \
        struct call call = {.name = #symbol, .kind = (kind_), .fd = -1};                                     \
        calls_begin(&call);                                                                                  \
        const type result_ = __real_##symbol arguments;                                                      \
        end(&call, (long)result_);                                                                           \
        return result_;                                                                                      \
    }
#define UNFAILED_VOID(symbol, parameters, arguments)                                                         \
    void __real_##symbol parameters;                                                                         \
    void __wrap_##symbol parameters;                                                                         \
    void __wrap_##symbol parameters                                                                          \
    {                                                                                                        \
        struct call call = {.name = #symbol, .kind = CALL_SHARED, .fd = -1};                                 \
        calls_begin(&call);                                                                                  \
        __real_##symbol arguments;                                                                           \
        end(&call, 0);                                                                                       \
    }

UNFAILED(int, control_lock, (pthread_mutex_t * mutex, const struct cairn_ctx *ctx), (mutex, ctx), CALL_SHARED)
UNFAILED(int, control_trylock, (pthread_mutex_t * mutex), (mutex), CALL_SHARED)
UNFAILED_VOID(control_unlock, (pthread_mutex_t * mutex), (mutex))
UNFAILED_VOID(control_set_tail, (struct control * control, const struct tail *tail), (control, tail))
UNFAILED_VOID(control_wake, (struct control * control), (control))

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
    struct call call = {.kind = CALL_OPEN, .name = "openat", .fd = dir, .path = path, .flags = flags};
    mode_t mode = 0;

    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    const int error = calls_begin(&call);
    if (error) {
        errno = error;
        return -1;
    }
    const int fd = __real_openat(dir, path, flags, mode);
    end(&call, fd);
    return fd;
}

ssize_t __real_pwritev(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset);
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

/* write_some -- the bytes of `call`, as far as it may. */
static ssize_t write_some(const struct call *call)
{
    struct iovec some[8];
    int count = 0;
    size_t left = call->most;

    for (int i = 0; i < call->iov_count && i < 8 && left > 0; i++) {
        some[count] = call->iov[i];
        if (some[count].iov_len > left)
            some[count].iov_len = left;
        left -= some[count++].iov_len;
    }
    return call->offset < 0 ? writev(call->fd, some, count)
                            : __real_pwritev(call->fd, some, count, call->offset);
}

static ssize_t wrapped_write(const char *name, int fd, const struct iovec *iov, int count, off_t offset)
{
    struct call call = {
        .kind = CALL_WRITE, .name = name, .fd = fd, .iov = iov, .iov_count = count, .offset = offset};

    for (int i = 0; i < count; i++)
        call.most += iov[i].iov_len;
    const int error = calls_begin(&call);
    if (error) {
        errno = error;
        return -1;
    }
    const ssize_t n = write_some(&call);
    end(&call, n);
    return n;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return watch_before || watch_after ? wrapped_write("pwritev", fd, iov, count, offset)
                                       : __real_pwritev(fd, iov, count, offset);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    const struct iovec iov = {(void *)(uintptr_t)data, size};

    return watch_before || watch_after ? wrapped_write("pwrite", fd, &iov, 1, offset)
                                       : __real_pwrite(fd, data, size, offset);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    const struct iovec iov = {(void *)(uintptr_t)data, size};

    return watch_before || watch_after ? wrapped_write("write", fd, &iov, 1, -1)
                                       : __real_write(fd, data, size);
}

/* shortened -- what a file that is to have `room` is made of. The room of a journal's first is that of its
 * usual size; no record asks for it. */
static uint64_t shortened(uint64_t size, uint64_t room)
{
    const bool first = room == SEGMENT_SIZE_FIRST - SEGMENT_FRAME - SEGMENT_RESERVE;
    const uint64_t least = first ? SEGMENT_SIZE_MIN : spares_size(room, 0);
    const uint64_t most = calls_segment_max > least ? calls_segment_max : least;

    return size < most ? size : most;
}

int __real_spares_make(struct journal *journal, const char *name, uint64_t size, uint64_t room);
int __wrap_spares_make(struct journal *journal, const char *name, uint64_t size, uint64_t room);
int __wrap_spares_make(struct journal *journal, const char *name, uint64_t size, uint64_t room)
{
    return __real_spares_make(journal, name, shortened(size, room), room);
}

/* A commit ends the transaction, however it ends. */
int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn)
{
    struct call call = {.name = "mdb_txn_commit", .kind = CALL_COMMIT, .fd = -1};
    struct call quiet = {.name = "mdb_txn_commit", .kind = CALL_DATABASE, .fd = -1};
    const int error = inside ? calls_begin(&quiet) : 0;

    if (error) {
        mdb_txn_abort(txn);
        return error;
    }
    calls_begin(&call);
    const int result = __real_mdb_txn_commit(txn);
    end(&call, result);
    return result;
}
