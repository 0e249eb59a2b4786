/* directory.c -- the directory operation: each method in terms of the parts.
 *
 * A checkpoint is written and synced without a name and without a lock. Then, with the lock: the latest
 * number is found, by the memo or by reading the directory; the file gets its name; the directory is synced.
 * Only then is the id given out, and only then does the memo say so.
 *
 * Whoever has changed the directory looks whether it still has the lock. If not, somebody else may have given
 * out the same number meanwhile: see settle().
 */
#include "directory/directory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/directory.h>

#include "directory/file.h"
#include "directory/inspect.h"
#include "directory/lock.h"
#include "directory/memo.h"
#include "directory/names.h"
#include "system/folder.h"
#include "system/system.h"
#include "system/utf8.h"

static_assert(CAIRN_DIRECTORY_LABEL_MAX == NAME_LABEL_MAX && CAIRN_DIRECTORY_NUMBER_MAX == NAME_NUMBER_MAX,
              "the public header tells the limits");

/* --- a handle's life ----------------------------------------------------------------------------------- */

/* check_place -- whether the open directory may be used so. */
static int check_place(struct directory *directory)
{
    struct stat st;

    if (fstat(directory->dir, &st) != 0)
        return system_error(errno, "%s: cannot look at the directory", directory->path);
    directory->device = st.st_dev;
    directory->inode = st.st_ino;
    if (faccessat(directory->dir, "journal.ctl", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return cairn_set_message(CAIRN_ENOTDIR, "%s: this is a journal", directory->path);
    if (directory->readonly)
        return 0;
    file_clean(directory);
    return folder_sync(directory->dir, directory->path);
}

static void directory_close(void *self)
{
    struct directory *directory = self;

    if (directory->dir >= 0)
        close(directory->dir);
    free(directory->path);
    free(directory);
}

static int directory_init(void **self, const struct cairn_ctx *ctx, const char *root, unsigned flags)
{
    struct directory *directory = calloc(1, sizeof(*directory));

    (void)ctx; /* nothing here waits */
    if (directory == NULL || (directory->path = strdup(root)) == NULL) {
        free(directory);
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a handle", root);
    }
    directory->readonly = flags & CAIRN_READONLY;
    directory->pid = getpid();
    system_boot_id(directory->boot);
    int error = folder_open(&directory->dir, root, "directory", flags);
    if (error == 0)
        error = check_place(directory);
    if (error) {
        directory_close(directory);
        return error;
    }
    *self = directory;
    return 0;
}

/* check -- whether the handle may be used: for writing, if `writes`. */
static int check(const struct directory *directory, bool writes)
{
    if (directory->pid != getpid())
        return cairn_set_message(CAIRN_EFORKED,
                                 "%s: this handle was opened before a fork; open another in the child",
                                 directory->path);
    if (writes && directory->readonly)
        return cairn_set_message(CAIRN_EACCES, "%s: the handle was opened read-only", directory->path);
    return 0;
}

static int check_label(const struct directory *directory, const char *label)
{
    const size_t size = strnlen(label, NAME_LABEL_MAX + 1);

    if (size > NAME_LABEL_MAX)
        return cairn_set_message(CAIRN_E2BIG, "%s: the label is longer than %zu bytes", directory->path,
                                 NAME_LABEL_MAX);
    if (memchr(label, '/', size))
        return cairn_set_message(CAIRN_EINVAL,
                                 "%s: the label has a slash in it, and is to be part of a file's name",
                                 directory->path);
    if (!utf8_is_valid(label, size))
        return cairn_set_message(CAIRN_EINVAL, "%s: the label is not UTF-8", directory->path);
    return 0;
}

/* --- what the methods share ---------------------------------------------------------------------------- */

/* commit -- the directory has been changed, and *memo says what the latest checkpoint is now: makes that
 * durable, and then known. */
static int commit(const struct directory *directory, const struct lock *lock, const struct memo *memo)
{
    const struct stamp stamp = memo_stamp(directory, lock);

    int error = file_sync_names(directory);
    if (error == 0)
        memo_write(memo, directory, lock, &stamp);
    return error;
}

static void memo_set(struct memo *memo, const char *name, uint32_t number)
{
    memset(memo, 0, sizeof(*memo));
    memcpy(memo->latest, name, strlen(name));
    memo->number = number;
}

/* find_latest -- which checkpoint is the latest; it is durable then, whoever wrote it. The memo is asked if
 * `remembered`. The caller has the lock. */
static int find_latest(struct memo *memo, const struct directory *directory, const struct lock *lock,
                       const struct cairn_ctx *ctx, bool remembered)
{
    struct names names;

    if (remembered && memo_read(memo, directory, lock))
        return 0;
    memo_set(memo, "", 0);
    int error = names_read(&names, directory, ctx);
    if (error == 0 && names.count > 0) {
        const struct listed *last = &names.items[names.count - 1];
        memo_set(memo, last->name, last->number);
        error = file_sync(directory, last->name);
    }
    names_release(&names);
    return error ? error : commit(directory, lock, memo);
}

/* --- Checkpoint ---------------------------------------------------------------------------------------- */

/* give_name -- names the file by the first number from `number` on under which nothing stands in the way, and
 * sets *memo to that. */
static int give_name(struct memo *memo, const struct directory *directory, struct file *file, uint32_t number,
                     const char *label)
{
    char name[NAME_SIZE];
    int failed = EEXIST;

    for (; number <= NAME_NUMBER_MAX && failed == EEXIST; number++) {
        name_format(name, number, label);
        failed = file_name(file, directory, name);
        if (failed == 0)
            memo_set(memo, name, number);
    }
    if (failed == EEXIST)
        return cairn_set_message(CAIRN_ENOSPC, "%s: no number is left after %u; Compact or Clear begin anew",
                                 directory->path, NAME_NUMBER_MAX);
    return failed ? system_error(failed, "%s/%s: cannot name a checkpoint so", directory->path, name) : 0;
}

/* move_on -- if another checkpoint has the same number as *memo, gives this one the next that is free. The
 * caller has the lock. */
static int move_on(struct memo *memo, const struct directory *directory, const struct lock *lock,
                   const char *label)
{
    struct names names;
    struct file file = {.fd = -1};
    bool found = false, shared = false;

    int error = names_read(&names, directory, NULL);
    for (size_t i = 0; i < names.count && error == 0; i++) {
        const bool same = strcmp(names.items[i].name, memo->latest) == 0;
        found |= same; /* or else somebody has removed it since, as he may */
        shared |= !same && names.items[i].number == memo->number;
    }
    if (error == 0 && found && shared) {
        memcpy(file.name, memo->latest, sizeof(file.name));
        error = give_name(memo, directory, &file, names.items[names.count - 1].number + 1, label);
        if (error == 0)
            error = commit(directory, lock, memo);
    }
    names_release(&names);
    return error;
}

/* settle -- the lock may have been lost while the checkpoint *memo got its name. Then it is taken again,
 * until nobody else can have given out the same number. */
static int settle(struct memo *memo, const struct directory *directory, struct lock *lock, const char *label)
{
    int error = 0;

    while (error == 0 && !lock_holds(lock, directory)) {
        lock_release(lock);
        error = lock_take(lock, directory, NULL);
        if (error == 0)
            error = move_on(memo, directory, lock, label);
    }
    return error;
}

/* in_doubt -- what an error means once the checkpoint has its name: whatever failed, it may be there. */
static int in_doubt(int error)
{
    char why[512];

    if (error == 0 || error == CAIRN_EIO)
        return error;
    snprintf(why, sizeof(why), "%s", cairn_message());
    return cairn_set_message(CAIRN_EIO, "%s; the checkpoint has its name, and may be there later", why);
}

static int directory_checkpoint(void *self, const struct cairn_ctx *ctx, const char *label, const void *data,
                                size_t size, struct cairn_id *id)
{
    const struct directory *directory = self;
    struct lock lock = {.fd = -1};
    struct file file = {.fd = -1};
    struct memo memo;

    int error = check(directory, true);
    if (error == 0)
        error = check_label(directory, label);
    if (error == 0)
        error = file_make(&file, directory, data, size);
    if (error == 0)
        error = lock_take(&lock, directory, ctx);
    if (error == 0)
        error = find_latest(&memo, directory, &lock, ctx, true);
    if (error == 0)
        error = give_name(&memo, directory, &file, *memo.latest ? memo.number + 1 : 0, label);
    if (error == 0) {
        error = commit(directory, &lock, &memo);
        if (error == 0)
            error = settle(&memo, directory, &lock, label);
        error = in_doubt(error);
    }
    lock_release(&lock);
    file_discard(&file, directory);
    if (error == 0)
        memcpy(id->text, memo.latest, sizeof(memo.latest));
    return error;
}

/* --- Latest and Load ----------------------------------------------------------------------------------- */

static int directory_latest_of(const struct directory *directory, const struct cairn_ctx *ctx,
                               struct cairn_id *id, void **data, size_t *size)
{
    struct memo memo;
    int fd = -1;

    for (bool remembered = true;; remembered = false) {
        struct lock lock = {.fd = -1};
        int error = lock_take(&lock, directory, ctx);
        if (error)
            return error;
        error = find_latest(&memo, directory, &lock, ctx, remembered);
        if (error == 0 && *memo.latest == '\0')
            error = cairn_set_message(CAIRN_ENONE, "%s: no checkpoint is recorded", directory->path);
        else if (error == 0)
            error = file_open(&fd, directory, memo.latest);
        lock_release(&lock);
        if (error == 0)
            break;
        if (error != CAIRN_ENOTFOUND)
            return error;
        /* Somebody without the lock has removed it at this very moment, or has set the time back. */
        error = cairn_ctx_check(ctx);
        if (error)
            return error;
    }
    /* It stays what it is, also if it is removed now. */
    int error = file_read(fd, directory, memo.latest, data, size);
    close(fd);
    if (error == 0)
        memcpy(id->text, memo.latest, sizeof(memo.latest));
    return error;
}

static int directory_latest(void *self, const struct cairn_ctx *ctx, void **data, size_t *size)
{
    struct cairn_id unwanted;
    int error = check(self, false);
    return error ? error : directory_latest_of(self, ctx, &unwanted, data, size);
}

static int load(const struct directory *directory, const char *id, void **data, size_t *size)
{
    int fd;

    int error = file_open(&fd, directory, id);
    if (error)
        return error;
    error = file_read(fd, directory, id, data, size);
    close(fd);
    return error;
}

static int directory_load(void *self, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size)
{
    const struct directory *directory = self;
    uint32_t number;

    (void)ctx; /* as in the original it waits for nobody */
    int error = check(directory, false);
    if (error)
        return error;
    if (name_parse(id, &number) != NAME_CHECKPOINT || strchr(id, '/'))
        return cairn_set_message(CAIRN_EINVAL, "%s: this is no id: %.100s", directory->path, id);
    return load(directory, id, data, size);
}

/* load_newest -- loads the newest that can be read. One that may not be read, or that there is no memory for,
 * may be whole, and is not passed over. */
static int load_newest(const struct directory *directory, const struct names *names, struct cairn_id *id,
                       void **data, size_t *size)
{
    for (size_t i = names->count; i-- > 0;) {
        const char *name = names->items[i].name;
        int error = load(directory, name, data, size);
        if (error == CAIRN_EIO || error == CAIRN_ENOTFOUND)
            continue;
        if (error == 0) {
            memset(id, 0, sizeof(*id));
            memcpy(id->text, name, strlen(name));
        }
        return error;
    }
    return cairn_set_message(CAIRN_ENONE, "%s: no checkpoint can be read", directory->path);
}

static int directory_latest_intact(void *self, const struct cairn_ctx *ctx, struct cairn_id *id, void **data,
                                   size_t *size)
{
    const struct directory *directory = self;
    struct lock lock = {.fd = -1};
    struct names names = NAMES_INIT;

    int error = check(directory, false);
    if (error == 0)
        error = directory_latest_of(directory, ctx, id, data, size);
    if (error != CAIRN_EIO)
        return error;
    /* It cannot be read; an older one may do. */
    error = lock_take(&lock, directory, ctx);
    if (error == 0)
        error = names_read(&names, directory, ctx);
    lock_release(&lock);
    if (error == 0)
        error = load_newest(directory, &names, id, data, size);
    names_release(&names);
    return error;
}

/* --- Compact, Clear, Complete -------------------------------------------------------------------------- */

/* remove_names -- removes the first `count` checkpoints of the names, and makes that durable. */
static int remove_names(const struct directory *directory, const struct names *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = names->items[i].name;
        if (unlinkat(directory->dir, name, 0) != 0 && errno != ENOENT)
            return system_error(errno, "%s/%s: cannot remove", directory->path, name);
    }
    return count ? file_sync_names(directory) : 0;
}

/* compact_names -- first all but the latest go, and that is made durable; then the latest gets its new name
 * in one step. So it is the latest all the time. */
static int compact_names(struct memo *memo, const struct directory *directory, const struct names *names,
                         const char *label)
{
    const struct listed *last = &names->items[names->count - 1];
    char name[NAME_SIZE];
    struct stat st;

    name_format(name, 0, label);
    if (fstatat(directory->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return cairn_set_message(CAIRN_EBUSY, "%s/%s: this is no regular file, and stands in the way",
                                 directory->path, name);
    int error = file_sync(directory, last->name);
    if (error == 0)
        error = remove_names(directory, names, names->count - 1);
    if (error == 0 && strcmp(name, last->name) != 0) {
        struct file file = {.fd = -1};
        memcpy(file.name, last->name, strlen(last->name) + 1);
        int failed = file_name(&file, directory, name);
        if (failed)
            error = system_error(failed, "%s/%s: cannot be renamed %s", directory->path, last->name, name);
    }
    if (error == 0)
        memo_set(memo, name, 0);
    return error;
}

static int clear_names(struct memo *memo, const struct directory *directory, const struct names *names)
{
    memo_set(memo, "", 0);
    if (names->count == 0)
        return 0;
    const struct names last = {.items = names->items + names->count - 1, .count = 1};
    /* The latest goes last: at no moment does an older one take its place. */
    int error = remove_names(directory, names, names->count - 1);
    return error ? error : remove_names(directory, &last, 1);
}

/* remove_all -- Compact, if there is a label, and else Clear. */
static int remove_all(const struct directory *directory, const struct cairn_ctx *ctx, const char *label)
{
    struct lock lock = {.fd = -1};
    struct memo memo;

    int error = lock_take(&lock, directory, ctx);
    while (error == 0) {
        struct names names;
        error = names_read(&names, directory, ctx);
        if (error == 0 && label && names.count > 0)
            error = compact_names(&memo, directory, &names, label);
        else if (error == 0)
            error = clear_names(&memo, directory, &names);
        names_release(&names);
        if (error == 0)
            error = commit(directory, &lock, &memo);
        if (lock_holds(&lock, directory))
            break;
        /* Somebody else may have been at work, too, and may be what made this one fail. */
        lock_release(&lock);
        ctx = NULL; /* it has begun */
        error = lock_take(&lock, directory, ctx);
    }
    lock_release(&lock);
    return error;
}

static int directory_compact(void *self, const struct cairn_ctx *ctx, const char *label)
{
    int error = check(self, true);
    if (error == 0)
        error = check_label(self, label);
    return error ? error : remove_all(self, ctx, label);
}

static int directory_clear(void *self, const struct cairn_ctx *ctx)
{
    int error = check(self, true);
    return error ? error : remove_all(self, ctx, NULL);
}

/* --- looking after it ---------------------------------------------------------------------------------- */

static int directory_list(void *self, const struct cairn_ctx *ctx, struct cairn_mark *mark, cairn_list_fn *fn,
                          void *arg)
{
    int error = check(self, false);
    return error ? error : inspect_list(self, ctx, mark, fn, arg);
}

static int directory_stat(void *self, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    int error = check(self, false);
    return error ? error : inspect_stat(self, ctx, stat);
}

static int directory_verify(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    int error = check(self, false);
    return error ? error : inspect_verify(self, ctx, watch);
}

const struct cairn_vtable directory_vtable = {
    .version = CAIRN_VTABLE_VERSION,
    .scheme = "dir",
    .init = directory_init,
    .close = directory_close,
    .checkpoint = directory_checkpoint,
    .latest = directory_latest,
    .load = directory_load,
    .compact = directory_compact,
    .clear = directory_clear,
    .complete = directory_clear,
    .latest_intact = directory_latest_intact,
    .list = directory_list,
    .stat = directory_stat,
    .verify = directory_verify,
};
