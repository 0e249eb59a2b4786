/* test_stress.c -- many processes on one journal that are killed at random moments: a short run of each kind.
 * long_stress.c does the same at full size, for many rounds. stress.h says what is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "stress.h"

/* run -- a round; a seed that failed can be given again as CAIRN_STRESS_SEED. Sanitizers get less to do. */
static void run(struct stress_plan plan)
{
    const char *seed = getenv("CAIRN_STRESS_SEED");
    const char *sanitize = getenv("CAIRN_SANITIZE");
    struct stress_result result;

    plan.seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 1000 + plan.writers;
    if (sanitize && *sanitize)
        plan.steps = plan.steps / 2 + 1;
    const char *wrong = stress_run(&plan, &result);
    if (wrong)
        fail_msg("%s", wrong);
    print_message("seed %" PRIu64 ": %" PRIu64 " acknowledged, %" PRIu64 " kills, %" PRIu64
                  " blackouts, %" PRIu64 " segments (%" PRIu64 " given up), %" PRIu64 " sightings, %.1f s\n",
                  plan.seed, result.acknowledged, result.kills, result.blackouts, result.segments,
                  result.gave_up, result.sightings, result.seconds);
    assert_true(result.acknowledged == (uint64_t)plan.writers * plan.threads * plan.steps);
    if (!plan.removals)
        assert_true(result.count >= result.acknowledged);
}

static void stress__writers_in_peace_leave_each_checkpoint_once(void **state)
{
    (void)state;
    run((struct stress_plan){.writers = 8, .threads = 4, .steps = 200, .readers = 2, .large_in = 300});
}

static void stress__killed_writers_lose_nothing_acknowledged(void **state)
{
    (void)state;
    run((struct stress_plan){
        .writers = 8, .threads = 4, .steps = 400, .readers = 2, .kill_us = 12000, .large_in = 300});
    run((struct stress_plan){.writers = 8,
                             .threads = 4,
                             .steps = 400,
                             .readers = 2,
                             .kill_us = 6000,
                             .large_in = 100,
                             .memory = true});
}

static void stress__killed_removers_leave_all_or_nothing(void **state)
{
    (void)state;
    run((struct stress_plan){.writers = 8,
                             .threads = 4,
                             .steps = 400,
                             .readers = 2,
                             .kill_us = 12000,
                             .large_in = 100,
                             .removals = true});
    run((struct stress_plan){.writers = 4,
                             .threads = 2,
                             .steps = 400,
                             .readers = 2,
                             .kill_us = 6000,
                             .large_in = 40,
                             .removals = true,
                             .memory = true});
}

static void stress__coming_and_going_processes_lose_nothing(void **state)
{
    (void)state;
    run((struct stress_plan){
        .writers = 8, .threads = 2, .steps = 300, .readers = 2, .large_in = 100, .comings = true});
    run((struct stress_plan){.writers = 8,
                             .threads = 2,
                             .steps = 300,
                             .readers = 4,
                             .kill_us = 15000,
                             .large_in = 100,
                             .comings = true,
                             .memory = true});
}

static void stress__coming_and_going_removers_leave_all_or_nothing(void **state)
{
    (void)state;
    run((struct stress_plan){.writers = 8,
                             .threads = 2,
                             .steps = 300,
                             .readers = 4,
                             .kill_us = 15000,
                             .large_in = 60,
                             .removals = true,
                             .comings = true,
                             .memory = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress__writers_in_peace_leave_each_checkpoint_once),
        cmocka_unit_test(stress__killed_writers_lose_nothing_acknowledged),
        cmocka_unit_test(stress__killed_removers_leave_all_or_nothing),
        cmocka_unit_test(stress__coming_and_going_processes_lose_nothing),
        cmocka_unit_test(stress__coming_and_going_removers_leave_all_or_nothing),
    };
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
