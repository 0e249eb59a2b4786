/* place.c -- see place.h. */
#include "place.h"

#include "child.h"
#include "must.h"
#include "process.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static char place[PATH_MAX]; /* "" if there is none */
static volatile sig_atomic_t interrupted;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static void remove_all(void)
{
    if (place[0] != '\0')
        nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void interrupt(int number)
{
    interrupted = number;
}

void place_make(const char *parent)
{
    const struct sigaction action = {.sa_handler = interrupt};
    char path[PATH_MAX];

    if (realpath(parent, path) == NULL)
        die("%s: %s", parent, strerror(errno));
    if (snprintf(place, sizeof place, "%.3900s/cairn-bench-XXXXXX", path) < 0 || mkdtemp(place) == NULL) {
        place[0] = '\0';
        die("%s: no directory can be made there: %s", path, strerror(errno));
    }
    atexit(remove_all);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);
}

const char *place_path(void)
{
    return place;
}

char *place_in(const char *name, const char *suffix)
{
    char *path;

    must(asprintf(&path, "%s/%s%s", place, name, suffix) >= 0, "memory");
    return path;
}

void place_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    settle(place);
}

void place_copy(const char *from, const char *to)
{
    const pid_t pid = fork();

    if (pid == 0) {
        execlp("cp", "cp", "-a", "--reflink=never", from, to, (char *)NULL);
        _exit(127);
    }
    place_interrupted();
    process_wait(pid, "cp");
}

uint64_t place_free(void)
{
    struct statvfs info;

    must(statvfs(place, &info) == 0, place);
    return (uint64_t)info.f_bavail * info.f_frsize;
}

bool place_is_interrupted(void)
{
    return interrupted != 0;
}

void place_interrupted(void)
{
    if (interrupted)
        exit(128 + interrupted);
}
