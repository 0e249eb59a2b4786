/* hostile_asked.c -- see hostile_asked.h. */
#include "fuzz/hostile_asked.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/canary.h"
#include "fuzz/hostile_system.h"
#include "fuzz/target.h"
#include "system/utf8.h"

struct here here;

static struct listing after;

/* What has been shown to who follows; it has no name if nothing has been. */
static struct cairn_mark mark;
static struct found shown_last;

void hostile_forget(void)
{
    memset(&mark, 0, sizeof(mark));
    memset(&shown_last, 0, sizeof(shown_last));
}

bool hostile_is_checkpoint(const struct found *file)
{
    return S_ISREG(file->mode) && hostile_number(file->name) >= 0;
}

const struct found *hostile_latest(const struct listing *listing)
{
    for (size_t i = listing->count; i-- > 0;) {
        if (hostile_is_checkpoint(&listing->files[i]))
            return &listing->files[i];
    }
    return NULL;
}

size_t hostile_count(const struct listing *listing)
{
    size_t count = 0;

    for (size_t i = 0; i < listing->count; i++)
        count += hostile_is_checkpoint(&listing->files[i]);
    return count;
}

static bool minds_others(const struct found *file)
{
    return strcmp(file->name, "lock") != 0;
}

static bool minds_no_checkpoints(const struct found *file)
{
    return minds_others(file) && !hostile_is_checkpoint(file);
}

/* latest_number -- -1 if there is none. */
static int64_t latest_number(const struct listing *listing)
{
    const struct found *latest = hostile_latest(listing);

    return latest ? hostile_number(latest->name) : -1;
}

/* is_rotten, is_closed -- a checkpoint that cannot be read; one that we may not. */
static bool is_rotten(const struct found *file)
{
    return hostile_is_rotten(file->name, file->size);
}

static bool is_closed(const struct found *file)
{
    return geteuid() != 0 ? !(file->mode & S_IRUSR) : hostile_is_guest() && !(file->mode & S_IROTH);
}

bool hostile_may_fail(int error)
{
    const struct found *lock = listing_find(&here.before, "lock");

    if (lock && !S_ISREG(lock->mode) &&
        (error == CAIRN_EBUSY || error == CAIRN_EIO || error == CAIRN_ENOTSUP))
        return true;
    return error == CAIRN_EACCES && hostile_is_refused();
}

void hostile_check_unchanged(const char *what)
{
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(&here.before, &after, minds_others);
    FUZZ_ASSERT(file == NULL, "%s: %s is not as it was", what, file->name);
}

/* has_ended -- whether the call's context has ended it, or the lock could not be had; then it has done
 * nothing. */
static bool has_ended(int error, const char *what)
{
    FUZZ_ASSERT(!here.must || error,
                "%s succeeds, though its context has ended, or the lock is somebody else's", what);
    FUZZ_ASSERT(!here.at_once || error == here.ends, "%s gives %d, though its context has ended", what,
                error);
    if (here.ends == 0 || error != here.ends)
        return false;
    hostile_check_unchanged(what);
    return true;
}

/* is_latest -- whether these are the data of one that has the latest number that can be read. */
static bool is_latest(const void *data, size_t size, const char *id)
{
    int64_t latest = -1;

    for (size_t i = 0; i < here.before.count; i++) {
        if (hostile_is_checkpoint(&here.before.files[i]) && !is_rotten(&here.before.files[i]))
            latest = hostile_number(here.before.files[i].name);
    }
    for (size_t i = 0; i < here.before.count; i++) {
        const struct found *file = &here.before.files[i];
        if (hostile_is_checkpoint(file) && hostile_number(file->name) == latest &&
            listing_has(file, data, size) && (id == NULL || strcmp(id, file->name) == 0))
            return true;
    }
    return false;
}

/* latest_error -- what the latest cannot be had with; with `intact` the newest that can be read counts.
 */
static int latest_error(bool intact)
{
    int error = CAIRN_ENONE;

    for (size_t i = here.before.count; i-- > 0;) {
        if (!hostile_is_checkpoint(&here.before.files[i]))
            continue;
        if (!is_rotten(&here.before.files[i]))
            return 0;
        if (!intact)
            return CAIRN_EIO;
    }
    return error;
}

