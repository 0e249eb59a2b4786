/* test_rules.c -- the rules of docs/protocol.md that look optional: each has a test that fails without it.
 *
 * Several processes work on one journal on a simulated disk (disk.h). They are held at chosen calls, so that
 * what happens in which order is certain, and then the machine loses power or all are killed. What was
 * acknowledged must be there, once, under its id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "journal/segment.h"
#include "scratch.h"
#include "story.h"

#define ENDED 1000  /* from result(): the worker is not there any more */
#define LARGE 20000 /* bytes of data that take several pages */

static char base[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE], after[SCRATCH_PATH_SIZE];
static struct story *story;

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

/* --- workers ---------------------------------------------------------------------------------------- */

/* A process with the journal open, that records what it is told to. */
struct worker {
    pid_t pid;
    int orders, results;
};

struct order {
    uint64_t seed; /* 0: end; COMPACT: no checkpoint */
    size_t size;
};

#define COMPACT UINT64_MAX

static int work(int orders, int results, const char *dir)
{
    struct cairn_op *op = NULL;
    struct order order;

    int result = cairn_open(&op, NULL, dir, CAIRN_NO_THREAD);
    if (write(results, &result, sizeof(result)) != (ssize_t)sizeof(result) || result != 0)
        return 1;
    while (read(orders, &order, sizeof(order)) == (ssize_t)sizeof(order) && order.seed) {
        result = order.seed == COMPACT ? story_compact(story, op)
                                       : story_checkpoint(story, op, order.seed, order.size);
        if (write(results, &result, sizeof(result)) != (ssize_t)sizeof(result))
            break;
    }
    cairn_close(op);
    return 0;
}

/* start -- forks one; what opening gives is its first result. */
static struct worker start(void)
{
    struct worker worker;
    int to[2], from[2];

    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    fflush(NULL);
    worker.pid = fork();
    assert_true(worker.pid >= 0);
    if (worker.pid == 0) {
        close(to[1]);
        close(from[0]);
        exit(work(to[0], from[1], place));
    }
    close(to[0]);
    close(from[1]);
    worker.orders = to[1];
    worker.results = from[0];
    return worker;
}

/* result -- that of the order before; ENDED if the worker was killed over it. */
static int result(const struct worker *worker)
{
    int error;

    return read(worker->results, &error, sizeof(error)) == (ssize_t)sizeof(error) ? error : ENDED;
}

static struct worker opened(void)
{
    struct worker worker = start();
    assert_int_equal(result(&worker), 0);
    return worker;
}

static void order(const struct worker *worker, uint64_t seed, size_t size)
{
    struct order it = {seed, size};
    assert_int_equal(write(worker->orders, &it, sizeof(it)), sizeof(it));
}

static int record(const struct worker *worker, uint64_t seed, size_t size)
{
    order(worker, seed, size);
    return result(worker);
}

/* leave -- waits for its end, which is an orderly one unless it was killed before. */
static int leave(struct worker *worker)
{
    struct order end = {0};

    if (write(worker->orders, &end, sizeof(end)) < 0)
        assert_int_equal(errno, EPIPE);
    close(worker->orders);
    int status = process_end(worker->pid);
    close(worker->results);
    return status;
}

static void kill_it(struct worker *worker)
{
    kill(worker->pid, SIGKILL);
    leave(worker);
}

/* --- what is there ---------------------------------------------------------------------------------- */

struct look {
    const char *dir;
    const char *(*check)(struct story *story, struct cairn_op *op);
    uint64_t seed; /* to be recorded; 0: nothing is */
};

static int look(void *arg)
{
    struct look *it = arg;
    struct cairn_op *op;

    if (cairn_open(&op, NULL, it->dir, CAIRN_NO_THREAD) != 0) {
        fprintf(stderr, "cannot open it: %s\n", cairn_message());
        return 1;
    }
    const char *wrong = it->check(story, op);
    if (wrong == NULL && it->seed && story_checkpoint(story, op, it->seed, 100) != 0)
        wrong = cairn_message();
    if (wrong == NULL && it->seed)
        wrong = it->check(story, op);
    if (wrong)
        fprintf(stderr, "%s\n", wrong);
    cairn_close(op);
    return wrong != NULL;
}

