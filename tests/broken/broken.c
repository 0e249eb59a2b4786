/* broken.c -- implementations that are wrong on purpose, for the conformance suite to find: a plugin of it.
 *
 * Each is the journal with one thing done wrong; CAIRN_BROKEN says which, by name, and "nothing" is the
 * journal as it is. test_conformance.sh runs them all.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairn/cairn.h>

static const char *broken = "nothing";

static bool is(const char *what)
{
    return strcmp(broken, what) == 0;
}

struct self {
    struct cairn_op *op;
    unsigned flags;
    char root[4096];
    void *first; /* what it remembers of the latest */
    size_t size;
    bool remembers;
};

static void self_close(void *arg)
{
    struct self *self = arg;

    cairn_close(self->op);
    free(self->first);
    free(self);
}

static int self_init(void **result, const struct cairn_ctx *ctx, const char *root, unsigned flags)
{
    struct self *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "no memory");
    if (is("existing-creates"))
        flags &= ~(unsigned)CAIRN_EXISTING;
    self->flags = flags;
    if (is("reader-writes"))
        flags &= ~(unsigned)CAIRN_READONLY;
    snprintf(self->root, sizeof(self->root), "%s", root);
    int error = cairn_new(&self->op, "journal");
    if (error == 0)
        error = cairn_init(self->op, ctx, root, flags);
    if (error == 0 && is("init-clears") && !(flags & CAIRN_READONLY))
        error = cairn_clear(self->op, ctx);
    if (error) {
        self_close(self);
        return error;
    }
    *result = self;
    return 0;
}

/* shorten -- "00000003@2" without the generation. */
static void shorten(struct cairn_id *id)
{
    if (is("ids-come-again"))
        *strchrnul(id->text, '@') = '\0';
}

static int self_checkpoint(void *arg, const struct cairn_ctx *ctx, const char *label, const void *data,
                           size_t size, struct cairn_id *id)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct cairn_id last = {"00000000@1"};
    struct self *self = arg;
    char cut[8], cut_late[101];

    if (is("long-label-is-cut")) {
        snprintf(cut_late, sizeof(cut_late), "%s", label);
        label = cut_late;
    }
    if (is("label-is-cut") && strlen(label) >= sizeof(cut)) {
        memcpy(cut, label, sizeof(cut) - 1);
        cut[sizeof(cut) - 1] = '\0';
        label = cut;
    }
    if (is("data-is-cut") && size > 65536)
        size--;
    if (is("id-beside-an-error"))
        snprintf(id->text, sizeof(id->text), "00000099@9");
    int error = cairn_checkpoint(self->op, ctx, label, data, size, id);
    if (error == 0)
        shorten(id);
    if (error == 0 && is("id-given-twice")) {
        pthread_mutex_lock(&lock);
        if (strncmp(id->text, "00000030", 8) == 0)
            *id = last;
        last = *id;
        pthread_mutex_unlock(&lock);
    }
    return error;
}

static int self_latest(void *arg, const struct cairn_ctx *ctx, void **data, size_t *size)
{
    struct self *self = arg;

    if (is("latest-is-remembered") && self->remembers) {
        *data = cairn_alloc(self->size);
        if (*data == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "no memory");
        memcpy(*data, self->first, self->size);
        *size = self->size;
        return 0;
    }
    int error = cairn_latest(self->op, ctx, data, size);
    if (error == CAIRN_ENONE && is("none-is-empty")) {
        *data = cairn_alloc(0);
        *size = 0;
        return 0;
    }
    if (error == 0 && *size == 0 && is("empty-is-none")) {
        cairn_free(*data);
        return cairn_set_message(CAIRN_ENONE, "none");
    }
    if (error == 0 && is("latest-is-remembered") && (self->first = malloc(*size + 1)) != NULL) {
        memcpy(self->first, *data, *size);
        self->size = *size;
        self->remembers = true;
    }
    return error;
}

