/* paths.c -- see paths.h. */
#include "torture/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path, const char *what)
{
    fprintf(stderr, "cairn-torture: %s: %s\n", path, what);
    return false;
}

/* is_below -- both are real paths. */
static bool is_below(const char *path, const char *dir)
{
    const size_t size = strlen(dir);

    return strncmp(path, dir, size) == 0 && (path[size] == '/' || (size == 1 && path[1]));
}

bool paths_dir(const char *dir)
{
    char real[PATH_MAX], cwd[PATH_MAX];
    struct stat st;

    if (stat(dir, &st) != 0 || realpath(dir, real) == NULL)
        return complain(dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return complain(dir, "this is no directory");
    if (strcmp(real, "/") == 0 || strcmp(real, "/dev/shm") == 0 || strcmp(real, "/proc") == 0 ||
        is_below(real, "/proc") || strcmp(real, "/sys") == 0 || is_below(real, "/sys"))
        return complain(dir, "this directory cannot be tortured");
    if (getcwd(cwd, sizeof(cwd)) && is_below(cwd, real))
        return complain(dir, "the current directory is below it");
    return true;
}

bool paths_output(const char *path, const char *dir)
{
    char copy[PATH_MAX], real[PATH_MAX], real_dir[PATH_MAX];

    if (path == NULL)
        return true;
    if (*path == '\0' || strlen(path) >= sizeof(copy))
        return complain(path, "this is no path");
    /* It need not be there yet: its directory must. */
    memcpy(copy, path, strlen(path) + 1);
    while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
        copy[strlen(copy) - 1] = '\0';
    if (realpath(copy, real) == NULL) {
        char *slash = strrchr(copy, '/');
        if (slash)
            slash[slash == copy] = '\0';
        if (realpath(slash ? copy : ".", real) == NULL)
            return complain(path, strerror(errno));
    }
    if (realpath(dir, real_dir) && (strcmp(real, real_dir) == 0 || is_below(real, real_dir)))
        return complain(path, "it is in the directory that is tortured");
    return true;
}

bool paths_differ(const char *const paths[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < i; k++) {
            if (paths[i] && paths[k] && strcmp(paths[i], paths[k]) == 0)
                return complain(paths[i], "two outputs cannot be one file");
        }
    }
    return true;
}
