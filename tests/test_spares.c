/* test_spares.c -- the files that wait to become a segment: what a removal leaves is used again, for records
 * that it is right for, and no more of it is kept than was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/spares.h"
#include "scratch.h"

#define LARGE  (1024u * 1024)
#define LITTLE 20000u
#define MANY   6000u /* of these take some ten segments */

static char dir[SCRATCH_PATH_SIZE]; /* a new one for each test */
static char place[SCRATCH_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    scratch_make(dir, true);
    scratch_join(place, dir, "journal");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

#define good(call) good_(call, #call, __LINE__)
static void good_(int error, const char *call, int line)
{
    if (error)
        fail_msg("line %d: %s: %d: %s", line, call, error, cairn_message());
}

/* Without a thread: a spare is made when it is wanted, and so it is known which there are. */
static struct cairn_op *open_journal(void)
{
    struct cairn_op *op = NULL;
    good(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    return op;
}

static void record(struct cairn_op *op, unsigned count, size_t size)
{
    char *data = calloc(1, size);

    assert_non_null(data);
    for (unsigned i = 0; i < count; i++)
        good(cairn_checkpoint(op, NULL, "", data, size, NULL));
    free(data);
}

/* The files whose names begin so. */
struct found {
    unsigned count;
    ino_t inodes[64];
    off_t sizes[64];
    off_t bytes; /* of all */
};

static struct found files_of(const char *prefix)
{
    struct found files = {0};
    DIR *names = opendir(place);

    assert_non_null(names);
    for (struct dirent *entry; (entry = readdir(names)) != NULL;) {
        struct stat st;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            strcmp(entry->d_name, "spare-reserve") == 0)
            continue;
        assert_int_equal(fstatat(dirfd(names), entry->d_name, &st, 0), 0);
        assert_true(files.count < 64);
        files.inodes[files.count] = st.st_ino;
        files.sizes[files.count++] = st.st_size;
        files.bytes += st.st_size;
    }
    closedir(names);
    return files;
}

static bool has_inode(const struct found *files, ino_t inode)
{
    for (unsigned i = 0; i < files->count; i++) {
        if (files->inodes[i] == inode)
            return true;
    }
    return false;
}

/* all_are_used -- the spares become segments, and none is left. */
static void all_are_used(struct cairn_op *op, const struct found *spares)
{
    record(op, MANY, LITTLE);
    const struct found segments = files_of("seg-");
    for (unsigned i = 0; i < spares->count; i++)
        assert_true(has_inode(&segments, spares->inodes[i]));
    assert_int_equal(files_of("spare-").count, 0);
}

static void spares__that_are_kept_are_few_and_used_again(void **state)
{
    (void)state;
    struct cairn_op *op = open_journal();
    record(op, MANY, LITTLE);
    const struct found before = files_of("seg-");
    assert_true(before.count > SPARES_MAX + 2);
    good(cairn_clear(op, NULL));
    const struct found kept = files_of("spare-");
    assert_int_equal(kept.count, SPARES_MAX);
    for (unsigned i = 0; i < kept.count; i++)
        assert_true(has_inode(&before, kept.inodes[i]));

    all_are_used(op, &kept);
    cairn_close(op);
}

static void spares__outlive_who_made_them(void **state)
{
    (void)state;
    struct cairn_op *op = open_journal();
    record(op, MANY, LITTLE);
    good(cairn_clear(op, NULL));
    cairn_close(op);
    const struct found kept = files_of("spare-");
    char path[SCRATCH_PATH_SIZE];
    scratch_write(scratch_join(path, place, "spare-00000099"), "cut", 3); /* in the making, then */

    op = open_journal();
    all_are_used(op, &kept);
    cairn_close(op);
}

/* The newest segment is looked through at each opening. */
static void spares__of_large_records_are_not_for_little_ones(void **state)
{
    (void)state;
    struct cairn_op *op = open_journal();
    record(op, 3, 40 * LARGE);
    good(cairn_clear(op, NULL));
    assert_true(files_of("spare-").count > 0);
    record(op, MANY, LITTLE);
    good(cairn_clear(op, NULL));
    record(op, MANY, LITTLE);
    const struct found segments = files_of("seg-");
    unsigned large = 0;
    for (unsigned i = 0; i < segments.count; i++)
        large += segments.sizes[i] > (off_t)SEGMENT_SIZE_MAX * 9 / 8;
    assert_int_equal(large, 0);
    cairn_close(op);
}

static void spares__grow_with_large_records_only(void **state)
{
    (void)state;
    struct cairn_op *op = open_journal();
    record(op, 5000, LITTLE);
    struct found segments = files_of("seg-");
    for (unsigned i = 0; i < segments.count; i++)
        assert_true(segments.sizes[i] <= (off_t)SEGMENT_SIZE_MAX);
    record(op, 200, LARGE);
    segments = files_of("seg-");
    off_t most = 0;
    for (unsigned i = 0; i < segments.count; i++)
        most = segments.sizes[i] > most ? segments.sizes[i] : most;
    assert_int_equal(most, SEGMENT_SIZE_LARGE);
    cairn_close(op);
}

/* all_is -- whether the file at `path` has `size` bytes of that value. */
static bool all_is(const char *path, int value, size_t size)
{
    size_t there;
    unsigned char *data = scratch_read(path, &there);
    bool same = data && there == size;

    for (size_t i = 0; same && i < size; i++)
        same = data[i] == value;
    free(data);
    return same;
}

/* What has another name, too, is somebody's: a snapshot by hard links. */
static void spares__of_which_others_have_a_link_are_left_alone(void **state)
{
    const size_t size = 2 * LARGE;
    char spare[SCRATCH_PATH_SIZE], outside[SCRATCH_PATH_SIZE], segment[SCRATCH_PATH_SIZE],
        copy[SCRATCH_PATH_SIZE];
    size_t before, after;

    (void)state;
    cairn_close(open_journal());
    unsigned char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'P', size);
    scratch_write(scratch_join(outside, dir, "outside"), text, size);
    free(text);
    assert_int_equal(link(outside, scratch_join(spare, place, "spare-00000007")), 0);
    struct cairn_op *op = open_journal();
    record(op, MANY, LITTLE);
    assert_true(all_is(outside, 'P', size));

    assert_int_equal(link(scratch_join(segment, place, "seg-00000002"), scratch_join(copy, dir, "copy")), 0);
    unsigned char *was = scratch_read(copy, &before);
    good(cairn_clear(op, NULL));
    record(op, MANY, LITTLE);
    unsigned char *is = scratch_read(copy, &after);
    assert_int_equal(before, after);
    assert_memory_equal(was, is, before);
    free(was);
    free(is);
    assert_true(all_is(outside, 'P', size));
    cairn_close(op);
}

