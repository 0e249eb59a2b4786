/* hostile_meddler.c -- see hostile_meddler.h. */
#include "fuzz/hostile_meddler.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/canary.h"
#include "fuzz/hostile_asked.h"
#include "fuzz/hostile_system.h"
#include "fuzz/place.h"
#include "fuzz/target.h"

#define DEED_DATA "meddled with"

static enum deed deed;
static struct cairn_ctx *canceled; /* NULL if none is */
static char recorded[256];         /* the id of the checkpoint that he has recorded; "" if none */

static void write_new(const char *name)
{
    const int fd = openat(canary_work(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        return;
    FUZZ_ASSERT(write(fd, DEED_DATA, strlen(DEED_DATA)) >= 0, "a file cannot be written");
    close(fd);
}

/* remove_lock -- false if it is still there. */
static bool remove_lock(void)
{
    return unlinkat(canary_work(), "lock", 0) == 0 || errno == ENOENT ||
           unlinkat(canary_work(), "lock", AT_REMOVEDIR) == 0;
}

/* with_a_handle -- what he does with one of his own. */
static void with_a_handle(void)
{
    char url[PLACE_PATH_SIZE + 16];
    struct cairn_id id = {.text = ""};
    struct cairn_op *op;

    if (deed != DEED_OPEN && !remove_lock())
        return;
    snprintf(url, sizeof(url), "dir:%s", canary_path());
    if (cairn_open(&op, NULL, url, CAIRN_NO_THREAD) != 0)
        return;
    if (deed == DEED_RECORD && cairn_checkpoint(op, NULL, "m", DEED_DATA, strlen(DEED_DATA), &id) == 0)
        memcpy(recorded, id.text, sizeof(recorded));
    if (deed == DEED_CLEAR && cairn_clear(op, NULL) != 0)
        FUZZ_ASSERT(cairn_message()[0], "clear fails, and says nothing");
    cairn_close(op);
}

static void put_and_remove(void)
{
    static struct listing now;
    char name[64];

    listing_take(&now, canary_work());
    const struct found *latest = hostile_latest(&now);
    if (deed == DEED_REMOVE && latest) {
        unlinkat(canary_work(), latest->name, 0);
    } else if (deed == DEED_TAKE) {
        snprintf(name, sizeof(name), "%08llum.chk",
                 (unsigned long long)(latest ? hostile_number(latest->name) + 1 : 0) % 100000000);
        write_new(name);
    }
}

static void meddle(void)
{
    if (canceled)
        cairn_ctx_cancel(canceled);
    switch (deed) {
    case DEED_OTHER_LOCK:
        if (remove_lock())
            close(openat(canary_work(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
        break;
    case DEED_BAD_LOCK:
        if (remove_lock())
            mkdirat(canary_work(), "lock", 0755);
        break;
    case DEED_RECORD:
    case DEED_CLEAR:
    case DEED_OPEN:
        with_a_handle();
        break;
    case DEED_LOSE:
        canary_lose();
        break;
    case DEED_NO_LOCK:
        remove_lock();
        break;
    case DEED_TAKE:
    case DEED_REMOVE:
        put_and_remove();
        break;
    case DEED_COUNT:
        break;
    }
}

void hostile_meddle(struct source *source, struct cairn_ctx *ctx)
{
    deed = (enum deed)(source_u8(source) % DEED_COUNT);
    recorded[0] = '\0';
    const uint8_t nth = source_u8(source);
    canceled = nth & 64 ? ctx : NULL;
    hostile_at(1u + nth % 64u, meddle);
}

static int show(void *arg, const struct cairn_entry *entry)
{
    (void)arg;
    FUZZ_ASSERT(hostile_number(entry->id) >= 0, "list shows %s", entry->id);
    return 0;
}

void hostile_ask(struct asking *asking, enum asked asked, struct source *source,
                 const struct listing *listing, struct cairn_op *handle, struct cairn_ctx *ctx)
{
    struct cairn_mark mark = {{0}};
    struct cairn_stat stat;

    memset(asking, 0, sizeof(*asking));
    asking->asked = asked;
    if (asked == ASK_CHECKPOINT || asked == ASK_COMPACT)
        hostile_label(source, asking->text);
    else if (asked == ASK_LOAD)
        hostile_id(source, listing, asking->text);
    if (asked == ASK_CHECKPOINT) {
        asking->bytes_size = source_u8(source) % sizeof(asking->bytes);
        source_bytes(source, asking->bytes, asking->bytes_size);
    }
    hostile_enter(ctx);
    switch (asked) {
    case ASK_CHECKPOINT:
        asking->error =
            cairn_checkpoint(handle, ctx, asking->text, asking->bytes, asking->bytes_size, &asking->id);
        break;
    case ASK_LATEST:
        asking->error = cairn_latest(handle, ctx, &asking->data, &asking->size);
        break;
    case ASK_INTACT:
        asking->error = cairn_latest_intact(handle, ctx, &asking->id, &asking->data, &asking->size);
        break;
    case ASK_LOAD:
        asking->error = cairn_load(handle, ctx, asking->text, &asking->data, &asking->size);
        break;
    case ASK_LIST:
        asking->error = cairn_list(handle, ctx, show, NULL);
        break;
    case ASK_SINCE:
        asking->error = cairn_list_since(handle, ctx, &mark, show, NULL);
        break;
    case ASK_STAT:
        asking->error = cairn_stat(handle, ctx, &stat);
        break;
    case ASK_VERIFY:
        asking->error = cairn_verify(handle, ctx, NULL);
        break;
    case ASK_COMPACT:
        asking->error = cairn_compact(handle, ctx, asking->text);
        break;
    case ASK_CLEAR:
        asking->error = cairn_clear(handle, ctx);
        break;
    case ASK_COMPLETE:
        asking->error = cairn_complete(handle, ctx);
        break;
    default:
        asking->error = cairn_repair(handle, ctx, NULL);
        break;
    }
    hostile_leave();
    hostile_check_error(asking->error, "a call");
    hostile_check_data(asking->data ? 0 : -1, asking->data, asking->size, "a call");
}

/* --- what holds all the same --------------------------------------------------------------------------- */

static struct listing after;

static bool is_his(const char *name)
{
    return deed == DEED_TAKE ? strcmp(name + 8, "m.chk") == 0 : strcmp(name, recorded) == 0;
}

static bool minds_others(const struct found *file)
{
    return strcmp(file->name, "lock") != 0 && !hostile_is_checkpoint(file) &&
           strncmp(file->name, "tmp-", 4) != 0; /* who opens it removes these */
}

/* check_checkpoint -- one that was acknowledged is there, and has a number of its own; else there is none,
 * unless that is not known. */
static void check_checkpoint(const struct asking *asking, const struct listing *before)
{
    const struct found *file = listing_find(&after, asking->id.text);

    if (asking->error == 0 && deed != DEED_REMOVE && deed != DEED_CLEAR) {
        FUZZ_ASSERT(file && listing_has(file, asking->bytes, asking->bytes_size),
                    "%s is acknowledged, and not there", asking->id.text);
        FUZZ_ASSERT(recorded[0] == '\0' || hostile_number(recorded) != hostile_number(asking->id.text),
                    "the number of %s was given to %s, too", asking->id.text, recorded);
    }
    for (size_t i = 0; i < after.count && asking->error && asking->error != CAIRN_EIO; i++)
        FUZZ_ASSERT(!hostile_is_checkpoint(&after.files[i]) || is_his(after.files[i].name) ||
                        listing_find(before, after.files[i].name),
                    "checkpoint gives %d, and %s is there", asking->error, after.files[i].name);
}

/* check_data -- what was given out was there at some moment. */
static void check_data(const struct asking *asking, const struct listing *before)
{
    bool is = asking->size == strlen(DEED_DATA) && memcmp(asking->data, DEED_DATA, asking->size) == 0;

    for (size_t i = 0; i < before->count; i++)
        is |= hostile_is_checkpoint(&before->files[i]) &&
              listing_has(&before->files[i], asking->data, asking->size);
    FUZZ_ASSERT(is, "%zu bytes of none are given out", asking->size);
}

/* touch -- what he did without the lock is seen by all from now on (directory.h, Cost). */
static void touch(void)
{
    write_new(".touched");
    unlinkat(canary_work(), ".touched", 0);
}

bool hostile_meddle_end(const struct asking *asking, const struct listing *before)
{
    const bool done = hostile_was_done();

    listing_take(&after, canary_work());
    if (done && deed == DEED_LOSE) {
        FUZZ_ASSERT(after.count == 0, "%s is made in another directory", after.files[0].name);
        return true;
    }
    const struct found *file = listing_differ(before, &after, minds_others);
    FUZZ_ASSERT(file == NULL, "%s is not as it was", file->name);
    if (asking->asked == ASK_CHECKPOINT)
        check_checkpoint(asking, before);
    const size_t count = hostile_count(&after), his = deed == DEED_TAKE;
    if (asking->error == 0 && asking->asked == ASK_COMPACT)
        FUZZ_ASSERT(count <= 1 + his, "compact leaves %zu", count);
    if (asking->error == 0 && (asking->asked == ASK_CLEAR || asking->asked == ASK_COMPLETE))
        FUZZ_ASSERT(count <= his, "clear leaves %zu", count);
    if (asking->data)
        check_data(asking, before);
    touch();
    return false;
}