static void dir_latest(bool intact)
{
    struct cairn_id id = {.text = ""};
    void *data;
    size_t size;

    hostile_enter(here.ctx);
    const int error = intact ? cairn_latest_intact(here.handle, here.ctx, &id, &data, &size)
                             : cairn_latest(here.handle, here.ctx, &data, &size);
    hostile_leave();
    hostile_check_error(error, "latest");
    hostile_check_data(error, data, size, "latest");
    if (has_ended(error, "latest"))
        return;
    if (error == 0) {
        FUZZ_ASSERT(latest_error(intact) == 0 && is_latest(data, size, intact ? id.text : NULL),
                    "latest gives %zu bytes of none, %s", size, id.text);
        cairn_free(data);
    } else if (!hostile_may_fail(error)) {
        FUZZ_ASSERT(error == latest_error(intact), "latest gives %d: %s", error, cairn_message());
    }
    hostile_check_unchanged("latest");
}

static void dir_load(const char *id)
{
    void *data;
    size_t size;

    here.must &= here.at_once; /* it takes no lock */
    hostile_enter(here.ctx);
    const int error = cairn_load(here.handle, here.ctx, id, &data, &size);
    hostile_leave();
    const struct found *file = listing_find(&here.before, id);
    hostile_check_error(error, "load");
    hostile_check_data(error, data, size, "load");
    if (has_ended(error, "load"))
        return;
    if (error == 0) {
        FUZZ_ASSERT(file && hostile_is_checkpoint(file) && !is_rotten(file) && listing_has(file, data, size),
                    "load of %s gives %zu bytes", id, size);
        cairn_free(data);
    } else if (!hostile_may_fail(error)) {
        const int right = hostile_number(id) < 0                         ? CAIRN_EINVAL
                          : file == NULL || !hostile_is_checkpoint(file) ? CAIRN_ENOTFOUND
                          : is_rotten(file)                              ? CAIRN_EIO
                                                                         : 0;
        FUZZ_ASSERT(error == right, "load of %s gives %d: %s", id, error, cairn_message());
    }
    hostile_check_unchanged("load");
}

struct shown {
    size_t count;
    uint64_t bytes;
    int64_t number;
};

static int show(void *arg, const struct cairn_entry *entry)
{
    struct shown *shown = arg;
    const struct found *file = listing_find(&here.before, entry->id);
    const size_t size = strlen(entry->label);

    FUZZ_ASSERT(file && hostile_is_checkpoint(file) && entry->error == 0, "list shows %s", entry->id);
    FUZZ_ASSERT(entry->size == file->size && entry->number == (uint64_t)hostile_number(file->name) &&
                    (int64_t)entry->number >= shown->number && strlen(file->name) == 12 + size &&
                    memcmp(file->name + 8, entry->label, size) == 0,
                "list shows %s as %s, %llu bytes", entry->id, entry->label, (unsigned long long)entry->size);
    shown->number = (int64_t)entry->number;
    shown->bytes += entry->size;
    shown->count++;
    return 0;
}

static void dir_list(bool since)
{
    struct shown shown = {.number = -1};
    struct cairn_mark begun = {{0}};
    struct cairn_stat stat;

    hostile_enter(here.ctx);
    int error = since ? cairn_list_since(here.handle, here.ctx, &begun, show, &shown)
                      : cairn_list(here.handle, here.ctx, show, &shown);
    hostile_leave();
    hostile_check_error(error, "list");
    if (has_ended(error, "list"))
        return;
    FUZZ_ASSERT(error ? hostile_may_fail(error) : shown.count == hostile_count(&here.before),
                "list gives %d and shows %zu of %zu: %s", error, shown.count, hostile_count(&here.before),
                cairn_message());
    if (error == 0 && since) {
        const size_t count = shown.count;
        shown.number = -1;
        hostile_enter(NULL);
        error = cairn_list_since(here.handle, NULL, &begun, show, &shown);
        hostile_leave();
        FUZZ_ASSERT(error == 0 && shown.count == count, "what has been shown is shown again");
    }
    if (error == 0) {
        hostile_enter(NULL);
        error = cairn_stat(here.handle, NULL, &stat);
        hostile_leave();
        FUZZ_ASSERT(error == 0 && stat.count == shown.count && stat.data_bytes == shown.bytes &&
                        stat.lost == 0,
                    "stat counts %llu of %zu", (unsigned long long)stat.count, shown.count);
    }
    hostile_check_unchanged("list");
}

