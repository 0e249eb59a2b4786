/* place.c -- see place.h. */
#include "torture/place.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "torture/process.h"

#define LINKS_MAX 40 /* symbolic links in a row */

void place_release(struct place *place)
{
    if (place->fd >= 0)
        close(place->fd);
    place->fd = -1;
}

/* place_set -- `path`, as the thread sees it: from the directory `base`, or from its root. */
static bool place_set(struct place *place, int base, pid_t thread, char *path)
{
    static const char self[] = "/proc/self/", thread_self[] = "/proc/thread-self/";
    struct identity identity;
    struct statx stx;
    char parent[PATH_MAX + 64], root[64] = "./";
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        path[--size] = '\0';
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) >= sizeof(place->name))
        return false;
    const char *rest = path;
    if (strncmp(path, self, strlen(self)) == 0) /* what is its own there would be ours here */
        rest += strlen(self);
    else if (strncmp(path, thread_self, strlen(thread_self)) == 0)
        rest += strlen(thread_self);
    if (rest > name)
        return false;
    if (*path == '/')
        snprintf(root, sizeof(root), "/proc/%d/%s", thread, rest > path ? "" : "root");
    snprintf(parent, sizeof(parent), "%s%.*s", root, (int)(name - rest), rest);
    const int fd = openat(base, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    snprintf(place->name, sizeof(place->name), "%s", name);
    place_release(place);
    place->fd = fd;
    return identity_get(&identity, &stx, fd, "", AT_EMPTY_PATH);
}

bool place_find(const struct known *known, struct place *place, pid_t thread, int fd, uint64_t address,
                bool follow)
{
    char base[64], path[PATH_MAX];
    struct identity identity;
    struct statx stx;

    *place = (struct place){.fd = -1};
    if (!process_peek_text(thread, address, path, sizeof(path)) || *path == '\0')
        return false;
    if (fd == AT_FDCWD)
        snprintf(base, sizeof(base), "/proc/%d/cwd", thread);
    else
        snprintf(base, sizeof(base), "/proc/%d/fd/%d", thread, fd);
    const int dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool found = place_set(place, dir >= 0 ? dir : AT_FDCWD, thread, path);
    if (dir >= 0)
        close(dir);
    for (unsigned links = 0; found && follow && links < LINKS_MAX; links++) {
        const ssize_t n = readlinkat(place->fd, place->name, path, sizeof(path) - 1);
        if (n <= 0)
            break;
        path[n] = '\0';
        found = place_set(place, place->fd, thread, path);
    }
    if (found && identity_get(&identity, &stx, place->fd, "", AT_EMPTY_PATH))
        place->dir = known_find(known, &identity);
    if (!found)
        place_release(place);
    return found;
}

bool place_object(const struct known *known, const struct place *place, uint32_t *object,
                  struct identity *identity)
{
    struct statx stx;

    if (place->fd < 0 || !identity_get(identity, &stx, place->fd, place->name, AT_SYMLINK_NOFOLLOW))
        return false;
    *object = known_find(known, identity);
    return true;
}
