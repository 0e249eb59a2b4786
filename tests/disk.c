/* disk.c -- see disk.h. */
#include "disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "journal/control.h"

#define SECTOR      512u
#define FILE_MAX    (32u * 1024 * 1024) /* bytes of the largest file that is followed */
#define BITS_WORDS  (FILE_MAX / SECTOR / 64)
#define OBJECTS_MAX 768
#define NAMES_MAX   512
#define RULES_MAX   16
#define OPEN_MAX    1024
#define NAME_SIZE   64
#define CALL_KINDS  10
#define KIND_ROBUST 16 /* glibc: of a mutex */

int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_openat(int dir, const char *path, int flags, ...);
int __real_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __real_renameat(int old_dir, const char *old_path, int new_dir, const char *new_path);
int __real_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags);
int __real_unlinkat(int dir, const char *path, int flags);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
long __real_syscall(long number, ...);
ssize_t __real_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *buffer, size_t size, off_t offset);
ssize_t __real_pwritev(int fd, const struct iovec *iov, int count, off_t offset);

int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __wrap_renameat(int old_dir, const char *old_path, int new_dir, const char *new_path);
int __wrap_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
long __wrap_syscall(long number, ...);
ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t size, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset);

/* A file, whatever its name is now. Two more files stand for it in the folder of the state: image-N has what
 * is durable, and cache-N is a link that keeps it alive, so that its inode is not used again. */
struct object {
    dev_t device;
    ino_t inode;
    char name[NAME_SIZE]; /* its name now; "" if it has none */
    uint64_t durable_size;
    uint64_t error; /* the kernel's errseq_t: a counter, 0 if nothing has ever failed */
    bool seen;      /* and whether anybody has been told */
    uint64_t dirty[BITS_WORDS];
    uint64_t dropped[BITS_WORDS];
};

struct binding {
    char name[NAME_SIZE];
    int object;
};

struct names {
    struct binding at[NAMES_MAX];
    int count;
};

struct rule_state {
    struct disk_rule rule;
    uint64_t met, fired;
    sem_t reached, go;
};

struct state {
    pthread_mutex_t lock;
    char dir[256];
    char store[256]; /* the folder of images and links */
    dev_t device, parent_device;
    ino_t inode, parent_inode; /* 0 while the directory is not there */
    bool name_durable;         /* the directory's own */
    bool full;
    char bad[NAME_SIZE]; /* the file with bytes that cannot be read; "" for none */
    uint64_t bad_from, bad_to;
    int64_t clock_ns;
    uint64_t calls[CALL_KINDS];
    struct names names[2]; /* which are durable; the other copy is the next */
    int names_now;
    struct rule_state rules[RULES_MAX];
    int rule_count;
    _Atomic unsigned wait_calls; /* the kinds of DISK_TRYLOCK and later ones that some rule is for */
    int object_count;
    struct object objects[OBJECTS_MAX];
};

/* What this process knows of an open file: what it was last told of its errors. */
struct open_file {
    int object; /* plus 1 */
    uint64_t told;
};

static struct state *disk;
static struct open_file open_files[OPEN_MAX]; /* by descriptor */

/* --- the state --------------------------------------------------------------------------------------
 *
 * A process may be killed anywhere here by another of its threads, so each change is one that may be cut off:
 * what it leaves is a state that a disk can be in.
 */