static bool holds(const char *dir, const char *(*check)(struct story *, struct cairn_op *), uint64_t seed)
{
    struct look it = {dir, check, seed};
    return process_end(process_start(look, &it)) == 0;
}

/* survives -- whether the story is kept if the power is lost now. */
static bool survives(unsigned how, uint64_t seed)
{
    bool kept = disk_cut(after, how, seed) && holds(after, story_check_set, 0);

    if (!kept)
        fprintf(stderr, "that was after a power cut of kind %u, %llu\n", how, (unsigned long long)seed);
    return kept;
}

/* all_is_kept -- whatever happens now: nobody lives any more. */
static void all_is_kept(void)
{
    disk_clear();
    assert_true(survives(DISK_CUT_NONE, 0));
    assert_true(survives(DISK_CUT_NONE | DISK_NO_INDEX, 0));
    assert_true(survives(DISK_CUT_ALL, 0));
    assert_true(survives(DISK_CUT_CHANCE, 1));
    assert_true(survives(DISK_CUT_CHANCE | DISK_NO_INDEX, 2));
    assert_true(holds(place, story_check_set, 900));
    assert_true(survives(DISK_CUT_NONE, 0));
    assert_true(survives(DISK_CUT_CHANCE, 3));
}

/* header -- that of a segment in `place`. */
static struct segment_header header(unsigned number)
{
    struct segment_header header;
    char path[SCRATCH_PATH_SIZE], name[SEGMENT_NAME_SIZE];
    size_t size;

    segment_name(name, number);
    unsigned char *bytes = scratch_read(scratch_join(path, place, name), &size);
    assert_non_null(bytes);
    assert_true(size >= sizeof(header));
    memcpy(&header, bytes, sizeof(header));
    free(bytes);
    return header;
}

/* --- rule 1: a position is never used twice ------------------------------------------------------------ */

static void rules__after_a_failed_sync_positions_go_on_past_all_that_were_handed_out(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct record lost;
    size_t size;

    (void)state;
    struct worker one = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"});
    assert_int_equal(record(&one, 2, LARGE), 0);
    struct segment_header next = header(2);
    unsigned char *bytes = scratch_read(scratch_join(path, place, "seg-00000001"), &size);
    assert_non_null(bytes);
    memcpy(&lost, bytes + SEGMENT_PAGE + next.prev_end, sizeof(lost));
    free(bytes);
    assert_int_equal(lost.position, next.prev_end);
    assert_int_equal(lost.data_size, LARGE);
    assert_true(next.tail.position >= record_end(&lost));
    assert_int_equal(leave(&one), 0);
    all_is_kept();
}

static void rules__a_waiter_looks_at_the_epoch_before_the_position(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    assert_int_equal(record(&two, 2, 100), 0);
    int failing = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL_PAUSE, .pid = two.pid, .name = "seg-"});
    order(&two, 3, LARGE);
    assert_true(disk_wait(failing, two.pid));
    int asleep = disk_set((struct disk_rule){.calls = DISK_SLEEP, .action = DISK_PAUSE, .pid = one.pid});
    order(&one, 4, 500);
    assert_true(disk_wait(asleep, one.pid));

    /* The first one's record is in the gap now, and the durable position goes far past it. */
    disk_go(failing);
    assert_int_equal(result(&two), 0);
    assert_int_equal(record(&two, 5, 2 * LARGE), 0);
    disk_go(asleep);
    assert_int_equal(result(&one), 0);
    assert_int_equal(leave(&one), 0);
    assert_int_equal(leave(&two), 0);
    all_is_kept();
}

