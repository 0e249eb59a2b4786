/* test_sync_fails.c -- a journal's whole life on a disk that fails: each sync,
 * each write and each change of a name in turn goes wrong, or is the last thing
 * that the process does.
 *
 * The life: a fresh journal, checkpoints across several segments, Compact,
 * more, Clear, Complete, closing and opening anew. After each run the machine
 * loses power, and what is left of what was not synced is nothing, all or any
 * part of it; what was acknowledged must be there, and nothing that was not
 * done. Then the journal that lies in the page cache is opened instead, goes
 * on, and loses power again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "scratch.h"
#include "story.h"

static char base[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE], after[SCRATCH_PATH_SIZE];
static struct story *story;
static bool fired; /* whether the first rule came true in the last run */

/* --- the life
 * ---------------------------------------------------------------------------------------
 */

struct life {
    struct cairn_op *op;
    unsigned failures; /* calls in a row that failed */
    uint64_t seed;
};

/* open_journal -- a disk that fails may fail this, too; not for ever, unless
 * the fault is. */
static int open_journal(struct life *life)
{
    for (int attempt = 0; attempt < 4; attempt++) {
        int error = cairn_open(&life->op, NULL, place, CAIRN_NO_THREAD);
        if (error == 0)
            return 0;
        if (error != CAIRN_EIO && error != CAIRN_ENOSPC) {
            fprintf(stderr, "opening fails with %d: %s\n", error, cairn_message());
            exit(3);
        }
    }
    return CAIRN_EIO;
}

/* look_at -- the result of a call that writes. One that fails does it in the
 * way that the headers tell; the handle goes on or says so until it is opened
 * anew. */
static void look_at(struct life *life, int error)
{
    if (error == 0) {
        life->failures = 0;
        return;
    }
    if (error != CAIRN_EIO && error != CAIRN_ENOSPC) {
        fprintf(stderr, "a call fails with %d: %s\n", error, cairn_message());
        exit(4);
    }
    if (++life->failures < 2)
        return;
    cairn_close(life->op);
    life->op = NULL;
    life->failures = 0;
    if (open_journal(life) != 0)
        exit(0); /* the disk is gone for good */
}

static void record(struct life *life, size_t size, int count)
{
    for (int i = 0; i < count; i++)
        look_at(life, story_checkpoint(story, life->op, ++life->seed, size));
}

static int live(void *arg)
{
    struct life life = {0};

    (void)arg;
    if (open_journal(&life) != 0)
        return 0;
    record(&life, 100, 2);
    record(&life, 300 * 1024, 4); /* the first segment has 1 MiB */
    look_at(&life, story_compact(story, life.op));
    record(&life, 5000, 2);
    record(&life, 600 * 1024, 4); /* and the second 2 */
    look_at(&life, story_clear_all(story, life.op));
    record(&life, 100, 2);
    cairn_close(life.op);
    if (open_journal(&life) != 0)
        return 0;
    record(&life, 100, 2);
    look_at(&life, story_complete(story, life.op));
    record(&life, 100, 1);
    cairn_close(life.op);
    return 0;
}

/* --- what is there afterwards
 * ----------------------------------------------------------------------- */

struct look {
    const char *dir;
    unsigned flags;
    bool goes_on; /* record something more, which becomes part of the story */
};

static int look(void *arg)
{
    struct look *look = arg;
    struct cairn_op *op;

    int error = cairn_open(&op, NULL, look->dir, look->flags | CAIRN_NO_THREAD);
    if (error == CAIRN_ENONE && look->flags & CAIRN_READONLY)
        return 0;
    if (error) {
        fprintf(stderr, "cannot open it again: %s\n", cairn_message());
        return 1;
    }
    const char *wrong = story_check(story, op);
    if (wrong == NULL && cairn_verify(op, NULL, NULL) != 0)
        wrong = cairn_message();
    if (wrong == NULL && look->goes_on) {
        for (uint64_t seed = 1000; seed < 1003 && wrong == NULL; seed++) {
            if (story_checkpoint(story, op, seed, 100) != 0)
                wrong = cairn_message();
        }
        if (wrong == NULL)
            wrong = story_check(story, op);
    }
    cairn_close(op);
    if (wrong) {
        fprintf(stderr, "%s%s: %s\n",
                look->dir == place ? "after the end of the process" : "after a power cut",
                look->flags & CAIRN_READONLY ? ", read-only" : "", wrong);
        return 1;
    }
    return 0;
}

static bool look_in_child(const char *dir, unsigned flags, bool goes_on)
{
    struct look look_at_it = {dir, flags, goes_on};
    int status = process_end(process_start(look, &look_at_it));

    if (status < 0)
        fprintf(stderr, "looking at it ends with signal %d\n", -status);
    return status == 0;
}

/* power_cut -- whether the story is kept across one. */
static bool power_cut(unsigned how, uint64_t seed)
{
    if (!disk_cut(after, how, seed)) {
        if (story_acknowledged(story) > 0)
            fprintf(stderr, "not even the directory is there\n");
        return story_acknowledged(story) == 0;
    }
    return look_in_child(after, CAIRN_READONLY, false) && look_in_child(after, 0, false);
}

/* run -- one life with these rules, and all that can come after it. `killed`:
 * whether they end it. */
