/* folder.c -- see folder.h. */
#include "system/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/operation.h>

#include "system/system.h"

static bool leads_nowhere(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 && errno == ENOENT && lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* make_directories -- makes `root` and what is missing above it. */
static int make_directories(const char *root)
{
    char path[PATH_MAX];
    size_t size = strlen(root);

    if (size >= sizeof(path))
        return cairn_set_message(CAIRN_EINVAL, "%.100s...: the path is too long", root);
    memcpy(path, root, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        char end = path[i];
        path[i] = '\0';
        if (mkdir(path, 0755) != 0) {
            if (errno != EEXIST && (end == '\0' || (errno != EACCES && errno != EROFS)))
                return system_error(errno, "%s: cannot make the directory", path);
            if (errno == EEXIST && leads_nowhere(path))
                return cairn_set_message(CAIRN_ENOTDIR, "%s: this is a symbolic link that leads nowhere",
                                         path);
        }
        path[i] = end;
    }
    return 0;
}

int folder_open(int *dir, const char *root, const char *kind, unsigned flags)
{
    *dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*dir < 0 && errno == ENOENT && !(flags & (CAIRN_READONLY | CAIRN_EXISTING))) {
        int error = make_directories(root);
        if (error)
            return error;
        *dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (*dir < 0 && errno == ENOENT && (flags & (CAIRN_READONLY | CAIRN_EXISTING)))
        return cairn_set_message(CAIRN_ENONE, "%s: there is no %s", root, kind);
    return *dir < 0 ? system_error(errno, "%s: cannot open the directory", root) : 0;
}

/* sync_above -- syncs the directory above *at and goes up to it: 1. If *at is a root, or all has been
 * synced by other means: 0. Or an error. */
static int sync_above(int *at, struct stat *here, int dir, const char *path)
{
    struct stat above;
    int result = 0;

    int up = openat(*at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (up < 0 && (errno == EACCES || errno == EPERM)) {
        /* It may not be opened by us, and may have been made a moment ago by somebody else. */
        return syncfs(dir) == 0 ? 0 : system_error(errno, "%s: cannot sync the file system", path);
    }
    if (up < 0)
        return system_error(errno, "%s: cannot open a directory above it", path);
    if (fstat(up, &above) != 0)
        result = system_error(errno, "%s: cannot look at a directory above it", path);
    else if (above.st_dev == here->st_dev && above.st_ino != here->st_ino)
        result = fsync(up) == 0 ? 1 : system_error(errno, "%s: cannot sync a directory above it", path);
    if (result != 1) {
        close(up);
        return result;
    }
    close(*at);
    *at = up;
    *here = above;
    return 1;
}

int folder_sync(int dir, const char *path)
{
    struct stat here;
    int result = 1;

    int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return system_error(errno, "%s: cannot open the directory", path);
    if (fstat(at, &here) != 0)
        result = system_error(errno, "%s: cannot look at the directory", path);
    while (result == 1)
        result = sync_above(&at, &here, dir, path);
    close(at);
    return result;
}
