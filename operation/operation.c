/* operation.c -- the interface: finds the implementation for a URL, checks what every implementation
 * would have to check, and hands on the call. */
#include <cairn/operation.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "directory/directory.h"
#include "journal/journal.h"
#include "operation/message.h"

#define REGISTERED_MAX 16

struct cairn_op {
    const struct cairn_vtable *vtable;
    void *self; /* the implementation's; NULL before Init */
};

#define BUILT_IN_COUNT 2
static const struct cairn_vtable *const built_in[BUILT_IN_COUNT] = {&journal_vtable, &directory_vtable};
static const struct cairn_vtable *registered[REGISTERED_MAX];

static bool scheme_is_name(const char *scheme, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = scheme[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool rest = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !rest))
            return false;
    }
    return size > 0;
}

static bool scheme_is(const struct cairn_vtable *vtable, const char *scheme, size_t size)
{
    return strlen(vtable->scheme) == size && memcmp(vtable->scheme, scheme, size) == 0;
}

static const struct cairn_vtable *scheme_find(const char *scheme, size_t size)
{
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if (scheme_is(built_in[i], scheme, size))
            return built_in[i];
    }
    for (int i = 0; i < REGISTERED_MAX && registered[i]; i++) {
        if (scheme_is(registered[i], scheme, size))
            return registered[i];
    }
    return NULL;
}

int cairn_register(const struct cairn_vtable *vtable)
{
    if (vtable == NULL || vtable->version != CAIRN_VTABLE_VERSION || vtable->scheme == NULL ||
        !scheme_is_name(vtable->scheme, strlen(vtable->scheme)) || !vtable->init || !vtable->close ||
        !vtable->checkpoint || !vtable->latest || !vtable->load || !vtable->compact || !vtable->clear ||
        !vtable->complete)
        return cairn_set_message(CAIRN_EINVAL,
                                 "this is no implementation: a function, the version or the scheme");
    if (scheme_find(vtable->scheme, strlen(vtable->scheme)))
        return cairn_set_message(CAIRN_EBUSY, "the scheme %s is taken", vtable->scheme);
    for (int i = 0; i < REGISTERED_MAX; i++) {
        if (registered[i] == NULL) {
            registered[i] = vtable;
            return 0;
        }
    }
    return cairn_set_message(CAIRN_EBUSY, "%d implementations are registered, and no more fit",
                             REGISTERED_MAX);
}

static int new_by_scheme(struct cairn_op **op, const char *scheme, size_t size)
{
    const struct cairn_vtable *vtable = scheme_find(scheme, size);

    if (vtable == NULL)
        return cairn_set_message(
            CAIRN_ENOTSUP, "there is no implementation for %.*s:", (int)(size < 64 ? size : 64), scheme);
    *op = calloc(1, sizeof(**op));
    if (*op == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "no memory for a handle");
    (*op)->vtable = vtable;
    return 0;
}

int cairn_new(struct cairn_op **op, const char *scheme)
{
    if (op == NULL)
        return cairn_set_message(CAIRN_EINVAL, "cairn_new: op is NULL");
    *op = NULL;
    if (scheme == NULL)
        scheme = journal_vtable.scheme;
    return new_by_scheme(op, scheme, strlen(scheme));
}

/* told -- the result of an implementation's function, and how many messages had been set before it was
 * called: one that fails without a word shall not leave an older call's standing. */
static int told(int result, unsigned long messages)
{
    if (result < 0 && message_count() == messages)
        cairn_set_message(result, "%s", cairn_strerror(result));
    return result;
}

static int begin_uncancelled(void)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static void end_uncancelled(const int *before)
{
    pthread_setcancelstate(*before, NULL);
}

/* A call ends before its thread is cancelled: it may have what others wait for. */
#define UNCANCELLED                                                                                          \
    const int before_call __attribute__((unused, cleanup(end_uncancelled))) = begin_uncancelled()

int cairn_init(struct cairn_op *op, const struct cairn_ctx *ctx, const char *root, unsigned flags)
{
    UNCANCELLED;
    if (op == NULL || root == NULL)
        return cairn_set_message(CAIRN_EINVAL, "cairn_init: %s is NULL", op ? "root" : "op");
    if (op->self != NULL)
        return cairn_set_message(CAIRN_ESTATE, "cairn_init: this handle has been initialised already");
    if (*root == '\0')
        return cairn_set_message(CAIRN_EINVAL, "no place is named: the root, or the URL, is empty");
    if (flags & ~(unsigned)(CAIRN_READONLY | CAIRN_NO_THREAD | CAIRN_EXISTING | CAIRN_LOSE_UNREAD))
        return cairn_set_message(CAIRN_EINVAL, "cairn_init: flags has a bit that is none: 0x%x", flags);
    int error = cairn_ctx_check(ctx);
    if (error)
        return error;
    void *self = NULL;
    const unsigned long messages = message_count();
    error = op->vtable->init(&self, ctx, root, flags);
    if (error == 0)
        op->self = self;
    return told(error, messages);
}