/* --- who follows --------------------------------------------------------------------------------------- */

/* first_new -- the place in `before` of what comes behind the last that was shown; 0 if that is not there. */
static size_t first_new(void)
{
    for (size_t i = here.before.count; i-- > 0;) {
        const struct found *file = &here.before.files[i];
        if (hostile_is_checkpoint(file) && shown_last.name[0] && file->inode == shown_last.inode &&
            file->size == shown_last.size && file->hash == shown_last.hash)
            return i + 1;
    }
    return 0;
}

/* next_new -- the next checkpoint in `before` from there on; NULL if there is none. */
static const struct found *next_new(size_t *at)
{
    while (*at < here.before.count) {
        const struct found *file = &here.before.files[(*at)++];
        if (hostile_is_checkpoint(file))
            return file;
    }
    return NULL;
}

struct follower {
    size_t at;
    unsigned count, most; /* shown, and how many he wants, 0 for all */
};

#define HAD_ENOUGH 77

static int show_new(void *arg, const struct cairn_entry *entry)
{
    struct follower *follower = arg;
    const struct found *file = next_new(&follower->at);

    FUZZ_ASSERT(file && strcmp(file->name, entry->id) == 0, "%s is shown instead of %s", entry->id,
                file ? file->name : "none");
    shown_last = *file;
    return ++follower->count == follower->most ? HAD_ENOUGH : 0;
}

static void dir_follow(uint8_t how)
{
    struct follower follower = {.at = first_new(), .most = how >> 1 & 7};
    const bool silent = how & 1;

    hostile_enter(here.ctx);
    const int error = cairn_list_since(here.handle, here.ctx, &mark, silent ? NULL : show_new, &follower);
    hostile_leave();
    if (error != HAD_ENOUGH)
        hostile_check_error(error, "list_since");
    if (has_ended(error, "list_since"))
        return;
    const bool enough = follower.most && follower.count == follower.most;
    FUZZ_ASSERT(hostile_may_fail(error) || error == (enough ? HAD_ENOUGH : 0), "list_since gives %d: %s",
                error, cairn_message());
    const struct found *next = next_new(&follower.at);
    if (error == 0 && silent && next)
        shown_last = *hostile_latest(&here.before);
    FUZZ_ASSERT(error || silent || next == NULL, "list_since does not show %s", next->name);
    hostile_check_unchanged("list_since");
}

/* --- verify -------------------------------------------------------------------------------------------- */

/* damages -- how many things verify has to name. */
static unsigned damages(void)
{
    unsigned count = 0;
    int64_t last = -1;

    for (size_t i = 0; i < here.before.count; i++) {
        const struct found *file = &here.before.files[i];
        const size_t size = strlen(file->name);
        const int64_t number = hostile_number(file->name);
        if (size < 12 || strcmp(file->name + size - 4, ".chk") != 0)
            continue;
        if (number < 0 || !S_ISREG(file->mode)) {
            count += number >= 0 || S_ISREG(file->mode);
            continue;
        }
        count += is_rotten(file) || is_closed(file);
        count += number == last;
        last = number;
    }
    return count;
}

struct watcher {
    unsigned count, most; /* told, and how many he wants, 0 for all */
    uint64_t done, total;
    bool cancels; /* when he is told of progress */
};

static int tell_damage(void *arg, const struct cairn_damage *damage)
{
    struct watcher *watcher = arg;

    FUZZ_ASSERT(damage->reason[0] && strncmp(damage->path, "/", 1) == 0 && strrchr(damage->path, '/') &&
                    listing_find(&here.before, strrchr(damage->path, '/') + 1) &&
                    (damage->first[0] == '\0') == (damage->count == 0),
                "verify names %s", damage->path);
    return ++watcher->count == watcher->most ? HAD_ENOUGH : 0;
}

