/* rounds.c -- see rounds.h.
 *
 * In each round and for each work every engine has its turn, in an order that is shuffled each time, in a
 * fresh directory and a fresh process. So a disk that is slower for a while is slower for all, and every
 * figure has a floor that was measured near it. First come the works on new stores, in all rounds. Then, for
 * each size and count, the stores are made, the works on them are done in all rounds, and the stores are
 * removed.
 *
 * A store is made by a process that ends by SIGKILL. Works that open or compact it get a copy of that. The
 * others share one that has been opened since. */
#include "rounds.h"

#include "child.h"
#include "figures.h"
#include "must.h"
#include "place.h"
#include "random.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REASON_MAX 256u

enum outcome { OUTCOME_DONE, OUTCOME_LEFT_OUT, OUTCOME_FAILED };

/* --- One process ------------------------------------------------------------------------------------ */

/* Becomes the program once more; `mode` is --child or --fill. */
_Noreturn static void become(const char *mode, const struct work *work, const struct engine *engine,
                             const char *dir, double seconds)
{
    char number[16], time[32];

    snprintf(number, sizeof number, "%u", (unsigned)(work - works));
    snprintf(time, sizeof time, "%.9g", seconds);
    execl("/proc/self/exe", "cairn-bench", mode, number, engine->name, dir, time, (char *)NULL);
    die("/proc/self/exe: %s", strerror(errno));
}

/* Takes a line that the process has printed: a figure, or else why there is none. */
static void line_take(char *line, unsigned round, const struct work *work, const struct engine *engine,
                      char reason[REASON_MAX])
{
    char *rest = line, *metric = strsep(&rest, "\t"), *value = strsep(&rest, "\t");

    line[strcspn(line, "\n")] = '\0';
    if (value != NULL && rest != NULL) {
        rest[strcspn(rest, "\n")] = '\0';
        figures_add(round, work, engine, metric, strtod(value, NULL), rest);
    } else if (reason[0] == '\0') {
        const char *own = "cairn-bench: ";
        snprintf(reason, REASON_MAX, "%s", strncmp(line, own, strlen(own)) == 0 ? line + strlen(own) : line);
    }
}

static enum outcome process_run(const char *mode, unsigned round, const struct work *work,
                                const struct engine *engine, const char *dir, double seconds,
                                char reason[REASON_MAX])
{
    int ends[2], status;
    char *line = NULL;
    size_t room = 0;

    must(pipe(ends) == 0, "pipe");
    const pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        must(dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[1], STDERR_FILENO) >= 0, "dup2");
        close(ends[0]);
        close(ends[1]);
        become(mode, work, engine, dir, seconds);
    }
    close(ends[1]);
    FILE *file = fdopen(ends[0], "r");
    must(file != NULL, "fdopen");
    reason[0] = '\0';
    while (getline(&line, &room, file) >= 0)
        line_take(line, round, work, engine, reason);
    free(line);
    fclose(file);
    if (place_is_interrupted())
        kill(pid, SIGKILL);
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    place_interrupted();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && strcmp(mode, "--fill") == 0)
        return OUTCOME_DONE;
    if (WIFSIGNALED(status))
        snprintf(reason, REASON_MAX, "it ended by signal %d", WTERMSIG(status));
    return status == 0                                                   ? OUTCOME_DONE
           : WIFEXITED(status) && WEXITSTATUS(status) == STATUS_LEFT_OUT ? OUTCOME_LEFT_OUT
                                                                         : OUTCOME_FAILED;
}

/* --- One round -------------------------------------------------------------------------------------- */

struct running {
    const struct plan *plan;
    struct notes *notes;
    unsigned failed;
    bool *out; /* for each work and engine: it will not come to anything */
};

static bool *out_of(const struct running *running, const struct work *work, unsigned e)
{
    return &running->out[(size_t)(work - works) * running->plan->engines_count + e];
}

static void note_out(struct running *running, enum outcome outcome, const struct work *work, unsigned e,
                     const char *reason)
{
    char name[WORK_NAME_MAX];

    work_name(work, name);
    *out_of(running, work, e) = true;
    running->failed += outcome == OUTCOME_FAILED;
    notes_add(running->notes,
              outcome == OUTCOME_FAILED ? "**failed: %s at %s: %s**" : "left out: %s at %s: %s",
              running->plan->engines[e]->title, name, reason);
}

static char *store_path(const struct engine *engine, const char *suffix)
{
    return place_in(engine->name, suffix);
}

/* Works that leave the store as they found it, or nearly so. */
static bool shares_store(const struct work *work)
{
    return work->kind == WORK_READ || work->kind == WORK_COST;
}

static void measure(struct running *running, unsigned round, const struct work *work, unsigned e)
{
    const struct engine *engine = running->plan->engines[e];
    char *killed = store_path(engine, ".killed"), *live = store_path(engine, ".live");
    char *fresh = store_path(engine, ".run"), *small = store_path(engine, ".live.small");
    char reason[REASON_MAX];

    if (work->count == 0)
        must_mkdir(fresh);
    else if (!shares_store(work))
        place_copy(killed, fresh);
    const enum outcome outcome = process_run(
        "--child", round, work, engine, shares_store(work) ? live : fresh, running->plan->seconds, reason);
    if (outcome != OUTCOME_DONE)
        note_out(running, outcome, work, e, reason);
    place_remove(fresh);
    place_remove(small);
    free(killed), free(live), free(fresh), free(small);
}