int cairn_open(struct cairn_op **op, const struct cairn_ctx *ctx, const char *url, unsigned flags)
{
    UNCANCELLED;
    if (op == NULL || url == NULL)
        return cairn_set_message(CAIRN_EINVAL, "cairn_open: %s is NULL", op ? "url" : "op");
    *op = NULL;
    /* A colon before the first slash ends a scheme; a bare path is a journal. */
    const char *scheme = journal_vtable.scheme;
    const char *root = url;
    size_t size = strcspn(url, ":/");
    if (url[size] == ':') {
        if (!scheme_is_name(url, size))
            return cairn_set_message(CAIRN_EINVAL, "%.200s: no scheme stands before the colon", url);
        scheme = url;
        root = url + size + 1;
    } else {
        size = strlen(scheme);
    }
    int error = new_by_scheme(op, scheme, size);
    if (error)
        return error;
    error = cairn_init(*op, ctx, root, flags);
    if (error) {
        cairn_close(*op);
        *op = NULL;
    }
    return error;
}

void cairn_close(struct cairn_op *op)
{
    UNCANCELLED;
    if (op == NULL)
        return;
    if (op->self != NULL)
        op->vtable->close(op->self);
    free(op);
}

/* ready -- what is checked before every call on a handle. */
static int ready(const struct cairn_op *op, const struct cairn_ctx *ctx, const char *call)
{
    if (op == NULL)
        return cairn_set_message(CAIRN_EINVAL, "%s: op is NULL", call);
    if (op->self == NULL)
        return cairn_set_message(CAIRN_ESTATE, "%s: called before Init", call);
    return cairn_ctx_check(ctx);
}

/* null_argument -- the error for one. */
static int null_argument(const char *call, const char *name)
{
    return cairn_set_message(CAIRN_EINVAL, "%s: %s is NULL", call, name);
}

int cairn_checkpoint(struct cairn_op *op, const struct cairn_ctx *ctx, const char *label, const void *data,
                     size_t size, struct cairn_id *id)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (data == NULL && size > 0)
        return null_argument(__func__, "data");
    struct cairn_id unwanted;
    return told(op->vtable->checkpoint(op->self, ctx, label ? label : "", data ? data : "", size,
                                       id ? id : &unwanted),
                messages);
}

int cairn_latest(struct cairn_op *op, const struct cairn_ctx *ctx, void **data, size_t *size)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (data == NULL || size == NULL)
        return null_argument(__func__, data ? "size" : "data");
    return told(op->vtable->latest(op->self, ctx, data, size), messages);
}

int cairn_latest_intact(struct cairn_op *op, const struct cairn_ctx *ctx, struct cairn_id *id, void **data,
                        size_t *size)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (data == NULL || size == NULL)
        return null_argument(__func__, data ? "size" : "data");
    if (op->vtable->latest_intact == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    struct cairn_id unwanted;
    return told(op->vtable->latest_intact(op->self, ctx, id ? id : &unwanted, data, size), messages);
}

int cairn_load(struct cairn_op *op, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (id == NULL || data == NULL || size == NULL)
        return null_argument(__func__, id == NULL ? "id" : data ? "size" : "data");
    return told(op->vtable->load(op->self, ctx, id, data, size), messages);
}

int cairn_compact(struct cairn_op *op, const struct cairn_ctx *ctx, const char *label)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    return error ? error : told(op->vtable->compact(op->self, ctx, label ? label : ""), messages);
}

int cairn_clear(struct cairn_op *op, const struct cairn_ctx *ctx)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    return error ? error : told(op->vtable->clear(op->self, ctx), messages);
}

int cairn_complete(struct cairn_op *op, const struct cairn_ctx *ctx)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    return error ? error : told(op->vtable->complete(op->self, ctx), messages);
}

int cairn_list(struct cairn_op *op, const struct cairn_ctx *ctx, cairn_list_fn *fn, void *arg)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (fn == NULL)
        return null_argument(__func__, "fn");
    if (op->vtable->list == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    return told(op->vtable->list(op->self, ctx, NULL, fn, arg), messages);
}

int cairn_list_since(struct cairn_op *op, const struct cairn_ctx *ctx, struct cairn_mark *mark,
                     cairn_list_fn *fn, void *arg)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (mark == NULL)
        return null_argument(__func__, "mark");
    if (op->vtable->list == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    return told(op->vtable->list(op->self, ctx, mark, fn, arg), messages);
}

int cairn_stat(struct cairn_op *op, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (stat == NULL)
        return null_argument(__func__, "stat");
    if (op->vtable->stat == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    return told(op->vtable->stat(op->self, ctx, stat), messages);
}

int cairn_verify(struct cairn_op *op, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    static const struct cairn_watch nobody;
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (op->vtable->verify == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    return told(op->vtable->verify(op->self, ctx, watch ? watch : &nobody), messages);
}

int cairn_repair(struct cairn_op *op, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    UNCANCELLED;
    const unsigned long messages = message_count();
    static const struct cairn_watch nobody;
    int error = ready(op, ctx, __func__);
    if (error)
        return error;
    if (op->vtable->repair == NULL)
        return cairn_set_message(CAIRN_ENOTSUP, "%s: %s: does not offer it", __func__, op->vtable->scheme);
    return told(op->vtable->repair(op->self, ctx, watch ? watch : &nobody), messages);
}

void *cairn_alloc(size_t size)
{
    return malloc(size ? size : 1);
}

void cairn_free(void *data)
{
    free(data);
}