/* In the place of libc's: a sync that fails once, and a disk that has no space for more files. */
static bool sync_fails, no_space;

int fdatasync(int fd)
{
    const bool fails = sync_fails;

    sync_fails = false;
    errno = EIO;
    return fails ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    errno = ENOSPC;
    return no_space && size > SEGMENT_PAGE ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, data, size, offset);
}

/* A segment that has to be given up on a full disk: there are the kept ones, and the reserve. */
static void spares__replace_what_is_given_up_on_a_full_disk(void **state)
{
    (void)state;
    struct cairn_op *op = open_journal();
    record(op, MANY, LITTLE);
    good(cairn_clear(op, NULL));
    no_space = true;
    for (unsigned i = 0; i < SPARES_MAX + 1; i++) {
        sync_fails = true;
        record(op, 1, 1000);
        assert_false(sync_fails);
        assert_int_equal(files_of("spare-").count, i < SPARES_MAX ? SPARES_MAX - 1 - i : 0);
    }
    struct cairn_stat stat;
    good(cairn_stat(op, NULL, &stat));
    assert_int_equal(stat.count, SPARES_MAX + 1);
    cairn_close(op);
    no_space = false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spares__that_are_kept_are_few_and_used_again),
        TEST(spares__outlive_who_made_them),
        TEST(spares__of_large_records_are_not_for_little_ones),
        TEST(spares__grow_with_large_records_only),
        TEST(spares__of_which_others_have_a_link_are_left_alone),
        TEST(spares__replace_what_is_given_up_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
