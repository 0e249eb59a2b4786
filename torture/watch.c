/* watch.c -- see watch.h. */
#include "torture/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "torture/image.h"
#include "torture/memory.h"

#define LINKS_MAX 40 /* symbolic links in a row */

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#define RWF_SYNC  4
#endif
#ifndef RWF_APPEND
#define RWF_APPEND 16
#endif

/* What the kernel knows an object by. A number of an inode is given again once it is free, a time of birth is
 * not. */
struct identity {
    uint64_t inode;
    uint32_t major, minor;
    int64_t born_s;
    uint32_t born_ns;
};

struct known {
    struct identity identity;
    int fd;      /* by which its bytes are read back; -1 if it has not been needed */
    bool mapped; /* it may be changed without a call */
};

/* The process that a thread belongs to. */
struct process {
    pid_t thread;
    int fd; /* of pidfd_open() */
};

struct watch {
    struct trace *trace;
    struct tree tree; /* as it is now */
    int dir;
    struct known *known; /* by object number */
    size_t known_count, known_space;
    uint32_t *slots; /* a hash table of the known: object numbers by inode; 0 is free */
    size_t slot_count, slots_used;
    struct process *processes;
    size_t process_count, process_space;
    int acks;
    struct identity ack_identity;
    uint64_t acked; /* bytes of it that have been recorded */
};

/* --- what the kernel knows ---------------------------------------------------------------------------- */

static bool identify(struct identity *identity, struct statx *stx, int dir, const char *path, int flags)
{
    if (statx(dir, path, flags, STATX_BASIC_STATS | STATX_BTIME, stx) != 0)
        return false;
    *identity =
        (struct identity){.inode = stx->stx_ino, .major = stx->stx_dev_major, .minor = stx->stx_dev_minor};
    if (stx->stx_mask & STATX_BTIME) {
        identity->born_s = stx->stx_btime.tv_sec;
        identity->born_ns = stx->stx_btime.tv_nsec;
    }
    return true;
}

/* process_of -- the process that a thread belongs to, by a descriptor that stands for it; -1. It is looked up
 * once for a thread. */
static int process_of(struct watch *watch, pid_t thread)
{
    char path[64], text[512];
    const char *line;

    for (size_t i = 0; i < watch->process_count; i++) {
        if (watch->processes[i].thread == thread)
            return watch->processes[i].fd;
    }
    snprintf(path, sizeof(path), "/proc/%d/status", thread);
    const int status = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = status < 0 ? -1 : read(status, text, sizeof(text) - 1);
    if (status >= 0)
        close(status);
    text[n > 0 ? n : 0] = '\0';
    line = strstr(text, "\nTgid:");
    const int fd = line ? (int)syscall(SYS_pidfd_open, atoi(line + 6), 0) : -1;
    if (fd >= 0) {
        watch->processes = memory_grow(watch->processes, watch->process_count, &watch->process_space,
                                       sizeof(*watch->processes));
        watch->processes[watch->process_count++] = (struct process){thread, fd};
    }
    return fd;
}

void watch_ended(struct watch *watch, pid_t thread)
{
    for (size_t i = 0; i < watch->process_count; i++) {
        if (watch->processes[i].thread != thread)
            continue;
        close(watch->processes[i].fd);
        watch->processes[i] = watch->processes[--watch->process_count];
        return;
    }
}

