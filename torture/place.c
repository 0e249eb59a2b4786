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

/* place_set -- `path`, as the thread sees it: from the directory that `base` is a path to, or from its root.
 * `identity` is that of the directory which it is in. */
static bool place_set(struct place *place, struct identity *identity, const char *base, pid_t thread,
                      char *path)
{
    static const char self[] = "/proc/self/", thread_self[] = "/proc/thread-self/";
    struct statx stx;
    char parent[PATH_MAX + 64], root[64];
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
    if (*path == '/') {
        snprintf(root, sizeof(root), "/proc/%d/%s", thread, rest > path ? "" : "root");
        base = root;
    }
    snprintf(parent, sizeof(parent), "%s/%.*s", base, (int)(name - rest), rest);
    const int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    snprintf(place->name, sizeof(place->name), "%s", name);
    place_release(place);
    place->fd = fd;
    return identity_get(identity, &stx, fd, "", AT_EMPTY_PATH);
}

static bool place_at(const struct known *known, struct place *place, pid_t thread, int fd, char *path,
                     bool follow)
{
    char base[64];
    struct identity identity;

    if (fd == AT_FDCWD)
        snprintf(base, sizeof(base), "/proc/%d/cwd", thread);
    else
        snprintf(base, sizeof(base), "/proc/%d/fd/%d", thread, fd);
    bool found = place_set(place, &identity, base, thread, path);
    for (unsigned links = 0; found && follow && links < LINKS_MAX; links++) {
        char target[PATH_MAX];
        const ssize_t n = readlinkat(place->fd, place->name, target, sizeof(target) - 1);
        if (n <= 0)
            break;
        target[n] = '\0';
        snprintf(base, sizeof(base), "/proc/self/fd/%d", place->fd);
        found = place_set(place, &identity, base, thread, target);
    }
    if (found)
        place->dir = known_find(known, &identity);
    else
        place_release(place);
    return found;
}

static bool path_get(pid_t thread, uint64_t address, char *path)
{
    return process_peek_text(thread, address, path, PATH_MAX) && *path;
}

bool place_find(const struct known *known, struct place *place, pid_t thread, int fd, uint64_t address,
                bool follow)
{
    char path[PATH_MAX];

    *place = (struct place){.fd = -1};
    return path_get(thread, address, path) && place_at(known, place, thread, fd, path, follow);
}

/* name_of -- the last part of a path; "" if that ends with a slash. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool place_find_both(const struct known *known, struct place *place, struct place *place2, pid_t thread,
                     const struct call *call)
{
    char path[PATH_MAX], path2[PATH_MAX];

    *place = *place2 = (struct place){.fd = -1};
    if (!path_get(thread, call->path, path) || !path_get(thread, call->path2, path2))
        return false;
    const char *name = name_of(path), *name2 = name_of(path2);
    const bool beside = call->fd == call->fd2 && name - path == name2 - path2 && *name && *name2 &&
                        strlen(name2) < sizeof(place2->name) &&
                        memcmp(path, path2, (size_t)(name - path)) == 0;
    if (!place_at(known, place, thread, call->fd, path, false))
        return false;
    if (!beside)
        return place_at(known, place2, thread, call->fd2, path2, false);
    /* It is the usual case, and looking a directory up is half of what a rename costs here. */
    place2->dir = place->dir;
    place2->fd = fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
    snprintf(place2->name, sizeof(place2->name), "%s", name2);
    return place2->fd >= 0;
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