/* generation_now -- which one it is. */
static unsigned long long generation_now(struct self *self)
{
    struct cairn_stat stat = {0};

    return cairn_stat(self->op, NULL, &stat) == 0 ? (unsigned long long)stat.generation : 0;
}

static int self_load(void *arg, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size)
{
    struct self *self = arg;
    char whole[512];

    if (is("ids-come-again") && strlen(id) == 8) {
        snprintf(whole, sizeof(whole), "%s@%llu", id, generation_now(self));
        id = whole;
    }
    if (is("junk-behind-an-id")) {
        snprintf(whole, sizeof(whole), "%.*s", (int)strspn(id, "0123456789@"), id);
        id = whole;
    }
    int error = cairn_load(self->op, ctx, id, data, size);
    if (error == CAIRN_ENOTFOUND && is("unknown-is-none"))
        error = CAIRN_ENONE;
    return error;
}

static int self_compact(void *arg, const struct cairn_ctx *ctx, const char *label)
{
    struct self *self = arg;

    if (is("compact-clears"))
        return cairn_clear(self->op, ctx);
    if (is("compact-loses-the-label"))
        label = "";
    return is("compact-does-nothing") ? 0 : cairn_compact(self->op, ctx, label);
}

static int self_clear(void *arg, const struct cairn_ctx *ctx)
{
    struct self *self = arg;
    if (is("clear-completes"))
        return cairn_complete(self->op, ctx);
    return is("clear-compacts") ? cairn_compact(self->op, ctx, "") : cairn_clear(self->op, ctx);
}

static int self_complete(void *arg, const struct cairn_ctx *ctx)
{
    struct self *self = arg;
    return is("complete-does-nothing") ? 0 : cairn_complete(self->op, ctx);
}

/* Who is shown the list, behind what is changed in it. */
struct relay {
    cairn_list_fn *fn;
    void *arg;
};

static int relay_one(void *arg, const struct cairn_entry *entry)
{
    const struct relay *relay = arg;
    struct cairn_entry changed = *entry;
    struct cairn_id id;

    snprintf(id.text, sizeof(id.text), "%s", entry->id);
    shorten(&id);
    changed.id = id.text;
    if (is("list-counts-from-one"))
        changed.number++;
    if (is("list-has-a-thousand") && entry->number >= 1000)
        return 0;
    return relay->fn(relay->arg, &changed);
}

static int self_list(void *arg, const struct cairn_ctx *ctx, struct cairn_mark *mark, cairn_list_fn *fn,
                     void *fn_arg)
{
    struct self *self = arg;
    struct relay relay = {fn, fn_arg};

    if (mark == NULL || is("since-shows-all"))
        return fn ? cairn_list(self->op, ctx, relay_one, &relay) : 0;
    struct cairn_mark before = *mark;
    int error = cairn_list_since(self->op, ctx, mark, fn ? relay_one : NULL, &relay);
    if (is("since-does-not-move") && fn)
        *mark = before;
    else if (is("since-skips-behind-a-stop") && error > 0)
        error = cairn_list_since(self->op, ctx, mark, NULL, NULL) ? error : 4711;
    return error;
}

static int self_stat(void *arg, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    struct self *self = arg;

    int error = cairn_stat(self->op, ctx, stat);
    if (error == 0 && is("stat-counts-wrong") && stat->count > 2)
        stat->count--;
    if (error == 0 && is("generation-stands-still"))
        stat->generation = 1;
    return error;
}

static const struct cairn_vtable vtable = {
    .version = CAIRN_VTABLE_VERSION,
    .scheme = "broken",
    .init = self_init,
    .close = self_close,
    .checkpoint = self_checkpoint,
    .latest = self_latest,
    .load = self_load,
    .compact = self_compact,
    .clear = self_clear,
    .complete = self_complete,
    .list = self_list,
    .stat = self_stat,
};

extern const struct cairn_vtable *const cairn_plugin;
const struct cairn_vtable *const cairn_plugin = &vtable;

__attribute__((constructor)) static void choose(void)
{
    const char *wanted = getenv("CAIRN_BROKEN");

    if (wanted)
        broken = wanted;
}