static void tell_progress(void *arg, uint64_t done, uint64_t total)
{
    struct watcher *watcher = arg;

    FUZZ_ASSERT(done >= watcher->done && done <= total, "%llu of %llu bytes are read",
                (unsigned long long)done, (unsigned long long)total);
    watcher->done = done;
    watcher->total = total;
    if (watcher->cancels && here.ctx)
        cairn_ctx_cancel(here.ctx);
}

static void dir_verify(uint8_t how, bool watched)
{
    struct watcher watcher = {.most = how & 3, .cancels = how & 4};
    const struct cairn_watch watch = {how & 8 ? NULL : tell_damage, how & 16 ? NULL : tell_progress,
                                      &watcher};

    hostile_enter(here.ctx);
    const int error = cairn_verify(here.handle, here.ctx, watched ? &watch : NULL);
    hostile_leave();
    if (error != HAD_ENOUGH)
        hostile_check_error(error, "verify");
    if (watcher.cancels && error == CAIRN_ECANCELED)
        here.ends = CAIRN_ECANCELED;
    if (has_ended(error, "verify"))
        return;
    const bool enough = watcher.most && watcher.count == watcher.most;
    FUZZ_ASSERT(hostile_may_fail(error) || error == (enough      ? HAD_ENOUGH
                                                     : damages() ? CAIRN_ECORRUPT
                                                                 : 0),
                "verify gives %d: %s", error, cairn_message());
    FUZZ_ASSERT(hostile_may_fail(error) || enough || !watched || how & 8 || watcher.count == damages(),
                "verify names %u of %u", watcher.count, damages());
    hostile_check_unchanged("verify");
}

/* --- calls that change something ----------------------------------------------------------------------- */

/* label_error -- what a label is refused with; 0 if it is not. */
static int label_error(const char *label)
{
    if (!utf8_is_valid(label, strlen(label)) || strchr(label, '/'))
        return CAIRN_EINVAL;
    return strlen(label) > 243 ? CAIRN_E2BIG : 0;
}

/* check_refused -- what is the matter with the call itself; true if it was refused for that, and did nothing.
 */
static bool check_refused(int error, const char *label, const char *what)
{
    const int right = label_error(label);

    hostile_check_error(error, what);
    if (has_ended(error, what))
        return true;
    if (!here.readonly && right == 0 && !hostile_may_fail(error))
        return false;
    if (!hostile_may_fail(error))
        FUZZ_ASSERT(here.readonly ? error == CAIRN_EACCES || error == right
                                  : error == CAIRN_EINVAL || error == CAIRN_E2BIG,
                    "%s gives %d: %s", what, error, cairn_message());
    hostile_check_unchanged(what);
    return true;
}

static void dir_checkpoint(struct source *source, const char *label)
{
    struct cairn_id id = {.text = ""};
    unsigned char data[255];
    const size_t size = source_u8(source) % sizeof(data);
    char name[400];
    int64_t number = latest_number(&here.before);

    source_bytes(source, data, size);
    hostile_enter(here.ctx);
    const int error = cairn_checkpoint(here.handle, here.ctx, label, data, size, &id);
    hostile_leave();
    if (check_refused(error, label, "checkpoint"))
        return;
    do
        snprintf(name, sizeof(name), "%08lld%s.chk", (long long)++number, label);
    while (listing_find(&here.before, name) && number <= 99999999);
    if (number > 99999999) {
        FUZZ_ASSERT(error == CAIRN_ENOSPC, "no number is left, and it gives %d", error);
        hostile_check_unchanged("checkpoint");
        return;
    }
    FUZZ_ASSERT(error == 0 && strcmp(id.text, name) == 0, "checkpoint gives %d, %s for %s: %s", error,
                id.text, name, cairn_message());
    listing_take(&after, canary_work());
    const struct found *file = listing_find(&after, name);
    FUZZ_ASSERT(file && hostile_is_checkpoint(file) && listing_has(file, data, size),
                "%s is not what was recorded", name);
    memmove((void *)(uintptr_t)file, file + 1,
            (size_t)(after.files + after.count - file - 1) * sizeof(*file));
    after.count--;
    file = listing_differ(&here.before, &after, minds_others);
    FUZZ_ASSERT(file == NULL, "checkpoint: %s is not as it was", file->name);
}