/* --- rule 2: a dead owner of the sync lock is a failed sync ------------------------------------------- */

static void rules__a_process_that_dies_with_an_error_in_its_hand_has_failed_to_sync(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL_KILL, .pid = one.pid, .name = "seg-"});
    assert_int_equal(record(&one, 2, LARGE), ENDED);
    /* The other one opens the segment only now, so the kernel tells it nothing. */
    assert_int_equal(record(&two, 3, 100), 0);
    assert_int_equal(record(&two, 4, 100), 0);
    leave(&one);
    kill_it(&two);
    all_is_kept();
}

static void rules__a_failed_sync_is_never_retried_on_the_same_file(void **state)
{
    (void)state;
    struct worker one = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"});
    assert_int_equal(record(&one, 2, LARGE), 0);
    assert_int_equal(record(&one, 3, 100), 0);
    kill_it(&one);
    all_is_kept();
}

static void rules__a_write_back_that_failed_unseen_is_seen_by_whoever_syncs_next(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    assert_int_equal(record(&two, 2, 100), 0);
    int held = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_PAUSE, .pid = one.pid, .name = "seg-"});
    order(&one, 3, LARGE);
    assert_true(disk_wait(held, one.pid));
    disk_drop("seg-00000001");
    disk_go(held);
    assert_int_equal(result(&one), 0);
    assert_int_equal(record(&two, 4, 100), 0);
    kill_it(&one);
    kill_it(&two);
    all_is_kept();
}

/* --- rule 3: having won the sync lock, look again ------------------------------------------------------ */

static void rules__the_winner_of_the_sync_lock_looks_whether_the_segment_was_given_up(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&two, 1, 100), 0);
    int failing = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL_PAUSE, .pid = two.pid, .name = "seg-"});
    order(&two, 2, LARGE);
    assert_true(disk_wait(failing, two.pid));

    /* The kernel has told the second of the error, and the first opens the segment only now. It has looked at
     * everything and is about to try the lock. */
    int trying = disk_set(
        (struct disk_rule){.calls = DISK_TRYLOCK, .action = DISK_PAUSE, .pid = one.pid, .name = "sync"});
    order(&one, 3, 100);
    assert_true(disk_wait(trying, one.pid));
    int mending = disk_set(
        (struct disk_rule){.calls = DISK_TRYLOCK, .action = DISK_PAUSE, .pid = two.pid, .name = "append"});
    disk_go(failing);
    assert_true(disk_wait(mending, two.pid));
    disk_go(trying);
    assert_int_equal(result(&one), 0);
    assert_true(survives(DISK_CUT_NONE, 0));
    disk_go(mending);
    assert_int_equal(result(&two), 0);
    assert_int_equal(leave(&one), 0);
    assert_int_equal(leave(&two), 0);
    all_is_kept();
}

/* --- rule 4: recovery writes again what nothing vouches for -------------------------------------------- */

static void rules__recovery_writes_again_what_the_kernel_may_have_dropped(void **state)
{
    (void)state;
    struct worker one = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL_KILL, .name = "seg-"});
    assert_int_equal(record(&one, 2, LARGE), ENDED);
    leave(&one);
    disk_clear();
    struct worker two = opened();
    assert_int_equal(record(&two, 3, 100), 0);
    kill_it(&two);
    all_is_kept();
}

/* three_in_flight -- the journal of processes that were killed while three records waited for the same sync,
 * and none was durable; or all were, if `acknowledged`. Before them there is one that was. */
