/* told.h -- what the workload had said before the crash (TORTURE_ACKED), and what follows from that: what
 * must be there, and what must not.
 *
 * Each line has its time, which is its number. What a call did came about between its `begin` and its `done`;
 * so, of two calls, one was before the other if it had ended before that began, and else nobody knows. That
 * holds for any number of threads and processes.
 */
#ifndef TORTURE_CAIRN_TOLD_H
#define TORTURE_CAIRN_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct step {
    uint32_t seed;
    size_t size;
    char id[256];   /* once it was acknowledged; else "" */
    size_t begun;   /* when */
    size_t ended;   /* when; 0: not yet */
    bool acked;     /* else it may be there, or not */
    size_t damaged; /* when its bytes were about to be damaged on purpose; 0: never */
};

struct removal {
    bool compact; /* else nothing is left */
    size_t begun, ended;
};

struct told {
    struct step *steps; /* in the order in which they began; without such as are known to have failed */
    size_t count;
    struct removal *removals;
    size_t removal_count;
    size_t repair_begun; /* when the last repair began */
    size_t repaired;     /* when the last one began that has succeeded */
};

/* told_read -- from the file that TORTURE_ACKED names. Ends the process if that makes no sense. */
void told_read(struct told *told);
void told_release(struct told *told);

/* step_must -- it must be there, if under another id. step_gone -- it must not. step_keeps_id -- nothing has
 * removed or renamed it, nor is about to. */
bool step_must(const struct told *told, const struct step *step);
bool step_gone(const struct told *told, const struct step *step);
bool step_keeps_id(const struct told *told, const struct step *step);

/* step_latest_at -- it was the latest when that removal began. */
bool step_latest_at(const struct told *told, const struct step *step, const struct removal *removal);

/* told_pending -- the removal that was begun and has not ended; NULL if there is none. step_awaits -- the
 * step was there when it began. */
const struct removal *told_pending(const struct told *told);
bool step_awaits(const struct told *told, const struct step *step, const struct removal *pending);

/* told_damaged -- something was damaged on purpose; told_repaired -- and some of it was repaired later;
 * told_accepted -- a repair has accepted all that was damaged. */
bool told_damaged(const struct told *told);
bool told_repaired(const struct told *told);
bool told_accepted(const struct told *told);

/* told_find -- the step whose bytes these are, one that may be there if there is such a one; told->count if
 * it is none. */
size_t told_find(const struct told *told, const void *data, size_t size);

/* fail -- the check has failed: says so and ends the process. */
_Noreturn void fail(const char *what, const char *more);

#endif