static void lock(void)
{
    if (pthread_mutex_lock(&disk->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&disk->lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&disk->lock);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int store_open(const char *kind, int object, int flags)
{
    char path[320];

    snprintf(path, sizeof(path), "%s/%s-%d", disk->store, kind, object);
    int fd = open(path, flags | O_CLOEXEC, 0666);
    assert(fd >= 0);
    return fd;
}

static int find_object(const struct stat *st)
{
    for (int i = disk->object_count; i-- > 0;) {
        if (disk->objects[i].inode == st->st_ino && disk->objects[i].device == st->st_dev)
            return i;
    }
    return -1;
}

static int find_name(const char *name)
{
    for (int i = disk->object_count; i-- > 0;) {
        if (strcmp(disk->objects[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int add_object(int dir, const char *name, const struct stat *st)
{
    char path[320];

    assert(disk->object_count < OBJECTS_MAX);
    int i = disk->object_count;
    struct object *object = &disk->objects[i];
    memset(object, 0, sizeof(*object));
    object->device = st->st_dev;
    object->inode = st->st_ino;
    snprintf(object->name, sizeof(object->name), "%s", name);
    snprintf(path, sizeof(path), "%s/cache-%d", disk->store, i);
    unlink(path); /* of one who was killed here */
    int linked = linkat(dir, name, AT_FDCWD, path, 0);
    assert(linked == 0);
    close(store_open("image", i, O_RDWR | O_CREAT | O_TRUNC));
    disk->object_count++;
    return i;
}

static bool bit_get(const uint64_t *bits, uint64_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static void bit_set(uint64_t *bits, uint64_t i, bool value)
{
    uint64_t mask = (uint64_t)1 << i % 64;
    bits[i / 64] = value ? bits[i / 64] | mask : bits[i / 64] & ~mask;
}

/* copy_bytes -- from one file to another, at the same place; what is beyond the first one's end is left, and
 * so are zeros that would make the other longer. */
static void copy_bytes(int from, int to, uint64_t offset, uint64_t size)
{
    static const char zeros[64 * 1024];
    char buffer[sizeof(zeros)];
    struct stat st;

    fstat(to, &st);
    while (size > 0) {
        size_t part = size < sizeof(buffer) ? (size_t)size : sizeof(buffer);
        ssize_t n = __real_pread(from, buffer, part, (off_t)offset);
        assert(n >= 0);
        if (n == 0)
            break;
        if (offset < (uint64_t)st.st_size || memcmp(buffer, zeros, (size_t)n) != 0) {
            ssize_t written = __real_pwrite(to, buffer, (size_t)n, (off_t)offset);
            assert(written == n);
        }
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
}

/* write_back -- makes a file's dirty sectors, and its size, durable. */
static void write_back(int i)
{
    struct object *object = &disk->objects[i];
    struct stat st;

    int cache = store_open("cache", i, O_RDONLY), image = store_open("image", i, O_RDWR);
    fstat(cache, &st);
    for (uint64_t word = 0; word < BITS_WORDS; word++) {
        for (uint64_t bit = word * 64; object->dirty[word];) {
            uint64_t end;
            while (!bit_get(object->dirty, bit))
                bit++;
            for (end = bit; end < (word + 1) * 64 && bit_get(object->dirty, end); end++)
                ;
            copy_bytes(cache, image, bit * SECTOR, (end - bit) * SECTOR);
            for (; bit < end; bit++)
                bit_set(object->dirty, bit, false);
        }
    }
    object->durable_size = (uint64_t)st.st_size;
    close(cache);
    close(image);
}

/* drop -- the same, but the disk fails. */
static void drop(struct object *object)
{
    if (object->error == 0 || object->seen) {
        object->seen = false;
        object->error++;
    }
    for (uint64_t word = 0; word < BITS_WORDS; word++) {
        object->dropped[word] |= object->dirty[word];
        object->dirty[word] = 0;
    }
}

static void mark_dirty(struct object *object, uint64_t offset, uint64_t size)
{
    if (size == 0)
        return;
    assert(offset + size <= FILE_MAX);
    for (uint64_t i = offset / SECTOR; i <= (offset + size - 1) / SECTOR; i++) {
        bit_set(object->dirty, i, true);
        bit_set(object->dropped, i, false);
    }
}

/* read_names -- the directory as it is now, but for the index. */
static void read_names(struct names *names)
{
    names->count = 0;
    DIR *dir = opendir(disk->dir);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        int object = find_object(&st);
        if (object < 0)
            continue;
        assert(names->count < NAMES_MAX);
        struct binding *binding = &names->at[names->count++];
        snprintf(binding->name, sizeof(binding->name), "%.63s", entry->d_name);
        binding->object = object;
    }
    closedir(dir);
}

static const struct binding *find_binding(const struct names *names, const char *name)
{
    for (int i = 0; i < names->count; i++) {
        if (strcmp(names->at[i].name, name) == 0)
            return &names->at[i];
    }
    return NULL;
}

/* sync_names -- makes the names durable. */
static void sync_names(void)
{
    read_names(&disk->names[1 - disk->names_now]);
    disk->names_now = 1 - disk->names_now;
}

/* is_watched -- whether `st` is the directory's; notes it when it comes into being. */
static bool is_watched(const struct stat *st)
{
    struct stat now;

    if (disk->inode == 0 && stat(disk->dir, &now) == 0) {
        disk->device = now.st_dev;
        disk->inode = now.st_ino;
    }
    return disk->inode != 0 && st->st_ino == disk->inode && st->st_dev == disk->device;
}

static bool watches(int dir)
{
    struct stat st;
    return fstat(dir, &st) == 0 && is_watched(&st);
}

/* object_of -- the object that a descriptor is open on, and what it was told; -1 if it is followed by nobody.
 * A descriptor not met before counts as opened now. */
static int object_of(int fd, struct open_file **open_file)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return -1;
    int i = find_object(&st);
    if (i < 0)
        return -1;
    assert(fd >= 0 && fd < OPEN_MAX);
    *open_file = &open_files[fd];
    if ((*open_file)->object != i + 1)
        **open_file = (struct open_file){i + 1, disk->objects[i].seen ? disk->objects[i].error : 0};
    return i;
}

void disk_watch(const char *dir)
{
    char parent[256];
    struct stat st;

    disk_clear();
    lock();
    remove_tree(disk->store);
    int made = mkdir(disk->store, 0700);
    assert(made == 0);
    snprintf(disk->dir, sizeof(disk->dir), "%s", dir);
    snprintf(parent, sizeof(parent), "%s", dir);
    char *slash = strrchr(parent, '/');
    assert(slash);
    *slash = '\0';
    int parent_is_there = stat(parent, &st);
    assert(parent_is_there == 0);
    disk->parent_device = st.st_dev;
    disk->parent_inode = st.st_ino;
    disk->inode = 0;
    disk->name_durable = stat(dir, &st) == 0 && is_watched(&st);
    disk->full = false;
    disk->bad[0] = '\0';
    disk->object_count = 0;
    memset(disk->calls, 0, sizeof(disk->calls));
    memset(open_files, 0, sizeof(open_files));

    DIR *listing = opendir(dir);
    for (struct dirent *entry; listing && (entry = readdir(listing)) != NULL;) {
        if (fstatat(dirfd(listing), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
            strcmp(entry->d_name, "index.mdb") == 0)
            continue;
        int i = add_object(dirfd(listing), entry->d_name, &st);
        int cache = store_open("cache", i, O_RDONLY), image = store_open("image", i, O_RDWR);
        copy_bytes(cache, image, 0, (uint64_t)st.st_size);
        disk->objects[i].durable_size = (uint64_t)st.st_size;
        close(cache);
        close(image);
    }
    if (listing)
        closedir(listing);
    sync_names();
    unlock();
}

void disk_start(const char *dir)
{
    pthread_mutexattr_t attributes;
    static int count;

    assert(disk == NULL);
    disk =
        mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert(disk != MAP_FAILED);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&disk->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    for (int i = 0; i < RULES_MAX; i++) {
        sem_init(&disk->rules[i].reached, 1, 0);
        sem_init(&disk->rules[i].go, 1, 0);
    }
    snprintf(disk->store, sizeof(disk->store), "%s.disk-%d-%d", dir, (int)getpid(), count++);
    disk_watch(dir);
}

void disk_end(void)
{
    if (disk == NULL)
        return;
    remove_tree(disk->store);
    munmap(disk, sizeof(*disk));
    disk = NULL;
}

/* --- rules ------------------------------------------------------------------------------------------ */

int disk_set(struct disk_rule rule)
{
    lock();
    int i = disk->rule_count++;
    assert(i < RULES_MAX);
    disk->rules[i].rule = rule;
    disk->rules[i].met = disk->rules[i].fired = 0;
    disk->wait_calls |= rule.calls & ~(unsigned)DISK_CHANGES;
    unlock();
    return i;
}

void disk_clear(void)
{
    lock();
    disk->rule_count = 0;
    disk->wait_calls = 0;
    for (int i = 0; i < RULES_MAX; i++) {
        while (sem_trywait(&disk->rules[i].reached) == 0)
            ;
        while (sem_trywait(&disk->rules[i].go) == 0)
            ;
    }
    unlock();
}

uint64_t disk_fired(int rule)
{
    lock();
    uint64_t fired = disk->rules[rule].fired;
    unlock();
    return fired;
}

bool disk_wait(int rule, pid_t pid)
{
    for (;;) {
        /* In slices, to see whether the process is still there. */
        struct timespec until;
        siginfo_t info = {0};
        __real_clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 20000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        if (sem_timedwait(&disk->rules[rule].reached, &until) == 0)
            return true;
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid)
            return sem_trywait(&disk->rules[rule].reached) == 0;
    }
}

void disk_go(int rule)
{
    sem_post(&disk->rules[rule].go);
}

uint64_t disk_calls(unsigned calls)
{
    uint64_t sum = 0;

    lock();
    for (unsigned i = 0; i < CALL_KINDS; i++)
        sum += calls >> i & 1 ? disk->calls[i] : 0;
    unlock();
    return sum;
}

void disk_set_full(bool full)
{
    lock();
    disk->full = full;
    unlock();
}

void disk_set_bad(const char *name, uint64_t from, uint64_t to)
{
    lock();
    snprintf(disk->bad, sizeof(disk->bad), "%s", name);
    disk->bad_from = from;
    disk->bad_to = to;
    unlock();
}

void disk_set_clock(int64_t now_ns)
{
    lock();
    disk->clock_ns = now_ns;
    unlock();
}

void disk_drop(const char *name)
{
    lock();
    int i = find_name(name);
    assert(i >= 0);
    drop(&disk->objects[i]);
    unlock();
}

/* What is to happen at a call. */
struct verdict {
    bool hit;
    enum disk_action action;
    int error;
    struct rule_state *rule;
};

/* decide -- counts the call and looks what the rules say. The caller holds the lock. */
static struct verdict decide(enum disk_call call, const char *name)
{
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};

    disk->calls[__builtin_ctz((unsigned)call)]++;
    for (int i = 0; i < disk->rule_count; i++) {
        struct rule_state *state = &disk->rules[i];
        const struct disk_rule *rule = &state->rule;
        if ((rule->calls & (unsigned)call) == 0 || (rule->pid != 0 && rule->pid != getpid()) ||
            strncmp(rule->name, name, strlen(rule->name)) != 0)
            continue;
        const struct rule_state *first = rule->after ? &disk->rules[rule->after - 1] : NULL;
        if (first && (first->fired == 0 || first == verdict.rule))
            continue;
        uint64_t met = ++state->met, nth = rule->nth ? rule->nth : 1;
        if (verdict.hit || met < nth || met - nth > (rule->times ? rule->times : 0))
            continue;
        state->fired++;
        verdict = (struct verdict){true, rule->action, rule->error ? rule->error : EIO, state};
    }
    return verdict;
}

static void die(void)
{
    for (;;)
        kill(getpid(), SIGKILL);
}

static void hold(const struct verdict *verdict)
{
    sem_post(&verdict->rule->reached);
    while (sem_wait(&verdict->rule->go) != 0 && errno == EINTR)
        ;
}

static bool is(const struct verdict *verdict, enum disk_action action)
{
    return verdict->hit && verdict->action == action;
}

/* before -- what a verdict says happens first; true if the call is to fail with errno set. It is not for
 * syncs of files. */
static bool before(const struct verdict *verdict)
{
    if (is(verdict, DISK_KILL))
        die();
    if (is(verdict, DISK_PAUSE))
        hold(verdict);
    if (!is(verdict, DISK_FAIL) && !is(verdict, DISK_FAIL_KILL) && !is(verdict, DISK_FAIL_PAUSE))
        return false;
    if (verdict->action == DISK_FAIL_KILL)
        die();
    if (verdict->action == DISK_FAIL_PAUSE)
        hold(verdict);
    errno = verdict->error;
    return true;
}

/* after -- and what happens when it has taken effect. */
static void after(const struct verdict *verdict)
{
    int error = errno;

    if (is(verdict, DISK_KILL_AFTER) || is(verdict, DISK_KILL_HALF))
        die();
    if (is(verdict, DISK_PAUSE_AFTER))
        hold(verdict);
    errno = error;
}

/* --- the calls -------------------------------------------------------------------------------------- */

static int sync_directory(const struct stat *st)
{
    bool watched = is_watched(st);

    if (!watched && (st->st_ino != disk->parent_inode || st->st_dev != disk->parent_device)) {
        unlock();
        return 0;
    }
    struct verdict verdict = decide(DISK_SYNC_DIR, watched ? "." : "..");
    unlock();
    if (before(&verdict))
        return -1;
    lock();
    if (watched)
        sync_names();
    else
        disk->name_durable = access(disk->dir, F_OK) == 0;
    unlock();
    after(&verdict);
    return 0;
}

static int sync_file(int fd)
{
    struct open_file *open_file;
    struct stat st;
    int error = 0;

    lock();
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return sync_directory(&st);
    int i = object_of(fd, &open_file);
    if (i < 0) {
        unlock();
        return 0;
    }
    struct object *object = &disk->objects[i];
    struct verdict verdict = decide(DISK_SYNC, object->name);
    unlock();
    if (is(&verdict, DISK_KILL))
        die();
    if (is(&verdict, DISK_PAUSE))
        hold(&verdict);
    bool fails = is(&verdict, DISK_FAIL) || is(&verdict, DISK_FAIL_KILL) || is(&verdict, DISK_FAIL_PAUSE);
    lock();
    if (fails)
        drop(object);
    else
        write_back(i);
    if (object->error != open_file->told) {
        object->seen = true;
        open_file->told = object->error;
        error = fails ? verdict.error : EIO;
    }
    unlock();
    if (is(&verdict, DISK_FAIL_KILL))
        die();
    if (is(&verdict, DISK_FAIL_PAUSE))
        hold(&verdict);
    after(&verdict);
    errno = error;
    return error ? -1 : 0;
}

int __wrap_fdatasync(int fd)
{
    return disk ? sync_file(fd) : __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    return disk ? sync_file(fd) : __real_fsync(fd);
}

/* write_some -- both writes. */
static ssize_t write_some(int fd, const struct iovec *iov, int count, off_t offset, enum disk_call call)
{
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};
    struct open_file *open_file;
    struct stat st;
    size_t size = 0;

    for (int k = 0; k < count; k++)
        size += iov[k].iov_len;
    lock();
    int i = object_of(fd, &open_file);
    if (i >= 0)
        verdict = decide(call, disk->objects[i].name);
    bool full = i >= 0 && disk->full && fstat(fd, &st) == 0 && offset + (off_t)size > st.st_size;
    unlock();
    if (before(&verdict))
        return -1;
    if (full) {
        errno = ENOSPC;
        return -1;
    }
    if (is(&verdict, DISK_SHORT) || is(&verdict, DISK_KILL_HALF))
        size = size > 1 ? size / 2 : size;
    /* No sync may come between the marking and the writing. */
    size_t done = 0;
    lock();
    if (i >= 0)
        mark_dirty(&disk->objects[i], (uint64_t)offset, size);
    for (int k = 0; k < count && done < size; k++) {
        size_t part = iov[k].iov_len < size - done ? iov[k].iov_len : size - done;
        ssize_t n = part ? __real_pwrite(fd, iov[k].iov_base, part, offset + (off_t)done) : 0;
        done += n > 0 ? (size_t)n : 0;
        if (n < 0 || (size_t)n < part)
            break;
    }
    unlock();
    after(&verdict);
    return done == 0 && size > 0 ? -1 : (ssize_t)done;
}

ssize_t __wrap_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    struct iovec iov = {.iov_base = (void *)(uintptr_t)buffer, .iov_len = size};
    return disk ? write_some(fd, &iov, 1, offset, DISK_WRITE) : __real_pwrite(fd, buffer, size, offset);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
    return disk ? write_some(fd, iov, count, offset, DISK_RECORD) : __real_pwritev(fd, iov, count, offset);
}

ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset)
{
    struct open_file *open_file;
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};

    if (disk && (disk->wait_calls & DISK_READ || disk->bad[0])) {
        lock();
        int i = object_of(fd, &open_file);
        if (i >= 0)
            verdict = decide(DISK_READ, disk->objects[i].name);
        uint64_t from = (uint64_t)offset;
        if (i >= 0 && disk->bad[0] && strcmp(disk->objects[i].name, disk->bad) == 0 && from < disk->bad_to &&
            from + size > disk->bad_from) {
            if (from < disk->bad_from)
                size = (size_t)(disk->bad_from - from); /* up to there it can be read */
            else
                verdict = (struct verdict){true, DISK_FAIL, EIO, NULL};
        }
        unlock();
    }
    if (before(&verdict))
        return -1;
    ssize_t n = __real_pread(fd, buffer, size, offset);
    after(&verdict);
    return n;
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};
    struct stat st;
    mode_t mode = 0;
    bool creates = false;

    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = (mode_t)va_arg(args, unsigned);
        va_end(args);
    }
    if (disk == NULL)
        return __real_openat(dir, path, flags, mode);
    lock();
    if (flags & O_CREAT && watches(dir) && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        creates = true;
        verdict = decide(DISK_CREATE, path);
    }
    unlock();
    if (before(&verdict))
        return -1;
    int fd = __real_openat(dir, path, flags, mode);
    if (fd < 0)
        return fd;
    lock();
    if (creates && fstat(fd, &st) == 0 && find_object(&st) < 0)
        add_object(dir, path, &st);
    if (fd < OPEN_MAX)
        open_files[fd].object = 0;
    struct open_file *open_file;
    object_of(fd, &open_file);
    unlock();
    after(&verdict);
    return fd;
}