/* borrow -- a duplicate of the thread's descriptor, with the same file, position and flags; -1. */
static int borrow(struct watch *watch, pid_t thread, int fd)
{
    const int process = process_of(watch, thread);
    return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

static bool same(const struct identity *a, const struct identity *b)
{
    return a->inode == b->inode && a->major == b->major && a->minor == b->minor && a->born_s == b->born_s &&
           a->born_ns == b->born_ns;
}

static size_t slot_of(const struct watch *watch, uint64_t inode)
{
    return (size_t)(inode * 0x9e3779b97f4a7c15u >> 20) % watch->slot_count;
}

/* lookup -- the object; 0 if it is none of the directory's. */
static uint32_t lookup(const struct watch *watch, const struct identity *identity)
{
    for (size_t at = slot_of(watch, identity->inode); watch->slots[at]; at = (at + 1) % watch->slot_count) {
        if (same(&watch->known[watch->slots[at]].identity, identity))
            return watch->slots[at];
    }
    return 0;
}

static void enter(struct watch *watch, uint32_t object)
{
    size_t at = slot_of(watch, watch->known[object].identity.inode);

    while (watch->slots[at])
        at = (at + 1) % watch->slot_count;
    watch->slots[at] = object;
    watch->slots_used++;
}

/* learn -- the object is known by this identity from now on. */
static void learn(struct watch *watch, uint32_t object, const struct identity *identity)
{
    while (watch->known_count <= object) {
        watch->known =
            memory_grow(watch->known, watch->known_count, &watch->known_space, sizeof(*watch->known));
        watch->known[watch->known_count++] = (struct known){.fd = -1};
    }
    watch->known[object].identity = *identity;
    if (watch->slots_used * 2 >= watch->slot_count) {
        free(watch->slots);
        watch->slot_count = watch->slot_count * 2 + 64;
        watch->slots = memory_new(watch->slot_count * sizeof(*watch->slots));
        watch->slots_used = 0;
        for (uint32_t i = 1; i < watch->known_count; i++) {
            if (i != object && watch->known[i].identity.inode)
                enter(watch, i);
        }
    }
    enter(watch, object);
}

/* --- the thread's memory and descriptors -------------------------------------------------------------- */

static bool peek(pid_t thread, uint64_t address, void *data, size_t size)
{
    const struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
    return process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* peek_text -- false if it is not to be had, or as long as `size`. */
static bool peek_text(pid_t thread, uint64_t address, char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        /* No further than the page: the next one may not be there. */
        size_t part = 4096 - (size_t)((address + at) % 4096);
        if (part > size - at)
            part = size - at;
        if (!peek(thread, address + at, text + at, part))
            return false;
        if (memchr(text + at, '\0', part))
            return true;
        at += part;
    }
    return false;
}

/* --- places ------------------------------------------------------------------------------------------- */

static void place_release(struct place *place)
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
    return identify(&identity, &stx, fd, "", AT_EMPTY_PATH);
}

/* place_find -- where a path of the thread's leads; with `follow`, where a symbolic link at its end does.
 * What is there need not exist. */
static bool place_find(const struct watch *watch, struct place *place, pid_t thread, int fd, uint64_t address,
                       bool follow)
{
    char base[64], path[PATH_MAX];
    struct identity identity;
    struct statx stx;

    *place = (struct place){.fd = -1};
    if (!peek_text(thread, address, path, sizeof(path)) || *path == '\0')
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
    if (found && identify(&identity, &stx, place->fd, "", AT_EMPTY_PATH))
        place->dir = lookup(watch, &identity);
    if (!found)
        place_release(place);
    return found;
}

/* place_object -- what is there now: an object that is known, or 0 and an identity; false if nothing is
 * there. */
static bool place_object(const struct watch *watch, const struct place *place, uint32_t *object,
                         struct identity *identity)
{
    struct statx stx;

    if (place->fd < 0 || !identify(identity, &stx, place->fd, place->name, AT_SYMLINK_NOFOLLOW))
        return false;
    *object = lookup(watch, identity);
    return true;
}

/* --- a call begins ------------------------------------------------------------------------------------ */

/* begin_fd -- sets the object that the descriptor stands for; false if it is none of the directory's. */
static bool begin_fd(struct watch *watch, struct deed *deed)
{
    struct identity identity;
    struct statx stx;
    char path[64];

    if (deed->call.fd < 0)
        return false;
    deed->fd = borrow(watch, deed->thread, deed->call.fd);
    if (deed->fd < 0 || !identify(&identity, &stx, deed->fd, "", AT_EMPTY_PATH))
        return false;
    if (deed->call.verb == VERB_WRITE && same(&identity, &watch->ack_identity)) {
        deed->is_ack = true;
        deed->alone = false;
        return true;
    }
    deed->object = lookup(watch, &identity);
    if (deed->object == 0)
        return false;
    struct known *known = &watch->known[deed->object];
    if (known->fd < 0 && S_ISREG(stx.stx_mode)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", deed->fd);
        known->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (known->fd < 0)
            trace_gap(watch->trace, "a file cannot be read back: %s", strerror(errno));
    }
    return true;
}

