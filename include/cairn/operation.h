/* operation.h -- the Operation interface: the checkpoints of one ongoing operation.
 *
 * An operation is anything that can be broken into steps and resumed from one of them. The successful
 * completion of a step is recorded as a checkpoint: a label and some data, both the caller's. The
 * interface is that of the Go package cloudeng.io/file/checkpoint, in both of its published versions:
 *
 *   Go                                     C
 *   NewDirectoryOperation(), Init(root)    cairn_new(), cairn_init()
 *   NewDirectoryOperation(dir)             cairn_open()
 *   Checkpoint, Latest, Load               cairn_checkpoint(), cairn_latest(), cairn_load()
 *   Compact, Clear, Complete               cairn_compact(), cairn_clear(), cairn_complete()
 *
 * and beside it what a user of checkpoints needs to look after them: list, stat, verify, repair.
 *
 * An implementation is chosen by URL, `SCHEME:PLACE`: `journal:DIR` (journal.h), or a bare path, which is a
 * journal; `dir:PATH` (directory.h), plain files that Go programs share. (A bare path with a colon before its
 * first slash is written ./that:way.) Others add their own with cairn_register().
 *
 * All calls on an initialised handle may be made by any number of threads at once. cairn_init() and
 * cairn_close() may not run beside another call on the same handle. A thread that is cancelled in a call
 * (pthread_cancel) is so when the call has ended.
 *
 * Any call may fail with CAIRN_EINVAL (a NULL where none is allowed), CAIRN_ESTATE (before Init),
 * CAIRN_EFORKED, CAIRN_ENOMEM, CAIRN_ETIMEDOUT or CAIRN_ECANCELED (see context.h) and CAIRN_EIO; these
 * are not repeated below. After each of them the handle is as it was, but for CAIRN_EIO in a call that
 * writes, whose effect on the handle is the implementation's to say.
 */
#ifndef CAIRN_OPERATION_H
#define CAIRN_OPERATION_H

#include <stddef.h>
#include <stdint.h>

#include <cairn/context.h>
#include <cairn/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CAIRN_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CAIRN_MUST_CHECK
#endif

/* A handle on an operation. */
struct cairn_op;

/* The name of a checkpoint: no slashes, never empty, ended by a NUL; and printable without spaces, unless the
 * implementation takes labels into it, as the directory does. */
struct cairn_id {
    char text[256];
};

/* How to open. */
enum cairn_flags {
    /* Only read: create nothing, write nothing (but see the index's and the locks' own rules in
     * docs/protocol.md); calls that would write fail with CAIRN_EACCES. */
    CAIRN_READONLY = 1,

    /* Start no background thread: what it would have done is done in bounded pieces by the calls that
     * write. For programs that pin their cores. */
    CAIRN_NO_THREAD = 2,

    /* Create nothing: fail with CAIRN_ENONE if there is nothing to open. For tools, where a mistyped place
     * is likelier than a new one. */
    CAIRN_EXISTING = 4,

    /* Give up what the medium fails to read when a journal is recovered, as if it were damaged. Without this,
     * such a journal can be read, and calls that would write fail with CAIRN_EIO until it is opened anew and
     * all can be read: what would be recorded might contradict that later. With it, the log goes on, and what
     * could not be read is lost for good, by name. It is for whoever opens a journal that nobody else has
     * open, to read or to write; otherwise, and for other implementations, it means nothing. */
    CAIRN_LOSE_UNREAD = 8
};

/* --- A handle's life ------------------------------------------------------------------------- */

/* Makes a handle for the implementation named `scheme` ("journal", "dir"), bound to no place yet. NULL means
 * "journal". On success *op is the caller's, to be ended with cairn_close(). On failure *op is NULL:
 * CAIRN_ENOTSUP if there is no such scheme. */
CAIRN_MUST_CHECK int cairn_new(struct cairn_op **op, const char *scheme);