static int rename_file(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags)
{
    lock();
    bool watched = watches(old_dir) && watches(new_dir);
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};
    if (watched)
        verdict = decide(DISK_RENAME, old_path);
    unlock();
    if (before(&verdict))
        return -1;
    lock();
    int result = __real_renameat2(old_dir, old_path, new_dir, new_path, flags), error = errno;
    if (result == 0 && watched) {
        int replaced = find_name(new_path), moved = find_name(old_path);
        if (replaced >= 0)
            disk->objects[replaced].name[0] = '\0';
        if (moved >= 0)
            snprintf(disk->objects[moved].name, NAME_SIZE, "%s", new_path);
    }
    unlock();
    errno = error;
    if (result == 0)
        after(&verdict);
    return result;
}

int __wrap_renameat(int old_dir, const char *old_path, int new_dir, const char *new_path)
{
    return disk ? rename_file(old_dir, old_path, new_dir, new_path, 0)
                : __real_renameat(old_dir, old_path, new_dir, new_path);
}

int __wrap_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags)
{
    return disk ? rename_file(old_dir, old_path, new_dir, new_path, flags)
                : __real_renameat2(old_dir, old_path, new_dir, new_path, flags);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    struct verdict verdict = {false, DISK_FAIL, 0, NULL};
    struct stat st;

    if (disk == NULL)
        return __real_unlinkat(dir, path, flags);
    lock();
    /* One that is not there is no call that changes anything. */
    bool watched = watches(dir) && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (watched)
        verdict = decide(DISK_UNLINK, path);
    unlock();
    if (before(&verdict))
        return -1;
    lock();
    int result = __real_unlinkat(dir, path, flags), error = errno;
    int i = watched && result == 0 ? find_name(path) : -1;
    if (i >= 0)
        disk->objects[i].name[0] = '\0';
    unlock();
    errno = error;
    if (result == 0)
        after(&verdict);
    return result;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ns = disk && clock == CLOCK_REALTIME ? __atomic_load_n(&disk->clock_ns, __ATOMIC_RELAXED) : 0;

    if (ns == 0)
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    return 0;
}