static void three_in_flight(bool acknowledged)
{
    struct worker one = opened(), two = opened(), three = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    int held = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_PAUSE, .pid = one.pid, .name = "seg-"});
    int second = disk_set((struct disk_rule){.calls = DISK_SLEEP, .action = DISK_PAUSE, .pid = two.pid});
    int third = disk_set((struct disk_rule){.calls = DISK_SLEEP, .action = DISK_PAUSE, .pid = three.pid});
    order(&one, 2, LARGE);
    assert_true(disk_wait(held, one.pid));
    order(&two, 3, 700);
    assert_true(disk_wait(second, two.pid));
    order(&three, 4, 3000);
    assert_true(disk_wait(third, three.pid));
    if (acknowledged) {
        /* The first sync takes what was there when it began: all three. */
        disk_go(held);
        assert_int_equal(result(&one), 0);
        disk_go(second);
        assert_int_equal(result(&two), 0);
        disk_go(third);
        assert_int_equal(result(&three), 0);
    }
    kill_it(&one);
    kill_it(&two);
    kill_it(&three);
    disk_clear();
}

static int note(void *arg, const struct cairn_entry *entry)
{
    char *text = arg;
    size_t size = strlen(text);

    snprintf(text + size, 1024 - size, "%s %s %llu %lld\n", entry->id, entry->label,
             (unsigned long long)entry->size, (long long)entry->time_ns);
    return 0;
}

/* listed -- ids, labels, sizes and times of what is there; to be freed. */
static char *listed(const char *dir, unsigned flags)
{
    char *text = calloc(1, 1024);
    struct cairn_op *op;

    assert_non_null(text);
    assert_int_equal(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD | flags), 0);
    assert_int_equal(cairn_list(op, NULL, note, text), 0);
    cairn_close(op);
    return text;
}

static void rules__what_recovery_cannot_sync_it_copies_and_nothing_of_it_changes(void **state)
{
    static const struct disk_rule faults[] = {
        {.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"},
        {.calls = DISK_RECORD | DISK_WRITE, .action = DISK_FAIL, .name = "seg-"},
    };

    (void)state;
    for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
            scratch_remove(place);
            disk_watch(place);
            story_clear(story);
            three_in_flight(acknowledged);
            char *before = listed(place, CAIRN_READONLY);
            int fault = disk_set(faults[i]);
            char *then = listed(place, 0);
            assert_int_equal(disk_fired(fault), 1);
            assert_string_equal(before, then);
            free(before);
            free(then);
            all_is_kept();
        }
    }
}

static void rules__recovery_that_copies_may_be_killed_anywhere(void **state)
{
    bool fired = true;

    (void)state;
    for (uint64_t nth = 1; fired; nth++) {
        scratch_remove(place);
        disk_watch(place);
        story_clear(story);
        three_in_flight(true);
        int fault = disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"});
        int end = disk_set(
            (struct disk_rule){.calls = DISK_CHANGES, .action = DISK_KILL, .nth = nth, .after = fault + 1});
        struct worker one = start();
        int opening = result(&one);
        fired = disk_fired(end) > 0;
        assert_int_equal(opening, fired ? ENDED : 0);
        leave(&one);
        all_is_kept();
    }
}

/* --- rule 5: going on to the next segment ------------------------------------------------------------- */

/* nearly_full -- the first segment has no room for another record of this size. */
#define HUGE (300 * 1024)
static void fill(const struct worker *worker)
{
    for (uint64_t seed = 1; seed <= 3; seed++)
        assert_int_equal(record(worker, seed, HUGE), 0);
}

static void rules__a_roll_whose_sync_fails_gives_the_segment_up(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    fill(&one);
    int held = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_PAUSE, .pid = two.pid, .name = "seg-"});
    order(&two, 4, LARGE);
    assert_true(disk_wait(held, two.pid));
    /* The first needs the next segment, and waits for the second's sync, which fails. */
    int waiting = disk_set((struct disk_rule){
        .calls = DISK_TRYLOCK, .action = DISK_PAUSE_AFTER, .pid = one.pid, .name = "sync"});
    order(&one, 5, HUGE);
    assert_true(disk_wait(waiting, one.pid));
    disk_drop("seg-00000001");
    disk_go(waiting);
    disk_go(held);
    assert_int_equal(result(&one), 0);
    assert_int_equal(result(&two), 0);
    kill_it(&one);
    kill_it(&two);
    all_is_kept();
}

