/* engine_files.c -- a file for each checkpoint, as it is done by hand when it is done right: written under
 * another name, fsync, rename, fsync of the directory. */
#include "engine_files.h"

#include "must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct files {
    int dir;
    bool unsynced;
    _Atomic uint64_t next;
};

void files_name(char *name, size_t size, const char *prefix, uint64_t number)
{
    snprintf(name, size, "%s%08llu%s.chk", prefix, (unsigned long long)number, FILES_LABEL);
}

static bool there(const struct files *files, uint64_t number)
{
    char name[64];

    files_name(name, sizeof name, "", number);
    return faccessat(files->dir, name, F_OK, 0) == 0;
}

static void *files_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct files *files = must_alloc(sizeof *files);

    (void)size;
    files->unsynced = mode == ENGINE_FILL;
    must((files->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, dir);
    if (mode == ENGINE_RESUME && there(files, 0)) {
        /* None is missing in between, so the last one is found by halving. */
        uint64_t low = 0, high = 1;
        while (there(files, high))
            low = high, high *= 2;
        while (high - low > 1) {
            const uint64_t middle = low + (high - low) / 2;
            *(there(files, middle) ? &low : &high) = middle;
        }
        files->next = high;
    }
    return files;
}

static void files_append(void *self, const void *data, size_t size)
{
    struct files *files = self;
    char name[64], hidden[64];
    int fd;

    /* Who finds the name taken, by a process beside, takes the next. */
    do {
        const uint64_t number = atomic_fetch_add(&files->next, 1);
        files_name(name, sizeof name, "", number);
        files_name(hidden, sizeof hidden, ".", number);
        fd = openat(files->dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        must(fd >= 0 || errno == EEXIST, hidden);
        if (fd >= 0 && faccessat(files->dir, name, F_OK, 0) == 0) {
            close(fd);
            unlinkat(files->dir, hidden, 0);
            fd = -1;
        }
    } while (fd < 0);
    must_pwrite(fd, data, size, 0);
    must((files->unsynced || fsync(fd) == 0) && close(fd) == 0, hidden);
    must(renameat(files->dir, hidden, files->dir, name) == 0, name);
    must(files->unsynced || fsync(files->dir) == 0, "fsync of the directory");
}

static bool files_load(void *self, uint64_t number, void *data, size_t size)
{
    struct files *files = self;
    char name[64];

    files_name(name, sizeof name, "", number);
    int fd = openat(files->dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        must(errno == ENOENT, name);
        return false;
    }
    must(pread(fd, data, size, 0) == (ssize_t)size, name);
    close(fd);
    return true;
}

static void files_latest(void *self, void *data, size_t size)
{
    struct files *files = self;

    if (!files_load(self, files->next - 1, data, size))
        die("files: the latest is not there");
}

static uint64_t files_count(void *self)
{
    struct files *files = self;
    uint64_t count = files->next;

    /* Another process may have appended. */
    for (; there(files, count); count++)
        ;
    return count;
}

static void files_compact(void *self)
{
    struct files *files = self;
    char name[64];

    for (uint64_t number = 0; number + 1 < files->next; number++) {
        files_name(name, sizeof name, "", number);
        must(unlinkat(files->dir, name, 0) == 0, name);
    }
    must(fsync(files->dir) == 0, "fsync of the directory");
}

static void files_close(void *self)
{
    close(((struct files *)self)->dir);
    free(self);
}

const struct engine engine_files = {
    .name = "files",
    .title = "a file each, renamed",
    .kind = ENGINE_PLAIN,
    .open = files_open,
    .close = files_close,
    .append = files_append,
    .load = files_load,
    .latest = files_latest,
    .count = files_count,
    .compact = files_compact,
    .processes = true,
    .fill_threads = 1,
    .fill_max = 10000,
};
