/* test_files.c -- the table of open segments: how many it keeps, and which one goes when another comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "journal/journal.h"
#include "scratch.h"

static char place[SCRATCH_PATH_SIZE]; /* an empty directory: what is not in the table cannot be opened */
static struct journal journal;

/* set_up -- a table of a process that may have so many files. */
static void set_up(rlim_t files)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = files;
    if (limit.rlim_max < files) {
        print_message("SKIP: the process may not have so many files\n");
        skip();
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    memset(&journal, 0, sizeof(journal));
    scratch_make(place, false);
    journal.path = place;
    journal.dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(journal.dir >= 0);
    assert_int_equal(files_init(&journal.files), 0);
}

static void tear_down(void)
{
    files_release(&journal.files);
    close(journal.dir);
    scratch_remove(place);
}

static void add(uint64_t number)
{
    struct segment segment = {.header.number = number, .fd = open("/dev/null", O_RDONLY | O_CLOEXEC)};

    assert_true(segment.fd >= 0);
    files_add(&journal, &segment);
}

static const struct segment *get(uint64_t number)
{
    const struct segment *segment = NULL;
    const char *reason;

    return files_get(&journal, number, &segment, &reason) == 0 ? segment : NULL;
}

/* has -- whether it is open; then it is the one used last. */
static bool has(uint64_t number)
{
    const struct segment *segment = get(number);

    files_put(&journal, segment);
    return segment != NULL;
}

static void files__keeps_as_many_as_the_process_can_spare(void **state)
{
    static const struct {
        rlim_t files;
        unsigned most;
    } cases[] = {{16, 4}, {100, 12}, {520, 65}, {1024, 128}, {4096, 512}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_up(cases[i].files);
        assert_int_equal(journal.files.most, cases[i].most);
        tear_down();
    }
}

static void files__the_one_not_used_for_longest_goes(void **state)
{
    (void)state;
    set_up(512);
    for (uint64_t number = 1; number <= 64; number++)
        add(number);
    assert_true(has(1));
    add(65); /* where it would stand is 1 */
    assert_true(has(65));
    assert_true(has(1));
    assert_false(has(2));
    for (uint64_t number = 3; number <= 64; number++)
        assert_true(has(number));
    add(66);
    assert_false(has(65));
    assert_true(has(66));
    tear_down();
}

static void files__one_in_use_stays(void **state)
{
    const struct segment *used[64];

    (void)state;
    set_up(512);
    for (uint64_t number = 1; number <= 64; number++) {
        add(number);
        used[number - 1] = get(number);
        assert_non_null(used[number - 1]);
    }
    add(65);
    assert_false(has(65));
    files_put(&journal, used[40]);
    assert_true(has(41)); /* the last one used, but the only one that may go */
    add(65);
    assert_true(has(65));
    assert_false(has(41));
    files_forget(&journal, 65);
    for (uint64_t number = 1; number <= 64; number++) {
        assert_int_equal(has(number), number != 41);
        if (number != 41)
            files_put(&journal, used[number - 1]);
    }
    files_forget(&journal, 65);
    assert_false(has(1));
    assert_true(has(65));
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files__keeps_as_many_as_the_process_can_spare),
        cmocka_unit_test(files__the_one_not_used_for_longest_goes),
        cmocka_unit_test(files__one_in_use_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