static void shuffle(unsigned order[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const unsigned other = (unsigned)(random_next() >> 33) % (i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

static void measure_all(struct running *running, const struct work *const *some, unsigned count)
{
    const struct plan *plan = running->plan;
    unsigned order[32] = {0};
    char name[WORK_NAME_MAX];

    if (plan->engines_count > sizeof order / sizeof order[0])
        die("too many engines");
    for (unsigned round = 0; round < plan->rounds; round++)
        for (unsigned w = 0; w < count; w++) {
            work_name(some[w], name);
            fprintf(stderr, "round %u of %u: %s\n", round + 1, plan->rounds, name);
            shuffle(order, plan->engines_count);
            for (unsigned i = 0; i < plan->engines_count; i++)
                if (!*out_of(running, some[w], order[i]))
                    measure(running, round, some[w], order[i]);
        }
}

/* --- Stores ----------------------------------------------------------------------------------------- */

/* Whether one of the works is measured with this engine. */
static bool is_wanted(const struct running *running, const struct work *const *some, unsigned count,
                      unsigned e)
{
    for (unsigned w = 0; w < count; w++)
        if (!*out_of(running, some[w], e))
            return true;
    return false;
}

/* Whether one of the works wants copies of a store that nobody has opened since the kill. */
static bool wants_copies(const struct work *const *some, unsigned count)
{
    for (unsigned w = 0; w < count; w++)
        if (!shares_store(some[w]))
            return true;
    return false;
}

/* Makes the store of an engine, for those of the works that it is not out of. */
static void store_make(struct running *running, const struct work *const *some, unsigned count, unsigned e)
{
    const struct engine *engine = running->plan->engines[e];
    char *killed = store_path(engine, ".killed"), *live = store_path(engine, ".live"), reason[REASON_MAX];

    if (is_wanted(running, some, count, e)) {
        must_mkdir(killed);
        const enum outcome outcome = process_run("--fill", 0, some[0], engine, killed, 0, reason);
        for (unsigned w = 0; w < count && outcome != OUTCOME_DONE; w++)
            if (!*out_of(running, some[w], e))
                note_out(running, outcome, some[w], e, reason);
        if (wants_copies(some, count))
            place_copy(killed, live);
        else
            must(rename(killed, live) == 0, live);
    }
    free(killed), free(live);
}

static void store_remove(const struct engine *engine)
{
    char *killed = store_path(engine, ".killed"), *live = store_path(engine, ".live");

    place_remove(killed);
    place_remove(live);
    free(killed), free(live);
}

/* The works have the size and the count of a checkpoint in common. */
static void measure_on_stores(struct running *running, const struct work *const *some, unsigned count)
{
    const struct plan *plan = running->plan;
    const uint64_t bytes = (some[0]->size + 300) * some[0]->count; /* of an engine that needs little */
    const unsigned copies = wants_copies(some, count) ? 4 : 2;     /* some need twice of that */
    unsigned stores = 0;
    char name[WORK_NAME_MAX];

    size_name(some[0]->size, name);
    if (plan->count_max > 0 && some[0]->count > plan->count_max) {
        notes_add(running->notes, "left out: all at %llu checkpoints, by --count-max",
                  (unsigned long long)some[0]->count);
        return;
    }
    for (unsigned e = 0; e < plan->engines_count; e++)
        stores += is_wanted(running, some, count, e);
    if (place_free() < bytes * copies * stores) {
        notes_add(running->notes, "left out: all at %llu checkpoints of %s: the disk has not enough space",
                  (unsigned long long)some[0]->count, name);
        return;
    }
    fprintf(stderr, "making stores of %llu checkpoints of %s\n", (unsigned long long)some[0]->count, name);
    for (unsigned e = 0; e < plan->engines_count; e++)
        store_make(running, some, count, e);
    measure_all(running, some, count);
    for (unsigned e = 0; e < plan->engines_count; e++)
        store_remove(plan->engines[e]);
}

/* ---------------------------------------------------------------------------------------------------- */

/* Notes what is left out from the beginning. */
static void leave_some_out(struct running *running)
{
    const struct plan *plan = running->plan;
    char name[WORK_NAME_MAX];

    for (unsigned e = 0; e < plan->engines_count; e++) {
        if (plan->engines[e]->missing != NULL)
            notes_add(running->notes, "left out: %s: %s", plan->engines[e]->title, plan->engines[e]->missing);
        for (unsigned w = 0; w < plan->works_count; w++) {
            const char *reason = work_leaves_out(plan->works[w], plan->engines[e]);
            if (work_is_too_large(plan->works[w])) {
                work_name(plan->works[w], name);
                notes_add(running->notes, "left out: all at %s: more than %u MiB would be under way at once",
                          name, (unsigned)(WORK_BYTES_MAX >> 20));
                reason = "";
            }
            if (reason != NULL && reason[0] != '\0')
                note_out(running, OUTCOME_LEFT_OUT, plan->works[w], e, reason);
            else if (reason != NULL)
                *out_of(running, plan->works[w], e) = true;
        }
    }
}

unsigned rounds_run(const struct plan *plan, struct notes *notes)
{
    struct running running = {.plan = plan, .notes = notes};
    const struct work **some = must_alloc((plan->works_count + 1) * sizeof(const struct work *));
    unsigned count = 0;

    running.out = must_alloc((size_t)works_count * plan->engines_count * sizeof *running.out);
    leave_some_out(&running);
    for (unsigned w = 0; w < plan->works_count; w++)
        if (plan->works[w]->count == 0)
            some[count++] = plan->works[w];
    measure_all(&running, some, count);
    for (unsigned w = 0; w < plan->works_count; w += count) {
        const struct work *first = plan->works[w];
        for (count = 0; w + count < plan->works_count && plan->works[w + count]->size == first->size &&
                        plan->works[w + count]->count == first->count;)
            some[count] = plan->works[w + count], count++;
        if (first->count > 0)
            measure_on_stores(&running, some, count);
    }
    free(running.out);
    free(some);
    return running.failed;
}
