/* turn.c -- see turn.h. */
#include "cli/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 10000000

/* scheme_size -- of "dir:PATH" 3; of a bare path 0. */
static size_t scheme_size(const char *url)
{
    const size_t size = strcspn(url, ":/");
    return url[size] == ':' ? size : 0;
}

const char *place_of(const char *url)
{
    const size_t size = scheme_size(url);
    return size ? url + size + 1 : url;
}

bool place_is(const char *url, const char *scheme)
{
    return scheme_size(url) == strlen(scheme) && strncmp(url, scheme, strlen(scheme)) == 0;
}

/* offset_of -- the key's byte. Two keys may have the same one; then they wait for each other. */
static off_t offset_of(const char *key)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return (off_t)(hash >> 2);
}

int turn_take(const struct request *request, const char *url, const char *file, const char *key, int *fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset_of(key), .l_len = 1};
    const char *place = place_of(url);
    char path[PATH_MAX];

    if ((size_t)snprintf(path, sizeof path, "%s/%s", place, file) >= sizeof path)
        return cairn_set_message(CAIRN_EINVAL, "%.100s...: the path is too long", place);
    if (faccessat(AT_FDCWD, place, W_OK, AT_EACCESS) != 0 && (errno == EACCES || errno == EROFS))
        return cairn_set_message(CAIRN_EACCES, "%s: nothing can be recorded there: %s", place,
                                 strerror(errno));
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (*fd < 0)
        return cairn_set_message(errno == ENOTDIR || errno == ENOENT ? CAIRN_ENOTSUP
                                 : errno == ENOSPC                   ? CAIRN_ENOSPC
                                                                     : CAIRN_EACCES,
                                 "%s: %s", path, strerror(errno));
    while (fcntl(*fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return cairn_set_message(CAIRN_ENOTSUP, "%s: cannot lock: %s", path, strerror(errno));
        int error = cairn_ctx_check(&request->ctx);
        if (error)
            return error;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    return 0;
}
