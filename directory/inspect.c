/* inspect.c -- see inspect.h. The directory is read with the lock held, and shown without it: whoever is
 * shown something may call Cairn. */
#include "directory/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "directory/file.h"
#include "directory/lock.h"
#include "directory/memo.h"
#include "directory/names.h"
#include "system/system.h"

/* What a file was when the directory was read. */
struct inspected_file {
    size_t at; /* which of the names */
    uint64_t size, disk, inode, handle;
    int64_t time_ns;
};

struct inspected {
    struct names names;
    struct inspected_file *files; /* the checkpoints, newest first */
    size_t count;
};

static void inspect_release(struct inspected *inspected)
{
    names_release(&inspected->names);
    free(inspected->files);
}

/* What stands in a cairn_mark: which file was the latest. Compact gives it another name, and no other file is
 * it. The number of an inode that is free is given again, within one tick of the clock, too; its handle is
 * not. */
enum {
    MARK_SET, /* 0: before the first */
    MARK_INODE,
    MARK_TIME,
    MARK_HANDLE, /* a hash of it; 0 if the file system has none */
};

/* handle_of -- *handle of a file; CAIRN_ENOTFOUND if it is gone, or an error: a handle that cannot be had
 * just now is none that another time would be the same. */
static int handle_of(uint64_t *handle, const struct directory *directory, const char *name)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u;
    int mount;

    memset(&u, 0, sizeof(u));
    u.handle.handle_bytes = MAX_HANDLE_SZ;
    *handle = 0;
    if (name_to_handle_at(directory->dir, name, &u.handle, &mount, 0) == 0)
        *handle = XXH3_64bits(u.handle.f_handle, u.handle.handle_bytes);
    else if (errno == ENOENT)
        return CAIRN_ENOTFOUND;
    else if (errno == EIO || errno == ENOMEM)
        return system_error(errno, "%s/%s: cannot look at it", directory->path, name);
    return 0;
}

static void mark_move(struct cairn_mark *mark, const struct inspected_file *file)
{
    mark->value[MARK_SET] = 1;
    mark->value[MARK_INODE] = file->inode;
    mark->value[MARK_TIME] = (uint64_t)file->time_ns;
    mark->value[MARK_HANDLE] = file->handle;
}

static bool mark_is(const struct cairn_mark *mark, const struct inspected_file *file)
{
    return mark->value[MARK_SET] && mark->value[MARK_INODE] == file->inode &&
           mark->value[MARK_TIME] == (uint64_t)file->time_ns && mark->value[MARK_HANDLE] == file->handle;
}

/* look_at -- asks for the size and the time of one. CAIRN_ENOTFOUND if it is gone: it was removed by somebody
 * who does not know of the lock. */
