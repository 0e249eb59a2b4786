/* deed.c -- see deed.h. */
#include "torture/deed.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* note_outside -- what a call does to a file that is none of the directory's, but may be moved there. */
static void note_outside(struct scene *scene, const struct deed *deed, const struct identity *identity)
{
    const struct identity *root = &scene->known.objects[1].identity;

    if (identity->major != root->major || identity->minor != root->minor)
        return;
    switch (deed->call.verb) {
    case VERB_SYNC:
    case VERB_DATASYNC:
        outside_synced(&scene->outside, identity);
        break;
    case VERB_WRITE:
    case VERB_COPY:
        if ((fcntl(deed->fd, F_GETFL) & O_DSYNC) == 0 && (deed->call.flags & (RWF_DSYNC | RWF_SYNC)) == 0)
            outside_wrote(&scene->outside, identity, false);
        break;
    case VERB_RESIZE:
    case VERB_ALLOCATE:
    case VERB_CLONE:
    case VERB_MAP:
        if (deed->call.verb != VERB_MAP || (deed->call.flags & MAP_TYPE) != MAP_PRIVATE)
            outside_wrote(&scene->outside, identity, deed->call.verb == VERB_MAP);
        break;
    default:
        break;
    }
}

/* begin_fd -- sets the object that the descriptor stands for; false if it is none of the directory's. */
static bool begin_fd(struct scene *scene, struct deed *deed)
{
    struct identity identity;
    struct statx stx;
    char path[64];

    if (deed->call.fd < 0)
        return false;
    deed->fd = process_borrow(&scene->processes, deed->thread, deed->call.fd);
    if (deed->fd < 0 || !identity_get(&identity, &stx, deed->fd, "", AT_EMPTY_PATH))
        return false;
    if ((deed->call.verb == VERB_WRITE || deed->call.verb == VERB_COPY) &&
        identity_same(&identity, &scene->known.acks)) {
        deed->is_ack = true;
        deed->alone = false;
        return true;
    }
    deed->object = known_find(&scene->known, &identity);
    if (deed->object == 0 && S_ISREG(stx.stx_mode))
        note_outside(scene, deed, &identity);
    if (deed->object == 0 || (!S_ISREG(stx.stx_mode) && !S_ISDIR(stx.stx_mode))) /* a fifo keeps nothing */
        return false;
    struct object *object = &scene->known.objects[deed->object];
    if (object->fd < 0 && S_ISREG(stx.stx_mode)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", deed->fd);
        object->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (object->fd < 0)
            trace_gap(scene->trace, "a file cannot be read back: %s", strerror(errno));
    }
    return true;
}

/* begin_copy -- the same of what is written to, or else of what that comes from. */
static bool begin_copy(struct scene *scene, struct deed *deed)
{
    if (begin_fd(scene, deed))
        return true;
    if (deed->call.fd2 < 0)
        return false;
    if (deed->fd >= 0)
        close(deed->fd);
    deed->fd = -1;
    deed->call.fd = deed->call.fd2;
    deed->call.verb = VERB_READ;
    deed->call.count = 0;
    deed->alone = false;
    return begin_fd(scene, deed);
}

/* begin_open -- whether opening that may make or cut a file of the directory's. */
static bool begin_open(struct scene *scene, struct deed *deed)
{
    struct call *call = &deed->call;
    struct stat st;

    if (call->address) { /* openat2() */
        uint64_t flags;
        if (!process_peek(deed->thread, call->address, &flags, sizeof(flags)))
            return false;
        call->flags = flags;
    }
    if ((call->flags & O_TMPFILE) == O_TMPFILE) {
        /* The path is of a directory, in which the file may get a name. */
        if (!place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path, true))
            return false;
        uint32_t object = 0;
        struct identity identity;
        /* "." has its own directory for a name. */
        place_object(&scene->known, &deed->place, &object, &identity);
        return object != 0;
    }
    if ((call->flags & (O_CREAT | O_TRUNC)) == 0) { /* to read, or to write what is there */
        struct identity identity;
        deed->alone = false;
        return place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path,
                          (call->flags & O_NOFOLLOW) == 0) &&
               place_object(&scene->known, &deed->place, &deed->object, &identity) && deed->object;
    }
    const bool makes =
        (call->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL); /* nothing may be there, no link, either */
    if (!place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path,
                    !makes && (call->flags & O_NOFOLLOW) == 0))
        return false;
    /* Opening a fifo may take as long as it likes. */
    if (!makes && fstatat(deed->place.fd, deed->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(st.st_mode))
        return false;
    return deed->place.dir != 0;
}

