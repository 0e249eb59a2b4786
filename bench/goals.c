/* goals.c -- see goals.h.
 *
 * A goal is a figure of Cairn, mostly one divided by another engine's of the same round, and a bound. It
 * holds if the median of the rounds is within the bound; if the spread reaches across it, the answer has a
 * question mark. Where the best of several engines is asked for, it is the one with the best median: the best
 * of each round would be a competitor that does not exist. */
#include "goals.h"

#include "figures.h"

#include <math.h>
#include <string.h>

/* The row of Cairn at a work, and what it is divided by. */
struct goal {
    const char *text;
    bool at_least; /* or else at most */
    double bound;
    const char *unit; /* "" for a ratio */
    bool measured;
    double row[ROUNDS_MAX];
    const struct engine
        *against; /* the best of those that it is compared with; NULL if there is nothing to choose */
};

static void goal_add(struct table *table, const struct goal *goal)
{
    const char *sign = goal->at_least ? ">=" : "<=";
    struct spread spread;

    table_cell(table, "%s%s%s", goal->text, goal->against != NULL ? ": " : "",
               goal->against != NULL ? goal->against->title : "");
    table_cell(table, "%s %g%s", sign, goal->bound, goal->unit);
    if (!goal->measured || !spread_of(goal->row, &spread)) {
        table_cell(table, "not measured");
        table_cell(table, "%s", "");
        table_cell(table, "%s", "");
        return;
    }
    const bool holds = goal->at_least ? spread.median >= goal->bound : spread.median <= goal->bound;
    const bool low = goal->at_least ? spread.low >= goal->bound : spread.low <= goal->bound;
    const bool high = goal->at_least ? spread.high >= goal->bound : spread.high <= goal->bound;
    table_cell(table, "**%.3g%s**", spread.median, goal->unit);
    table_cell(table, "%.3g–%.3g", spread.low, spread.high);
    table_cell(table, "%s%s", holds ? "yes" : "**no**", low != high ? "?" : "");
}

/* Sets the row to Cairn's figures at `work`, divided by the other's at `by_work`, unless that is NULL. */
static void goal_measure(struct goal *goal, const struct work *work, const char *metric,
                         const struct work *by_work, const struct engine *by_engine)
{
    double by[ROUNDS_MAX];

    goal->measured = work != NULL && figures_row(work, engine_find("cairn"), metric, goal->row);
    if (goal->measured && by_engine != NULL) {
        goal->measured = by_work != NULL && figures_row(by_work, by_engine, metric, by);
        if (goal->measured)
            row_divide(goal->row, by);
    }
}

/* Returns the engine of this kind with the highest median. */
static const struct engine *best(const struct plan *plan, const struct work *work, enum engine_kind kind)
{
    const struct engine *found = NULL;
    double most = 0;

    for (unsigned e = 0; e < plan->engines_count && work != NULL; e++) {
        const double median = figures_median(work, plan->engines[e], "rate");
        if (plan->engines[e]->kind == kind && median > most) {
            found = plan->engines[e];
            most = median;
        }
    }
    return found;
}

/* --- The lines -------------------------------------------------------------------------------------- */

static const struct work *append_work(const struct plan *plan, size_t size, unsigned threads,
                                      unsigned processes)
{
    return plan_work(plan, WORK_APPEND, size, threads, processes, 0);
}

static void floor_goal(const struct plan *plan, struct table *table, size_t size, unsigned threads)
{
    char text[128], bytes[WORK_NAME_MAX];
    const struct work *work = append_work(plan, size, threads, 1);
    struct goal goal = {.text = text, .at_least = true, .bound = threads == 1 ? 0.95 : 0.9, .unit = ""};

    size_name(size, bytes);
    snprintf(text, sizeof text, "%s, %u thread%s, to the %s floor", bytes, threads, threads == 1 ? "" : "s",
             threads == 1 ? "pwrite + fdatasync" : "group-commit");
    goal_measure(&goal, work, "rate", work, engine_find(threads == 1 ? "written" : "group"));
    goal_add(table, &goal);
}

static void best_goal(const struct plan *plan, struct table *table, const struct work *work,
                      enum engine_kind kind, double bound, const char *what)
{
    struct goal goal = {.text = what, .at_least = true, .bound = bound, .unit = ""};