/* Binds a handle to its place, `root`, which is created with mode 0755 (and its parents with it) if need
 * be, unless `flags` has CAIRN_READONLY or CAIRN_EXISTING. Checkpoints that are there already are kept: that
 * is what resuming is. A journal never takes over a directory of something else; a `dir:`
 * shares it.
 *
 *   CAIRN_EINVAL    root is empty, or flags has a bit that is none
 *   CAIRN_ESTATE    a second Init
 *   CAIRN_ENONE     nothing is there, and `flags` says not to create it
 *   CAIRN_ENOTDIR   root is no directory but a file, or a directory of something else; or it was to be
 *                   created, and is a symbolic link to nowhere
 *   CAIRN_EACCES    no permission, or a read-only file system
 *   CAIRN_EVERSION  written by a newer version
 *   CAIRN_EHOST     in use on another host, or in another PID namespace of this one
 *   CAIRN_EBUSY     in use in a way that leaves no way in
 *   CAIRN_ENOSPC    no space to create it
 *   CAIRN_ENOTSUP   the file system lacks what the implementation needs
 *   CAIRN_ECORRUPT  nothing that is there can be made sense of. It may be worth keeping, so nothing is
 *                   begun in its place: move it away, or name another
 *
 * After a failure the handle is as before and Init may be tried again. Any lesser damage is not a
 * failure: it is reported by the calls that meet it. */
CAIRN_MUST_CHECK int cairn_init(struct cairn_op *op, const struct cairn_ctx *ctx, const char *root,
                                unsigned flags);

/* cairn_new() and cairn_init() in one: picks the implementation by `url` and binds it. On failure *op is
 * NULL, and the errors are those of both. */
CAIRN_MUST_CHECK int cairn_open(struct cairn_op **op, const struct cairn_ctx *ctx, const char *url,
                                unsigned flags);

/* Ends a handle and frees it; NULL is allowed. What was acknowledged needs no closing: a process may as
 * well be killed. It waits for other processes for a second at most. After fork() this is the one call
 * allowed on an inherited handle, and affects only this process. */
void cairn_close(struct cairn_op *op);

/* --- The interface ---------------------------------------------------------------------------- */

/* Records the successful completion of a step: `size` bytes at `data` under `label` (NULL is the same as
 * ""). Both stay the caller's. When it returns 0 the checkpoint is durable, *id is its name, and from
 * then on cairn_latest() gives it or a later one. `id` may be NULL if the name is not wanted. Data of
 * zero bytes is a checkpoint like any other; `data` may be NULL then.
 *
 *   CAIRN_EINVAL  the label is not UTF-8
 *   CAIRN_E2BIG   the label or the data is too large
 *   CAIRN_ENOSPC  no space: nothing recorded, nothing lost, go on when there is space
 *   CAIRN_EACCES  the handle is read-only
 *   CAIRN_EIO     it is not known to be durable; after a crash it may be there, whole, or not
 *
 * *id is set only on success. */
CAIRN_MUST_CHECK int cairn_checkpoint(struct cairn_op *op, const struct cairn_ctx *ctx, const char *label,
                                      const void *data, size_t size, struct cairn_id *id);

/* Gives the data of the latest checkpoint: on success *data is a fresh copy of *size bytes, to be freed
 * with cairn_free(), and never NULL. Never gives what is not durable.
 *
 *   CAIRN_ENONE     none is recorded
 *   CAIRN_ECORRUPT  the latest one is lost or damaged; the message names it. cairn_latest_intact() gives
 *                   the newest that is whole.
 *
 * *data and *size are set only on success. */
CAIRN_MUST_CHECK int cairn_latest(struct cairn_op *op, const struct cairn_ctx *ctx, void **data,
                                  size_t *size);

/* Gives the data and, unless `id` is NULL, the name of the newest checkpoint that is whole, passing over
 * damaged ones. As cairn_latest() otherwise; CAIRN_ENONE if none is whole. */
