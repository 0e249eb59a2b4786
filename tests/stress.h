/* stress.h -- many processes on one journal, killed at random moments, and whether it kept its promise.
 *
 * Writers are processes of several threads; each thread records its steps, one checkpoint a step, and notes
 * each id in memory that is shared with the test the moment it gets it. Readers are processes that ask for
 * the latest checkpoint, over and over, and note which it was. Meanwhile the test kills some of them, or all
 * of them at once, and starts them again; a writer goes on behind the last step of which it has noted the id.
 *
 * What was recorded names itself (writer, thread, step, and the how manieth try of that step), so afterwards
 * it is known of everything in the journal whose it is. Asked is then that
 *
 *   - every id that was noted names just what was recorded, byte for byte;
 *   - nothing is there twice, nothing that was refused is there, and what was under way when its
 *     process was killed is there whole or not at all;
 *   - numbers begin at 0 and leave none out, and are in the order in which each thread took its steps;
 *   - no reader has seen a checkpoint that is not there now, nor an older one after a newer one;
 *   - verify finds nothing.
 *
 * With removals (Compact, Clear, Complete) this holds for the generation that is left; of older ones nothing
 * must be there, but for the one checkpoint that a Compact has kept, which must be the newest of those
 * before.
 */
#ifndef TESTS_STRESS_H
#define TESTS_STRESS_H

#include <stdbool.h>
#include <stdint.h>

struct stress_plan {
    unsigned writers;  /* processes */
    unsigned threads;  /* of each */
    unsigned steps;    /* of each thread */
    unsigned readers;  /* processes */
    unsigned kill_us;  /* the longest time from one kill to the next, in microseconds; 0: nobody is killed */
    unsigned large_in; /* one of so many checkpoints has up to 1.5 MiB; 0: none has */
    bool removals;     /* now and then a writer removes what there is */
    bool comings;      /* writers and readers open and close the journal all the time */
    bool memory;       /* in /dev/shm */
    uint64_t seed;     /* of all that is left to chance */
};

/* What happened; for a line of report. */
struct stress_result {
    uint64_t acknowledged;
    uint64_t kills;     /* processes killed */
    uint64_t blackouts; /* times that all were */
    uint64_t gave_up;   /* segments given up, since a process had died with the sync lock */
    uint64_t segments;  /* that were begun, given-up ones included */
    uint64_t sightings; /* by readers */
    uint64_t count;     /* checkpoints that are there in the end */
    uint64_t strays;    /* spares that nobody knew of, in the end */
    double seconds;
};

/* stress_run -- does as planned. NULL, or what was wrong; the journal is then kept and named in the text,
 * which holds until the next call. */
const char *stress_run(const struct stress_plan *plan, struct stress_result *result);

#endif
