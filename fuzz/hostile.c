/* hostile.c -- see hostile.h. */
#include "fuzz/hostile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/budget.h"
#include "fuzz/canary.h"
#include "fuzz/hostile_system.h"
#include "fuzz/place.h"
#include "fuzz/target.h"
#include "journal/control.h"
#include "journal/index.h"

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

#define MANY_MAX 1200u

/* A file of the good journal. */
struct image {
    const char *name;
    unsigned char *bytes;
    size_t size;
};

static struct history history;
static struct image images[] = {
    {"seg-00000001", NULL, 0}, {"seg-00000002", NULL, 0}, {INDEX_NAME, NULL, 0}, {CONTROL_NAME, NULL, 0}};

void hostile_begin(void)
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

const struct history *hostile_history(void)
{
    return &history;
}

bool hostile_is_image(const struct found *file)
{
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        if (strcmp(file->name, images[i].name) == 0 && S_ISREG(file->mode) && (file->mode & 0600) == 0600 &&
            listing_has(file, images[i].bytes, images[i].size))
            return true;
    }
    return false;
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

bool hostile_is_of_journal(const char *name)
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
            hostile_is_of_journal(name) == hostile_is_of_journal(other))
            result = linkat(work, other, work, name, 0);
        break;
    case THING_MANY:
        for (unsigned i = 4u * source_u8(source); i > 0 && made < MANY_MAX; i--, made++) {
            snprintf(other, sizeof(other), "%08u%.100s.chk", i, name);
            write_file(other, &i, sizeof(i));
        }
        break;
    case THING_LARGE: {
        const int fd = openat(work, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd >= 0) {
            result = ftruncate(fd, (1 << 20) + 5);
            close(fd);
        }
        break;
    }
    case THING_COUNT:
        break;
    }
    (void)result;
}

void hostile_make(struct source *source, uint8_t flags)
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

void hostile_label(struct source *source, char label[300])
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

void hostile_id(struct source *source, const struct listing *listing, char id[300])
{
    const uint8_t how = source_u8(source);

    memset(id, 0, 300);
    if (how < COUNT_OF(ids))
        snprintf(id, 300, "%s", ids[how]);
    else if (how < 224 && listing->count)
        snprintf(id, 300, "%s", listing->files[how % listing->count].name);
    else if (how == 255)
        memset(id, 'l', 270); /* longer than a name can be */
    else
        source_bytes(source, id, how % 32);
}

void hostile_check_error(int error, const char *what)
{
    FUZZ_ASSERT(error <= 0 && error >= CAIRN_ENOTSUP, "%s gives %d, which is no error", what, error);
    FUZZ_ASSERT(error == 0 || cairn_message()[0], "%s gives %d, and says nothing", what, error);
}

void hostile_check_data(int error, const void *data, size_t size, const char *what)
{
    FUZZ_ASSERT(error != 0 || !canary_is(data, size), "%s gives what is outside of the directory", what);
}

int hostile_open(struct cairn_op **handle, uint8_t flags, const char *scheme)
{
    char url[PLACE_PATH_SIZE * 2];
    struct budget budget;

    cairn_close(*handle);
    *handle = NULL;
    if (hostile_is_guest()) /* he may not come there by the path */
        snprintf(url, sizeof(url), "%s:/proc/self/fd/%d", scheme, canary_work());
    else
        snprintf(url, sizeof(url), "%s:%s", scheme, canary_path());
    budget_begin(&budget, "opening");
    hostile_blind(false);
    hostile_enter(NULL);
    const int error = cairn_open(handle, NULL, url,
                                 CAIRN_NO_THREAD | (flags & INPUT_READONLY ? (unsigned)CAIRN_READONLY : 0u) |
                                     (flags & INPUT_EXISTING ? (unsigned)CAIRN_EXISTING : 0u));
    hostile_leave();
    hostile_blind(true);
    budget_end(&budget, 2 * 1024 * 1024);
    hostile_check_error(error, "open");
    FUZZ_ASSERT((error == 0) == (*handle != NULL), "open gives %d and a handle", error);
    return error;
}

uint8_t hostile_name(const char *name)
{
    uint8_t at = 0;

    while (strcmp(file_names[at], name) != 0)
        at++;
    return at;
}
