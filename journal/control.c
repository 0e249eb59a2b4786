/* control.c -- see control.h. */
#include "journal/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cairn/operation.h>

#include "system/system.h"

#if defined(__GLIBC__)
#define CONTROL_ABI (0x474c0000u | (uint32_t)sizeof(pthread_mutex_t))
#else
#define CONTROL_ABI (0x4f540000u | (uint32_t)sizeof(pthread_mutex_t))
#endif

#define LOOK_AGAIN_NS 20000000 /* a waiter looks again for a killed holder this often */
#define LOCK_SLICE_NS 10000000

/* remove_stranger -- removes what stands in the page's place and is no regular file, but no directory that
 * has something in it. */
static void remove_stranger(int dir)
{
    struct stat st;

    if (fstatat(dir, CONTROL_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        unlinkat(dir, CONTROL_NAME, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

int control_map(struct control **control, int dir, const char *path, bool writable, bool create)
{
    static const char zeros[CONTROL_SIZE];
    struct stat st;
    int error = 0;

    *control = NULL;
    if (create)
        remove_stranger(dir);
    int fd = openat(
        dir, CONTROL_NAME,
        (writable ? O_RDWR : O_RDONLY) | (create ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd < 0 && errno == ENOENT && create)
        return cairn_set_message(CAIRN_EIO,
                                 "%s: nothing can be made here; the directory may have been removed", path);
    if (fd < 0 && errno == ENOENT)
        return cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: the file is missing", path, CONTROL_NAME);
    if (fd < 0)
        return system_error(errno, "%s/%s: cannot open", path, CONTROL_NAME);
    if (fstat(fd, &st) != 0) {
        error = system_error(errno, "%s/%s: cannot look at it", path, CONTROL_NAME);
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        error = cairn_set_message(CAIRN_ENOTDIR, "%s/%s: this is no regular file", path, CONTROL_NAME);
        goto done;
    }
    if (st.st_size < (off_t)CONTROL_SIZE || st.st_blocks < (blkcnt_t)(CONTROL_SIZE / 512)) {
        if (!create) {
            error = cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: the file is too short", path, CONTROL_NAME);
            goto done;
        }
        /* A page without space beneath it would fault when the disk is full. */
        ssize_t n = pwrite(fd, zeros, sizeof(zeros), 0);
        if (n != (ssize_t)sizeof(zeros)) {
            error = system_error(n < 0 ? errno : ENOSPC, "%s/%s: cannot write", path, CONTROL_NAME);
            goto done;
        }
    }
    void *page = mmap(NULL, CONTROL_SIZE, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        error = system_error(errno, "%s/%s: cannot map", path, CONTROL_NAME);
    else
        *control = page;
done:
    close(fd);
    return error;
}

int control_map_private(struct control **control, const char *path)
{
    void *page = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *control = page == MAP_FAILED ? NULL : page;
    return *control ? 0 : system_error(errno, "%s/%s: cannot map", path, CONTROL_NAME);
}

void control_unmap(struct control *control)
{
    if (control)
        munmap(control, CONTROL_SIZE);
}

static int mutex_make(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error)
        return error;
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0)
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (error == 0)
        error = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error;
}

int control_format(struct control *control, const uint8_t uuid[16], const struct tail *tail,
                   const struct tail *durable)
{
    uint64_t stamp;

    if (getrandom(&stamp, sizeof(stamp), 0) != (ssize_t)sizeof(stamp))
        return system_error(errno, "no random bytes");
    memset(control, 0, CONTROL_SIZE);
    control->magic = CONTROL_MAGIC;
    control->version = CONTROL_VERSION;
    control->abi = CONTROL_ABI;
    system_boot_id(control->boot_id);
    system_pid_namespace(control->pid_namespace);
    memcpy(control->uuid, uuid, sizeof(control->uuid));
    control->stamp = stamp;
    int error = mutex_make(&control->append);
    if (error == 0)
        error = mutex_make(&control->sync);
    if (error == 0)
        error = mutex_make(&control->house);
    if (error)
        return system_error(error, "cannot make a shared lock");
    control_set_tail(control, tail);
    control_set_durable(control, durable);
    return 0;
}

uint64_t control_stamp(int dir)
{
    uint64_t stamp = 0;
    int failed;

    int fd = openat(dir, CONTROL_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    if (system_read(fd, &stamp, sizeof(stamp), offsetof(struct control, stamp), &failed) != sizeof(stamp))
        stamp = 0;
    close(fd);
    return stamp;
}

bool control_owner(int dir, uint8_t uuid[16])
{
    struct control head;
    int failed;

    int fd = openat(dir, CONTROL_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    const size_t size = offsetof(struct control, wake);
    bool good = system_read(fd, &head, size, 0, &failed) == size && head.magic == CONTROL_MAGIC &&
                head.version == CONTROL_VERSION;
    close(fd);
    if (good)
        memcpy(uuid, head.uuid, sizeof(head.uuid));
    return good;
}

int control_check(const struct control *control, const char *path)
{
    uint8_t boot_id[16];
    uint64_t pid_namespace[2];

    system_boot_id(boot_id);
    system_pid_namespace(pid_namespace);
    if (control->magic != CONTROL_MAGIC)
        return cairn_set_message(CAIRN_EBUSY,
                                 "%s/%s: the journal is in use, but not by this file; it was removed or "
                                 "overwritten. It comes back when all others have ended",
                                 path, CONTROL_NAME);
    if (control->version != CONTROL_VERSION)
        return cairn_set_message(
            CAIRN_EVERSION, "%s/%s: offset 8: a process of another version (%u, not %u) uses the journal",
            path, CONTROL_NAME, control->version, CONTROL_VERSION);
    if (memcmp(control->boot_id, boot_id, sizeof(boot_id)) != 0)
        return cairn_set_message(CAIRN_EHOST, "%s/%s: offset 16: the journal is in use on another host", path,
                                 CONTROL_NAME);
    /* A shared lock knows its owner by a thread id. Two owners with the same one would both have it. */
    if (memcmp(control->pid_namespace, pid_namespace, sizeof(pid_namespace)) != 0)
        return cairn_set_message(CAIRN_EHOST,
                                 "%s/%s: offset %zu: the journal is in use in another PID namespace, as of "
                                 "another container; all its processes must be in one",
                                 path, CONTROL_NAME, offsetof(struct control, pid_namespace));
    if (control->abi != CONTROL_ABI)
        return cairn_set_message(CAIRN_EBUSY,
                                 "%s/%s: offset 12: a process with another C library uses the journal", path,
                                 CONTROL_NAME);
    return 0;
}

static void read_tail(const struct control_tail *from, struct tail *tail)
{
    uint64_t words[TAIL_WORDS];
    uint64_t flip = atomic_load_explicit(&from->flip, memory_order_acquire);

    for (;;) {
        for (size_t i = 0; i < TAIL_WORDS; i++)
            words[i] = atomic_load_explicit(&from->words[flip & 1][i], memory_order_acquire);
        uint64_t again = atomic_load_explicit(&from->flip, memory_order_acquire);
        if (again == flip)
            break;
        flip = again;
    }
    memcpy(tail, words, sizeof(*tail));
}

static void write_tail(struct control_tail *to, const struct tail *tail)
{
    uint64_t words[TAIL_WORDS];
    uint64_t flip = atomic_load_explicit(&to->flip, memory_order_relaxed);

    memcpy(words, tail, sizeof(words));
    /* Release: a reader that sees one of these words then sees the flip before them, too. */
    for (size_t i = 0; i < TAIL_WORDS; i++)
        atomic_store_explicit(&to->words[(flip + 1) & 1][i], words[i], memory_order_release);
    atomic_store_explicit(&to->flip, flip + 1, memory_order_release);
}

void control_tail(struct control *control, struct tail *tail)
{
    read_tail(&control->appended, tail);
}

void control_set_tail(struct control *control, const struct tail *tail)
{
    write_tail(&control->appended, tail);
}

void control_durable(struct control *control, struct tail *tail)
{
    read_tail(&control->durable, tail);
}

void control_set_durable(struct control *control, const struct tail *tail)
{
    write_tail(&control->durable, tail);
}

uint64_t control_durable_position(const struct control *control)
{
    const size_t word = offsetof(struct tail, position) / sizeof(uint64_t);
    uint64_t flip = atomic_load_explicit(&control->durable.flip, memory_order_acquire);

    for (;;) {
        uint64_t position =
            atomic_load_explicit(&control->durable.words[flip & 1][word], memory_order_acquire);
        uint64_t again = atomic_load_explicit(&control->durable.flip, memory_order_acquire);
        if (again == flip)
            return position;
        flip = again;
    }
}

static int locked(pthread_mutex_t *mutex, int error)
{
    if (error == EOWNERDEAD) {
        pthread_mutex_consistent(mutex);
        return CONTROL_OWNER_DIED;
    }
    if (error == EBUSY || error == ETIMEDOUT)
        return CAIRN_EBUSY;
    if (error)
        return system_error(error, "cannot take a shared lock");
    return 0;
}

int control_trylock(pthread_mutex_t *mutex)
{
    return locked(mutex, pthread_mutex_trylock(mutex));
}

int control_lock(pthread_mutex_t *mutex, const struct cairn_ctx *ctx)
{
    int result = control_trylock(mutex);

    while (result == CAIRN_EBUSY) {
        /* In slices: so that a cancellation is noticed, and the end of an owner, too. The kernel wakes nobody
         * if those that the lock was about to wake were killed along with the owner. */
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOCK_SLICE_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        result = locked(mutex, pthread_mutex_timedlock(mutex, &until));
        if (result == CAIRN_EBUSY) {
            int error = cairn_ctx_check(ctx);
            if (error)
                return error;
        }
    }
    return result;
}

void control_unlock(pthread_mutex_t *mutex)
{
    pthread_mutex_unlock(mutex);
}

void control_wait(struct control *control, uint32_t seen)
{
    struct timespec timeout = {.tv_nsec = LOOK_AGAIN_NS};
    atomic_fetch_add(&control->waiting, 1);
    syscall(SYS_futex, &control->wake, FUTEX_WAIT, seen, &timeout, NULL, 0);
    atomic_fetch_sub(&control->waiting, 1);
}

void control_wake(struct control *control)
{
    /* Who is not counted yet will see that it has changed, and not sleep. */
    atomic_fetch_add(&control->wake, 1);
    if (atomic_load(&control->waiting) > 0)
        syscall(SYS_futex, &control->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
