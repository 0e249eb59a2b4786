/* told.c -- see told.h. */
#include "torture/cairn/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/cairn/body.h"

_Noreturn void fail(const char *what, const char *more)
{
    printf("%s: %s\n", what, more);
    exit(1);
}

/* --- reading it --------------------------------------------------------------------------------------- */

static void *larger(void *array, size_t count, size_t item)
{
    array = realloc(array, (count + 1) * item);
    if (array == NULL)
        fail("no memory", "for what was acknowledged");
    return array;
}

static struct step *step_of(struct told *told, uint32_t seed)
{
    for (size_t i = told->count; i > 0; i--) {
        if (told->steps[i - 1].seed == seed)
            return &told->steps[i - 1];
    }
    return NULL;
}

static void read_step(struct told *told, size_t now, const char *how, const struct step *read)
{
    struct step *step = step_of(told, read->seed);

    if (strcmp(how, "begin") == 0) {
        told->steps = larger(told->steps, told->count, sizeof(*told->steps));
        told->steps[told->count] = (struct step){.seed = read->seed, .size = read->size, .begun = now};
        told->count++;
        return;
    }
    if (step == NULL || step->ended)
        fail("a checkpoint has ended that had not begun", read->id);
    step->ended = now;
    if (strcmp(how, "done") == 0) {
        step->acked = true;
        memcpy(step->id, read->id, sizeof(step->id));
    } else if (strcmp(how, "failed") == 0) { /* nothing was recorded */
        told->count--;
        memmove(step, step + 1, (size_t)(&told->steps[told->count] - step) * sizeof(*step));
    }
}

/* read_removal -- there is one thread at most that removes. */
static void read_removal(struct told *told, size_t now, const char *how, const char *what)
{
    if (strcmp(how, "begin") == 0) {
        told->removals = larger(told->removals, told->removal_count, sizeof(*told->removals));
        told->removals[told->removal_count++] =
            (struct removal){.compact = strcmp(what, "compact") == 0, .begun = now};
    } else if (told->removal_count == 0 || told->removals[told->removal_count - 1].ended) {
        fail("a removal has ended that had not begun", what);
    } else if (strcmp(how, "done") == 0) {
        told->removals[told->removal_count - 1].ended = now;
    } else { /* nothing was removed */
        told->removal_count--;
    }
}

static void read_repair(struct told *told, size_t now, const char *how)
{
    if (strcmp(how, "begin") == 0)
        told->repair_begun = now;
    else if (strcmp(how, "done") == 0)
        told->repaired = told->repair_begun;
}

static void read_damage(struct told *told, size_t now, const char *how, uint32_t seed)
{
    struct step *step = step_of(told, seed);

    if (step && strcmp(how, "begin") == 0)
        step->damaged = now;
}

void told_read(struct told *told)
{
    const char *path = getenv("TORTURE_ACKED");
    FILE *acks = path ? fopen(path, "re") : NULL;
    char line[512], how[16], what[16];

    *told = (struct told){.count = 0};
    if (acks == NULL)
        fail("no acknowledgements", path ? path : "TORTURE_ACKED is not set");
    for (size_t now = 1; fgets(line, sizeof(line), acks); now++) {
        struct step read = {.size = 0};
        const int words =
            sscanf(line, "%15s %15s %u %zu %255[^\n]", how, what, &read.seed, &read.size, read.id);
        if (words >= 4 && strcmp(what, "checkpoint") == 0)
            read_step(told, now, how, &read);
        else if (words >= 3 && strcmp(what, "damage") == 0)
            read_damage(told, now, how, read.seed);
        else if (words == 2 && strcmp(what, "repair") == 0)
            read_repair(told, now, how);
        else if (words == 2)
            read_removal(told, now, how, what);
        else
            fail("a line of the workload's is not understood", line);
    }
    fclose(acks);
}

void told_release(struct told *told)
{
    free(told->steps);
    free(told->removals);
    *told = (struct told){.count = 0};
}

/* --- what follows ------------------------------------------------------------------------------------- */

static bool is_before(size_t ended, size_t begun)
{
    return ended && ended < begun;
}

bool step_latest_at(const struct told *told, const struct step *step, const struct removal *removal)
{
    if (!step->acked || !is_before(step->ended, removal->begun))
        return false;
    for (size_t i = 0; i < told->count; i++) {
        const struct step *other = &told->steps[i];
        if (other != step && !is_before(other->ended, step->begun) &&
            !is_before(removal->ended, other->begun))
            return false;
    }
    return true;
}

bool step_must(const struct told *told, const struct step *step)
{
    for (size_t i = 0; i < told->removal_count; i++) {
        const struct removal *removal = &told->removals[i];
        if (!is_before(removal->ended, step->begun) &&
            !(removal->compact && step_latest_at(told, step, removal)))
            return false;
    }
    return step->acked;
}

/* is_older -- when the removal began there was one that is newer than the step. */
static bool is_older(const struct told *told, const struct step *step, const struct removal *removal)
{
    for (size_t i = 0; i < told->count; i++) {
        const struct step *other = &told->steps[i];
        if (other->acked && is_before(step->ended, other->begun) && is_before(other->ended, removal->begun))
            return true;
    }
    return false;
}

bool step_gone(const struct told *told, const struct step *step)
{
    for (size_t i = 0; i < told->removal_count; i++) {
        const struct removal *removal = &told->removals[i];
        if (removal->ended && is_before(step->ended, removal->begun) &&
            (!removal->compact || is_older(told, step, removal)))
            return true;
    }
    return false;
}

bool step_keeps_id(const struct told *told, const struct step *step)
{
    for (size_t i = 0; i < told->removal_count; i++) {
        if (!is_before(told->removals[i].ended, step->begun))
            return false;
    }
    return step->acked;
}

const struct removal *told_pending(const struct told *told)
{
    const struct removal *last = told->removal_count ? &told->removals[told->removal_count - 1] : NULL;

    return last && last->ended == 0 ? last : NULL;
}

bool step_awaits(const struct told *told, const struct step *step, const struct removal *pending)
{
    for (const struct removal *removal = told->removals; removal < pending; removal++) {
        if (!is_before(removal->ended, step->begun) &&
            !(removal->compact && step_latest_at(told, step, removal)))
            return false;
    }
    return step->acked && step->ended < pending->begun;
}

bool told_damaged(const struct told *told)
{
    for (size_t i = 0; i < told->count; i++) {
        if (told->steps[i].damaged)
            return true;
    }
    return false;
}

bool told_repaired(const struct told *told)
{
    for (size_t i = 0; i < told->count; i++) {
        if (told->steps[i].damaged && told->steps[i].damaged < told->repaired)
            return true;
    }
    return false;
}

bool told_accepted(const struct told *told)
{
    for (size_t i = 0; i < told->count; i++) {
        if (told->steps[i].damaged > told->repaired)
            return false;
    }
    return true;
}

size_t told_find(const struct told *told, const void *data, size_t size)
{
    size_t found = told->count;

    for (size_t i = 0; i < told->count; i++) {
        if (told->steps[i].size != size || !body_is(told->steps[i].seed, size, data))
            continue;
        found = i;
        if (!step_gone(told, &told->steps[i]))
            break;
    }
    return found;
}
