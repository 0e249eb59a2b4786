/* hostile_dir.c -- see hostile_dir.h. */
#include "fuzz/hostile_dir.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/canary.h"
#include "fuzz/hostile.h"
#include "fuzz/target.h"
#include "system/utf8.h"

static struct cairn_op *handle;
static bool readonly;
static struct listing before, after;

/* number_in -- the number that a checkpoint's name begins with; -1 if this is the name of none. */
static int64_t number_in(const char *name)
{
    const size_t size = strlen(name);
    int64_t number = 0;

    if (size < 12 || size > 255 || strchr(name, '/') || strcmp(name + size - 4, ".chk") != 0)
        return -1;
    for (unsigned i = 0; i < 8; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

static bool is_checkpoint(const struct found *file)
{
    return S_ISREG(file->mode) && number_in(file->name) >= 0;
}

static bool minds_others(const struct found *file)
{
    return strcmp(file->name, "lock") != 0;
}

static bool minds_no_checkpoints(const struct found *file)
{
    return minds_others(file) && !is_checkpoint(file);
}

static bool minds_no_temporary(const struct found *file)
{
    return minds_others(file) && (strncmp(file->name, "tmp-", 4) != 0 || !S_ISREG(file->mode));
}

/* latest_number -- -1 if there is none. */
static int64_t latest_number(const struct listing *listing)
{
    int64_t latest = -1;

    for (size_t i = 0; i < listing->count; i++) {
        if (is_checkpoint(&listing->files[i]) && number_in(listing->files[i].name) > latest)
            latest = number_in(listing->files[i].name);
    }
    return latest;
}

static size_t count_checkpoints(const struct listing *listing)
{
    size_t count = 0;

    for (size_t i = 0; i < listing->count; i++)
        count += is_checkpoint(&listing->files[i]);
    return count;
}

/* may_fail -- whether the call may fail for what the directory is: the lock is none. Who is not root may be
 * refused what others have closed. */
static bool may_fail(int error)
{
    const struct found *lock = listing_find(&before, "lock");

    if (lock && !S_ISREG(lock->mode))
        return error == CAIRN_EBUSY || error == CAIRN_EACCES || error == CAIRN_EIO || error == CAIRN_ENOTSUP;
    return error == CAIRN_EACCES && geteuid() != 0;
}

/* check_unchanged -- nothing has been, but for the lock. */
static void check_unchanged(const char *what)
{
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(&before, &after, minds_others);
    FUZZ_ASSERT(file == NULL, "%s: %s is not as it was", what, file->name);
}

/* is_latest -- whether these are the data of one that has the latest number. */
static bool is_latest(const void *data, size_t size, const char *id)
{
    const int64_t latest = latest_number(&before);

    for (size_t i = 0; i < before.count; i++) {
        const struct found *file = &before.files[i];
        if (is_checkpoint(file) && number_in(file->name) == latest && listing_has(file, data, size) &&
            (id == NULL || strcmp(id, file->name) == 0))
            return true;
    }
    return false;
}

static void dir_latest(bool intact)
{
    struct cairn_id id = {.text = ""};
    void *data;
    size_t size;

    const int error = intact ? cairn_latest_intact(handle, NULL, &id, &data, &size)
                             : cairn_latest(handle, NULL, &data, &size);
    hostile_check_error(error, "latest");
    hostile_check_data(error, data, size, "latest");
    if (error == 0) {
        FUZZ_ASSERT(is_latest(data, size, intact ? id.text : NULL), "latest gives %zu bytes of none, %s",
                    size, id.text);
        cairn_free(data);
    } else if (!may_fail(error)) {
        FUZZ_ASSERT(error == CAIRN_ENONE && latest_number(&before) < 0, "latest gives %d: %s", error,
                    cairn_message());
    }
    check_unchanged("latest");
}

static void dir_load(const char *id)
{
    void *data;
    size_t size;

    const int error = cairn_load(handle, NULL, id, &data, &size);
    const struct found *file = listing_find(&before, id);
    hostile_check_error(error, "load");
    hostile_check_data(error, data, size, "load");
    if (error == 0) {
        FUZZ_ASSERT(file && is_checkpoint(file) && listing_has(file, data, size),
                    "load of %s gives %zu bytes", id, size);
        cairn_free(data);
    } else if (!may_fail(error)) {
        const int right = number_in(id) < 0 ? CAIRN_EINVAL : CAIRN_ENOTFOUND;
        FUZZ_ASSERT(error == right && (right == CAIRN_EINVAL || file == NULL || !is_checkpoint(file)),
                    "load of %s gives %d: %s", id, error, cairn_message());
    }
    check_unchanged("load");
}

struct shown {
    size_t count;
    uint64_t bytes;
    int64_t number;
};

static int show(void *arg, const struct cairn_entry *entry)
{
    struct shown *shown = arg;
    const struct found *file = listing_find(&before, entry->id);
    const size_t size = strlen(entry->label);

    FUZZ_ASSERT(file && is_checkpoint(file) && entry->error == 0, "list shows %s", entry->id);
    FUZZ_ASSERT(entry->size == file->size && entry->number == (uint64_t)number_in(file->name) &&
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
    struct cairn_mark mark = {{0}};
    struct cairn_stat stat;

    int error =
        since ? cairn_list_since(handle, NULL, &mark, show, &shown) : cairn_list(handle, NULL, show, &shown);
    hostile_check_error(error, "list");
    FUZZ_ASSERT(error ? may_fail(error) : shown.count == count_checkpoints(&before),
                "list gives %d and shows %zu of %zu: %s", error, shown.count, count_checkpoints(&before),
                cairn_message());
    if (error == 0 && since) {
        const size_t count = shown.count;
        shown.number = -1;
        error = cairn_list_since(handle, NULL, &mark, show, &shown);
        FUZZ_ASSERT(error == 0 && shown.count == count, "what has been shown is shown again");
    }
    if (error == 0) {
        FUZZ_ASSERT(cairn_stat(handle, NULL, &stat) == 0 && stat.count == shown.count &&
                        stat.data_bytes == shown.bytes && stat.lost == 0,
                    "stat counts %llu of %zu", (unsigned long long)stat.count, shown.count);
    }
    check_unchanged("list");
}

/* is_whole -- whether verify has nothing to name. */
static bool is_whole(void)
{
    for (size_t i = 0; i < before.count; i++) {
        const struct found *file = &before.files[i];
        const size_t size = strlen(file->name);
        const int64_t number = number_in(file->name);
        if (size < 12 || strcmp(file->name + size - 4, ".chk") != 0)
            continue;
        if (number < 0 ? S_ISREG(file->mode) : !S_ISREG(file->mode))
            return false;
        for (size_t k = 0; k < i && number >= 0; k++) {
            if (is_checkpoint(&before.files[k]) && number_in(before.files[k].name) == number)
                return false;
        }
    }
    return true;
}

static void dir_verify(void)
{
    const int error = cairn_verify(handle, NULL, NULL);

    hostile_check_error(error, "verify");
    FUZZ_ASSERT(may_fail(error) || error == (is_whole() ? 0 : CAIRN_ECORRUPT), "verify gives %d: %s", error,
                cairn_message());
    check_unchanged("verify");
}

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
    if (!readonly && right == 0 && !may_fail(error))
        return false;
    if (!may_fail(error))
        FUZZ_ASSERT(readonly ? error == CAIRN_EACCES || error == right
                             : error == CAIRN_EINVAL || error == CAIRN_E2BIG,
                    "%s gives %d: %s", what, error, cairn_message());
    check_unchanged(what);
    return true;
}

static void dir_checkpoint(struct source *source, const char *label)
{
    struct cairn_id id = {.text = ""};
    unsigned char data[255];
    const size_t size = source_u8(source) % sizeof(data);
    char name[400];
    int64_t number = latest_number(&before);

    source_bytes(source, data, size);
    const int error = cairn_checkpoint(handle, NULL, label, data, size, &id);
    if (check_refused(error, label, "checkpoint"))
        return;
    do
        snprintf(name, sizeof(name), "%08lld%s.chk", (long long)++number, label);
    while (listing_find(&before, name) && number <= 99999999);
    if (number > 99999999) {
        FUZZ_ASSERT(error == CAIRN_ENOSPC, "no number is left, and it gives %d", error);
        check_unchanged("checkpoint");
        return;
    }
    FUZZ_ASSERT(error == 0 && strcmp(id.text, name) == 0, "checkpoint gives %d, %s for %s: %s", error,
                id.text, name, cairn_message());
    listing_take(&after, canary_work());
    const struct found *file = listing_find(&after, name);
    FUZZ_ASSERT(file && is_checkpoint(file) && listing_has(file, data, size), "%s is not what was recorded",
                name);
    memmove((void *)(uintptr_t)file, file + 1,
            (size_t)(after.files + after.count - file - 1) * sizeof(*file));
    after.count--;
    file = listing_differ(&before, &after, minds_others);
    FUZZ_ASSERT(file == NULL, "checkpoint: %s is not as it was", file->name);
}

static void dir_compact(const char *label)
{
    char name[400];

    snprintf(name, sizeof(name), "00000000%s.chk", label);
    const struct found *way = listing_find(&before, name);
    const int error = cairn_compact(handle, NULL, label);
    if (check_refused(error, label, "compact"))
        return;
    if (count_checkpoints(&before) == 0 || (way && !S_ISREG(way->mode))) {
        FUZZ_ASSERT(error == (count_checkpoints(&before) ? CAIRN_EBUSY : 0), "compact gives %d: %s", error,
                    cairn_message());
        check_unchanged("compact");
        return;
    }
    FUZZ_ASSERT(error == 0, "compact gives %d: %s", error, cairn_message());
    listing_take(&after, canary_work());
    const struct found *kept = listing_find(&after, name),
                       *other = listing_differ(&before, &after, minds_no_checkpoints);
    FUZZ_ASSERT(kept && count_checkpoints(&after) == 1, "compact: %s is not what is left", name);
    FUZZ_ASSERT(other == NULL, "compact: %s is not as it was", other->name);
    for (size_t i = 0; i < before.count; i++) {
        const struct found *was = &before.files[i];
        if (is_checkpoint(was) && number_in(was->name) == latest_number(&before) &&
            was->inode == kept->inode && was->hash == kept->hash && was->size == kept->size)
            return;
    }
    FUZZ_ASSERT(false, "compact: what is left is not the latest");
}

static void dir_clear(bool complete)
{
    const int error = complete ? cairn_complete(handle, NULL) : cairn_clear(handle, NULL);

    if (check_refused(error, "", "clear"))
        return;
    FUZZ_ASSERT(error == 0, "clear gives %d: %s", error, cairn_message());
    listing_take(&after, canary_work());
    const struct found *other = listing_differ(&before, &after, minds_no_checkpoints);
    FUZZ_ASSERT(count_checkpoints(&after) == 0, "clear: something is left");
    FUZZ_ASSERT(other == NULL, "clear: %s is not as it was", other->name);
}

static void dir_open(uint8_t flags)
{
    listing_take(&before, canary_work());
    const bool is_journal = listing_find(&before, "journal.ctl") != NULL;
    readonly = flags & INPUT_READONLY;
    hostile_open(&handle, flags, "dir");
    FUZZ_ASSERT((handle == NULL) == is_journal, "it is %s journal: %s", is_journal ? "a" : "no",
                cairn_message());
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(&before, &after, minds_no_temporary);
    FUZZ_ASSERT(file == NULL, "open: %s is not as it was", file->name);
}

void hostile_dir_run(struct source *source, uint8_t flags)
{
    char text[300];

    dir_open(flags);
    for (unsigned calls = 0; handle && calls < 16 && source->left; calls++) {
        const enum asked asked = (enum asked)(source_u8(source) % ASK_COUNT);
        listing_take(&before, canary_work());
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
            hostile_id(source, &before, text);
            dir_load(text);
            break;
        case ASK_LIST:
        case ASK_STAT:
        case ASK_SINCE:
            dir_list(asked == ASK_SINCE);
            break;
        case ASK_VERIFY:
            dir_verify();
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
            FUZZ_ASSERT(cairn_repair(handle, NULL, NULL) == CAIRN_ENOTSUP, "a dir: is repaired");
            break;
        case ASK_REOPEN:
            dir_open(source_u8(source));
            break;
        case ASK_COUNT:
            break;
        }
    }
    cairn_close(handle);
    handle = NULL;
}
