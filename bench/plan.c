/* plan.c -- see plan.h. */
#include "plan.h"

#include "must.h"

#include <fnmatch.h>
#include <stdlib.h>

static bool matches(const char *pattern, const struct engine *engine, const struct work *work)
{
    char name[WORK_NAME_MAX];

    if (work != NULL)
        work_name(work, name);
    return fnmatch(pattern, work != NULL ? name : engine->name, 0) == 0;
}

static bool matches_engine(const char *pattern)
{
    for (unsigned e = 0; e < engines_count; e++)
        if (matches(pattern, engines[e], NULL))
            return true;
    return false;
}

static bool matches_work(const char *pattern)
{
    for (unsigned w = 0; w < works_count; w++)
        if (matches(pattern, NULL, &works[w]))
            return true;
    return false;
}

/* Returns whether one of the patterns matches. */
static bool asked(const struct patterns *patterns, const struct engine *engine, const struct work *work)
{
    for (unsigned i = 0; i < patterns->count; i++)
        if (matches(patterns->pattern[i], engine, work))
            return true;
    return false;
}

void plan_choose(struct plan *plan, const struct patterns *patterns, bool quick)
{
    bool some_engines = false, some_works = false;

    for (unsigned i = 0; i < patterns->count; i++) {
        const bool engine = matches_engine(patterns->pattern[i]), work = matches_work(patterns->pattern[i]);
        if (!engine && !work)
            die("no engine and no work is called '%s'; see --list", patterns->pattern[i]);
        some_engines = some_engines || engine;
        some_works = some_works || work;
    }
    plan->engines = must_alloc(engines_count * sizeof(const struct engine *));
    for (unsigned e = 0; e < engines_count; e++)
        if (!some_engines || asked(patterns, engines[e], NULL))
            plan->engines[plan->engines_count++] = engines[e];
    plan->works = must_alloc(works_count * sizeof(const struct work *));
    for (unsigned w = 0; w < works_count; w++)
        if ((works[w].quick || !quick) && (!some_works || asked(patterns, NULL, &works[w])))
            plan->works[plan->works_count++] = &works[w];
}

void plan_free(struct plan *plan)
{
    free(plan->engines);
    free(plan->works);
}

const struct work *plan_work(const struct plan *plan, enum work_kind kind, size_t size, unsigned threads,
                             unsigned processes, uint64_t count)
{
    for (unsigned w = 0; w < plan->works_count; w++) {
        const struct work *work = plan->works[w];
        if (work->kind == kind && work->size == size && work->threads == threads &&
            work->processes == processes && work->count == count)
            return work;
    }
    return NULL;
}
