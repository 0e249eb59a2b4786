/* fuzz_directory.c -- a directory of hostile names and contents, opened as `dir:` or as a journal.
 *
 * An input says which, whether a good journal is there, what else is: files, links, fifos, sockets,
 * directories, under names that are right, or nearly, or nobody's; and then what is asked and done, call by
 * call.
 *
 * What must hold:
 *
 *   - nothing crashes or hangs;
 *   - nothing outside of the directory is given out or changed (canary.h);
 *   - of a `dir:` each answer is what a plain reading of the directory (listing.h) and the public header say,
 * and each call changes what it says and nothing else;
 *   - of a journal, nothing is given out that was not recorded, files of other names are not touched, none is
 * made where there are such, and beside these all that was recorded is there;
 *   - whatever fails does so with one of Cairn's errors, and a message.
 *
 * Left out: further names (hard links) of what is written to in its place, the lock and a journal's files.
 * Whoever can give a file such a name could as well write to it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/answers.h"
#include "fuzz/budget.h"
#include "fuzz/canary.h"
#include "fuzz/history.h"
#include "fuzz/listing.h"
#include "fuzz/place.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"
#include "journal/control.h"
#include "journal/index.h"
#include "system/utf8.h"

enum { INPUT_JOURNAL = 1, INPUT_BASE = 2, INPUT_READONLY = 4, INPUT_EXISTING = 8, INPUT_INDEX = 16 };

enum thing {
    THING_FILE,
    THING_LINK,
    THING_FIFO,
    THING_DIRECTORY,
    THING_NAME,
    THING_SOCKET,
    THING_CLOSED,
    THING_DEVICE,
    THING_MANY,
    THING_COUNT
};

enum call {
    CALL_CHECKPOINT,
    CALL_LATEST,
    CALL_LOAD,
    CALL_LIST,
    CALL_STAT,
    CALL_VERIFY,
    CALL_COMPACT,
    CALL_CLEAR,
    CALL_COMPLETE,
    CALL_INTACT,
    CALL_SINCE,
    CALL_REOPEN,
    CALL_REPAIR,
    CALL_COUNT
};

/* --- the directory ------------------------------------------------------------------------------------- */

static const char *const file_names[] = {"00000000.chk",
                                         "00000001.chk",
                                         "00000002a.chk",
                                         "99999998.chk",
                                         "99999999.chk",
                                         "lock",
                                         "journal.ctl",
                                         "index.mdb",
                                         "seg-00000001",
                                         "seg-00000002",
                                         "seg-00000003",
                                         "spare-00000003",
                                         "spare-reserve",
                                         "damaged-00000001-1",
                                         "blob-00000001",
                                         "tmp-0123456789abcdef",
                                         "tmp-0123456789abcde",
                                         "00000000",
                                         "a.chk",
                                         "0000000a.chk",
                                         "+0000001.chk",
                                         "00000001.CHK",
                                         "0000001.chk",
                                         "000000001.chk",
                                         ".hidden",
                                         "lost+found",
                                         ".cairn-steps",
                                         "seg-1",
                                         "seg-00000000",
                                         "seg-18446744073709551615",
                                         "seg-99999999999999999999",
                                         "00000003\xff.chk",
                                         "00000004\n.chk",
                                         "index.mdb-lock",

                                         "00000000a"};

static const char *const link_ends[] = {
    "../beside/00000000.chk", "../beside",      "../stray", ".",         "lock",
    "00000001.chk",           "00000000.chk",   "nowhere",  "/dev/zero", "seg-00000001",
    "seg-00000002",           "../beside/stray"};

static const char *const labels[] = {"",     "a",    "another", "/../../beside/stray", "../stray",
                                     "\xff", ".chk", "\n",      "/../../stray",        "\xc3\xa9"};

static const char *const ids[] = {"00000000.chk",
                                  "00000001.chk",
                                  "../beside/00000000.chk",
                                  "00000000/../../beside/00000000.chk",
                                  "00000000a/../../beside/00000000.chk",
                                  "00000000@1",
                                  "00000001@1",
                                  "",
                                  "lock",
                                  "0000000a.chk",
                                  "00000000",
                                  "seg-00000001"};

#define MANY_MAX        1200u
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* A file of a good journal. */
struct image {
    const char *name;
    unsigned char *bytes;
    size_t size;
};

static struct history history;
static struct image images[] = {
    {"seg-00000001", NULL, 0}, {"seg-00000002", NULL, 0}, {INDEX_NAME, NULL, 0}, {CONTROL_NAME, NULL, 0}};
