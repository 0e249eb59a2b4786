/* test_since.c -- cairn_list_since() on a journal: beside damage, over many segments, and with a mark that
 * another handle has made. What it owes any Operation is in conformance/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairn/cairn.h>

#include "journal/record.h"
#include "refuse.h"
#include "scratch.h"

static char dir[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE]; /* new ones for each test */

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

static struct cairn_op *open_at(unsigned flags)
{
    struct cairn_op *op;
    ASSERT_DONE(cairn_open(&op, NULL, place, flags));
    return op;
}

static void record(struct cairn_op *op, const char *label)
{
    ASSERT_DONE(cairn_checkpoint(op, NULL, label, label, strlen(label), NULL));
}

/* What was shown: "LABEL " for each, or "FIRST+COUNT " for a run of lost ones. */
struct shown {
    char text[1024];
    unsigned stop_after, count;
};

static int show(void *arg, const struct cairn_entry *entry)
{
    struct shown *shown = arg;
    const size_t used = strlen(shown->text);

    if (entry->error)
        snprintf(shown->text + used, sizeof(shown->text) - used, "%" PRIu64 "+%" PRIu64 " ", entry->number,
                 entry->lost_count);
    else
        snprintf(shown->text + used, sizeof(shown->text) - used, "%s ", entry->label);
    return ++shown->count == shown->stop_after ? 4711 : 0;
}

static void since_is(struct cairn_op *op, struct cairn_mark *mark, unsigned stop_after, const char *wanted)
{
    struct shown shown = {.stop_after = stop_after};

    assert_int_equal(cairn_list_since(op, NULL, mark, show, &shown), stop_after ? 4711 : 0);
    assert_string_equal(shown.text, wanted);
}

/* damage -- writes over the log from the record labelled `from` to the one labelled `to`. */
static void damage(const char *from, const char *to)
{
    char path[SCRATCH_PATH_SIZE];
    size_t size;
    unsigned char *bytes = scratch_read(scratch_join(path, place, "seg-00000001"), &size);
    const unsigned char *begin = memmem(bytes, size, from, strlen(from));
    const unsigned char *end = memmem(bytes, size, to, strlen(to));

    assert_true(begin != NULL && end > begin);
    memset(bytes + (begin - bytes) - sizeof(struct record), 0x55, (size_t)(end - begin));
    scratch_write(path, bytes, size);
    free(bytes);
}

static void since__what_was_lost_is_shown_but_not_again(void **state)
{
    struct cairn_mark one = {{0}}, two = {{0}}, four = {{0}};
    struct cairn_op *op = open_at(0);

    (void)state;
    for (const char *label = "first\0second\0third\0fourth\0fifth\0"; *label; label += strlen(label) + 1)
        record(op, label);
    since_is(op, &one, 1, "first ");
    since_is(op, &two, 2, "first second ");
    since_is(op, &four, 4, "first second third fourth ");
    cairn_close(op);
    damage("second", "fourth");
    op = open_at(CAIRN_READONLY);
    struct cairn_mark one_again = one;
    since_is(op, &one, 1, "1+2 ");
    since_is(op, &one, 0, "fourth fifth ");
    since_is(op, &one_again, 0, "1+2 fourth fifth ");
    since_is(op, &two, 0, "2+1 fourth fifth ");
    since_is(op, &two, 0, "");
    since_is(op, &four, 0, "fifth ");
    cairn_close(op);
}

/* The loss of what a Compact has kept is news only to those who have not seen it. */
static void since__a_lost_survivor_is_shown_once(void **state)
{
    struct cairn_mark seen = {{0}}, not_seen = {{0}};
    struct cairn_op *op = open_at(0);

    (void)state;
    record(op, "first");
    since_is(op, &not_seen, 1, "first ");
    record(op, "second");
    since_is(op, &seen, 0, "first second ");
    ASSERT_DONE(cairn_compact(op, NULL, "kept"));
    record(op, "third");
    cairn_close(op);
    damage("second", "kept");
    op = open_at(CAIRN_READONLY);
    since_is(op, &seen, 0, "third ");
    since_is(op, &not_seen, 0, "0+1 third ");
    since_is(op, &not_seen, 0, "");
    cairn_close(op);
}

static void since__a_mark_holds_in_another_handle(void **state)
{
    struct cairn_mark mark = {{0}}, fresh = {{0}};
    struct cairn_op *op = open_at(0);
    char label[32], wanted[64];

    (void)state;
    /* Several segments of 1 MiB and more. */
    void *body = calloc(1, 100000);
    assert_non_null(body);
    for (int i = 0; i < 100; i++) {
        snprintf(label, sizeof(label), "%d", i);
        ASSERT_DONE(cairn_checkpoint(op, NULL, label, body, 100000, NULL));
        if (i % 10 == 9)
            continue;
        struct cairn_op *reader = open_at(CAIRN_READONLY);
        if (i % 10 == 0 && i > 0)
            snprintf(wanted, sizeof(wanted), "%d %d ", i - 1, i);
        else
            snprintf(wanted, sizeof(wanted), "%d ", i);
        since_is(reader, &mark, 0, wanted);
        cairn_close(reader);
    }
    free(body);
    ASSERT_DONE(cairn_list_since(op, NULL, &fresh, NULL, NULL));
    since_is(op, &mark, 0, "99 ");
    record(op, "last");
    since_is(op, &fresh, 0, "last ");
    since_is(op, &mark, 0, "last ");
    cairn_close(op);
}

/* Any bytes may stand in a mark: what is shown then may be wrong, but it is what there is. */
static void since__a_senseless_mark_is_harmless(void **state)
{
    struct cairn_op *op = open_at(0);

    (void)state;
    record(op, "first");
    for (uint64_t generation = 0; generation < 3; generation++) {
        for (unsigned shift = 0; shift < 64; shift++) {
            struct cairn_mark mark = {{generation, UINT64_MAX >> shift, UINT64_MAX >> (63 - shift), 0}};
            struct shown shown = {.text = ""};
            ASSERT_DONE(cairn_list_since(op, NULL, &mark, show, &shown));
            assert_true(shown.count <= 1);
        }
    }
    cairn_close(op);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(since__what_was_lost_is_shown_but_not_again),
        TEST(since__a_lost_survivor_is_shown_once),
        TEST(since__a_mark_holds_in_another_handle),
        TEST(since__a_senseless_mark_is_harmless),
    };
    return cmocka_run_group_tests_name("since", tests, NULL, NULL);
}
