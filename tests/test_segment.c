/* test_segment.c -- one segment file: made from a spare, opened, read and written, with its header in two
 * copies. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>
#include <xxhash.h>

#include <cairn/cairn.h>

#include "journal/segment.h"
#include "refuse.h"
#include "scratch.h"

#define SIZE (SEGMENT_SIZE_MIN + 2 * SEGMENT_PAGE)
#define BASE 8000u

struct files {
    char path[SCRATCH_PATH_SIZE];
    int dir;
    struct segment segment; /* number 7, made by setup */
};

/* make -- segment `number`, its base at BASE. */
static int make(struct files *files, uint64_t number, struct segment *segment)
{
    struct segment_header header = {
        .number = number, .uuid = "test_segment.c", .prev_end = BASE - 8, .prev_chain = 99};

    tail_begin(&header.tail);
    header.tail.position = BASE;
    header.tail.number = header.tail.next_number = 77;
    int error = spare_make(files->dir, "spare-00000001", SIZE);
    return error ? error : segment_create(segment, files->dir, "spare-00000001", &header);
}

static int setup(void **state)
{
    struct files *files = calloc(1, sizeof(*files));

    scratch_make(files->path, true);
    files->dir = open(files->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = files;
    return make(files, 7, &files->segment);
}

static int teardown(void **state)
{
    struct files *files = *state;

    segment_close(&files->segment);
    close(files->dir);
    scratch_remove(files->path);
    free(files);
    return 0;
}

/* --- names -------------------------------------------------------------------------------------------- */

static void segment__name_is_read_as_it_was_written(void **state)
{
    static const uint64_t numbers[] = {1, 7, 99999999, 100000000, UINT64_MAX / 2 - 1};
    char name[SEGMENT_NAME_SIZE];
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        segment_name(name, numbers[i]);
        assert_true(segment_parse_name(name, &number));
        assert_int_equal(number, numbers[i]);
    }
    segment_name(name, 7);
    assert_string_equal(name, "seg-00000007");
}

static void segment__name_of_a_stranger_is_none(void **state)
{
    static const char *const names[] = {"",
                                        "seg-",
                                        "seg-1",
                                        "seg-0000001",
                                        "seg-000000001",
                                        "seg-00000000",
                                        "seg-+0000001",
                                        "seg- 0000001",
                                        "seg--0000001",
                                        "seg-0000001x",
                                        "seg-00000001 ",
                                        "seg-00000001.tmp",
                                        "Seg-00000001",
                                        "spare-00000001",
                                        "seg-99999999999999999999",
                                        "seg-18446744073709551615",
                                        "seg-9223372036854775807",
                                        "seg-0x000001"};
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(segment_parse_name(names[i], &number));
}

/* --- spares ------------------------------------------------------------------------------------------- */

