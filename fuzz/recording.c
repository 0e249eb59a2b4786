/* recording.c -- see recording.h. */
#include "fuzz/recording.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "journal/control.h"
#include "journal/index.h"
#include "torture/image.h"
#include "torture/memory.h"

#define OBJECTS_MAX 512
#define LMDB_PAGE   4096u
#define LMDB_METAS  (2 * LMDB_PAGE) /* the pages that say where all is */

struct object {
    ino_t inode;
    uint32_t number;
};

struct bound {
    char name[256];
    uint32_t object;
};

/* What a file held when it was last looked at. */
struct seen {
    unsigned char *bytes;
    size_t size;
};

static struct trace trace;
static int dir;
static ino_t dir_inode;
static struct object objects[OBJECTS_MAX];
static unsigned object_count;
static struct bound names[OBJECTS_MAX];
static unsigned name_count;
static struct seen page, lmdb;

/* --- objects and names ------------------------------------------------------------------------------------
 */

static uint32_t find_inode(ino_t inode)
{
    if (inode == dir_inode)
        return 1;
    for (unsigned i = object_count; i-- > 0;) {
        if (objects[i].inode == inode)
            return objects[i].number;
    }
    return 0;
}

/* find_file -- the object that is open; 0 if it is none of the directory's. */
static uint32_t find_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? find_inode(st.st_ino) : 0;
}

static void add_inode(ino_t inode, uint32_t number)
{
    FUZZ_ASSERT(object_count < OBJECTS_MAX, "too many files");
    objects[object_count++] = (struct object){inode, number};
}

static struct bound *find_name(const char *name)
{
    for (unsigned i = 0; i < name_count; i++) {
        if (strcmp(names[i].name, name) == 0)
            return &names[i];
    }
    return NULL;
}

static void set_name(const char *name, uint32_t object)
{
    struct bound *bound = find_name(name);

    if (bound == NULL) {
        FUZZ_ASSERT(name_count < OBJECTS_MAX, "too many names");
        bound = &names[name_count++];
        snprintf(bound->name, sizeof(bound->name), "%s", name);
    }
    bound->object = object;
}

static void drop_name(struct bound *bound)
{
    *bound = names[--name_count];
}

