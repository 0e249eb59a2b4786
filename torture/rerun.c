/* rerun.c -- see rerun.h. */
#include "torture/rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/acks.h"
#include "torture/allocations.h"
#include "torture/memory.h"
#include "torture/recorder.h"

static void tell_hang(struct worker *worker, const struct injection *injection, size_t acks)
{
    struct failure failure = {.acks = acks,
                              .alike = 1,
                              .kind = injection->kind !=
                                      INJECT_ALLOCATION, /* worker_found() has others than 0 and 1 */
                              .crash = {.profile = PROFILE_KILL, .dropped = DROPPED_NONE}};

    snprintf(failure.note, sizeof(failure.note), "%s", worker->note);
    failure.checked.verdict = CHECK_HUNG;
    snprintf(failure.checked.output, sizeof(failure.checked.output),
             "the workload itself did not end in %u seconds", injection->timeout_s);
    failure.crash.at = worker->trace->count;
    failure.trace = (struct trace *)(uintptr_t)worker->trace;
    worker_tell(worker, &failure);
}

/* acks_join -- what was acknowledged before the run, and in it; *size has its size. */
static char *acks_join(const struct rerun *rerun, const struct trace *trace, size_t *size)
{
    const size_t more = acks_size(trace, trace->count);
    char *all = memory_new(rerun->acked_size + more + 1), *own = acks_take(trace, more);

    if (rerun->acked_size)
        memcpy(all, rerun->acked, rerun->acked_size);
    memcpy(all + rerun->acked_size, own, more);
    free(own);
    *size = rerun->acked_size + more;
    return all;
}

/* run -- the workload, in the sandbox. */
static bool run(struct rerun *rerun, struct trace *trace)
{
    struct worker *worker = rerun->worker;
    struct injection *injection = &rerun->injection;
    const bool counts = injection->kind == INJECT_ALLOCATION;
    struct allocations allocations;

    library_forget(&worker->oracle.library); /* who records waits for all processes */
    sandbox_boot(worker->sandbox, 0);
    if (!sandbox_lay(worker->sandbox, rerun->before) ||
        (counts && !allocations_begin(&allocations, worker->sandbox->scratch, injection)))
        return false;
    const bool ran = recorder_run(trace, worker->sandbox->dir, worker->campaign->command, injection);
    if (counts)
        allocations_end(&allocations, injection);
    return ran;
}

bool rerun_states(struct rerun *rerun, unsigned samples, states_fn *fn, void *arg)
{
    static const enum profile profiles[] = {PROFILE_KILL, PROFILE_STRICT};
    struct worker *worker = rerun->worker;
    const struct campaign *campaign = worker->campaign;
    struct injection *injection = &rerun->injection;
    struct states_counts counts;
    struct trace trace;
    size_t acks;

    if (!run(rerun, &trace)) {
        worker->broken = true;
        return false;
    }
    rerun->status = trace.status;
    char *before = worker->acks;
    worker->acks = acks_join(rerun, &trace, &acks);
    worker->trace = &trace;
    if (rerun->describe)
        rerun->describe(arg);
    if (injection->timed_out)
        tell_hang(worker, injection, acks);
    for (size_t i = 0; i < 2 && !injection->timed_out; i++) {
        const struct states_options options = {.profile = profiles[i],
                                               .seed = campaign->seed,
                                               .samples = samples,
                                               .dropped = DROPPED_NONE,
                                               .from = trace.count,
                                               .to = SIZE_MAX};
        states_all(&trace, &options, fn, arg, &counts);
    }
    worker->trace = campaign->trace;
    free(worker->acks);
    worker->acks = before;
    trace_release(&trace);
    return true;
}

void rerun_before(const struct campaign *campaign, struct tree *tree)
{
    const struct trace *trace = campaign->trace;

    tree_begin(tree, trace->objects);
    for (size_t i = 0; i < trace->count && (trace->ops[i].flags & OP_BASE); i++)
        tree_apply(tree, &trace->ops[i]);
}