static void rules__a_roll_first_syncs_what_others_have_written(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        scratch_remove(place);
        disk_watch(place);
        story_clear(story);
        struct worker one = opened(), two = opened();
        fill(&one);
        /* The second has written its record and is about to sync it when the first goes on to the next
         * segment. */
        int trying = disk_set(
            (struct disk_rule){.calls = DISK_TRYLOCK, .action = DISK_PAUSE, .pid = two.pid, .name = "sync"});
        order(&two, 4, 100);
        assert_true(disk_wait(trying, two.pid));
        if (fails)
            disk_set((struct disk_rule){
                .calls = DISK_SYNC, .action = DISK_FAIL, .pid = one.pid, .name = "seg-00000001"});
        assert_int_equal(record(&one, 5, HUGE), 0);
        disk_go(trying);
        assert_int_equal(result(&two), 0);
        kill_it(&one);
        kill_it(&two);
        all_is_kept();
    }
}

static void rules__a_roll_syncs_no_segment_in_which_nothing_is_pending(void **state)
{
    (void)state;
    struct worker one = opened();
    fill(&one);
    const uint64_t before = disk_calls(DISK_SYNC);
    assert_int_equal(record(&one, 4, HUGE), 0);
    assert_int_equal(disk_calls(DISK_SYNC) - before, 4); /* the spare, its header, the seal, the record */
    kill_it(&one);
    all_is_kept();
}

static void rules__a_roll_whose_seal_cannot_be_synced_goes_on(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    fill(&one);
    int seal = disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-00000001"});
    assert_int_equal(record(&one, 4, HUGE), 0);
    assert_int_equal(disk_fired(seal), 1);
    assert_int_equal(record(&two, 5, HUGE), 0);
    kill_it(&one);
    kill_it(&two);
    all_is_kept();
}

