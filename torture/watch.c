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
#include <sys/uio.h>
#include <unistd.h>

#include "torture/image.h"
#include "torture/memory.h"

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#define RWF_SYNC  4
#endif
#ifndef RWF_APPEND
#define RWF_APPEND 16
#endif

struct watch {
    struct scene scene;
    struct trace *trace;
    struct tree tree; /* as it is now */
    int dir;
    int acks;
    uint64_t acked;   /* bytes of it that have been recorded */
    uint64_t printed; /* and that calls have written */
};

bool watch_deed(struct watch *watch, struct deed *deed, pid_t thread, const struct call *call)
{
    return deed_begin(deed, &watch->scene, thread, call);
}

void watch_ended(struct watch *watch, pid_t thread)
{
    process_ended(&watch->scene.processes, thread);
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
        free(op.source);
        op.source = deed->source ? memory_text(deed->source) : NULL;
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
        if (pread(watch->scene.known.objects[object].fd, op.data, part, (off_t)offset) != (ssize_t)part) {
            trace_gap(watch->trace, "what was written could not be read back");
            free(op.data);
            return;
        }
        add(watch, deed, op);
        offset += part;
        size -= part;
    }
}

/* add_size -- if the file has another size than was known. */
static void add_size(struct watch *watch, const struct deed *deed, uint32_t object)
{
    const struct node *node = tree_node(&watch->tree, object);
    const uint64_t size = known_size(&watch->scene.known, object);

    if (node && node->content.size != size)
        add(watch, deed, (struct op){.kind = OP_RESIZE, .object = object, .size = size});
}

/* add_changed -- what is not as it was known: in each page from the first byte to the last one that differs.
 */