    goal.against = best(plan, work, kind);
    if (goal.against != NULL)
        goal_measure(&goal, work, "rate", work, goal.against);
    goal_add(table, &goal);
}

static void peer_goal(const struct plan *plan, struct table *table, size_t size, unsigned threads,
                      double bound)
{
    char text[128], bytes[WORK_NAME_MAX];

    size_name(size, bytes);
    snprintf(text, sizeof text, "%s, %u thread%s, to the best peer", bytes, threads, threads == 1 ? "" : "s");
    best_goal(plan, table, append_work(plan, size, threads, 1), ENGINE_PEER, bound, text);
}

static void large_goals(const struct plan *plan, struct table *table, size_t size, double peers)
{
    char text[128], bytes[WORK_NAME_MAX];
    const struct work *growing = append_work(plan, size, 1, 1);
    const struct work *recycling = plan_work(plan, WORK_RECYCLE, size, 1, 1, 0);

    size_name(size, bytes);
    snprintf(text, sizeof text, "%s in recycled space, to the fastest into written space", bytes);
    best_goal(plan, table, recycling, ENGINE_FLOOR_WRITTEN, 0.9, text);
    snprintf(text, sizeof text, "%s growing, to the fastest that grows", bytes);
    best_goal(plan, table, growing, ENGINE_FLOOR_GROWING, 0.9, text);
    snprintf(text, sizeof text, "%s, to the best peer", bytes);
    best_goal(plan, table, growing, ENGINE_PEER, peers, text);
}

/* A figure of Cairn's alone, below the bound. */
static void own_goal(struct table *table, const struct work *work, const char *metric, const char *text,
                     double bound, const char *unit)
{
    struct goal goal = {.text = text, .bound = bound, .unit = unit};

    goal_measure(&goal, work, metric, NULL, NULL);
    goal_add(table, &goal);
}

struct table *goals_table(const struct plan *plan)
{
    static const size_t sizes[] = {100, 4096};
    static const unsigned threads[] = {1, 4, 16, 64};
    static const double peers[2][4] = {{1, 1.4, 2, 2}, {1, 1.4, 2, 2.5}};
    static const uint64_t million = 1000000;
    struct table *table = table_new(5, "The goals");

    table_cell(table, "goal");
    table_cell(table, "to reach");
    table_cell(table, "median");
    table_cell(table, "lowest–highest");
    table_cell(table, "holds");
    for (unsigned s = 0; s < 2; s++)
        for (unsigned t = 0; t < 4; t++)
            floor_goal(plan, table, sizes[s], threads[t]);
    for (unsigned s = 0; s < 2; s++)
        for (unsigned t = 0; t < 4; t++)
            peer_goal(plan, table, sizes[s], threads[t], peers[s][t]);

    struct goal goal = {
        .text = "100 B, 16 processes on one journal, to one", .at_least = true, .bound = 4, .unit = ""};
    goal_measure(&goal, append_work(plan, 100, 1, 16), "rate", append_work(plan, 100, 1, 1),
                 engine_find("cairn"));
    goal_add(table, &goal);
    large_goals(plan, table, 1 << 20, 3);
    large_goals(plan, table, 64 << 20, 5);

    own_goal(table, plan_work(plan, WORK_COST, 100, 1, 1, million), "to that at 10",
             "an append at 1,000,000 checkpoints, to one at 10", 1.05, "");
    own_goal(table, plan_work(plan, WORK_READ, 100, 1, 1, million), "load", "load 100 B of 1,000,000, warm",
             1, " us");
    own_goal(table, plan_work(plan, WORK_READ, 4096, 1, 1, million), "load", "load 4 KiB of 1,000,000, warm",
             2, " us");
    own_goal(table, plan_work(plan, WORK_READ, 100, 1, 1, million), "latest", "latest, 100 B, warm", 1,
             " us");
    own_goal(table, plan_work(plan, WORK_OPEN, 100, 1, 1, million), "open after a kill",
             "open after SIGKILL at 1,000,000, to the first answer", 5, " ms");
    own_goal(table, plan_work(plan, WORK_ROLL, 64 << 10, 1, 1, 0), "p99.9 to steady p99",
             "p99.9 while segments roll, to the steady p99", 3, "");
    own_goal(table, plan_work(plan, WORK_CALLS, 100, 1, 1, 0), "heap calls", "heap calls per append", 0, "");
    return table;
}