static void rules__a_killed_roller_leaves_nothing_behind_that_cuts_the_log(void **state)
{
    /* While the next segment is made; when it has its name; when that is durable. */
    static const struct disk_rule ends[] = {
        {.calls = DISK_WRITE, .action = DISK_KILL_HALF, .name = "spare-"},
        {.calls = DISK_RENAME, .action = DISK_KILL, .name = "spare-"},
        {.calls = DISK_RENAME, .action = DISK_KILL_AFTER, .name = "spare-"},
        {.calls = DISK_SYNC_DIR, .action = DISK_KILL_AFTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        for (int variant = 0; variant < 4; variant++) {
            const bool survivor = variant & 1, rolls = variant & 2;
            scratch_remove(place);
            disk_watch(place);
            story_clear(story);
            struct worker one = opened(), two = {0};
            fill(&one);
            if (survivor)
                two = opened();
            struct disk_rule end = ends[i];
            end.pid = one.pid;
            disk_set(end);
            assert_int_equal(record(&one, 4, HUGE), ENDED);
            leave(&one);
            if (!survivor)
                two = opened();
            /* These have room in the old segment. */
            assert_int_equal(record(&two, 5, 100), 0);
            assert_int_equal(record(&two, 6, 100), 0);
            /* The next segment that is made would take the place of what was left. */
            if (rolls)
                assert_int_equal(record(&two, 7, HUGE), 0);
            kill_it(&two);
            all_is_kept();
        }
    }
}

static void rules__what_a_killed_roller_made_is_no_part_of_the_log(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    fill(&one);
    disk_set((struct disk_rule){.calls = DISK_SYNC_DIR, .action = DISK_KILL_AFTER, .pid = one.pid});
    assert_int_equal(record(&one, 4, HUGE), ENDED);
    leave(&one);
    /* The next segment is durable, and says that the first one ends. The second process puts another one in
     * its place and dies before that is durable, too. */
    disk_set((struct disk_rule){.calls = DISK_SYNC_DIR, .action = DISK_KILL, .pid = two.pid});
    assert_int_equal(record(&two, 5, 100), ENDED);
    leave(&two);
    disk_clear();
    struct worker three = opened();
    assert_int_equal(record(&three, 6, 100), 0);
    assert_int_equal(record(&three, 7, 100), 0);
    kill_it(&three);
    all_is_kept();
}

static void rules__a_process_may_die_anywhere_while_it_gives_a_segment_up(void **state)
{
    bool fired = true;

    (void)state;
    for (uint64_t nth = 1; fired; nth++) {
        scratch_remove(place);
        disk_watch(place);
        story_clear(story);
        struct worker one = opened(), two = opened();
        assert_int_equal(record(&one, 1, 100), 0);
        assert_int_equal(record(&two, 2, 100), 0);
        int fault = disk_set(
            (struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .pid = one.pid, .name = "seg-"});
        int end = disk_set((struct disk_rule){.calls = DISK_CHANGES,
                                              .action = DISK_KILL_AFTER,
                                              .pid = one.pid,
                                              .nth = nth,
                                              .after = fault + 1});
        int last = record(&one, 3, LARGE);
        fired = disk_fired(end) > 0;
        assert_int_equal(last, fired ? ENDED : 0);
        assert_int_equal(record(&two, 4, 100), 0);
        assert_int_equal(record(&two, 5, LARGE), 0);
        kill_it(&one);
        kill_it(&two);
        all_is_kept();
    }
}

/* --- rule 6: nothing stale follows a cut --------------------------------------------------------------- */

static void rules__what_is_appended_again_after_a_cut_is_not_followed_by_what_was_cut_off(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    (void)state;
    disk_set_clock(1700000000000000000);
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    struct segment_header first = header(1);
    int held = disk_set(
        (struct disk_rule){.calls = DISK_SYNC, .action = DISK_PAUSE, .pid = one.pid, .name = "seg-"});
    int asleep = disk_set((struct disk_rule){.calls = DISK_SLEEP, .action = DISK_PAUSE, .pid = two.pid});
    order(&one, 2, LARGE);
    assert_true(disk_wait(held, one.pid));
    order(&two, 3, 100);
    assert_true(disk_wait(asleep, two.pid));
    kill_it(&one);
    kill_it(&two);

    /* The power is lost when some of the one and all of the other has been written. */
    assert_true(disk_cut(after, DISK_CUT_ALL, 0));
    unsigned char *bytes = scratch_read(scratch_join(path, after, "seg-00000001"), &size);
    assert_true(size > SEGMENT_PAGE + LARGE);
    assert_int_equal(first.tail.position, 0);
    memset(bytes + 2 * SEGMENT_PAGE, 0, 512);
    scratch_write(path, bytes, size);
    free(bytes);

    /* The same is recorded again, at the same time by the clock. */
    scratch_remove(place);
    assert_int_equal(rename(after, place), 0);
    disk_watch(place);
    disk_set_clock(1700000000000000000);
    story_clear(story);
    struct worker three = opened();
    assert_int_equal(record(&three, 2, LARGE), 0);
    kill_it(&three);
    char *there = listed(place, 0);
    assert_non_null(strstr(there, "step 1 "));
    assert_non_null(strstr(there, "step 2 "));
    assert_null(strstr(there, "step 3 "));
    free(there);
    disk_set_clock(0);
}

static void rules__a_killed_appender_leaves_no_record_behind(void **state)
{
    static const enum disk_action ends[] = {DISK_KILL_HALF, DISK_KILL_AFTER};

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        scratch_remove(place);
        disk_watch(place);
        story_clear(story);
        struct worker one = opened(), two = opened();
        assert_int_equal(record(&one, 1, 100), 0);
        disk_set((struct disk_rule){.calls = DISK_RECORD, .action = ends[i], .pid = one.pid});
        assert_int_equal(record(&one, 2, LARGE), ENDED);
        assert_int_equal(record(&two, 3, 100), 0);
        assert_int_equal(record(&two, 4, 100), 0);
        leave(&one);
        kill_it(&two);
        disk_clear();
        char *there = listed(place, 0);
        assert_null(strstr(there, "step 2"));
        free(there);
        all_is_kept();
    }
}