static bool run(const struct disk_rule *rules, int count, bool killed, uint64_t seed)
{
    scratch_remove(place);
    disk_watch(place);
    story_clear(story);
    for (int i = 0; i < count; i++)
        disk_set(rules[i]);
    int status = process_end(process_start(live, NULL));
    fired = count > 0 && disk_fired(0) > 0;
    disk_clear();
    if (status != 0 && !(killed && status == -SIGKILL)) {
        fprintf(stderr, "the process ended with %d\n", status);
        return false;
    }
    /* What costs time is to make and to read so much; so the ways of losing power take turns. */
    static const unsigned ways[] = {DISK_CUT_DIRTY, DISK_CUT_CHANCE, DISK_CUT_ALL, DISK_CUT_CHANCE};
    const unsigned no_index = seed % 2 ? DISK_NO_INDEX : 0;
    return power_cut(DISK_CUT_NONE | no_index, 0) && power_cut(ways[seed % 4] | no_index, seed) &&
           look_in_child(place, 0, true) && power_cut(DISK_CUT_NONE, 0);
}

static int set_up(void **state)
{
    (void)state;
    scratch_make(base, true);
    scratch_join(place, base, "journal");
    scratch_join(after, base, "after");
    story = story_make();
    disk_start(place);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    disk_end();
    story_free(story);
    scratch_remove(base);
    return 0;
}

/* step -- from one call to the next that is tried: each, but under a sanitizer, where a life takes twenty
 * times as long, one in five. */
static uint64_t step(void)
{
    const char *sanitize = getenv("CAIRN_SANITIZE");
    return sanitize && *sanitize ? 5 : 1;
}

/* each -- a rule at each call in turn that it is for, one life after the other. With `then`, another is added
 * that follows it. */
static void each(struct disk_rule rule, bool killed, struct disk_rule *then)
{
    for (uint64_t nth = 1;; nth += step()) {
        struct disk_rule rules[2] = {rule};
        rules[0].nth = nth;
        if (then) {
            rules[1] = *then;
            rules[1].after = 1;
        }
        if (!run(rules, then ? 2 : 1, killed, nth))
            fail_msg("at call %llu of %#x", (unsigned long long)nth, rule.calls);
        if (!fired)
            break; /* a life has fewer calls of the kind */
    }
}

static void life__keeps_its_story(void **state)
{
    (void)state;
    assert_true(run(NULL, 0, false, 1));
}

static void each_sync__fails_once(void **state)
{
    struct disk_rule rule = {.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL};
    (void)state;
    each(rule, false, NULL);
}

static void each_sync__fails_twice(void **state)
{
    struct disk_rule rule = {.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL, .times = 1};
    (void)state;
    each(rule, false, NULL);
}

static void each_sync__fails_from_then_on(void **state)
{
    struct disk_rule rule = {.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL, .times = UINT64_MAX};
    (void)state;
    each(rule, false, NULL);
}

static void each_write__fails(void **state)
{
    struct disk_rule rule = {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_FAIL};
    (void)state;
    each(rule, false, NULL);
}

static void each_write__finds_no_space(void **state)
{
    struct disk_rule rule = {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_FAIL, .error = ENOSPC};
    (void)state;
    each(rule, false, NULL);
}

static void each_write__stops_short(void **state)
{
    struct disk_rule rule = {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_SHORT};
    (void)state;
    each(rule, false, NULL);
}

static void each_write__stops_short_and_then_fails(void **state)
{
    struct disk_rule rule = {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_SHORT};
    struct disk_rule then = {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_FAIL, .error = ENOSPC};
    (void)state;
    each(rule, false, &then);
}

static void each_name__cannot_be_changed(void **state)
{
    struct disk_rule rule = {.calls = DISK_RENAME | DISK_UNLINK | DISK_CREATE, .action = DISK_FAIL};
    (void)state;
    each(rule, false, NULL);
}

static void killed__before_each_call(void **state)
{
    struct disk_rule rule = {.calls = DISK_CHANGES, .action = DISK_KILL};
    (void)state;
    each(rule, true, NULL);
}

static void killed__within_each_call(void **state)
{
    struct disk_rule rule = {.calls = DISK_CHANGES, .action = DISK_KILL_HALF};
    (void)state;
    each(rule, true, NULL);
}

static void killed__with_the_error_of_each_sync(void **state)
{
    struct disk_rule rule = {.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL_KILL};
    (void)state;
    each(rule, true, NULL);
}

static void each_sync__fails_and_the_process_is_killed_soon_after(void **state)
{
    struct disk_rule rule = {.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL};
    struct disk_rule then = {.calls = DISK_CHANGES, .action = DISK_KILL};
    (void)state;
    for (then.nth = 1; then.nth <= 11; then.nth += 2)
        each(rule, true, &then);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life__keeps_its_story),
        cmocka_unit_test(each_sync__fails_once),
        cmocka_unit_test(each_sync__fails_twice),
        cmocka_unit_test(each_sync__fails_from_then_on),
        cmocka_unit_test(each_write__fails),
        cmocka_unit_test(each_write__finds_no_space),
        cmocka_unit_test(each_write__stops_short),
        cmocka_unit_test(each_write__stops_short_and_then_fails),
        cmocka_unit_test(each_name__cannot_be_changed),
        cmocka_unit_test(killed__before_each_call),
        cmocka_unit_test(killed__within_each_call),
        cmocka_unit_test(killed__with_the_error_of_each_sync),
        cmocka_unit_test(each_sync__fails_and_the_process_is_killed_soon_after),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
