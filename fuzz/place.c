/* place.c -- see place.h. */
#include "fuzz/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[PLACE_PATH_SIZE];
static int place = -1;
static pid_t owner;

/* give_up -- the operating system fails the target; no finding, and nothing that can be gone on after. */
static _Noreturn void give_up(const char *what, const char *name)
{
    fprintf(stderr, "place: %s/%s: %s: %s\n", path, name, what, strerror(errno));
    _exit(2);
}

/* clear -- removes all that the directory `dir` holds, and closes it. */
static void clear(int dir)
{
    DIR *list = fdopendir(dir);

    if (list == NULL)
        give_up("cannot read it", ".");
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dir, entry->d_name, 0) == 0)
            continue;
        fchmodat(dir, entry->d_name, 0700, 0); /* it is a directory, and may have been closed to us */
        int below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0)
            give_up("cannot remove it", entry->d_name);
        clear(below);
        if (unlinkat(dir, entry->d_name, AT_REMOVEDIR) != 0)
            give_up("cannot remove it", entry->d_name);
    }
    closedir(list);
}

static void remove_place(void)
{
    if (getpid() != owner)
        return;
    place_clear();
    rmdir(path);
}

int place_dir(void)
{
    if (place >= 0 && owner == getpid())
        return place;
    const char *base = getenv("FUZZ_DIR");
    snprintf(path, sizeof(path), "%s/fuzz-XXXXXX", base && *base ? base : "/dev/shm");
    if (mkdtemp(path) == NULL)
        give_up("cannot make a directory", "");
    place = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        give_up("cannot open it", "");
    owner = getpid();
    atexit(remove_place);
    return place;
}

const char *place_path(void)
{
    place_dir();
    return path;
}

void place_clear(void)
{
    place_clear_below(".");
}

void place_clear_below(const char *name)
{
    int dir = openat(place_dir(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        give_up("cannot open it", name);
    clear(dir);
}

void place_write(const char *name, const void *data, size_t size)
{
    int fd = openat(place_dir(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);

    if (fd < 0)
        give_up("cannot make it", name);
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, (const char *)data + at, size - at);
        if (n <= 0)
            give_up("cannot write", name);
        at += (size_t)n;
    }
    close(fd);
}

void place_stand(const char *name, enum stand stand)
{
    int failed = 0;

    if (unlinkat(place_dir(), name, 0) != 0)
        unlinkat(place_dir(), name, AT_REMOVEDIR);
    switch (stand) {
    case STAND_LINK:
        failed = symlinkat("elsewhere", place_dir(), name);
        break;
    case STAND_FIFO:
        failed = mkfifoat(place_dir(), name, 0666);
        break;
    case STAND_DIRECTORY:
        failed = mkdirat(place_dir(), name, 0755);
        break;
    default:
        break;
    }
    if (failed)
        give_up("cannot put something in its place", name);
}

unsigned char *place_read(const char *name, size_t *size)
{
    struct stat st;
    int fd = openat(place_dir(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0)
        give_up("cannot look at it", name);
    unsigned char *data = malloc((size_t)st.st_size + 1);
    if (data == NULL)
        give_up("no memory for it", name);
    *size = 0;
    while (*size < (size_t)st.st_size) {
        ssize_t n = read(fd, data + *size, (size_t)st.st_size - *size);
        if (n <= 0)
            give_up("cannot read", name);
        *size += (size_t)n;
    }
    close(fd);
    return data;
}