CAIRN_MUST_CHECK int cairn_latest_intact(struct cairn_op *op, const struct cairn_ctx *ctx,
                                         struct cairn_id *id, void **data, size_t *size);

/* Gives the data of the checkpoint named `id`, as an earlier cairn_checkpoint() returned it; ownership
 * as for cairn_latest().
 *
 *   CAIRN_EINVAL    this is no id
 *   CAIRN_ENOTFOUND an id, but not of a checkpoint that is there
 *   CAIRN_ECORRUPT  it was there and is lost or damaged, or may have been there
 *   CAIRN_EIO       it could not be read; it may be another time */
CAIRN_MUST_CHECK int cairn_load(struct cairn_op *op, const struct cairn_ctx *ctx, const char *id, void **data,
                                size_t *size);

/* Removes all checkpoints but the latest, which becomes the first of the sequence under the new `label`
 * (NULL is ""). Its data is the same, its id a new one; cairn_list() tells it. At no moment does
 * cairn_latest() answer otherwise. On an empty operation it does nothing and returns 0. One atomic step, as
 * are the next two, unless the implementation says otherwise (directory.h).
 *
 *   CAIRN_ECORRUPT  the latest one is damaged; nothing was removed
 *   CAIRN_EBUSY     something stands in the way; nothing was removed
 *   CAIRN_EINVAL, CAIRN_E2BIG, CAIRN_ENOSPC, CAIRN_EACCES, CAIRN_EIO  as for cairn_checkpoint() */
CAIRN_MUST_CHECK int cairn_compact(struct cairn_op *op, const struct cairn_ctx *ctx, const char *label);

/* Removes all checkpoints, and with them what damage there is to them.
 *
 *   CAIRN_ENOSPC, CAIRN_EACCES, CAIRN_EIO  as for cairn_checkpoint() */
CAIRN_MUST_CHECK int cairn_clear(struct cairn_op *op, const struct cairn_ctx *ctx);

/* Removes all checkpoints because the operation is done; cairn_stat() tells a completed operation from one
 * that never began, if the implementation remembers it. A later checkpoint begins it anew. Errors as for
 * cairn_clear(). */
CAIRN_MUST_CHECK int cairn_complete(struct cairn_op *op, const struct cairn_ctx *ctx);

/* Frees what cairn_latest(), cairn_latest_intact() or cairn_load() gave; NULL is allowed. */
void cairn_free(void *data);

/* --- Looking after it --------------------------------------------------------------------------- */

/* One checkpoint, as cairn_list() shows it. The pointers hold during the callback only. */
struct cairn_entry {
    const char *id;      /* its name */
    uint64_t number;     /* its place in the sequence, from 0 */
    const char *label;   /* ended by a NUL; "" if the label is lost, or cannot be read */
    uint64_t size;       /* bytes of data; 0 if that is lost */
    int64_t time_ns;     /* when it was recorded: CLOCK_REALTIME, nanoseconds; 0 if that is lost */
    int error;           /* 0; CAIRN_ECORRUPT if it is known to be lost; CAIRN_EIO if it, or its label,
                            cannot be read, and may be another time */
    uint64_t lost_count; /* with an error: how many checkpoints from this one on are lost; else 0 */
    const char *reason;  /* with an error: where and why; else "" */
};

/* Called for each; a result other than 0 ends the walk and becomes its result. It may call Cairn, but
 * not cairn_close() on the same handle. */
typedef int cairn_list_fn(void *arg, const struct cairn_entry *entry);

/* Shows every checkpoint, oldest first, as of this moment. If they are removed by a Compact, Clear or
 * Complete while they are shown it may show them still, or end with CAIRN_EBUSY. It reads no data: what is
 * damaged within its data is found by cairn_load() and cairn_verify(). What is known to be lost is shown as a
 * run, one entry with `error` and `lost_count`; that newer ones may be lost which nothing tells of is
 * cairn_verify()'s to say. CAIRN_ENOTSUP if the implementation has no list. */