/* --- when nothing helps -------------------------------------------------------------------------------- */

static void rules__handles_are_poisoned_until_one_is_opened_anew(void **state)
{
    (void)state;
    struct worker one = opened(), two = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    assert_int_equal(record(&two, 2, 100), 0);
    disk_set(
        (struct disk_rule){.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL, .times = UINT64_MAX});
    assert_int_equal(record(&one, 3, 100), CAIRN_EIO);
    disk_clear();
    assert_int_equal(record(&one, 4, 100), CAIRN_EIO);
    assert_int_equal(record(&two, 5, 100), CAIRN_EIO);
    struct worker three = opened();
    assert_int_equal(record(&three, 6, 100), 0);
    assert_int_equal(record(&one, 7, 100), CAIRN_EIO);
    assert_int_equal(leave(&one), 0);
    assert_int_equal(leave(&two), 0);
    assert_int_equal(record(&three, 8, 100), 0);
    assert_int_equal(leave(&three), 0);
    all_is_kept();
}

static void rules__a_poisoned_handle_does_not_find_that_there_is_nothing_to_compact(void **state)
{
    (void)state;
    struct worker one = opened();
    disk_set(
        (struct disk_rule){.calls = DISK_SYNC | DISK_SYNC_DIR, .action = DISK_FAIL, .times = UINT64_MAX});
    assert_int_equal(record(&one, 1, 100), CAIRN_EIO);
    disk_clear();
    /* The first checkpoint may be there later, and would not have been compacted. */
    assert_int_equal(record(&one, COMPACT, 0), CAIRN_EIO);
    assert_int_equal(leave(&one), 0);
    all_is_kept();
}

static void rules__a_segment_can_be_given_up_on_a_full_disk(void **state)
{
    (void)state;
    struct worker one = opened();
    assert_int_equal(record(&one, 1, 100), 0);
    disk_set_full(true);
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"});
    assert_int_equal(record(&one, 2, LARGE), 0);
    assert_int_equal(record(&one, 3, 200 * 1024), CAIRN_ENOSPC);
    assert_int_equal(record(&one, 4, 100), 0);
    disk_set_full(false);
    assert_int_equal(record(&one, 5, 200 * 1024), 0);
    kill_it(&one);
    all_is_kept();
}

/* --- all at once ---------------------------------------------------------------------------------------- */

#define CROWD_PROCESSES 3
#define CROWD_THREADS   3

static struct cairn_op *crowd_op;

static void *crowd_thread(void *arg)
{
    uint64_t seed = (uintptr_t)arg;
    unsigned failures = 0;

    for (unsigned i = 1; i <= 20 && failures < 2; i++)
        failures += story_checkpoint(story, crowd_op, seed + i, i % 7 == 0 ? 60000 : 50 * i) != 0;
    return NULL;
}

static int crowd(void *arg)
{
    pthread_t threads[CROWD_THREADS];

    if (cairn_open(&crowd_op, NULL, place, 0) != 0)
        return 1;
    for (uintptr_t i = 0; i < CROWD_THREADS; i++)
        pthread_create(&threads[i], NULL, crowd_thread, (void *)((uintptr_t)arg + 100 * i + 100));
    for (int i = 0; i < CROWD_THREADS; i++)
        pthread_join(threads[i], NULL);
    cairn_close(crowd_op);
    return 0;
}