/* begin_open -- whether opening that may make or cut a file of the directory's. */
static bool begin_open(struct watch *watch, struct deed *deed)
{
    struct call *call = &deed->call;
    struct stat st;

    if (call->address) { /* openat2() */
        uint64_t flags;
        if (!peek(deed->thread, call->address, &flags, sizeof(flags)))
            return false;
        call->flags = flags;
    }
    if ((call->flags & O_TMPFILE) == O_TMPFILE) {
        /* The path is of a directory, in which the file may get a name. */
        if (!place_find(watch, &deed->place, deed->thread, call->fd, call->path, true))
            return false;
        uint32_t object = 0;
        struct identity identity;
        /* "." has its own directory for a name. */
        place_object(watch, &deed->place, &object, &identity);
        return object != 0;
    }
    if ((call->flags & (O_CREAT | O_TRUNC)) == 0)
        return false;
    if (!place_find(watch, &deed->place, deed->thread, call->fd, call->path, (call->flags & O_NOFOLLOW) == 0))
        return false;
    /* Opening a fifo may take as long as it likes. */
    if (fstatat(deed->place.fd, deed->place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return false;
    return deed->place.dir != 0;
}

static bool begin_rename(struct watch *watch, struct deed *deed)
{
    const struct call *call = &deed->call;
    struct identity identity;
    uint32_t object;

    if (!place_find(watch, &deed->place, deed->thread, call->fd, call->path, false) ||
        !place_find(watch, &deed->place2, deed->thread, call->fd2, call->path2, false))
        return false;
    if (place_object(watch, &deed->place, &object, &identity) && object == 1)
        trace_gap(watch->trace, "%s: the directory itself was renamed", call->name);
    return deed->place.dir || deed->place2.dir;
}

/* is_tracked -- what the deed is about, and whether that is in the directory. */
static bool is_tracked(struct watch *watch, struct deed *deed)
{
    const struct call *call = &deed->call;

    switch (call->verb) {
    case VERB_OPEN:
        return begin_open(watch, deed);
    case VERB_RENAME:
        return begin_rename(watch, deed);
    case VERB_LINK:
        return place_find(watch, &deed->place2, deed->thread, call->fd2, call->path2, false) &&
               deed->place2.dir;
    case VERB_MAKE:
    case VERB_UNLINK:
        return place_find(watch, &deed->place, deed->thread, call->fd, call->path, false) && deed->place.dir;
    case VERB_RESIZE:
    case VERB_MODE:
    case VERB_ATTRIBUTE:
        if (call->path == 0)
            return begin_fd(watch, deed);
        struct identity identity;
        return place_find(watch, &deed->place, deed->thread, call->fd, call->path, true) &&
               place_object(watch, &deed->place, &deed->object, &identity) && deed->object;
    case VERB_WRITE:
    case VERB_COPY:
    case VERB_ALLOCATE:
    case VERB_CLONE:
    case VERB_MAP:
        return begin_fd(watch, deed);
    case VERB_SYNC:
    case VERB_DATASYNC:
    case VERB_SYNC_HINT:
        deed->alone = false;
        return begin_fd(watch, deed);
    case VERB_SYNC_FS:
    case VERB_SYNC_ALL:
    case VERB_SYNC_MAP:
    case VERB_STRANGE:
        deed->alone = false;
        return true;
    default:
        return false;
    }
}

void watch_forget(struct deed *deed)
{
    place_release(&deed->place);
    place_release(&deed->place2);
    if (deed->fd >= 0)
        close(deed->fd);
    deed->fd = -1;
}

bool watch_deed(struct watch *watch, struct deed *deed, pid_t thread, const struct call *call)
{
    *deed = (struct deed){
        .call = *call, .thread = thread, .alone = true, .fd = -1, .place = {.fd = -1}, .place2 = {.fd = -1}};
    if (is_tracked(watch, deed))
        return true;
    watch_forget(deed);
    return false;
}

/* --- a call has ended --------------------------------------------------------------------------------- */

/* add -- an operation of the deed's, which takes over what it points to: into the trace, and into the tree.
 */
static void add(struct watch *watch, const struct deed *deed, struct op op)
{
    if (deed) {
        snprintf(op.call, sizeof(op.call), "%s", deed->call.name);
        op.thread = (uint32_t)deed->thread;
        op.begin = deed->begin;
    } else {
        op.begin = watch->trace->ticks;
    }
    op.end = watch->trace->ticks;
    trace_add(watch->trace, &op);
    if (watch->tree.count <= watch->trace->objects) {
        const uint32_t count = watch->trace->objects * 2 + 64;
        struct node *nodes = memory_new(count * sizeof(*nodes));
        memcpy(nodes, watch->tree.nodes, watch->tree.count * sizeof(*nodes));
        free(watch->tree.nodes);
        watch->tree.nodes = nodes;
        watch->tree.count = count;
    }
    tree_apply(&watch->tree, &watch->trace->ops[watch->trace->count - 1]);
}

/* add_bytes -- what now stands in the file from `offset` on was written. */
static void add_bytes(struct watch *watch, const struct deed *deed, uint32_t object, uint64_t offset,
                      uint64_t size, unsigned flags)
{
    while (size > 0) {
        const size_t part = size < (1u << 24) ? (size_t)size : 1u << 24;
        struct op op = {
            .kind = OP_WRITE, .flags = flags, .object = object, .offset = offset, .data_size = part};
        op.data = memory_new(part);
        if (pread(watch->known[object].fd, op.data, part, (off_t)offset) != (ssize_t)part) {
            trace_gap(watch->trace, "what was written could not be read back");
            free(op.data);
            return;
        }
        add(watch, deed, op);
        offset += part;
        size -= part;
    }
}

static uint64_t size_now(const struct watch *watch, uint32_t object)
{
    struct stat st;
    return watch->known[object].fd >= 0 && fstat(watch->known[object].fd, &st) == 0 ? (uint64_t)st.st_size
                                                                                    : 0;
}

/* add_size -- if the file has another size than was known. */
static void add_size(struct watch *watch, const struct deed *deed, uint32_t object)
{
    const struct node *node = tree_node(&watch->tree, object);
    const uint64_t size = size_now(watch, object);

    if (node && node->content.size != size)
        add(watch, deed, (struct op){.kind = OP_RESIZE, .object = object, .size = size});
}

/* add_changed -- what is not as it was known: in each page from the first byte to the last one that differs.
 */
static void add_changed(struct watch *watch, const struct deed *deed, uint32_t object, unsigned flags)
{
    static const unsigned char zeros[CONTENT_PAGE];
    const int fd = watch->known[object].fd;
    unsigned char page[CONTENT_PAGE];
    const uint64_t size = size_now(watch, object);
    off_t at = 0;

    while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && (uint64_t)at < size) {
        const off_t end = lseek(fd, at, SEEK_HOLE);
        for (at -= at % CONTENT_PAGE; at < end; at += CONTENT_PAGE) {
            const struct node *node = tree_node(&watch->tree, object);
            const unsigned char *before =
                node ? content_page(&node->content, (size_t)((uint64_t)at / CONTENT_PAGE)) : NULL;
            const ssize_t n = pread(fd, page, sizeof(page), at);
            size_t first = 0, last = n > 0 ? (size_t)n : 0;
            before = before ? before : zeros;
            if (last == 0 || memcmp(page, before, last) == 0)
                continue;
            while (page[first] == before[first])
                first++;
            while (page[last - 1] == before[last - 1])
                last--;
            add(watch, deed,
                (struct op){.kind = OP_WRITE,
                            .flags = flags,
                            .object = object,
                            .offset = (uint64_t)at + first,
                            .data = memory_copy(page + first, last - first),
                            .data_size = last - first});
        }
    }
}

/* add_all_mapped -- what was stored through mappings since the last look. */
static void add_all_mapped(struct watch *watch)
{
    for (uint32_t i = 1; i < watch->known_count; i++) {
        if (watch->known[i].mapped && watch->known[i].fd >= 0)
            add_changed(watch, NULL, i, OP_MAPPED);
    }
}

/* new_object -- a number for an object that was not known. */
static uint32_t new_object(struct watch *watch, const struct identity *identity)
{
    const uint32_t object = watch->trace->objects + 1;

    learn(watch, object, identity);
    return object;
}

/* import -- what stands at the place was not known: it was made there just now, or came from outside. */
static void import(struct watch *watch, const struct deed *deed, const struct place *place,
                   const struct identity *identity, unsigned flags)
{
    struct op how = {.kind = OP_CREATE,
                     .flags = flags,
                     .thread = (uint32_t)deed->thread,
                     .begin = deed->begin,
                     .end = watch->trace->ticks,
                     .dir = place->dir,
                     .name = memory_text(place->name)};
    struct trace made = {0};

    snprintf(how.call, sizeof(how.call), "%s", deed->call.name);
    how.object = new_object(watch, identity);
    if (!image_import(&made, &how, place->fd, place->name))
        trace_gap(watch->trace, "what was made or moved in cannot be read");
    for (size_t i = 0; i < made.count; i++) {
        snprintf(made.ops[i].call, sizeof(made.ops[i].call), "%s", deed->call.name);
        add(watch, deed, made.ops[i]);
    }
    if (made.count && made.ops[0].type == TYPE_DIRECTORY && (flags & OP_IMPORTED))
        trace_gap(watch->trace, "%s: a directory was moved in from outside", deed->call.name);
    free(made.ops); /* what they point to is the trace's now */
}

/* settle_name -- what stands at the place now, if that is not what was known. */
static void settle_name(struct watch *watch, const struct deed *deed, const struct place *place)
{
    const uint32_t before = place->dir ? tree_find(&watch->tree, place->dir, place->name) : 0;
    struct identity identity;
    uint32_t now = 0;

    if (place->dir == 0)
        return;
    const bool there = place_object(watch, place, &now, &identity);
    if (!there && before)
        add(watch, deed,
            (struct op){
                .kind = OP_UNLINK, .object = before, .dir = place->dir, .name = memory_text(place->name)});
    else if (there && now == 0)
        import(watch, deed, place, &identity, 0);
    else if (there && now != before)
        add(watch, deed,
            (struct op){.kind = OP_LINK, .object = now, .dir = place->dir, .name = memory_text(place->name)});
}

static void done_open(struct watch *watch, const struct deed *deed, int fd)
{
    struct identity identity, there;
    struct statx stx;
    uint32_t object, named;

    const int opened = borrow(watch, deed->thread, fd);
    const bool is_open = opened >= 0 && identify(&identity, &stx, opened, "", AT_EMPTY_PATH);
    if (opened >= 0)
        close(opened);
    if (!is_open) { /* it is being killed at this very moment */
        settle_name(watch, deed, &deed->place);
        return;
    }
    if (!S_ISREG(stx.stx_mode))
        return;
    object = lookup(watch, &identity);
    if ((deed->call.flags & O_TMPFILE) == O_TMPFILE) {
        const uint32_t number = new_object(watch, &identity);
        add(watch, deed,
            (struct op){.kind = OP_NEW, .object = number, .type = TYPE_FILE, .mode = stx.stx_mode & 07777});
    } else if (object == 0 && place_object(watch, &deed->place, &named, &there) && same(&identity, &there)) {
        const uint32_t number = new_object(watch, &identity);
        add(watch, deed,
            (struct op){.kind = OP_CREATE,
                        .object = number,
                        .type = TYPE_FILE,
                        .mode = stx.stx_mode & 07777,
                        .dir = deed->place.dir,
                        .name = memory_text(deed->place.name)});
    } else if (object && (deed->call.flags & O_TRUNC)) {
        const struct node *node = tree_node(&watch->tree, object);
        if (node && node->content.size)
            add(watch, deed, (struct op){.kind = OP_RESIZE, .object = object});
    }
}

static void done_write(struct watch *watch, const struct deed *deed, uint64_t size)
{
    const struct call *call = &deed->call;
    const int fd_flags = fcntl(deed->fd, F_GETFL);
    const bool copied_to = call->verb == VERB_COPY && call->offset_at;
    uint64_t offset;
    unsigned flags = 0;

    if (fd_flags < 0 || (copied_to && !peek(deed->thread, call->offset_at, &offset, sizeof(offset)))) {
        /* It is being killed at this very moment: what it has done shows in the file. */
        add_size(watch, deed, deed->object);
        add_changed(watch, deed, deed->object, 0);
        return;
    }
    if (copied_to) {
        offset -= size;
    } else if (call->has_offset && call->offset != UINT64_MAX && !(fd_flags & O_APPEND) &&
               !(call->flags & RWF_APPEND)) {
        offset = call->offset;
    } else if (call->has_offset && call->offset != UINT64_MAX) {
        offset = size_now(watch, deed->object) - size;
    } else {
        offset = (uint64_t)lseek(deed->fd, 0, SEEK_CUR) - size;
    }
    if ((fd_flags & O_SYNC) == O_SYNC || (call->flags & RWF_SYNC))
        flags = OP_FSYNC;
    else if ((fd_flags & O_DSYNC) || (call->flags & RWF_DSYNC))
        flags = OP_DSYNC;
    add_bytes(watch, deed, deed->object, offset, size, flags);
}

static void done_allocate(struct watch *watch, const struct deed *deed)
{
    const struct call *call = &deed->call;
    const uint32_t object = deed->object;

    if (call->flags & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
        add_size(watch, deed, object);
        add_bytes(watch, deed, object, call->offset, size_now(watch, object) - call->offset, 0);
        return;
    }
    add_size(watch, deed, object);
    if (call->flags & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        add(watch, deed,
            (struct op){.kind = OP_ZERO, .object = object, .offset = call->offset, .size = call->size});
}

static void done_rename(struct watch *watch, const struct deed *deed)
{
    const struct place *from = &deed->place, *to = &deed->place2;
    struct identity identity;
    uint32_t object = from->dir ? tree_find(&watch->tree, from->dir, from->name) : 0, there = 0;

    if (deed->call.flags & 4) /* RENAME_WHITEOUT */
        trace_gap(watch->trace, "%s: leaves a whiteout", deed->call.name);
    if (from->dir && to->dir && object) {
        if ((deed->call.flags & 2) == 0 && tree_find(&watch->tree, to->dir, to->name) == object)
            return; /* two names of one object: nothing is done */
        add(watch, deed,
            (struct op){.kind = deed->call.flags & 2 ? OP_EXCHANGE : OP_RENAME,
                        .object = object,
                        .dir = from->dir,
                        .name = memory_text(from->name),
                        .dir2 = to->dir,
                        .name2 = memory_text(to->name)});
        return;
    }
    if (deed->call.flags & 2)
        trace_gap(watch->trace, "%s: exchanges what is inside with what is outside", deed->call.name);
    if (to->dir && place_object(watch, to, &there, &identity)) {
        if (there == 0)
            import(watch, deed, to, &identity, OP_IMPORTED);
        else /* it had been moved out before */
            add(watch, deed,
                (struct op){.kind = OP_LINK, .object = there, .dir = to->dir, .name = memory_text(to->name)});
    }
    if (object)
        add(watch, deed,
            (struct op){
                .kind = OP_UNLINK, .object = object, .dir = from->dir, .name = memory_text(from->name)});
}

static void done_named(struct watch *watch, const struct deed *deed, const struct place *place)
{
    struct identity identity;
    uint32_t object;

    if (!place_object(watch, place, &object, &identity))
        trace_gap(watch->trace, "%s: what it made was gone at once", deed->call.name);
    else if (object)
        add(watch, deed,
            (struct op){
                .kind = OP_LINK, .object = object, .dir = place->dir, .name = memory_text(place->name)});
    else
        import(watch, deed, place, &identity, deed->call.verb == VERB_LINK ? OP_IMPORTED : 0);
}

static void done_mode(struct watch *watch, const struct deed *deed)
{
    struct identity identity;
    struct statx stx;
    const bool found = deed->place.fd >= 0 ? identify(&identity, &stx, deed->place.fd, deed->place.name, 0)
                                           : identify(&identity, &stx, deed->fd, "", AT_EMPTY_PATH);

    if (found)
        add(watch, deed, (struct op){.kind = OP_MODE, .object = deed->object, .mode = stx.stx_mode & 07777});
}

/* done_map -- from now on the file may be changed without a call, if the descriptor is open for writing. */
static void done_map(struct watch *watch, const struct deed *deed)
{
    if ((fcntl(deed->fd, F_GETFL) & O_ACCMODE) == O_RDWR)
        watch->known[deed->object].mapped = true;
}

/* done_sync_map -- which files are mapped in that range is in /proc/THREAD/maps. */
static void done_sync_map(struct watch *watch, const struct deed *deed)
{
    char path[64], line[PATH_MAX + 128];
    const uint64_t begin = deed->call.address, end = begin + deed->call.size;

    snprintf(path, sizeof(path), "/proc/%d/maps", deed->thread);
    FILE *maps = fopen(path, "re");
    while (maps && fgets(line, sizeof(line), maps)) {
        uint64_t from, to, offset, inode;
        unsigned major, minor;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64, &from, &to, &offset,
                   &major, &minor, &inode) != 6 ||
            inode == 0 || from >= end || to <= begin)
            continue;
        for (uint32_t i = 1; i < watch->known_count; i++) {
            const struct identity *identity = &watch->known[i].identity;
            if (!watch->known[i].mapped || identity->inode != inode || identity->major != major ||
                identity->minor != minor)
                continue;
            const uint64_t first = begin > from ? begin : from, last = end < to ? end : to;
            add(watch, deed,
                (struct op){.kind = deed->call.flags & MS_SYNC ? OP_DATASYNC : OP_SYNC_HINT,
                            .object = i,
                            .offset = offset + (first - from),
                            .size = last - first});
        }
    }
    if (maps)
        fclose(maps);
}

