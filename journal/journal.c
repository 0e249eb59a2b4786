/* journal.c -- the Operation over the engine: handles, ids, and each method in terms of the parts.
 *
 * The directories that this process has open are kept in one list, by device and inode, so that two handles
 * on one share an engine. A fork is noticed by a counter: a handle from before it is of no use in the child,
 * for the locks are the parent's.
 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/attach.h"
#include "journal/log.h"
#include "journal/maintain.h"
#include "journal/read.h"
#include "journal/verify.h"
#include "system/folder.h"
#include "system/system.h"
#include "system/utf8.h"

static pthread_mutex_t journals_lock = PTHREAD_MUTEX_INITIALIZER;  /* never held while waiting for others */
static pthread_cond_t journals_changed = PTHREAD_COND_INITIALIZER; /* one is no longer opening */
static struct journal *journals;
static unsigned forks;
static pthread_once_t fork_handlers = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&journals_lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&journals_lock);
}

static void after_fork_child(void)
{
    journals = NULL; /* they belong to the parent; a handle that is closed here frees its own */
    forks++;
    journals_changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER; /* those who waited are not here */
    pthread_mutex_unlock(&journals_lock);
}

static void set_fork_handlers(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* --- opening ------------------------------------------------------------------------------------- */

static struct journal *find_open(const struct stat *st, bool readonly)
{
    for (struct journal *journal = journals; journal; journal = journal->next) {
        if (journal->device == st->st_dev && journal->inode == st->st_ino && journal->readonly == readonly)
            return journal;
    }
    return NULL;
}

static void journal_free(struct journal *journal, bool forked)
{
    if (!forked && !journal->readonly && journal->control) {
        maintain_stop_thread(journal);
        if (control_durable_position(journal->control) > atomic_load(&journal->control->index_end))
            maintain_save_index(journal, NULL);
    }
    attach_close(journal, forked);
    files_release(&journal->files);
    queue_release(&journal->queue);
    map_release(&journal->map);
    close(journal->dir);
    free(journal->path);
    free(journal);
}

/* journal_make -- an engine that is not in the journal yet. It takes over `dir` if it succeeds. */
static int journal_make(struct journal **result, const char *root, int dir, const struct stat *st,
                        unsigned flags)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    char *path = strdup(root);

    if (journal == NULL || path == NULL) {
        free(journal);
        free(path);
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a journal", root);
    }
    journal->device = st->st_dev;
    journal->inode = st->st_ino;
    journal->readonly = flags & CAIRN_READONLY;
    journal->existing = flags & CAIRN_EXISTING;
    journal->lose_unread = flags & CAIRN_LOSE_UNREAD;
    journal->path = path;
    journal->dir = dir;
    files_init(&journal->files);
    queue_init(&journal->queue);
    map_init(&journal->map);
    pthread_mutex_init(&journal->map_lock, NULL);
    pthread_mutex_init(&journal->thread_lock, NULL);
    pthread_cond_init(&journal->thread_wake, NULL);
    *result = journal;
    return 0;
}

/* unlist -- takes it off the list. The caller holds the list. */
static void unlist(const struct journal *journal)
{
    for (struct journal **at = &journals; *at; at = &(*at)->next) {
        if (*at == journal) {
            *at = journal->next;
            break;
        }
    }
}

/* wait_for_change -- lets go of the list until an engine on it is no longer opening, or for a moment. */
static int wait_for_change(const struct cairn_ctx *ctx)
{
    struct timespec until;

    if (ctx == NULL) {
        pthread_cond_wait(&journals_changed, &journals_lock);
        return 0;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&journals_changed, &journals_lock, &until);
    return cairn_ctx_check(ctx);
}

/* share -- the engine for a directory, with one user more: the one that this process has, or a new one.
 * Getting in may take as long as others take with theirs; the list is not held meanwhile, so that it holds up
 * nobody who opens or closes another journal, or forks. `dir` is taken over. */
static int share(struct journal **result, const struct cairn_ctx *ctx, const char *root, int dir,
                 const struct stat *st, unsigned flags)
{
    struct journal *journal;
    int error = 0;

    pthread_mutex_lock(&journals_lock);
    while ((journal = find_open(st, flags & CAIRN_READONLY)) != NULL && journal->opening && error == 0)
        error = wait_for_change(ctx);
    if (error == 0 && journal == NULL) {
        error = journal_make(&journal, root, dir, st, flags);
        if (error == 0) {
            dir = -1;
            journal->opening = true;
            journal->next = journals;
            journals = journal;
        }
    }
    if (error == 0) {
        journal->users++;
        *result = journal;
    }
    bool new = error == 0 && journal->opening;
    pthread_mutex_unlock(&journals_lock);
    if (dir >= 0)
        close(dir);
    if (!new)
        return error;

    error = attach_open(journal, ctx);
    pthread_mutex_lock(&journals_lock);
    journal->opening = false;
    if (error)
        unlist(journal);
    pthread_cond_broadcast(&journals_changed);
    pthread_mutex_unlock(&journals_lock);
    if (error)
        journal_free(journal, false);
    return error;
}