static void add_changed(struct watch *watch, const struct deed *deed, uint32_t object, unsigned flags)
{
    static const unsigned char zeros[CONTENT_PAGE];
    const int fd = watch->scene.known.objects[object].fd;
    unsigned char page[CONTENT_PAGE];
    const uint64_t size = known_size(&watch->scene.known, object);
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

/* add_all_mapped -- what was stored through mappings since the last look, at a moment of its own. */
static void add_all_mapped(struct watch *watch)
{
    for (uint32_t i = 1; i < watch->scene.known.count; i++) {
        if (watch->scene.known.objects[i].mapped && watch->scene.known.objects[i].fd >= 0)
            add_changed(watch, NULL, i, OP_MAPPED);
    }
}

/* new_object -- a number for an object that was not known. */
static uint32_t new_object(struct watch *watch, const struct identity *identity)
{
    const uint32_t object = watch->trace->objects + 1;

    known_learn(&watch->scene.known, object, identity);
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

    /* It is as durable as it was there. */
    if ((flags & OP_IMPORTED) && outside_is_synced(&watch->scene.outside, identity))
        how.flags |= OP_DSYNC;
    snprintf(how.call, sizeof(how.call), "%s", deed->call.name);
    how.object = new_object(watch, identity);
    if (!image_import(&made, &how, place->fd, place->name))
        trace_gap(watch->trace, "what was made or moved in cannot be read");
    /* A file's name comes when its bytes are there already. */
    const bool moved = made.count && made.ops[0].type == TYPE_FILE && (flags & OP_IMPORTED);
    if (moved) {
        struct op name = made.ops[0];
        name.kind = OP_LINK;
        name.source = NULL; /* each has its own */
        made.ops[0].kind = OP_NEW;
        made.ops[0].dir = 0;
        made.ops[0].name = memory_text("");
        made.ops[0].name2 = memory_text("");
        trace_add(&made, &name);
    }
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
    const bool there = place_object(&watch->scene.known, place, &now, &identity);
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

    const int opened = process_borrow(&watch->scene.processes, deed->thread, fd);
    const bool is_open = opened >= 0 && identity_get(&identity, &stx, opened, "", AT_EMPTY_PATH);
    if (opened >= 0)
        close(opened);
    if (!is_open) { /* it is being killed at this very moment */
        settle_name(watch, deed, &deed->place);
        return;
    }
    if (!S_ISREG(stx.stx_mode))
        return;
    object = known_find(&watch->scene.known, &identity);
    if ((deed->call.flags & O_TMPFILE) == O_TMPFILE) {
        const uint32_t number = new_object(watch, &identity);
        add(watch, deed,
            (struct op){.kind = OP_NEW, .object = number, .type = TYPE_FILE, .mode = stx.stx_mode & 07777});
    } else if (object == 0 && place_object(&watch->scene.known, &deed->place, &named, &there) &&
               identity_same(&identity, &there)) {
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

    if (fd_flags < 0 ||
        (copied_to && !process_peek(deed->thread, call->offset_at, &offset, sizeof(offset)))) {
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
        offset = known_size(&watch->scene.known, deed->object) - size;
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
        add_bytes(watch, deed, object, call->offset, known_size(&watch->scene.known, object) - call->offset,
                  0);
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
    if (to->dir && place_object(&watch->scene.known, to, &there, &identity)) {
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

    if (!place_object(&watch->scene.known, place, &object, &identity))
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
    const bool found = deed->place.fd >= 0
                           ? identity_get(&identity, &stx, deed->place.fd, deed->place.name, 0)
                           : identity_get(&identity, &stx, deed->fd, "", AT_EMPTY_PATH);

    if (found)
        add(watch, deed, (struct op){.kind = OP_MODE, .object = deed->object, .mode = stx.stx_mode & 07777});
}

/* done_map -- from now on the file may be changed without a call, if the descriptor is open for writing. */
static void done_map(struct watch *watch, const struct deed *deed)
{
    if ((deed->call.flags & MAP_TYPE) != MAP_PRIVATE && (fcntl(deed->fd, F_GETFL) & O_ACCMODE) == O_RDWR)
        watch->scene.known.objects[deed->object].mapped = true;
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
        for (uint32_t i = 1; i < watch->scene.known.count; i++) {
            const struct identity *identity = &watch->scene.known.objects[i].identity;
            if (!watch->scene.known.objects[i].mapped || identity->inode != inode ||
                identity->major != major || identity->minor != minor)
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

static void done_ack(struct watch *watch, const struct deed *deed, int64_t result)
{
    struct stat st;

    watch->printed += (uint64_t)result;
    if (fstat(watch->acks, &st) != 0)
        return;
    if ((uint64_t)st.st_size < watch->printed) /* it was not written behind what is there */
        trace_gap(watch->trace, "%s: standard output was opened anew, and what is printed there is not seen",
                  deed->call.name);
    if ((uint64_t)st.st_size <= watch->acked)
        return; /* another thread's call has taken it along */
    struct op op = {.kind = OP_ACK, .data_size = (size_t)((uint64_t)st.st_size - watch->acked)};
    op.data = memory_new(op.data_size);
    if (pread(watch->acks, op.data, op.data_size, (off_t)watch->acked) != (ssize_t)op.data_size)
        trace_gap(watch->trace, "what the workload printed could not be read");
    watch->acked = (uint64_t)st.st_size;
    add(watch, deed, op);
}

void watch_go(struct watch *watch, struct deed *deed)
{
    add_all_mapped(watch); /* what was stored before it begins */
    if (deed->begin == 0)  /* it did not wait for its turn */
        deed->begin = ++watch->trace->ticks;
}

void watch_done(struct watch *watch, struct deed *deed, int64_t result)
{
    const struct call *call = &deed->call;

    watch->trace->ticks++;
    if (result < 0) {
        /* One that was interrupted has not failed to write. */
        if (deed->object && result != -EINTR && (call->verb == VERB_SYNC || call->verb == VERB_DATASYNC))
            add(watch, deed, (struct op){.kind = OP_SYNC_FAILED, .object = deed->object});
        deed_forget(deed);
        return;
    }
    if (deed->is_ack) {
        done_ack(watch, deed, result);
        deed_forget(deed);
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
        if (watch->scene.known.objects[deed->object].fd < 0) {
            struct statx stx;
            struct identity identity;
            if (identity_get(&identity, &stx, deed->place.fd, deed->place.name, 0))
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
        add_bytes(watch, deed, deed->object, 0, known_size(&watch->scene.known, deed->object), 0);
        break;
    case VERB_READ:
    case VERB_LOOK:
        break;
    case VERB_MAKE:
    case VERB_BIND:
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
    deed_forget(deed);
}

void watch_drop(struct watch *watch, struct deed *deed)
{
    const struct place *from = &deed->place, *to = &deed->place2;
    struct identity identity;
    uint32_t moved = 0;

    watch->trace->ticks++;
    if (deed->alone && deed->object && watch->scene.known.objects[deed->object].fd >= 0) {
        add_size(watch, deed, deed->object);
        add_changed(watch, deed, deed->object, 0);
    } else if (deed->call.verb == VERB_RENAME && from->dir && to->dir &&
               place_object(&watch->scene.known, to, &moved, &identity) &&
               moved == tree_find(&watch->tree, from->dir, from->name)) {
        done_rename(watch, deed);
    } else if (deed->call.verb != VERB_MODE) {
        settle_name(watch, deed, to);
        settle_name(watch, deed, from);
    }
    deed_forget(deed);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static void seen(void *arg, uint32_t object, int dir, const char *name)
{
    struct watch *watch = arg;
    struct identity identity;
    struct statx stx;

    if (identity_get(&identity, &stx, dir, name, AT_SYMLINK_NOFOLLOW))
        known_learn(&watch->scene.known, object, &identity);
}

struct watch *watch_begin(struct trace *trace, const char *dir, int acks)
{
    struct watch *watch = memory_new(sizeof(*watch));
    struct identity identity;
    struct statx stx;

    watch->trace = watch->scene.trace = trace;
    watch->acks = acks;
    trace->objects = 1;
    watch->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (watch->dir < 0 || !identity_get(&identity, &stx, watch->dir, "", AT_EMPTY_PATH)) {
        fprintf(stderr, "cairn-torture: %s: cannot open the directory: %s\n", dir, strerror(errno));
        watch_release(watch);
        return NULL;
    }
    known_learn(&watch->scene.known, 1, &identity);
    identity_get(&watch->scene.known.acks, &stx, acks, "", AT_EMPTY_PATH);
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
    if (watch->dir >= 0)
        close(watch->dir);
    tree_release(&watch->tree);
    processes_release(&watch->scene.processes);
    outside_release(&watch->scene.outside);
    known_release(&watch->scene.known);
    free(watch);
}

void watch_end(struct watch *watch)
{
    char what[256];

    watch->trace->ticks++;
    add_all_mapped(watch);
    if (image_differs(&watch->tree, watch->dir, what)) {
        trace_gap(watch->trace, "at the end the directory is not what was recorded: %s", what);
        watch->trace->unlike = true;
    }
}
