/* reads.c -- the calls of calls.h that change nothing, wrapped. They stand in an object of their own, so that
 * a target whose .wrap file does not name them is linked without them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/calls.h"

/* refused -- of such a call: the errno that it fails with, or 0. */
static int refused(enum call_kind kind, const char *name)
{
    struct call call = {.kind = kind, .name = name, .fd = -1};
    return calls_inside() ? calls_begin(&call) : 0;
}

/* QUIET -- one that fails by giving `failure`, with an errno. */
#define QUIET(type, symbol, parameters, arguments, kind_, failure)                                           \
    type __real_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters;                                                                         \
    type __wrap_##symbol parameters                                                                          \
    {                                                                                                        \
        const int error_ = refused(kind_, #symbol);                                                          \
        if (error_) {                                                                                        \
            errno = error_;                                                                                  \
            return failure;                                                                                  \
        }                                                                                                    \
        return __real_##symbol arguments;                                                                    \
    }

QUIET(int, fstat, (int fd, struct stat *st), (fd, st), CALL_LOOK, -1)
QUIET(int, stat, (const char *path, struct stat *st), (path, st), CALL_LOOK, -1)
QUIET(int, lstat, (const char *path, struct stat *st), (path, st), CALL_LOOK, -1)
QUIET(int, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags),
      CALL_LOOK, -1)
QUIET(int, faccessat, (int dir, const char *path, int mode, int flags), (dir, path, mode, flags), CALL_LOOK,
      -1)
QUIET(DIR *, fdopendir, (int fd), (fd), CALL_LIST, NULL)
QUIET(void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset),
      (at, size, prot, flags, fd, offset), CALL_MAP, MAP_FAILED)
QUIET(ssize_t, getrandom, (void *buffer, size_t size, unsigned flags), (buffer, size, flags), CALL_RANDOM, -1)
QUIET(void *, malloc, (size_t size), (size), CALL_MEMORY, NULL)
QUIET(void *, calloc, (size_t count, size_t size), (count, size), CALL_MEMORY, NULL)
QUIET(void *, realloc, (void *old, size_t size), (old, size), CALL_MEMORY, NULL)
QUIET(char *, strdup, (const char *text), (text), CALL_MEMORY, NULL)

/* One that changes a file; no other target wants it. */
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size)
{
    struct call call = {.kind = CALL_CUT, .name = "ftruncate", .fd = fd};
    const int error = calls_begin(&call);

    if (error) {
        errno = error;
        return -1;
    }
    return __real_ftruncate(fd, size);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    struct call call = {.kind = CALL_LOOK, .name = "open", .fd = AT_FDCWD, .path = path, .flags = flags};
    mode_t mode = 0;

    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    const int error = calls_inside() ? calls_begin(&call) : 0;
    if (error) {
        errno = error;
        return -1;
    }
    return __real_open(path, flags, mode);
}

ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    struct call call = {.kind = CALL_READ, .name = "pread", .fd = fd, .offset = offset, .most = size};
    const int error = calls_inside() ? calls_begin(&call) : 0;

    if (error) {
        errno = error;
        return -1;
    }
    return __real_pread(fd, data, call.most, offset);
}

struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir)
{
    const int error = refused(CALL_LIST, "readdir");

    if (error) {
        errno = error;
        return NULL;
    }
    struct dirent *entry = __real_readdir(dir);
    if (entry && calls_plain)
        entry->d_type = DT_UNKNOWN;
    return entry;
}

int __real_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags);
int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags);
int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags)
{
    const int error = calls_plain ? EOPNOTSUPP : refused(CALL_LOOK, "name_to_handle_at");

    if (error) {
        errno = error;
        return -1;
    }
    return __real_name_to_handle_at(dir, path, handle, mount, flags);
}

int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);
int __wrap_flock(int fd, int how)
{
    const int error = how == LOCK_UN ? 0 : refused(CALL_LOCK, "flock");

    if (error) {
        errno = error;
        return -1;
    }
    return __real_flock(fd, how);
}

/* Cairn's only uses are those of locks. */
int __real_fcntl(int fd, int how, ...);
int __wrap_fcntl(int fd, int how, ...);
int __wrap_fcntl(int fd, int how, ...)
{
    va_list args;

    va_start(args, how);
    struct flock *lock = va_arg(args, struct flock *);
    va_end(args);
    const bool locks = how == F_OFD_GETLK || (how == F_OFD_SETLK && lock->l_type != F_UNLCK);
    const int error = locks ? refused(CALL_LOCK, "fcntl") : 0;
    if (error) {
        errno = error;
        return -1;
    }
    return __real_fcntl(fd, how, lock);
}

/* NUMBERED -- one that returns the number of its failure. */
#define NUMBERED(symbol, parameters, arguments, kind_)                                                       \
    int __real_##symbol parameters;                                                                          \
    int __wrap_##symbol parameters;                                                                          \
    int __wrap_##symbol parameters                                                                           \
    {                                                                                                        \
        const int error_ = refused(kind_, #symbol);                                                          \
        return error_ ? error_ : __real_##symbol arguments;                                                  \
    }

NUMBERED(pthread_create,
         (pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg),
         (thread, attributes, run, arg), CALL_THREAD)
NUMBERED(mdb_env_create, (MDB_env * *env), (env), CALL_DATABASE)
NUMBERED(mdb_env_set_mapsize, (MDB_env * env, size_t size), (env, size), CALL_DATABASE)
NUMBERED(mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode),
         (env, path, flags, mode), CALL_DATABASE)
NUMBERED(mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
         (env, parent, flags, txn), CALL_DATABASE)
NUMBERED(mdb_dbi_open, (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi),
         (txn, name, flags, dbi), CALL_DATABASE)
NUMBERED(mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
         CALL_DATABASE)
NUMBERED(mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
         (txn, dbi, key, data, flags), CALL_DATABASE)
NUMBERED(mdb_drop, (MDB_txn * txn, MDB_dbi dbi, int del), (txn, dbi, del), CALL_DATABASE)
NUMBERED(mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor),
         CALL_DATABASE)
NUMBERED(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
         (cursor, key, data, op), CALL_DATABASE)