static void journal_close(void *self);

static int journal_init(void **self, const struct cairn_ctx *ctx, const char *root, unsigned flags)
{
    const bool readonly = flags & CAIRN_READONLY;
    struct journal *journal = NULL;
    struct stat st;
    int dir = -1;

    pthread_once(&fork_handlers, set_fork_handlers);
    struct journal_handle *handle = calloc(1, sizeof(*handle));
    if (handle == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a handle", root);
    int error = folder_open(&dir, root, "journal", flags);
    if (error) {
        free(handle);
        return error;
    }
    if (fstat(dir, &st) != 0) {
        error = system_error(errno, "%s: cannot look at the directory", root);
        close(dir);
        free(handle);
        return error;
    }
    error = share(&journal, ctx, root, dir, &st, flags);
    if (error) {
        free(handle);
        return error;
    }
    handle->forks = __atomic_load_n(&forks, __ATOMIC_RELAXED);
    handle->journal = journal;
    handle->flags = flags;
    if (!readonly) {
        /* A handle that is opened anew is not bound by the failures before it, if the log can go on now. */
        log_mend(journal, ctx);
        handle->failures = atomic_load(&journal->control->failures);
        if (!(flags & CAIRN_NO_THREAD))
            error = maintain_start_thread(journal);
    }
    if (error) {
        journal_close(handle);
        return error;
    }
    *self = handle;
    return 0;
}

static void journal_close(void *self)
{
    struct journal_handle *handle = self;
    struct journal *journal = handle->journal;
    bool last = false;

    pthread_mutex_lock(&journals_lock);
    const bool forked = handle->forks != forks;
    if (!forked) {
        last = --journal->users == 0;
        if (last)
            unlist(journal);
    }
    pthread_mutex_unlock(&journals_lock);
    if (last)
        journal_free(journal, false);
    /* In a forked child, the engine's memory and descriptors stay: its other handles may still be there. */
    free(handle);
}

/* --- the methods --------------------------------------------------------------------------------- */

/* check -- whether the handle may be used: for writing, if `writes`. */
static int check(const struct journal_handle *handle, bool writes)
{
    if (handle->forks != __atomic_load_n(&forks, __ATOMIC_RELAXED))
        return cairn_set_message(CAIRN_EFORKED,
                                 "%s: this handle was opened before a fork; open another in the child",
                                 handle->journal->path);
    if (writes && (handle->flags & CAIRN_READONLY))
        return cairn_set_message(CAIRN_EACCES, "%s: the handle was opened read-only", handle->journal->path);
    return 0;
}

static int check_label(const struct journal_handle *handle, const char *label, size_t *size)
{
    *size = strnlen(label, (size_t)CAIRN_JOURNAL_LABEL_MAX + 1);
    if (*size > CAIRN_JOURNAL_LABEL_MAX)
        return cairn_set_message(CAIRN_E2BIG, "%s: the label is longer than %u bytes", handle->journal->path,
                                 CAIRN_JOURNAL_LABEL_MAX);
    if (!utf8_is_valid(label, *size))
        return cairn_set_message(CAIRN_EINVAL, "%s: the label is not UTF-8", handle->journal->path);
    return 0;
}

/* append -- what the writing methods share. */
static int append(struct journal_handle *handle, const struct cairn_ctx *ctx, struct entry *entry,
                  struct appended *appended)
{
    struct journal *journal = handle->journal;

    if (!entry_is_large(entry))
        entry->body_hash = record_body_hash(entry->label, entry->label_size, entry->data, entry->size);
    entry->label_hash = record_label_hash(entry->label, entry->label_size);
    int error = log_append(journal, ctx, handle->failures, entry, appended);
    if (error)
        return error;
    /* The segment in use follows one that does not tell of it. Should its file be lost, the index does. */
    uint64_t epoch = atomic_load(&journal->control->epoch);
    if (atomic_exchange(&journal->epoch, epoch) != epoch)
        maintain_save_index(journal, ctx);
    maintain_after_append(journal, !(handle->flags & CAIRN_NO_THREAD));
    return error;
}

static int journal_checkpoint(void *self, const struct cairn_ctx *ctx, const char *label, const void *data,
                              size_t size, struct cairn_id *id)
{
    struct journal_handle *handle = self;
    struct appended appended;
    size_t label_size = 0;

    int error = check(handle, true);
    if (error == 0)
        error = check_label(handle, label, &label_size);
    if (error)
        return error;
    if (size > CAIRN_JOURNAL_DATA_MAX)
        return cairn_set_message(CAIRN_E2BIG, "%s: %zu bytes of data are more than %u", handle->journal->path,
                                 size, CAIRN_JOURNAL_DATA_MAX);
    struct entry entry = {
        .kind = RECORD_CHECKPOINT, .label = label, .label_size = label_size, .data = data, .size = size};
    error = append(handle, ctx, &entry, &appended);
    if (error == 0)
        id_format(id, appended.record.number, appended.record.generation);
    return error;
}

static int journal_latest(void *self, const struct cairn_ctx *ctx, void **data, size_t *size)
{
    struct journal_handle *handle = self;
    int error = check(handle, false);
    return error ? error : read_latest(handle->journal, ctx, false, NULL, data, size);
}

static int journal_latest_intact(void *self, const struct cairn_ctx *ctx, struct cairn_id *id, void **data,
                                 size_t *size)
{
    struct journal_handle *handle = self;
    int error = check(handle, false);
    return error ? error : read_latest(handle->journal, ctx, true, id, data, size);
}

static int journal_load(void *self, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size)
{
    struct journal_handle *handle = self;
    uint64_t number, generation;

    int error = check(handle, false);
    if (error)
        return error;
    if (!id_parse(id, &number, &generation)) {
        bool longer = strnlen(id, 61) > 60;
        return cairn_set_message(CAIRN_EINVAL, "%s: \"%.60s\"%s is not an id; ids look like 00000000@1",
                                 handle->journal->path, id, longer ? "..." : "");
    }
    return read_load(handle->journal, ctx, number, generation, data, size);
}

static int journal_compact(void *self, const struct cairn_ctx *ctx, const char *label)
{
    struct journal_handle *handle = self;
    size_t label_size = 0;

    int error = check(handle, true);
    if (error == 0)
        error = check_label(handle, label, &label_size);
    if (error == 0)
        error = log_check(handle->journal, handle->failures);
    if (error)
        return error;
    for (;;) {
        struct place place = {0};
        struct appended appended;
        uint64_t latest_position = RECORD_NONE;
        error = read_survivor(handle->journal, ctx, &place, &latest_position);
        /* Nothing that is durable; but what was in flight when syncing failed may come to be. */
        if (error == CAIRN_ENONE)
            return log_check(handle->journal, handle->failures);
        if (error)
            return error;
        const struct survivor survivor = {place.segment, place.position, place.hash};
        struct entry entry = {
            .kind = RECORD_COMPACT,
            .label = label,
            .label_size = label_size,
            .data = &survivor,
            .size = sizeof(survivor),
            .must_be_latest = true,
            .latest_position = latest_position,
        };
        error = append(handle, ctx, &entry, &appended);
        if (error != LOG_NOT_LATEST)
            break;
        /* Another checkpoint has come in between: that one is the latest now. */
        error = cairn_ctx_check(ctx);
        if (error)
            return error;
    }
    if (error == 0)
        maintain_retire(handle->journal, ctx);
    return error;
}

/* remove_all -- Clear and Complete. */
static int remove_all(struct journal_handle *handle, const struct cairn_ctx *ctx, enum record_kind kind)
{
    struct entry entry = {.kind = kind, .label = "", .data = ""};
    struct appended appended;

    int error = check(handle, true);
    if (error == 0)
        error = append(handle, ctx, &entry, &appended);
    if (error == 0)
        maintain_retire(handle->journal, ctx);
    return error;
}

static int journal_clear(void *self, const struct cairn_ctx *ctx)
{
    return remove_all(self, ctx, RECORD_CLEAR);
}

static int journal_complete(void *self, const struct cairn_ctx *ctx)
{
    return remove_all(self, ctx, RECORD_COMPLETE);
}

static int journal_list(void *self, const struct cairn_ctx *ctx, struct cairn_mark *mark, cairn_list_fn *fn,
                        void *arg)
{
    struct journal_handle *handle = self;
    int error = check(handle, false);
    return error ? error : read_list(handle->journal, ctx, mark, fn, arg);
}

static int journal_stat(void *self, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    struct journal_handle *handle = self;
    int error = check(handle, false);
    return error ? error : read_stat(handle->journal, ctx, stat);
}

static int journal_verify(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    struct journal_handle *handle = self;
    int error = check(handle, false);
    return error ? error : verify_run(handle->journal, ctx, watch);
}

static int journal_repair(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    struct journal_handle *handle = self;
    int error = check(handle, true);
    return error ? error : verify_repair(handle->journal, ctx, handle->failures, watch);
}

const struct cairn_vtable journal_vtable = {
    .version = CAIRN_VTABLE_VERSION,
    .scheme = "journal",
    .init = journal_init,
    .close = journal_close,
    .checkpoint = journal_checkpoint,
    .latest = journal_latest,
    .load = journal_load,
    .compact = journal_compact,
    .clear = journal_clear,
    .complete = journal_complete,
    .latest_intact = journal_latest_intact,
    .list = journal_list,
    .stat = journal_stat,
    .verify = journal_verify,
    .repair = journal_repair,
};