static struct listing before, after;

static void make_images(void)
{
    struct cairn_op *op;

    if (images[0].bytes)
        return;
    history_begin(&history, HISTORY_CAPACITY);
    for (unsigned i = 0; i < 3; i++)
        history_append(&history, RECORD_CHECKPOINT, 3, 100);
    history_sync(&history);
    history_next(&history, HISTORY_CAPACITY, true);
    for (unsigned i = 0; i < 3; i++)
        history_append(&history, RECORD_CHECKPOINT, 3, 100);
    place_clear();
    history_write(&history);
    FUZZ_ASSERT(cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD) == 0, "%s", cairn_message());
    cairn_close(op);
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        images[i].bytes = place_read(images[i].name, &images[i].size);
        FUZZ_ASSERT(images[i].bytes, "%s was not made", images[i].name);
    }
    place_clear();
}

static void write_file(const char *name, const void *data, size_t size)
{
    const int fd = openat(canary_work(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        return; /* there is one */
    FUZZ_ASSERT(write(fd, data, size) == (ssize_t)size, "a file cannot be written");
    close(fd);
}

/* take_name -- one that is in the table, or a number with a label, or anything. */
static void take_name(struct source *source, char name[256])
{
    const uint8_t how = source_u8(source);
    char label[64];

    memset(name, 0, 256);
    if (how < COUNT_OF(file_names)) {
        snprintf(name, 256, "%s", file_names[how]);
    } else if (how < 160) {
        const unsigned number = source_u8(source);
        memset(label, 0, sizeof(label));
        source_bytes(source, label, how % 16);
        snprintf(name, 256, "%08u%s.chk", how & 16 ? 99999999 - number : number, label);
    } else {
        source_bytes(source, name, how - 160u);
    }
    for (char *at = name; *at; at++) {
        if (*at == '/')
            *at = '_';
    }
}

/* take_content -- what a file has. */
static void take_content(struct source *source, const char *name)
{
    unsigned char bytes[255];
    const uint8_t what = source_u8(source);

    if (what < 8) {
        const struct image *image = &images[what % COUNT_OF(images)];
        write_file(name, image->bytes, what & 4 ? image->size / 2 : image->size);
    } else {
        source_bytes(source, bytes, what - 8u);
        write_file(name, bytes, what - 8u);
    }
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* is_of_journal -- whether the name is one of a journal's own, by docs/format.md. */
static bool is_of_journal(const char *name)
{
    return begins(name, "seg-") || begins(name, "spare-") || begins(name, "damaged-") ||
           begins(name, "blob-") || strcmp(name, "index.mdb") == 0 || strcmp(name, "journal.ctl") == 0;
}

static unsigned made; /* by THING_MANY */

static void make_thing(struct source *source)
{
    const enum thing thing = (enum thing)(source_u8(source) % THING_COUNT);
    const int work = canary_work();
    char name[256], other[256];

    take_name(source, name);
    if (*name == '\0')
        return;
    /* What cannot be made is not there: the place has it, or the file system does not. */
    int result = 0;
    switch (thing) {
    case THING_FILE:
    case THING_CLOSED:
        take_content(source, name);
        if (thing == THING_CLOSED && faccessat(work, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            result = fchmodat(work, name, 0, AT_SYMLINK_NOFOLLOW);
        break;
    case THING_LINK:
        result = symlinkat(link_ends[source_u8(source) % COUNT_OF(link_ends)], work, name);
        break;
    case THING_FIFO:
        result = mknodat(work, name, S_IFIFO | 0644, 0);
        break;
    case THING_SOCKET:
        result = mknodat(work, name, S_IFSOCK | 0644, 0);
        break;
    case THING_DEVICE:
        result = mknodat(work, name, S_IFCHR | 0644, (1 << 8) + 5); /* /dev/zero, if we may */
        break;
    case THING_DIRECTORY:
        result = mkdirat(work, name, 0755);
        break;
    case THING_NAME:
        take_name(source, other);
        if (strcmp(name, "lock") != 0 && strcmp(other, "lock") != 0 &&
            is_of_journal(name) == is_of_journal(other))
            result = linkat(work, other, work, name, 0);
        break;
    case THING_MANY:
        for (unsigned i = 4u * source_u8(source); i > 0 && made < MANY_MAX; i--, made++) {
            snprintf(other, sizeof(other), "%08u%.100s.chk", i, name);
            write_file(other, &i, sizeof(i));
        }
        break;
    case THING_COUNT:
        break;
    }
    (void)result;
}

static void make_directory(struct source *source, uint8_t flags)
{
    canary_begin();
    made = 0;
    for (size_t i = 0; flags & INPUT_BASE && i < COUNT_OF(images); i++) {
        if (images[i].name[0] == 's' || flags & INPUT_INDEX)
            write_file(images[i].name, images[i].bytes, images[i].size);
    }
    for (unsigned count = source_u8(source) % 16; count > 0 && source->left; count--)
        make_thing(source);
}

/* --- what both have ------------------------------------------------------------------------------------ */

static bool minds_all(const struct found *file)
{
    (void)file;
    return true;
}

static void take_label(struct source *source, char label[300])
{
    const uint8_t how = source_u8(source);

    memset(label, 0, 300);
    if (how < COUNT_OF(labels))
        snprintf(label, 300, "%s", labels[how]);
    else if (how < 128)
        source_bytes(source, label, how % 16);
    else
        memset(label, 'l', how + 44u); /* up to 299, and 243 is the most */
}

/* take_id -- one from the table, or that of something that is there. */
static void take_id(struct source *source, char id[300])
{
    const uint8_t how = source_u8(source);

    memset(id, 0, 300);
    if (how < COUNT_OF(ids))
        snprintf(id, 300, "%s", ids[how]);
    else if (how < 224 && before.count)
        snprintf(id, 300, "%s", before.files[how % before.count].name);
    else
        source_bytes(source, id, how % 32);
}

/* check_error -- it is one of Cairn's, and says something. */
static void check_error(int error, const char *what)
{
    FUZZ_ASSERT(error <= 0 && error >= CAIRN_ENOTSUP, "%s gives %d, which is no error", what, error);
    FUZZ_ASSERT(error == 0 || cairn_message()[0], "%s gives %d, and says nothing", what, error);
}

/* check_data -- it is not the canary's. */
static void check_data(int error, const void *data, size_t size, const char *what)
{
    FUZZ_ASSERT(error != 0 || !canary_is(data, size), "%s gives what is outside of the directory", what);
}

/* --- dir: ---------------------------------------------------------------------------------------------- */

static struct cairn_op *handle;
static bool readonly;

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
    check_error(error, "latest");
    check_data(error, data, size, "latest");
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
    check_error(error, "load");
    check_data(error, data, size, "load");
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
    check_error(error, "list");
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

    check_error(error, "verify");
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

    check_error(error, what);
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

static void open_handle(uint8_t flags, const char *scheme)
{
    char url[PLACE_PATH_SIZE * 2];
    struct budget budget;

    cairn_close(handle);
    handle = NULL;
    readonly = flags & INPUT_READONLY;
    snprintf(url, sizeof(url), "%s:%s", scheme, canary_path());
    budget_begin(&budget, "opening");
    const int error = cairn_open(&handle, NULL, url,
                                 CAIRN_NO_THREAD | (readonly ? (unsigned)CAIRN_READONLY : 0u) |
                                     (flags & INPUT_EXISTING ? (unsigned)CAIRN_EXISTING : 0u));
    budget_end(&budget, 2 * 1024 * 1024);
    check_error(error, "open");
    FUZZ_ASSERT((error == 0) == (handle != NULL), "open gives %d and a handle", error);
}

static void dir_open(uint8_t flags)
{
    listing_take(&before, canary_work());
    const bool is_journal = listing_find(&before, "journal.ctl") != NULL;
    open_handle(flags, "dir");
    FUZZ_ASSERT((handle == NULL) == is_journal, "it is %s journal: %s", is_journal ? "a" : "no",
                cairn_message());
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(&before, &after, minds_no_temporary);
    FUZZ_ASSERT(file == NULL, "open: %s is not as it was", file->name);
}

static void run_dir(struct source *source, uint8_t flags)
{
    char text[300];

    dir_open(flags);
    for (unsigned calls = 0; handle && calls < 16 && source->left; calls++) {
        const enum call call = (enum call)(source_u8(source) % CALL_COUNT);
        listing_take(&before, canary_work());
        switch (call) {
        case CALL_CHECKPOINT:
            take_label(source, text);
            dir_checkpoint(source, text);
            break;
        case CALL_LATEST:
        case CALL_INTACT:
            dir_latest(call == CALL_INTACT);
            break;
        case CALL_LOAD:
            take_id(source, text);
            dir_load(text);
            break;
        case CALL_LIST:
        case CALL_STAT:
        case CALL_SINCE:
            dir_list(call == CALL_SINCE);
            break;
        case CALL_VERIFY:
            dir_verify();
            break;
        case CALL_COMPACT:
            take_label(source, text);
            dir_compact(text);
            break;
        case CALL_CLEAR:
        case CALL_COMPLETE:
            dir_clear(call == CALL_COMPLETE);
            break;
        case CALL_REPAIR:
            FUZZ_ASSERT(cairn_repair(handle, NULL, NULL) == CAIRN_ENOTSUP, "a dir: is repaired");
            break;
        case CALL_REOPEN:
            dir_open(source_u8(source));
            break;
        case CALL_COUNT:
            break;
        }
    }
}

/* --- a journal ----------------------------------------------------------------------------------------- */

/* minds_foreign -- what is no file of a journal. */
static bool minds_foreign(const struct found *file)
{
    return !is_of_journal(file->name);
}

/* has -- whether there is a file that `minds` holds for. */
static bool has(const struct listing *listing, listing_minds *minds)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (minds(&listing->files[i]))
            return true;
    }
    return false;
}

static bool is_segment(const struct found *file)
{
    return begins(file->name, "seg-");
}

static bool is_in_the_way(const struct found *file)
{
    return minds_foreign(file) && file->name[0] != '.' && strcmp(file->name, "lost+found") != 0;
}

/* is_images -- whether all of a journal's files there are as they were made. */
static bool is_good(const struct listing *listing)
{
    size_t good = 0;

    for (size_t i = 0; i < listing->count; i++) {
        const struct found *file = &listing->files[i];
        bool is = false;
        if (!minds_foreign(file))
            for (size_t k = 0; k < COUNT_OF(images); k++)
                is |= strcmp(file->name, images[k].name) == 0 && S_ISREG(file->mode) &&
                      (file->mode & 0600) == 0600 && listing_has(file, images[k].bytes, images[k].size);
        if (is)
            good += is_segment(file);
        else if (!minds_foreign(file))
            return false;
    }
    return good == 2;
}

static void check_foreign(const struct listing *first, const char *what)
{
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(first, &after, minds_foreign);
    FUZZ_ASSERT(file == NULL, "%s: %s is not as it was", what, file->name);
}

/* journal_call -- one that changes something. A checkpoint of no data is like no other's. */
static int journal_call(enum call call, const char *label, const struct cairn_ctx *ctx)
{
    switch (call) {
    case CALL_CHECKPOINT:
        return cairn_checkpoint(handle, ctx, label, "", 0, NULL);
    case CALL_COMPACT:
        return cairn_compact(handle, ctx, label);
    case CALL_CLEAR:
        return cairn_clear(handle, ctx);
    case CALL_COMPLETE:
        return cairn_complete(handle, ctx);
    case CALL_REPAIR:
        return cairn_repair(handle, ctx, NULL);
    default:
        return 0;
    }
}

static void journal_ask(const struct listing *first, bool good)
{
    static struct answers answers;
    struct cairn_ctx soon;

    cairn_ctx_with_timeout(&soon, 20000000);
    answers_ask(&answers, &history, handle, good ? NULL : &soon);
    if (good)
        answers_check_whole(&answers, &history, "beside other files");
    check_foreign(first, "asking");
}

static void run_journal(struct source *source, uint8_t flags)
{
    static struct listing first;
    char text[300];
    void *data;
    size_t size;

    listing_take(&first, canary_work());
    const bool good = is_good(&first), none = !has(&first, is_segment) && has(&first, is_in_the_way);
    open_handle(flags, "journal");
    check_foreign(&first, "open");
    FUZZ_ASSERT(!good || handle, "a good journal is not opened: %s", cairn_message());
    if (none) {
        FUZZ_ASSERT(handle == NULL, "a journal is made where there is something else");
        const struct found *file = listing_differ(&first, &after, minds_all);
        FUZZ_ASSERT(file == NULL, "open fails, and %s is not as it was", file->name);
    }
    if (handle)
        journal_ask(&first, good);
    for (unsigned calls = 0; handle && calls < 8 && source->left; calls++) {
        const enum call call = (enum call)(source_u8(source) % CALL_COUNT);
        struct cairn_ctx soon;
        cairn_ctx_with_timeout(&soon, 20000000);
        listing_take(&before, canary_work());
        if (call == CALL_LOAD) {
            take_id(source, text);
            const int error = cairn_load(handle, &soon, text, &data, &size);
            check_error(error, "load");
            check_data(error, data, size, "load");
            if (error == 0)
                cairn_free(data);
        } else if (call == CALL_REOPEN) {
            open_handle(source_u8(source), "journal");
        } else {
            take_label(source, text);
            check_error(journal_call(call, text, &soon), "a call");
        }
        if (handle)
            journal_ask(&first, false);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};

    make_images();
    const uint8_t flags = source_u8(&source);
    make_directory(&source, flags);
    if (flags & INPUT_JOURNAL)
        run_journal(&source, flags);
    else
        run_dir(&source, flags);
    cairn_close(handle);
    handle = NULL;
    canary_check();
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static uint8_t name_number(const char *name)
{
    uint8_t at = 0;

    while (strcmp(file_names[at], name) != 0)
        at++;
    return at;
}

static void add_file(struct sink *sink, const char *name, uint8_t content)
{
    sink_u8(sink, THING_FILE);
    sink_u8(sink, name_number(name));
    sink_u8(sink, content);
    if (content > 8)
        sink_bytes(sink, "some bytes that are some", content - 8u);
}

static void add_thing(struct sink *sink, enum thing thing, const char *name, uint8_t end)
{
    sink_u8(sink, (uint8_t)thing);
    sink_u8(sink, name_number(name));
    if (thing == THING_LINK)
        sink_u8(sink, end);
}

static void add_calls(struct sink *sink)
{
    static const uint8_t calls[] = {
        CALL_LATEST,     CALL_LIST, CALL_SINCE,  CALL_VERIFY, CALL_INTACT, CALL_LOAD,       0, CALL_LOAD, 3,
        CALL_CHECKPOINT, 1,         2,           'x',         'y',         CALL_CHECKPOINT, 3, 1,         'x',
        CALL_COMPACT,    2,         CALL_LATEST, CALL_CLEAR,  CALL_STAT};

    sink_bytes(sink, calls, sizeof(calls));
}

void target_seeds(target_seed *seed)
{
    static struct sink sink;

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 6);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "00000001.chk", 12);
    add_file(&sink, "00000002a.chk", 20);
    add_file(&sink, "0000000a.chk", 8);
    add_file(&sink, "tmp-0123456789abcdef", 9);
    add_file(&sink, ".hidden", 9);
    add_calls(&sink);
    seed("dir", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 6);
    add_thing(&sink, THING_LINK, "00000001.chk", 0);
    add_thing(&sink, THING_LINK, "00000000a", 1);
    add_thing(&sink, THING_DIRECTORY, "00000000", 0);
    add_thing(&sink, THING_FIFO, "00000002a.chk", 0);
    add_file(&sink, "00000000.chk", 12);
    add_thing(&sink, THING_DEVICE, "99999998.chk", 0);
    sink_u8(&sink, CALL_LOAD);
    sink_u8(&sink, 1);
    add_calls(&sink);
    seed("dir-hostile", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 2);
    add_thing(&sink, THING_LINK, "lock", 2);
    add_file(&sink, "99999999.chk", 12);
    add_calls(&sink);
    seed("dir-lock", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL | INPUT_BASE | INPUT_INDEX);
    sink_u8(&sink, 3);
    add_file(&sink, "00000000.chk", 18);
    add_thing(&sink, THING_LINK, ".hidden", 0);
    add_thing(&sink, THING_FIFO, "00000000a", 0);
    add_calls(&sink);
    seed("journal", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL | INPUT_BASE);
    sink_u8(&sink, 7);
    add_thing(&sink, THING_LINK, "journal.ctl", 0);
    add_thing(&sink, THING_LINK, "index.mdb", 0);
    add_thing(&sink, THING_FIFO, "seg-00000003", 0);
    add_thing(&sink, THING_DIRECTORY, "spare-00000003", 0);
    add_thing(&sink, THING_LINK, "spare-reserve", 11);
    add_file(&sink, "seg-18446744073709551615", 0);
    add_file(&sink, "damaged-00000001-1", 1);
    add_calls(&sink);
    seed("journal-hostile", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL);
    sink_u8(&sink, 2);
    add_file(&sink, ".hidden", 18);
    add_file(&sink, "spare-reserve", 8);
    add_calls(&sink);
    seed("journal-new", sink.bytes, sink.size);
}