static int look_at(struct inspected_file *file, const struct directory *directory, const char *name,
                   bool marked)
{
    struct stat st;

    if (fstatat(directory->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? CAIRN_ENOTFOUND
                               : system_error(errno, "%s/%s: cannot look at it", directory->path, name);
    file->size = (uint64_t)st.st_size;
    file->disk = (uint64_t)st.st_blocks * 512;
    file->inode = st.st_ino;
    file->time_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    file->handle = 0;
    /* Now: its name may change while it is shown. */
    return marked ? handle_of(&file->handle, directory, name) : 0;
}

/* look -- looks at all checkpoints, or at those behind the mark. */
static int look(struct inspected *inspected, const struct directory *directory, const struct cairn_mark *mark)
{
    inspected->files = calloc(inspected->names.count + 1, sizeof(*inspected->files));
    if (inspected->files == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a list of its files", directory->path);
    for (size_t i = inspected->names.count; i-- > 0;) {
        struct inspected_file *file = &inspected->files[inspected->count];
        file->at = i;
        const char *name = inspected->names.items[i].name;
        int error = look_at(file, directory, name, mark != NULL);
        if (error == 0 && mark && mark_is(mark, file))
            break;
        if (error == 0)
            inspected->count++;
        else if (error != CAIRN_ENOTFOUND)
            return error;
    }
    return 0;
}

/* nothing_new -- whether that can be told without reading the directory. The caller has the lock. */
static bool nothing_new(const struct directory *directory, const struct lock *lock,
                        const struct cairn_mark *mark)
{
    struct inspected_file file = {0};
    struct memo memo;

    if (!memo_read(&memo, directory, lock))
        return false;
    if (*memo.latest == '\0')
        return mark->value[MARK_SET] == 0;
    return look_at(&file, directory, memo.latest, true) == 0 && mark_is(mark, &file);
}

/* inspect_take -- all of it, or what is behind the mark, as of one moment. Whatever happens, the inspected is
 * to be released. */
static int inspect_take(struct inspected *inspected, const struct directory *directory,
                        const struct cairn_ctx *ctx, const struct cairn_mark *mark)
{
    struct lock lock = {.fd = -1};

    *inspected = (struct inspected){.names = NAMES_INIT};
    int error = lock_take(&lock, directory, ctx);
    if (error == 0 && !(mark && nothing_new(directory, &lock, mark))) {
        error = names_read(&inspected->names, directory, ctx);
        if (error == 0)
            error = look(inspected, directory, mark);
    }
    lock_release(&lock);
    return error;
}

/* make_durable -- what is to be shown as durable; a Go program does not see to it. */
static int make_durable(const struct directory *directory, const struct cairn_ctx *ctx,
                        const struct inspected *inspected)
{
    int error = 0;

    for (size_t i = inspected->count; i-- > 0 && error == 0;) {
        error = file_sync(directory, inspected->names.items[inspected->files[i].at].name);
        if (error == 0)
            error = cairn_ctx_check(ctx);
    }
    return error || inspected->count == 0 ? error : file_sync_names(directory);
}

int inspect_list(const struct directory *directory, const struct cairn_ctx *ctx, struct cairn_mark *mark,
                 cairn_list_fn *fn, void *arg)
{
    struct inspected inspected;

    int error = inspect_take(&inspected, directory, ctx, mark);
    if (error == 0 && mark && fn)
        error = make_durable(directory, ctx, &inspected);
    if (error == 0 && fn == NULL && inspected.count > 0)
        mark_move(mark, inspected.files);
    for (size_t i = inspected.count; i-- > 0 && fn && error == 0;) {
        const struct inspected_file *file = &inspected.files[i];
        const struct listed *listed = &inspected.names.items[file->at];
        char label[NAME_SIZE];
        name_label(label, listed->name);
        const struct cairn_entry entry = {
            .id = listed->name,
            .number = listed->number,
            .label = label,
            .size = file->size,
            .time_ns = file->time_ns,
            .reason = "",
        };
        error = fn(arg, &entry);
        if (mark)
            mark_move(mark, file);
        if (error == 0)
            error = cairn_ctx_check(ctx);
    }
    inspect_release(&inspected);
    return error;
}

int inspect_stat(const struct directory *directory, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    struct inspected inspected;

    int error = inspect_take(&inspected, directory, ctx, NULL);
    if (error == 0) {
        *stat = (struct cairn_stat){.count = inspected.count};
        for (size_t i = 0; i < inspected.count; i++) {
            stat->data_bytes += inspected.files[i].size;
            stat->disk_bytes += inspected.files[i].disk;
        }
    }
    inspect_release(&inspected);
    return error;
}

/* --- verify -------------------------------------------------------------------------------------------- */

struct verifying {
    const struct directory *directory;
    const struct cairn_ctx *ctx;
    const struct cairn_watch *watch;
    uint64_t done, total;
    bool damaged;
};

/* show -- a damaged place: 0, or what the one who watches says. */
static int show(struct verifying *verifying, const char *name, uint64_t offset, bool lost, const char *reason)
{
    char path[4096 + NAME_SIZE];
    const struct cairn_damage damage = {
        .path = path,
        .offset = offset,
        .first = lost ? name : "",
        .count = lost,
        .reason = reason,
        .copy = "",
    };

    snprintf(path, sizeof(path), "%.4095s/%s", verifying->directory->path, name);
    verifying->damaged = true;
    return verifying->watch->damage ? verifying->watch->damage(verifying->watch->arg, &damage) : 0;
}

/* read_through -- reads the file: 0, or an error. *failed is why it cannot be read, 0 if it can. */
static int read_through(struct verifying *verifying, const char *name, uint64_t *offset, int *failed)
{
    static const size_t part = 1 << 20;
    int fd;

    *offset = 0;
    *failed = 0;
    int error = file_open(&fd, verifying->directory, name);
    if (error == CAIRN_ENOTFOUND)
        return 0; /* it has been removed meanwhile */
    if (error == CAIRN_EIO || error == CAIRN_EACCES) {
        *failed = error == CAIRN_EIO ? EIO : EACCES;
        return 0;
    }
    if (error)
        return error;
    char *buffer = malloc(part);
    if (buffer == NULL)
        error = cairn_set_message(CAIRN_ENOMEM, "%s: no memory for reading", verifying->directory->path);
    while (error == 0) {
        size_t n = system_read(fd, buffer, part, *offset, failed);
        *offset += n;
        verifying->done += n;
        if (verifying->watch->progress)
            verifying->watch->progress(verifying->watch->arg, verifying->done, verifying->total);
        if (n < part)
            break;
        error = cairn_ctx_check(verifying->ctx);
    }
    free(buffer);
    close(fd);
    return error;
}

int inspect_verify(const struct directory *directory, const struct cairn_ctx *ctx,
                   const struct cairn_watch *watch)
{
    struct verifying verifying = {.directory = directory, .ctx = ctx, .watch = watch};
    struct inspected inspected;

    int error = inspect_take(&inspected, directory, ctx, NULL);
    for (size_t i = 0; i < inspected.count; i++)
        verifying.total += inspected.files[i].size;
    for (size_t i = inspected.count; i-- > 0 && error == 0;) {
        const struct listed *listed = &inspected.names.items[inspected.files[i].at];
        uint64_t offset;
        int failed;
        error = read_through(&verifying, listed->name, &offset, &failed);
        if (error == 0 && failed)
            error = show(&verifying, listed->name, offset, true, strerror(failed));
        if (error == 0 && inspected.files[i].at > 0 && listed[-1].number == listed->number)
            error = show(&verifying, listed->name, 0, false, "another checkpoint has the same number");
    }
    for (size_t i = inspected.names.count; i < inspected.names.all && error == 0; i++) {
        const struct listed *listed = &inspected.names.items[i];
        error = show(&verifying, listed->name, 0, false,
                     listed->kind == LISTED_NUMBERLESS
                         ? "no checkpoint, for it has no number; a Go program would take it for one"
                         : "no checkpoint, but no regular file under the name of one");
    }
    inspect_release(&inspected);
    if (error == 0 && verifying.damaged)
        error = cairn_set_message(CAIRN_ECORRUPT, "%s: not all in it is whole, and a checkpoint",
                                  directory->path);
    return error;
}
