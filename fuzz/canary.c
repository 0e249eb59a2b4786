/* canary.c -- see canary.h. */
#include "fuzz/canary.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/place.h"
#include "fuzz/target.h"

static int work = -1, beside = -1;
static pid_t owner;
static struct stat file, directory; /* beside, as they were made */

/* alone -- whether the directory holds only these names; NULL is none. */
static bool alone(int dir, const char *one, const char *other)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    bool is = true;
    unsigned count = 0;

    FUZZ_ASSERT(list, "the canary cannot be looked at");
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        is &= strcmp(entry->d_name, one) == 0 || (other && strcmp(entry->d_name, other) == 0);
    }
    closedir(list);
    return is && count == 1u + (other != NULL);
}

static void make(void)
{
    if (work >= 0) { /* in the parent of this process */
        close(work);
        close(beside);
    }
    place_clear();
    mkdirat(place_dir(), CANARY_WORK, 0755);
    mkdirat(place_dir(), CANARY_BESIDE, 0755);
    work = openat(place_dir(), CANARY_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    beside = openat(place_dir(), CANARY_BESIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place_write(CANARY_BESIDE "/" CANARY_NAME, CANARY_DATA, strlen(CANARY_DATA));
    FUZZ_ASSERT(work >= 0 && beside >= 0 && fstat(beside, &directory) == 0 &&
                    fstatat(beside, CANARY_NAME, &file, 0) == 0,
                "the canary cannot be made");
    owner = getpid();
}

void canary_begin(void)
{
    struct stat st;

    if (work < 0 || owner != getpid() || fstatat(place_dir(), CANARY_WORK, &st, 0) != 0)
        make();
    place_clear_below(CANARY_WORK);
    fchmod(work, 0755);
}

void canary_lose(void)
{
    fchmod(work, 0755);
    place_clear_below(CANARY_WORK);
    unlinkat(place_dir(), CANARY_WORK, AT_REMOVEDIR);
    mkdirat(place_dir(), CANARY_WORK, 0755);
    close(work);
    work = openat(place_dir(), CANARY_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_ASSERT(work >= 0, "the directory cannot be made anew");
}

void canary_move(bool away)
{
    static const char elsewhere[] = "elsewhere";

    FUZZ_ASSERT(renameat(place_dir(), away ? CANARY_WORK : elsewhere, place_dir(),
                         away ? elsewhere : CANARY_WORK) == 0,
                "the directory cannot be moved");
}

int canary_work(void)
{
    return work;
}

const char *canary_path(void)
{
    static char path[PLACE_PATH_SIZE + sizeof(CANARY_WORK) + 1];

    snprintf(path, sizeof(path), "%s/" CANARY_WORK, place_path());
    return path;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_nlink == b->st_nlink &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void canary_check(void)
{
    struct stat now;
    size_t size = 0;

    FUZZ_ASSERT(alone(place_dir(), CANARY_WORK, CANARY_BESIDE), "something was made beside the directory");
    FUZZ_ASSERT(fstat(beside, &now) == 0 && same(&now, &directory) && alone(beside, CANARY_NAME, NULL),
                "a directory beside was changed");
    FUZZ_ASSERT(fstatat(beside, CANARY_NAME, &now, AT_SYMLINK_NOFOLLOW) == 0 && same(&now, &file),
                "a file beside was changed");
    unsigned char *data = place_read(CANARY_BESIDE "/" CANARY_NAME, &size);
    FUZZ_ASSERT(data && canary_is(data, size), "a file beside was written");
    free(data);
}

bool canary_is(const void *data, size_t size)
{
    return size == strlen(CANARY_DATA) && memcmp(data, CANARY_DATA, size) == 0;
}