/* may_leave_some -- whether the call was refused while it removed: some of the older ones may be gone. */
static bool may_leave_some(int error, const char *what)
{
    if (!hostile_is_guest() || error != CAIRN_EACCES)
        return false;
    listing_take(&after, canary_work());
    const struct found *other = listing_differ(&here.before, &after, minds_no_checkpoints),
                       *latest = hostile_latest(&here.before), *now = hostile_latest(&after);
    FUZZ_ASSERT(other == NULL, "%s: %s is not as it was", what, other->name);
    FUZZ_ASSERT(now ? latest && strcmp(now->name, latest->name) == 0 : latest == NULL,
                "%s is refused, and the latest is gone", what);
    return true;
}

static void dir_compact(const char *label)
{
    char name[400];

    snprintf(name, sizeof(name), "00000000%s.chk", label);
    const struct found *way = listing_find(&here.before, name);
    hostile_enter(here.ctx);
    const int error = cairn_compact(here.handle, here.ctx, label);
    hostile_leave();
    if (may_leave_some(error, "compact") || check_refused(error, label, "compact"))
        return;
    if (hostile_count(&here.before) == 0 || (way && !S_ISREG(way->mode))) {
        FUZZ_ASSERT(error == (hostile_count(&here.before) ? CAIRN_EBUSY : 0), "compact gives %d: %s", error,
                    cairn_message());
        hostile_check_unchanged("compact");
        return;
    }
    FUZZ_ASSERT(error == 0, "compact gives %d: %s", error, cairn_message());
    listing_take(&after, canary_work());
    const struct found *kept = listing_find(&after, name),
                       *other = listing_differ(&here.before, &after, minds_no_checkpoints);
    FUZZ_ASSERT(kept && hostile_count(&after) == 1, "compact: %s is not what is left", name);
    FUZZ_ASSERT(other == NULL, "compact: %s is not as it was", other->name);
    for (size_t i = 0; i < here.before.count; i++) {
        const struct found *was = &here.before.files[i];
        if (hostile_is_checkpoint(was) && hostile_number(was->name) == latest_number(&here.before) &&
            was->inode == kept->inode && was->hash == kept->hash && was->size == kept->size)
            return;
    }
    FUZZ_ASSERT(false, "compact: what is left is not the latest");
}

static void dir_clear(bool complete)
{
    hostile_enter(here.ctx);
    const int error = complete ? cairn_complete(here.handle, here.ctx) : cairn_clear(here.handle, here.ctx);
    hostile_leave();
    if (may_leave_some(error, "clear") || check_refused(error, "", "clear"))
        return;
    FUZZ_ASSERT(error == 0, "clear gives %d: %s", error, cairn_message());
    listing_take(&after, canary_work());
    const struct found *other = listing_differ(&here.before, &after, minds_no_checkpoints);
    FUZZ_ASSERT(hostile_count(&after) == 0, "clear: something is left");
    FUZZ_ASSERT(other == NULL, "clear: %s is not as it was", other->name);
}

/* --- all calls ----------------------------------------------------------------------------------------- */

void hostile_check_asked(enum asked asked, struct source *source)
{
    char text[300];

    switch (asked) {
    case ASK_CHECKPOINT:
        hostile_label(source, text);
        dir_checkpoint(source, text);
        break;
    case ASK_LATEST:
    case ASK_INTACT:
        dir_latest(asked == ASK_INTACT);
        break;
    case ASK_LOAD:
        hostile_id(source, &here.before, text);
        dir_load(text);
        break;
    case ASK_LIST:
    case ASK_STAT:
    case ASK_SINCE:
        dir_list(asked == ASK_SINCE);
        break;
    case ASK_FOLLOW:
        dir_follow(source_u8(source));
        break;
    case ASK_VERIFY:
        dir_verify(0, false);
        break;
    case ASK_WATCH:
        dir_verify(source_u8(source), true);
        break;
    case ASK_COMPACT:
        hostile_label(source, text);
        dir_compact(text);
        break;
    case ASK_CLEAR:
    case ASK_COMPLETE:
        dir_clear(asked == ASK_COMPLETE);
        break;
    case ASK_REPAIR:
        FUZZ_ASSERT(cairn_repair(here.handle, NULL, NULL) == CAIRN_ENOTSUP, "a dir: is repaired");
        break;
    default:
        break;
    }
}