/* at_lock -- a place to wait at. Which of the control page's locks it is shows by its place there. */
static void at_lock(const pthread_mutex_t *mutex)
{
    const size_t place = (uintptr_t)mutex % 4096;
    const char *name = place == offsetof(struct control, append)  ? "append"
                       : place == offsetof(struct control, sync)  ? "sync"
                       : place == offsetof(struct control, house) ? "house"
                                                                  : NULL;

    static_assert(offsetof(struct control, house) < 4096, "the locks are in the page's first half");
    /* Of the process's own locks one may be at such a place, too; it is not robust. */
    if (name == NULL || (mutex->__data.__kind & KIND_ROBUST) == 0)
        return;
    lock();
    struct verdict verdict = decide(DISK_TRYLOCK, name);
    unlock();
    before(&verdict);
    after(&verdict);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    if (disk && disk->wait_calls & DISK_TRYLOCK)
        at_lock(mutex);
    return __real_pthread_mutex_trylock(mutex);
}

long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list args;

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (disk && disk->wait_calls & DISK_SLEEP && number == SYS_futex && (a[1] & 127) == FUTEX_WAIT) {
        lock();
        struct verdict verdict = decide(DISK_SLEEP, "");
        unlock();
        before(&verdict);
        after(&verdict);
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- a power cut ------------------------------------------------------------------------------------ */

static uint64_t chance(uint64_t *seed)
{
    *seed += 0x9e3779b97f4a7c15u;
    uint64_t z = *seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* cut_file -- makes one file of the directory after the cut. */
static void cut_file(const char *path, int i, unsigned how, uint64_t *seed)
{
    const struct object *object = &disk->objects[i];
    struct stat st;
    uint64_t size = object->durable_size, odds = chance(seed) % 101; /* each file has its own luck */

    int image = store_open("image", i, O_RDONLY), cache = store_open("cache", i, O_RDONLY);
    int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert(out >= 0);
    fstat(cache, &st);
    copy_bytes(image, out, 0, size);
    if (how != DISK_CUT_NONE && (how != DISK_CUT_CHANCE || chance(seed) % 2))
        size = (uint64_t)st.st_size;
    for (uint64_t sector = 0; how != DISK_CUT_NONE && sector * SECTOR < size; sector++) {
        bool dirty = bit_get(object->dirty, sector), dropped = bit_get(object->dropped, sector);
        if (dirty || (dropped && how != DISK_CUT_DIRTY)) {
            if (how != DISK_CUT_CHANCE || chance(seed) % 100 < odds)
                copy_bytes(cache, out, sector * SECTOR, SECTOR);
        }
    }
    int cut = ftruncate(out, (off_t)size);
    assert(cut == 0);
    close(image);
    close(cache);
    close(out);
}

bool disk_cut(const char *to, unsigned how, uint64_t seed)
{
    static struct names now;
    const bool index = (how & DISK_NO_INDEX) == 0;
    char path[512];

    how &= ~(unsigned)DISK_NO_INDEX;
    remove_tree(to);
    lock();
    bool there = how == DISK_CUT_NONE     ? disk->name_durable
                 : how == DISK_CUT_CHANCE ? disk->name_durable || chance(&seed) % 2
                                          : true;
    if (there) {
        int made = mkdir(to, 0755);
        assert(made == 0);
        const struct names *durable = &disk->names[disk->names_now];
        read_names(&now);
        for (int set = 0; set < 2; set++) {
            const struct names *names = set ? &now : durable;
            for (int k = 0; k < names->count; k++) {
                const char *name = names->at[k].name;
                if (set && find_binding(durable, name))
                    continue;
                const struct binding *then = set ? NULL : &names->at[k];
                const struct binding *latest = set ? &names->at[k] : find_binding(&now, name);
                bool same = then && latest && then->object == latest->object;
                bool new = how == DISK_CUT_CHANCE ? !same &&chance(&seed) % 2 : how != DISK_CUT_NONE;
                const struct binding *use = new ? latest : then;
                if (use == NULL)
                    continue;
                snprintf(path, sizeof(path), "%s/%s", to, name);
                cut_file(path, use->object, strcmp(name, CONTROL_NAME) == 0 ? DISK_CUT_ALL : how, &seed);
            }
        }
        snprintf(path, sizeof(path), "%s/index.mdb", disk->dir);
        int from = index ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (from >= 0) {
            struct stat st;
            fstat(from, &st);
            snprintf(path, sizeof(path), "%s/index.mdb", to);
            int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
            assert(out >= 0);
            copy_bytes(from, out, 0, (uint64_t)st.st_size);
            close(from);
            close(out);
        }
    }
    unlock();
    return there;
}
