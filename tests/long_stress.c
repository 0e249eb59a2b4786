/* long_stress.c -- many processes on one journal that are killed at random moments: CAIRN_TORTURE_ROUNDS
 * rounds (200) of the full size, with a line for each. stress.h says what is asked.
 *
 * The rounds take turns in what happens in them. CAIRN_STRESS_SEED is the first round's seed.
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

static void stress__killed_writers_lose_nothing_acknowledged(void **state)
{
    static const unsigned kill_us[] = {30000, 8000, 100000, 3000};
    const char *wanted = getenv("CAIRN_TORTURE_ROUNDS");
    const char *first = getenv("CAIRN_STRESS_SEED");
    const uint64_t rounds = wanted && *wanted ? strtoull(wanted, NULL, 10) : 200;
    const uint64_t seed = first && *first ? strtoull(first, NULL, 10) : (uint64_t)time(NULL) * 1000;
    struct stress_result all = {0};

    (void)state;
    for (uint64_t round = 0; round < rounds; round++) {
        const struct stress_plan plan = {
            .writers = 8,
            .threads = 4,
            .steps = 1000,
            .readers = 2,
            .kill_us = kill_us[round / 2 % 4],
            .large_in = round % 3 == 0 ? 2000 : 200,
            .removals = round % 2 == 1,
            .comings = round / 4 % 2 == 1,
            .memory = round % 5 == 4,
            .seed = seed + round,
        };
        struct stress_result result;
        const char *wrong = stress_run(&plan, &result);
        if (wrong)
            fail_msg("round %" PRIu64 ": %s", round, wrong);
        printf("round %" PRIu64 ": seed %" PRIu64 "%s%s%s: %" PRIu64 " acknowledged, %" PRIu64
               " kills, %" PRIu64 " blackouts, %" PRIu64 " segments (%" PRIu64 " given up), %" PRIu64
               " sightings, %" PRIu64 " strays, %.1f s\n",
               round, plan.seed, plan.removals ? ", removals" : "", plan.comings ? ", comings" : "",
               plan.memory ? ", memory" : "", result.acknowledged, result.kills, result.blackouts,
               result.segments, result.gave_up, result.sightings, result.strays, result.seconds);
        fflush(stdout);
        assert_true(result.acknowledged == (uint64_t)plan.writers * plan.threads * plan.steps);
        all.acknowledged += result.acknowledged;
        all.kills += result.kills;
        all.blackouts += result.blackouts;
        all.segments += result.segments;
        all.gave_up += result.gave_up;
        all.sightings += result.sightings;
        all.seconds += result.seconds;
    }
    printf("%" PRIu64 " rounds: %" PRIu64 " acknowledged, %" PRIu64 " kills, %" PRIu64 " blackouts, %" PRIu64
           " segments (%" PRIu64 " given up), %" PRIu64 " sightings, %.0f s\n",
           rounds, all.acknowledged, all.kills, all.blackouts, all.segments, all.gave_up, all.sightings,
           all.seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress__killed_writers_lose_nothing_acknowledged),
    };
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