CAIRN_MUST_CHECK int cairn_list(struct cairn_op *op, const struct cairn_ctx *ctx, cairn_list_fn *fn,
                                void *arg);

/* How far somebody has come who follows an operation. All zero is before the first checkpoint. What stands in
 * it is the implementation's, and means something to the same place only. */
struct cairn_mark {
    uint64_t value[4];
};

/* Shows every checkpoint that has been recorded since *mark, as cairn_list() would, each once it is durable,
 * and moves *mark on behind it, also if `fn` ends the walk with that one. With `fn` NULL it shows nothing,
 * and *mark becomes this moment. So whoever calls it again and again is shown each checkpoint once; when
 * there is nothing new that costs the same however many there are (for a directory, see directory.h).
 *
 * A checkpoint that Compact has kept is shown, under its new name, unless it had been shown before. One that
 * was recorded and removed again between two calls is not. After an error *mark is behind what was shown;
 * errors as for cairn_list(), and after CAIRN_EBUSY, too, it can be called again. */
CAIRN_MUST_CHECK int cairn_list_since(struct cairn_op *op, const struct cairn_ctx *ctx,
                                      struct cairn_mark *mark, cairn_list_fn *fn, void *arg);

/* What there is. All fields are as of one moment. */
struct cairn_stat {
    uint64_t count;      /* checkpoints recorded and not removed, damaged ones included */
    uint64_t lost;       /* of these, how many are known to be lost, without reading any data */
    uint64_t data_bytes; /* bytes of data in those that are not lost */
    uint64_t disk_bytes; /* bytes of disk that all files of the operation take */
    uint64_t generation; /* advanced by Compact, Clear and Complete */
    uint64_t segments;   /* log segments in use */
    uint64_t spares;     /* prepared or retired segments that wait for use */
    uint64_t log_end;    /* the log's durable position, in bytes since the journal began */
    uint64_t index_end;  /* the position that the index covers */
    uint64_t index_lag;  /* records behind it */
    int completed;       /* 1 if Complete was the last thing done */
    int damaged;         /* 1 if damage is known, without reading any data, that cairn_repair() has not
                            accepted; cairn_verify() may find more */
};

/* Fills in *stat. CAIRN_ENOTSUP if the implementation has no stat. */
CAIRN_MUST_CHECK int cairn_stat(struct cairn_op *op, const struct cairn_ctx *ctx, struct cairn_stat *stat);

#define CAIRN_COUNT_UNKNOWN UINT64_MAX

/* A damaged place, as cairn_verify() and cairn_repair() show it. The pointers hold during the callback. */
struct cairn_damage {
    const char *path;   /* the file */
    uint64_t offset;    /* the first damaged byte's place in the file, as near as can be told */
    uint64_t size;      /* how many bytes from there are affected; 0 if that cannot be told */
    const char *first;  /* the id of the first checkpoint lost with it; "" if none is */
    uint64_t count;     /* how many in a row are lost; CAIRN_COUNT_UNKNOWN if some may be, and nothing tells
                           how many */
    int accepted;       /* 1 if cairn_repair() has accepted this loss before */
    const char *reason; /* what is wrong with it */
    const char *copy;   /* cairn_repair() only: where the copy of the file is kept; else "" */
};

/* What verify and repair tell while they work. Any member may be NULL. A result of `damage` other than 0
 * ends the call and becomes its result. */
struct cairn_watch {
    int (*damage)(void *arg, const struct cairn_damage *damage);
    void (*progress)(void *arg, uint64_t done_bytes, uint64_t total_bytes);
    void *arg;
};