/* fallocate -- in the place of libc's: as a file system that cannot do it, or has no space. */
static int fallocate_error;
int fallocate(int fd, int mode, off_t offset, off_t size)
{
    errno = fallocate_error;
    return fallocate_error ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

static void has_its_space(struct files *files, int (*maker)(int dir, const char *name, uint64_t size))
{
    char path[SCRATCH_PATH_SIZE];
    struct stat st;
    size_t size;

    scratch_write(scratch_join(path, files->path, "spare-00000002"), "what was there before", 21);
    assert_int_equal(maker(files->dir, "spare-00000002", SIZE), 0);
    unsigned char *data = scratch_read(path, &size);
    assert_int_equal(size, SIZE);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(data[i], 0);
    free(data);
    assert_int_equal(stat(path, &st), 0);
    assert_true((uint64_t)st.st_blocks * 512 >= SIZE);
}

static void spare__has_its_space_written(void **state)
{
    has_its_space(*state, spare_make);
}

static void spare__has_its_space_allocated(void **state)
{
    has_its_space(*state, spare_allocate);
    fallocate_error = EOPNOTSUPP; /* and else written */
    has_its_space(*state, spare_allocate);
    fallocate_error = 0;
}

static void spare__for_which_there_is_no_space_is_not_there(void **state)
{
    struct files *files = *state;
    char path[SCRATCH_PATH_SIZE];

    fallocate_error = ENOSPC;
    assert_int_equal(spare_allocate(files->dir, "spare-00000002", SIZE), ENOSPC);
    fallocate_error = 0;
    assert_int_not_equal(access(scratch_join(path, files->path, "spare-00000002"), F_OK), 0);
}

static void spare__that_cannot_be_made_is_not_there(void **state)
{
    struct files *files = *state;
    char path[SCRATCH_PATH_SIZE], other[SCRATCH_PATH_SIZE];
    struct rlimit was, limit;

    scratch_join(path, files->path, "spare-00000002");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = was;
    limit.rlim_cur = 100000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int error = spare_make(files->dir, "spare-00000002", SIZE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(error, EFBIG);
    assert_int_not_equal(access(path, F_OK), 0);

    scratch_write(scratch_join(other, files->path, "other"), "untouched", 9);
    assert_int_equal(symlink("other", path), 0);
    assert_int_equal(spare_make(files->dir, "spare-00000002", SIZE), ELOOP);
    struct stat st;
    assert_int_equal(stat(other, &st), 0);
    assert_int_equal(st.st_size, 9);
}

/* --- making and opening ------------------------------------------------------------------------------- */

static void segment__made_is_opened_as_it_was_made(void **state)
{
    struct files *files = *state;
    struct segment again;
    struct tail tail;
    const char *reason;
    char path[SCRATCH_PATH_SIZE];
    uint64_t offset;

    assert_int_not_equal(access(scratch_join(path, files->path, "spare-00000001"), F_OK), 0);
    for (int writable = 0; writable < 2; writable++) {
        ASSERT_DONE(segment_open(&again, files->dir, files->path, 7, writable, &reason));
        assert_null(reason);
        assert_false(segment_header_damaged(&again, &offset));
        assert_memory_equal(&again.header, &files->segment.header, sizeof(again.header));
        assert_int_equal(again.file_size, SIZE);
        assert_int_equal(again.header.capacity, SIZE - SEGMENT_FRAME);
        assert_int_equal(segment_base(&again), BASE);
        assert_int_equal(segment_limit(&again), BASE + SIZE - SEGMENT_FRAME);
        assert_int_equal(segment_offset(&again, BASE + 100), SEGMENT_PAGE + 100);
        segment_tail(&again, &tail);
        assert_int_equal(tail.chain, again.header.hash);
        assert_int_equal(tail.number, 77);
        assert_int_equal(tail.segment, 7);
        segment_close(&again);
        segment_close(&again);
    }
}

static void segment__made_twice_has_two_salts(void **state)
{
    struct files *files = *state;
    struct segment other;

    assert_int_equal(make(files, 8, &other), 0);
    assert_int_not_equal(other.header.salt, files->segment.header.salt);
    assert_int_not_equal(other.header.hash, files->segment.header.hash);
    segment_close(&other);
}

static void segment__from_a_bad_spare_is_not_made(void **state)
{
    struct files *files = *state;
    struct segment_header header = {.number = 9};
    struct segment segment;
    char path[SCRATCH_PATH_SIZE];

    tail_begin(&header.tail);
    assert_int_equal(segment_create(&segment, files->dir, "nothing", &header), ENOENT);
    scratch_write(scratch_join(path, files->path, "spare-00000001"), "short", 5);
    assert_int_equal(segment_create(&segment, files->dir, "spare-00000001", &header), EINVAL);
    scratch_remove(path);
    assert_int_equal(symlink("seg-00000007", path), 0);
    assert_int_equal(segment_create(&segment, files->dir, "spare-00000001", &header), ELOOP);
    assert_int_not_equal(access(scratch_join(path, files->path, "seg-00000009"), F_OK), 0);
}

static int fail_to_fill(void *arg, const struct segment *segment)
{
    assert_int_equal(segment_base(segment), 0);
    *(int *)arg = 1;
    return ENOSPC;
}

static void segment__that_cannot_be_filled_is_not_made(void **state)
{
    struct files *files = *state;
    struct segment_header header = {.number = 9};
    struct segment segment;
    char path[SCRATCH_PATH_SIZE];
    int called = 0;

    tail_begin(&header.tail);
    assert_int_equal(spare_make(files->dir, "spare-00000001", SIZE), 0);
    assert_int_equal(
        segment_create_filled(&segment, files->dir, "spare-00000001", &header, fail_to_fill, &called),
        ENOSPC);
    assert_int_equal(called, 1);
    assert_int_not_equal(access(scratch_join(path, files->path, "seg-00000009"), F_OK), 0);
}

static void segment__missing_is_not_found(void **state)
{
    struct files *files = *state;
    struct segment segment;
    const char *reason;

    ASSERT_REFUSED(segment_open(&segment, files->dir, files->path, 8, true, &reason), CAIRN_ENOTFOUND,
                   "seg-00000008");
    assert_non_null(reason);
    assert_int_equal(segment.fd, -1);
}

/* --- the header's two copies -------------------------------------------------------------------------- */

/* open_as -- opens it with these bytes in it. */
static int open_as(struct files *files, const unsigned char *page, size_t size, struct segment *segment)
{
    char path[SCRATCH_PATH_SIZE];
    const char *reason;

    scratch_write(scratch_join(path, files->path, "seg-00000007"), page, size);
    cairn_set_message(0, "stale");
    int error = segment_open(segment, files->dir, files->path, 7, true, &reason);
    if (error == 0)
        return 0;
    assert_non_null(strstr(cairn_message(), "seg-00000007"));
    assert_int_equal(segment->fd, -1);
    assert_int_equal(error == CAIRN_ECORRUPT || error == CAIRN_EVERSION, reason != NULL);
    return error;
}

/* The whole file, and where in it the second copy is. */
static unsigned char whole[SIZE], as_it_was[SIZE];
#define COPY (SIZE - SEGMENT_PAGE)

static void read_whole(const struct files *files)
{
    assert_int_equal(pread(files->segment.fd, whole, sizeof(whole), 0), sizeof(whole));
    memcpy(as_it_was, whole, sizeof(whole));
    assert_memory_equal(whole, whole + COPY, sizeof(struct segment_header));
}

static void header__with_any_bit_of_a_copy_flipped_is_had_from_the_other(void **state)
{
    struct files *files = *state;
    struct segment segment;
    uint64_t offset;

    read_whole(files);
    for (size_t bit = 0; bit < sizeof(struct segment_header) * 8; bit++) {
        for (size_t copy = 0; copy <= COPY; copy += COPY) {
            whole[copy + bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_int_equal(open_as(files, whole, sizeof(whole), &segment), 0);
            assert_true(segment_header_damaged(&segment, &offset));
            assert_int_equal(offset, copy);
            assert_memory_equal(&segment.header, &files->segment.header, sizeof(segment.header));
            segment_close(&segment);
            whole[copy + bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
}

static void header__with_any_bit_flipped_and_no_other_copy_is_corrupt(void **state)
{
    struct files *files = *state;
    struct segment segment;

    read_whole(files);
    memset(whole + COPY, 0, SEGMENT_PAGE);
    for (size_t bit = 0; bit < sizeof(struct segment_header) * 8; bit++) {
        whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_equal(open_as(files, whole, sizeof(whole), &segment), CAIRN_ECORRUPT);
        whole[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_equal(open_as(files, whole, sizeof(whole), &segment), 0);
    segment_close(&segment);
}

static void header__in_a_file_that_was_cut_is_had_from_the_first_copy(void **state)
{
    struct files *files = *state;
    struct segment segment;
    uint64_t offset;

    read_whole(files);
    for (size_t size = 0; size <= sizeof(whole); size += size < 3 * SEGMENT_PAGE || size >= COPY ? 1 : 4093) {
        bool first = size >= sizeof(struct segment_header);
        assert_int_equal(open_as(files, whole, size, &segment), first ? 0 : CAIRN_ECORRUPT);
        if (!first)
            continue;
        assert_false(segment_header_damaged(&segment, &offset)); /* it was cut off, which is said otherwise */
        assert_int_equal(segment.file_size, size);
        assert_int_equal(segment_full_size(&segment), SIZE);
        segment_close(&segment);
    }
}

static void header__that_stands_at_the_end_of_another_file_is_not_its_own(void **state)
{
    struct files *files = *state;
    struct segment segment;

    /* As if the file had been cut right behind data that looks like the header. */
    read_whole(files);
    memset(whole, 0, sizeof(struct segment_header));
    memcpy(whole + 4 * SEGMENT_PAGE, &files->segment.header, sizeof(struct segment_header));
    assert_int_equal(open_as(files, whole, 5 * SEGMENT_PAGE, &segment), CAIRN_ECORRUPT);
    assert_int_equal(open_as(files, whole, sizeof(whole), &segment), 0);
    segment_close(&segment);
}

static void header__of_a_newer_version_in_both_copies_is_a_newer_format(void **state)
{
    const uint32_t versions[] = {2, 3, 1000, UINT32_MAX, 0};
    struct files *files = *state;
    struct segment segment;

    read_whole(files);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        int error = versions[i] > SEGMENT_VERSION ? CAIRN_EVERSION : CAIRN_ECORRUPT;
        memcpy(whole, as_it_was, sizeof(whole));
        memcpy(whole + 8, &versions[i], sizeof(versions[i]));
        assert_int_equal(open_as(files, whole, sizeof(whole), &segment), 0);
        segment_close(&segment);
        memcpy(whole + COPY + 8, &versions[i], sizeof(versions[i]));
        assert_int_equal(open_as(files, whole, sizeof(whole), &segment), error);
        whole[COPY + 9] ^= 0x10; /* two different ones are damage */
        assert_int_equal(open_as(files, whole, sizeof(whole), &segment), CAIRN_ECORRUPT);
    }
}

/* spoil -- a header's fields, in one of so many ways. */
#define SPOILS 6
static void spoil(struct segment_header *header, int how)
{
    struct tail *tail = &header->tail;

    if (how == 0)
        tail->position++;
    else if (how == 1)
        header->prev_end = tail->position + RECORD_ALIGN;
    else if (how == 2)
        tail->position = UINT64_MAX / 2 - 7;
    else if (how == 3)
        tail->horizon_segment = 0;
    else if (how == 4)
        tail->horizon_segment = header->number + 1;
    else if (how == 5)
        tail->next_number = 0; /* the survivor's */
}

static void header__whose_hash_is_right_and_whose_numbers_cannot_be_is_corrupt(void **state)
{
    struct files *files = *state;
    struct segment segment;

    read_whole(files);
    for (int how = SPOILS; how >= 0; how--) {
        struct segment_header header = files->segment.header;
        header.tail.survivor_position = 0;
        spoil(&header, how);
        header.hash = XXH3_64bits_withSeed(&header, offsetof(struct segment_header, hash), header.salt);
        memcpy(whole, &header, sizeof(header));
        memcpy(whole + COPY, &header, sizeof(header));
        assert_int_equal(open_as(files, whole, sizeof(whole), &segment), how < SPOILS ? CAIRN_ECORRUPT : 0);
        segment_close(&segment);
        /* And none such is made. */
        assert_int_equal(spare_make(files->dir, "spare-00000001", SIZE), 0);
        assert_int_equal(segment_create(&segment, files->dir, "spare-00000001", &header),
                         how < SPOILS ? EINVAL : 0);
        segment_close(&segment);
    }
}

static void header__under_another_name_is_corrupt(void **state)
{
    struct files *files = *state;
    struct segment segment;
    const char *reason;

    assert_int_equal(renameat(files->dir, "seg-00000007", files->dir, "seg-00000008"), 0);
    ASSERT_REFUSED(segment_open(&segment, files->dir, files->path, 8, true, &reason), CAIRN_ECORRUPT,
                   "wrong name");
}

static void segment__that_is_no_regular_file_is_corrupt(void **state)
{
    struct files *files = *state;
    char path[SCRATCH_PATH_SIZE];
    struct segment segment;
    const char *reason;

    scratch_join(path, files->path, "seg-00000008");
    for (int kind = 0; kind < 4; kind++) {
        if (kind == 0)
            assert_int_equal(mkdir(path, 0755), 0);
        else if (kind == 1)
            assert_int_equal(mkfifo(path, 0644), 0);
        else if (kind == 2)
            assert_int_equal(symlink("seg-00000007", path), 0);
        else
            assert_int_equal(symlink("nowhere", path), 0);
        for (int writable = 0; writable < 2; writable++)
            ASSERT_REFUSED(segment_open(&segment, files->dir, files->path, 8, writable, &reason),
                           CAIRN_ECORRUPT, path);
        scratch_remove(path);
    }
}

/* --- reading and writing ------------------------------------------------------------------------------ */

static void segment__gives_back_what_was_written(void **state)
{
    struct files *files = *state;
    char parts[3][10] = {"first", "", "third"}, buffer[32];
    struct iovec iov[3] = {{parts[0], 5}, {parts[1], 0}, {parts[2], 5}};
    int failed = -1;

    assert_int_equal(segment_write(&files->segment, BASE + 16, iov, 3), 0);
    assert_int_equal(segment_read(&files->segment, BASE + 16, buffer, 10, &failed), 10);
    assert_int_equal(failed, 0);
    assert_memory_equal(buffer, "firstthird", 10);
}

static void segment__is_read_within_its_bounds_only(void **state)
{
    struct files *files = *state;
    const struct segment *segment = &files->segment;
    char buffer[64];
    int failed;

    assert_int_equal(segment_read(segment, BASE - 1, buffer, 64, &failed), 0);
    assert_int_equal(segment_read(segment, 0, buffer, 64, &failed), 0);
    assert_int_equal(segment_read(segment, segment_limit(segment), buffer, 64, &failed), 0);
    assert_int_equal(segment_read(segment, UINT64_MAX - 8, buffer, 64, &failed), 0);
    assert_int_equal(segment_read(segment, segment_limit(segment) - 24, buffer, 64, &failed), 24);
    assert_int_equal(failed, 0);
    assert_int_equal(ftruncate(segment->fd, SEGMENT_PAGE + 100), 0);
    assert_int_equal(segment_read(segment, BASE + 90, buffer, 64, &failed), 10);
    assert_int_equal(segment_read(segment, BASE + 100, buffer, 64, &failed), 0);
    assert_int_equal(failed, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segment__name_is_read_as_it_was_written),
        cmocka_unit_test(segment__name_of_a_stranger_is_none),
        TEST(spare__has_its_space_written),
        TEST(spare__has_its_space_allocated),
        TEST(spare__for_which_there_is_no_space_is_not_there),
        TEST(spare__that_cannot_be_made_is_not_there),
        TEST(segment__made_is_opened_as_it_was_made),
        TEST(segment__made_twice_has_two_salts),
        TEST(segment__from_a_bad_spare_is_not_made),
        TEST(segment__that_cannot_be_filled_is_not_made),
        TEST(segment__missing_is_not_found),
        TEST(header__with_any_bit_of_a_copy_flipped_is_had_from_the_other),
        TEST(header__with_any_bit_flipped_and_no_other_copy_is_corrupt),
        TEST(header__in_a_file_that_was_cut_is_had_from_the_first_copy),
        TEST(header__that_stands_at_the_end_of_another_file_is_not_its_own),
        TEST(header__of_a_newer_version_in_both_copies_is_a_newer_format),
        TEST(header__whose_hash_is_right_and_whose_numbers_cannot_be_is_corrupt),
        TEST(header__under_another_name_is_corrupt),
        TEST(segment__that_is_no_regular_file_is_corrupt),
        TEST(segment__gives_back_what_was_written),
        TEST(segment__is_read_within_its_bounds_only),
    };

    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