static void rules__many_writers_on_a_failing_disk_lose_nothing(void **state)
{
    const char *more = getenv("CAIRN_TORTURE_ROUNDS");
    uint64_t rounds = more ? strtoull(more, NULL, 10) : 12;

    (void)state;
    for (uint64_t round = 1; round <= rounds; round++) {
        pid_t pids[CROWD_PROCESSES];
        scratch_remove(place);
        disk_watch(place);
        story_clear(story);
        /* A sync fails; soon after a process dies; and a little later all of them, at once. */
        int fault = disk_set((struct disk_rule){
            .calls = DISK_SYNC, .action = DISK_FAIL, .nth = 3 + round * 7 % 13, .name = "seg-"});
        int death = disk_set((struct disk_rule){.calls = DISK_CHANGES,
                                                .action = round % 3 ? DISK_KILL_AFTER : DISK_FAIL,
                                                .nth = 1 + round * 5 % 17,
                                                .after = fault + 1});
        int end = disk_set((struct disk_rule){
            .calls = DISK_CHANGES, .action = DISK_PAUSE, .nth = 1 + round * 11 % 29, .after = death + 1});
        for (uintptr_t i = 0; i < CROWD_PROCESSES; i++)
            pids[i] = process_start(crowd, (void *)(1000 * (i + 1)));
        for (int i = 0; i < CROWD_PROCESSES; i++) {
            if (disk_wait(end, pids[i]))
                break;
        }
        for (int i = 0; i < CROWD_PROCESSES; i++)
            kill(pids[i], SIGKILL);
        for (int i = 0; i < CROWD_PROCESSES; i++)
            process_end(pids[i]);
        disk_clear();
        bool kept = survives(DISK_CUT_NONE, 0) && survives(DISK_CUT_CHANCE, round) &&
                    survives(DISK_CUT_ALL | DISK_NO_INDEX, 0) && holds(place, story_check_set, 900) &&
                    survives(DISK_CUT_NONE, 0);
        if (!kept)
            fail_msg("round %llu", (unsigned long long)round);
    }
}

#define rule_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        rule_test(rules__after_a_failed_sync_positions_go_on_past_all_that_were_handed_out),
        rule_test(rules__a_waiter_looks_at_the_epoch_before_the_position),
        rule_test(rules__a_process_that_dies_with_an_error_in_its_hand_has_failed_to_sync),
        rule_test(rules__a_failed_sync_is_never_retried_on_the_same_file),
        rule_test(rules__a_write_back_that_failed_unseen_is_seen_by_whoever_syncs_next),
        rule_test(rules__the_winner_of_the_sync_lock_looks_whether_the_segment_was_given_up),
        rule_test(rules__recovery_writes_again_what_the_kernel_may_have_dropped),
        rule_test(rules__what_recovery_cannot_sync_it_copies_and_nothing_of_it_changes),
        rule_test(rules__recovery_that_copies_may_be_killed_anywhere),
        rule_test(rules__a_roll_whose_sync_fails_gives_the_segment_up),
        rule_test(rules__a_roll_first_syncs_what_others_have_written),
        rule_test(rules__a_roll_syncs_no_segment_in_which_nothing_is_pending),
        rule_test(rules__a_roll_whose_seal_cannot_be_synced_goes_on),
        rule_test(rules__a_killed_roller_leaves_nothing_behind_that_cuts_the_log),
        rule_test(rules__what_a_killed_roller_made_is_no_part_of_the_log),
        rule_test(rules__a_process_may_die_anywhere_while_it_gives_a_segment_up),
        rule_test(rules__what_is_appended_again_after_a_cut_is_not_followed_by_what_was_cut_off),
        rule_test(rules__a_killed_appender_leaves_no_record_behind),
        rule_test(rules__handles_are_poisoned_until_one_is_opened_anew),
        rule_test(rules__a_poisoned_handle_does_not_find_that_there_is_nothing_to_compact),
        rule_test(rules__a_segment_can_be_given_up_on_a_full_disk),
        rule_test(rules__many_writers_on_a_failing_disk_lose_nothing),
    };
    signal(SIGPIPE, SIG_IGN); /* of workers that were killed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