/* Reads every byte of what is recorded and checks it. `watch` may be NULL. Returns 0 if all is whole (or
 * each damage has been accepted before), CAIRN_ECORRUPT if not; each damaged place is shown. CAIRN_EBUSY if
 * the checkpoints are removed meanwhile. Changes nothing. CAIRN_ENOTSUP if the implementation has no verify.
 */
CAIRN_MUST_CHECK int cairn_verify(struct cairn_op *op, const struct cairn_ctx *ctx,
                                  const struct cairn_watch *watch);

/* Accepts what cannot be had any more: keeps a copy of every damaged file inside the operation's place,
 * records that the losses are known, and from then on cairn_latest() gives the newest intact checkpoint.
 * The lost ids still fail with CAIRN_ECORRUPT, what is intact is not touched. Rebuilds what can be rebuilt
 * (an index). Returns 0 also if there was nothing to do.
 *
 *   CAIRN_ENOSPC  no space for the copies; nothing was changed
 *   CAIRN_EIO     something of a journal could not be read when it was opened without CAIRN_LOSE_UNREAD
 *   CAIRN_EACCES  the handle is read-only */
CAIRN_MUST_CHECK int cairn_repair(struct cairn_op *op, const struct cairn_ctx *ctx,
                                  const struct cairn_watch *watch);

/* --- Implementing it ------------------------------------------------------------------------------ */

/* What an implementation provides. The functions see arguments that have been checked: pointers that must
 * not be NULL are not, the context has not expired, label is never NULL, flags are known bits, and nothing
 * but init is called before init has succeeded. Whether the process is a forked child is theirs to see. Each
 * gives the errors that the call of the same name describes and says more with cairn_set_message(). The
 * optional ones may be NULL, which gives CAIRN_ENOTSUP. `list` is both of the calls: `mark` is NULL for
 * cairn_list(), `fn` may be NULL if it is not. The struct must stay as it is while the library is in use. */
struct cairn_vtable {
    unsigned version;   /* CAIRN_VTABLE_VERSION */
    const char *scheme; /* letters, digits, '+', '-', '.', beginning with a letter */

    int (*init)(void **self, const struct cairn_ctx *ctx, const char *root, unsigned flags);
    void (*close)(void *self);
    int (*checkpoint)(void *self, const struct cairn_ctx *ctx, const char *label, const void *data,
                      size_t size, struct cairn_id *id);
    int (*latest)(void *self, const struct cairn_ctx *ctx, void **data, size_t *size);
    int (*load)(void *self, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size);
    int (*compact)(void *self, const struct cairn_ctx *ctx, const char *label);
    int (*clear)(void *self, const struct cairn_ctx *ctx);
    int (*complete)(void *self, const struct cairn_ctx *ctx);

    /* optional */
    int (*latest_intact)(void *self, const struct cairn_ctx *ctx, struct cairn_id *id, void **data,
                         size_t *size);
    int (*list)(void *self, const struct cairn_ctx *ctx, struct cairn_mark *mark, cairn_list_fn *fn,
                void *arg);
    int (*stat)(void *self, const struct cairn_ctx *ctx, struct cairn_stat *stat);
    int (*verify)(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch);
    int (*repair)(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch);
};

#define CAIRN_VTABLE_VERSION 2u

/* Makes an implementation known under its scheme. It keeps the pointer. Not beside other Cairn calls.
 *
 *   CAIRN_EINVAL  a required function is missing, the version is another, or the scheme is no name
 *   CAIRN_EBUSY   the scheme is taken, or 16 are registered already */
CAIRN_MUST_CHECK int cairn_register(const struct cairn_vtable *vtable);

/* Sets what cairn_message() will say in this thread, as printf would, and returns `error`. Longer text is
 * cut at 1,023 bytes. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int cairn_set_message(int error, const char *format, ...);

/* Allocates what an implementation hands out as data, so that cairn_free() can free it; never NULL for a
 * size of zero. NULL if there is no memory. */
void *cairn_alloc(size_t size);

#ifdef __cplusplus
}
#endif

#endif