static void done_ack(struct watch *watch, const struct deed *deed)
{
    struct stat st;

    if (fstat(watch->acks, &st) != 0 || (uint64_t)st.st_size <= watch->acked)
        return;
    struct op op = {.kind = OP_ACK, .data_size = (size_t)((uint64_t)st.st_size - watch->acked)};
    op.data = memory_new(op.data_size);
    if (pread(watch->acks, op.data, op.data_size, (off_t)watch->acked) != (ssize_t)op.data_size)
        trace_gap(watch->trace, "what the workload printed could not be read");
    watch->acked = (uint64_t)st.st_size;
    add(watch, deed, op);
}

void watch_go(struct watch *watch, struct deed *deed)
{
    deed->begin = ++watch->trace->ticks;
    if (!deed->alone)
        add_all_mapped(watch); /* what was stored before a sync begins */
}

void watch_done(struct watch *watch, struct deed *deed, int64_t result)
{
    const struct call *call = &deed->call;

    watch->trace->ticks++;
    if (result < 0) {
        if (deed->object && (call->verb == VERB_SYNC || call->verb == VERB_DATASYNC))
            add(watch, deed, (struct op){.kind = OP_SYNC_FAILED, .object = deed->object});
        watch_forget(deed);
        return;
    }
    if (deed->is_ack) {
        add_all_mapped(watch);
        done_ack(watch, deed);
        watch_forget(deed);
        return;
    }
    switch (call->verb) {
    case VERB_OPEN:
        done_open(watch, deed, (int)result);
        break;
    case VERB_WRITE:
    case VERB_COPY:
        if (result > 0)
            done_write(watch, deed, (uint64_t)result);
        break;
    case VERB_RESIZE:
        if (watch->known[deed->object].fd < 0) {
            struct statx stx;
            struct identity identity;
            if (identify(&identity, &stx, deed->place.fd, deed->place.name, 0))
                add(watch, deed,
                    (struct op){.kind = OP_RESIZE, .object = deed->object, .size = stx.stx_size});
        } else {
            add_size(watch, deed, deed->object);
        }
        break;
    case VERB_ALLOCATE:
        done_allocate(watch, deed);
        break;
    case VERB_CLONE:
        add_size(watch, deed, deed->object);
        add_bytes(watch, deed, deed->object, 0, size_now(watch, deed->object), 0);
        break;
    case VERB_MAKE:
        done_named(watch, deed, &deed->place);
        break;
    case VERB_LINK:
        done_named(watch, deed, &deed->place2);
        break;
    case VERB_UNLINK:
        add(watch, deed,
            (struct op){.kind = OP_UNLINK,
                        .object = tree_find(&watch->tree, deed->place.dir, deed->place.name),
                        .dir = deed->place.dir,
                        .name = memory_text(deed->place.name)});
        break;
    case VERB_RENAME:
        done_rename(watch, deed);
        break;
    case VERB_MODE:
        done_mode(watch, deed);
        break;
    case VERB_SYNC:
        add(watch, deed, (struct op){.kind = OP_SYNC, .object = deed->object});
        break;
    case VERB_DATASYNC:
        add(watch, deed, (struct op){.kind = OP_DATASYNC, .object = deed->object});
        break;
    case VERB_SYNC_FS:
    case VERB_SYNC_ALL:
        add(watch, deed, (struct op){.kind = OP_SYNC_ALL});
        break;
    case VERB_SYNC_HINT:
        add(watch, deed, (struct op){.kind = OP_SYNC_HINT, .object = deed->object});
        break;
    case VERB_SYNC_MAP:
        done_sync_map(watch, deed);
        break;
    case VERB_MAP:
        done_map(watch, deed);
        break;
    default:
        trace_gap(watch->trace, "%s: this call is not followed", call->name);
        break;
    }
    add_all_mapped(watch);
    watch_forget(deed);
}