static void scanned(void *arg, uint32_t number, int in, const char *name)
{
    struct stat st;

    (void)arg;
    FUZZ_ASSERT(fstatat(in, name, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s", name);
    add_inode(st.st_ino, number);
    set_name(name, number);
}

/* --- operations -------------------------------------------------------------------------------------------
 */

static void add(struct op *op, const char *call)
{
    snprintf(op->call, sizeof(op->call), "%s", call);
    op->begin = ++trace.ticks;
    op->end = ++trace.ticks;
    trace_add(&trace, op);
}

static void add_sync(enum op_kind kind, uint32_t object, const char *call)
{
    struct op op = {.kind = kind, .object = object};
    add(&op, call);
}

static void add_write(uint32_t object, unsigned flags, uint64_t offset, const void *data, size_t size,
                      const char *call)
{
    struct op op = {.kind = OP_WRITE,
                    .flags = flags,
                    .object = object,
                    .offset = offset,
                    .data = memory_copy(data, size),
                    .data_size = size};
    add(&op, call);
}

static uint32_t add_new(const char *name, const struct stat *st, const char *call)
{
    struct op op = {.kind = name ? OP_CREATE : OP_NEW,
                    .object = trace.objects + 1,
                    .dir = name ? 1 : 0,
                    .type = TYPE_FILE,
                    .mode = st->st_mode & 07777,
                    .name = name ? memory_text(name) : NULL};

    add_inode(st->st_ino, op.object);
    if (name)
        set_name(name, op.object);
    add(&op, call);
    return trace.objects;
}

/* --- files that are not written by calls ------------------------------------------------------------------
 */

/* read_file -- the bytes of a file as it is now; false if there is none. */
static bool read_file(const char *name, struct seen *now, struct stat *st)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return false;
    FUZZ_ASSERT(fstat(fd, st) == 0, "%s", name);
    now->size = (size_t)st->st_size;
    now->bytes = memory_new(now->size + 1);
    FUZZ_ASSERT(pread(fd, now->bytes, now->size, 0) == (ssize_t)now->size, "%s", name);
    close(fd);
    return true;
}

static void keep(struct seen *seen, const struct seen *now)
{
    free(seen->bytes);
    *seen = *now;
}

/* add_changes -- from `begin` to before `end`, where the bytes are not what they were: page by page. */
static void add_changes(uint32_t object, unsigned flags, const struct seen *was, const struct seen *now,
                        size_t begin, size_t end, const char *call)
{
    if (end > now->size)
        end = now->size;
    for (size_t at = begin; at < end; at += LMDB_PAGE) {
        size_t from = at, to = at + LMDB_PAGE < end ? at + LMDB_PAGE : end;
        if (to <= was->size) {
            if (memcmp(was->bytes + from, now->bytes + from, to - from) == 0)
                continue;
            while (from < to && was->bytes[from] == now->bytes[from])
                from++;
            while (to > from && was->bytes[to - 1] == now->bytes[to - 1])
                to--;
        }
        if (from < to)
            add_write(object, flags, from, now->bytes + from, to - from, call);
    }
}

static void note_page(void)
{
    const struct bound *bound = find_name(CONTROL_NAME);
    struct seen now;
    struct stat st;

    if (bound == NULL || !read_file(CONTROL_NAME, &now, &st))
        return;
    if (find_inode(st.st_ino) == bound->object)
        add_changes(bound->object, OP_MAPPED, &page, &now, 0, now.size, "mapped");
    keep(&page, &now);
}

static void note_commit(void)
{
    static const struct seen nothing;
    struct seen now;
    struct stat st;

    if (!read_file(INDEX_NAME, &now, &st))
        return;
    uint32_t object = find_inode(st.st_ino);
    if (object == 0) {
        object = add_new(INDEX_NAME, &st, "mdb_env_open");
        keep(&lmdb, &nothing);
    }
    add_changes(object, 0, &lmdb, &now, LMDB_METAS, now.size, "mdb_txn_commit");
    add_sync(OP_DATASYNC, object, "mdb_txn_commit");
    add_changes(object, OP_DSYNC, &lmdb, &now, 0, LMDB_METAS, "mdb_txn_commit");
    keep(&lmdb, &now);
}

/* --- calls ------------------------------------------------------------------------------------------------
 */

static void note_write(const struct call *call)
{
    const uint32_t object = find_file(call->fd);
    size_t left = (size_t)call->result;
    uint64_t offset = (uint64_t)call->offset;

    if (object <= 1)
        return;
    if (call->offset < 0)
        offset = (uint64_t)lseek(call->fd, 0, SEEK_CUR) - left;
    unsigned char *bytes = memory_new(left);
    size_t at = 0;
    for (int i = 0; i < call->iov_count && left > 0; i++) {
        const size_t part = call->iov[i].iov_len < left ? call->iov[i].iov_len : left;
        memcpy(bytes + at, call->iov[i].iov_base, part);
        at += part;
        left -= part;
    }
    if (at > 0)
        add_write(object, 0, offset, bytes, at, call->name);
    free(bytes);
}

static void note_open(const struct call *call)
{
    const bool unnamed = (call->flags & O_TMPFILE) == O_TMPFILE;
    struct stat st;

    if ((!unnamed && (call->flags & (O_CREAT | O_TRUNC)) == 0) || find_file(call->fd) != 1 ||
        fstat((int)call->result, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    const uint32_t object = find_inode(st.st_ino);
    if (object == 0) {
        add_new(unnamed ? NULL : call->path, &st, call->name);
    } else if (call->flags & O_TRUNC) {
        struct op op = {.kind = OP_RESIZE, .object = object, .size = 0};
        add(&op, call->name);
    }
}

static void note_unlink(const struct call *call)
{
    struct bound *bound = find_name(call->path);

    if (bound == NULL || find_file(call->fd) != 1)
        return;
    struct op op = {.kind = OP_UNLINK, .object = bound->object, .dir = 1, .name = memory_text(call->path)};
    drop_name(bound);
    add(&op, call->name);
}

static void note_rename(const struct call *call)
{
    struct bound *bound = find_name(call->path);

    if (bound == NULL || find_file(call->fd) != 1)
        return;
    struct op op = {.kind = OP_RENAME,
                    .object = bound->object,
                    .dir = 1,
                    .dir2 = 1,
                    .name = memory_text(call->path),
                    .name2 = memory_text(call->to)};
    drop_name(bound);
    set_name(call->to, op.object);
    add(&op, call->name);
}

static void note_link(const struct call *call)
{
    struct stat st;

    if (find_file(call->to_dir) != 1 || fstatat(call->to_dir, call->to, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    struct op op = {
        .kind = OP_LINK, .object = find_inode(st.st_ino), .dir = 1, .name = memory_text(call->to)};
    set_name(call->to, op.object);
    add(&op, call->name);
}

void recording_note(const struct call *call)
{
    if (call->kind == CALL_SHARED || call->kind == CALL_TIMES || call->result < 0)
        return;
    note_page();
    switch (call->kind) {
    case CALL_WRITE:
        note_write(call);
        break;
    case CALL_SYNC:
    case CALL_DATASYNC: {
        const uint32_t object = find_file(call->fd);
        if (object)
            add_sync(call->kind == CALL_SYNC ? OP_SYNC : OP_DATASYNC, object, call->name);
        break;
    }
    case CALL_SYNC_ALL:
        add_sync(OP_SYNC_ALL, 0, call->name);
        break;
    case CALL_OPEN:
        note_open(call);
        break;
    case CALL_UNLINK:
        note_unlink(call);
        break;
    case CALL_RENAME:
        note_rename(call);
        break;
    case CALL_LINK:
        note_link(call);
        break;
    case CALL_COMMIT:
        if (call->result == 0)
            note_commit();
        break;
    default:
        break;
    }
}

bool recording_sees(const struct call *call)
{
    return call->kind == CALL_SYNC_ALL ||
           ((call->kind == CALL_SYNC || call->kind == CALL_DATASYNC) && find_file(call->fd) != 0);
}

void recording_note_failed(const struct call *call)
{
    note_page();
    if (call->kind != CALL_SYNC_ALL) {
        add_sync(OP_SYNC_FAILED, find_file(call->fd), call->name);
        return;
    }
    for (uint32_t object = 1; object <= trace.objects; object++)
        add_sync(OP_SYNC_FAILED, object, call->name);
}

void recording_begin(int at)
{
    struct stat st;

    dir = at;
    FUZZ_ASSERT(fstat(dir, &st) == 0, "no directory");
    dir_inode = st.st_ino;
    trace.objects = 1;
    object_count = name_count = 0;
    FUZZ_ASSERT(image_scan(&trace, dir, scanned, NULL), "the directory cannot be read");
    struct seen now;
    if (read_file(CONTROL_NAME, &now, &st))
        keep(&page, &now);
    if (read_file(INDEX_NAME, &now, &st))
        keep(&lmdb, &now);
}

void recording_end(void)
{
    trace_release(&trace);
    keep(&page, &(struct seen){0});
    keep(&lmdb, &(struct seen){0});
}

const struct trace *recording_trace(void)
{
    return &trace;
}