static bool begin_rename(struct scene *scene, struct deed *deed)
{
    const struct call *call = &deed->call;
    struct identity identity;
    uint32_t object;

    if (!place_find_both(&scene->known, &deed->place, &deed->place2, deed->thread, call))
        return false;
    if (deed->place.dir == 0 && place_object(&scene->known, &deed->place, &object, &identity) && object == 1)
        trace_gap(scene->trace, "%s: the directory itself was renamed", call->name);
    return deed->place.dir || deed->place2.dir;
}

/* begin_look -- whether what is asked of is the directory's, or would be if it were there. */
static bool begin_look(struct scene *scene, struct deed *deed)
{
    const struct call *call = &deed->call;
    struct identity identity;

    deed->alone = false;
    if (place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path,
                   (call->flags & AT_SYMLINK_NOFOLLOW) == 0))
        return deed->place.dir ||
               (place_object(&scene->known, &deed->place, &deed->object, &identity) && deed->object);
    return (call->flags & AT_EMPTY_PATH) && begin_fd(scene, deed);
}

/* begin_sync_fs -- whether that file system is the directory's. */
static bool begin_sync_fs(struct scene *scene, struct deed *deed)
{
    const struct identity *root = &scene->known.objects[1].identity;
    struct identity identity;
    struct statx stx;

    deed->alone = false;
    deed->fd = process_borrow(&scene->processes, deed->thread, deed->call.fd);
    if (deed->fd < 0 || !identity_get(&identity, &stx, deed->fd, "", AT_EMPTY_PATH) ||
        identity.major != root->major || identity.minor != root->minor)
        return false;
    outside_synced(&scene->outside, NULL);
    return true;
}

/* begin_bind -- whether a socket gets a name in the directory. */
static bool begin_bind(struct scene *scene, struct deed *deed)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};

    if (!process_peek(deed->thread, deed->call.address, &address,
                      offsetof(struct sockaddr_un, sun_path) + 1) ||
        address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
        return false;
    return place_find(&scene->known, &deed->place, deed->thread, AT_FDCWD,
                      deed->call.address + offsetof(struct sockaddr_un, sun_path), false) &&
           deed->place.dir;
}

/* is_tracked -- what the deed is about, and whether that is in the directory. */
static bool is_tracked(struct scene *scene, struct deed *deed)
{
    const struct call *call = &deed->call;

    switch (call->verb) {
    case VERB_OPEN:
        return begin_open(scene, deed);
    case VERB_RENAME:
        return begin_rename(scene, deed);
    case VERB_LINK:
        return place_find(&scene->known, &deed->place2, deed->thread, call->fd2, call->path2, false) &&
               deed->place2.dir;
    case VERB_BIND:
        return begin_bind(scene, deed);
    case VERB_MAKE:
    case VERB_UNLINK:
        return place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path, false) &&
               deed->place.dir;
    case VERB_RESIZE:
    case VERB_MODE:
    case VERB_ATTRIBUTE:
        if (call->path == 0)
            return begin_fd(scene, deed);
        struct identity identity;
        if (!place_find(&scene->known, &deed->place, deed->thread, call->fd, call->path, true) ||
            !place_object(&scene->known, &deed->place, &deed->object, &identity))
            return false;
        if (deed->object == 0)
            note_outside(scene, deed, &identity);
        return deed->object != 0;
    case VERB_WRITE:
    case VERB_COPY:
        return begin_copy(scene, deed);
    case VERB_ALLOCATE:
    case VERB_CLONE:
    case VERB_MAP:
        return begin_fd(scene, deed);
    case VERB_READ:
    case VERB_SYNC:
    case VERB_DATASYNC:
    case VERB_SYNC_HINT:
        deed->alone = false;
        return begin_fd(scene, deed);
    case VERB_LOOK:
        return begin_look(scene, deed);
    case VERB_SYNC_FS:
        return begin_sync_fs(scene, deed);
    case VERB_SYNC_ALL:
        outside_synced(&scene->outside, NULL);
        deed->alone = false;
        return true;
    case VERB_SYNC_MAP:
    case VERB_STRANGE:
        deed->alone = false;
        return true;
    default:
        return false;
    }
}

void deed_forget(struct deed *deed)
{
    place_release(&deed->place);
    place_release(&deed->place2);
    if (deed->fd >= 0)
        close(deed->fd);
    deed->fd = -1;
    free(deed->source);
    deed->source = NULL;
}

bool deed_begin(struct deed *deed, struct scene *scene, pid_t thread, const struct call *call)
{
    *deed = (struct deed){
        .call = *call, .thread = thread, .alone = true, .fd = -1, .place = {.fd = -1}, .place2 = {.fd = -1}};
    if (is_tracked(scene, deed))
        return true;
    deed_forget(deed);
    return false;
}