void watch_drop(struct watch *watch, struct deed *deed)
{
    const struct place *from = &deed->place, *to = &deed->place2;
    struct identity identity;
    uint32_t moved = 0;

    watch->trace->ticks++;
    if (deed->alone && deed->object && watch->known[deed->object].fd >= 0) {
        add_size(watch, deed, deed->object);
        add_changed(watch, deed, deed->object, 0);
    } else if (deed->call.verb == VERB_RENAME && from->dir && to->dir &&
               place_object(watch, to, &moved, &identity) &&
               moved == tree_find(&watch->tree, from->dir, from->name)) {
        done_rename(watch, deed);
    } else if (deed->call.verb != VERB_MODE) {
        settle_name(watch, deed, to);
        settle_name(watch, deed, from);
    }
    watch_forget(deed);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static void seen(void *arg, uint32_t object, int dir, const char *name)
{
    struct watch *watch = arg;
    struct identity identity;
    struct statx stx;

    if (identify(&identity, &stx, dir, name, AT_SYMLINK_NOFOLLOW))
        learn(watch, object, &identity);
}

struct watch *watch_begin(struct trace *trace, const char *dir, int acks)
{
    struct watch *watch = memory_new(sizeof(*watch));
    struct identity identity;
    struct statx stx;

    watch->trace = trace;
    watch->acks = acks;
    trace->objects = 1;
    watch->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (watch->dir < 0 || !identify(&identity, &stx, watch->dir, "", AT_EMPTY_PATH)) {
        fprintf(stderr, "cairn-torture: %s: cannot open the directory: %s\n", dir, strerror(errno));
        watch_release(watch);
        return NULL;
    }
    learn(watch, 1, &identity);
    identify(&watch->ack_identity, &stx, acks, "", AT_EMPTY_PATH);
    if (!image_scan(trace, watch->dir, seen, watch)) {
        watch_release(watch);
        return NULL;
    }
    tree_begin(&watch->tree, trace->objects);
    for (size_t i = 0; i < trace->count; i++)
        tree_apply(&watch->tree, &trace->ops[i]);
    return watch;
}

void watch_release(struct watch *watch)
{
    if (watch == NULL)
        return;
    for (size_t i = 0; i < watch->known_count; i++) {
        if (watch->known[i].fd >= 0)
            close(watch->known[i].fd);
    }
    if (watch->dir >= 0)
        close(watch->dir);
    tree_release(&watch->tree);
    for (size_t i = 0; i < watch->process_count; i++)
        close(watch->processes[i].fd);
    free(watch->processes);
    free(watch->known);
    free(watch->slots);
    free(watch);
}

void watch_end(struct watch *watch)
{
    char what[256];

    watch->trace->ticks++;
    add_all_mapped(watch);
    if (image_differs(&watch->tree, watch->dir, what))
        trace_gap(watch->trace, "at the end the directory is not what was recorded: %s", what);
}
