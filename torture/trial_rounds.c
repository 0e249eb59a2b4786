/* trial_rounds.c -- see trials.h.
 *
 * A chain of rounds begins with the directory as the workload found it. In each the workload runs on what the
 * one before has left, and is killed: when it is about to make some call, or after some time. That is
 * checked; and the next round begins with a copy of it on which no check has been, or of what a power cut
 * would have made of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "torture/memory.h"
#include "torture/rerun.h"
#include "torture/sequence.h"
#include "torture/trials.h"

#define CHAIN_MAX 16 /* rounds */
#define CUTS_MAX  2  /* power cuts that are tried after a round */

struct rounds {
    struct worker *worker;
    struct states_counts *counts;
    struct sequence random;
    uint64_t calls, time_us; /* of a run that nothing is done to */
    unsigned number;         /* of the round in its chain, from 1 */
    struct rerun rerun;
    struct tree before;
    char *acked;
    /* what the next one may begin with */
    struct tree next;
    char *next_acked;
    size_t next_size;
    bool has_next, failed;
    unsigned cuts;
};

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void describe(void *arg)
{
    const struct rounds *rounds = arg;
    const struct injection *injection = &rounds->rerun.injection;
    char *note = rounds->worker->note;
    const size_t size = sizeof(rounds->worker->note);

    if (injection->timed_out)
        snprintf(note, size, "round %u", rounds->number);
    else if (!injection->killed)
        snprintf(note, size, "round %u: it ended by itself", rounds->number);
    else if (injection->after_us)
        snprintf(note, size, "round %u: killed after %" PRIu64 " us", rounds->number, injection->after_us);
    else
        snprintf(note, size, "round %u: killed at call %" PRIu64 ", %s", rounds->number, injection->at,
                 injection->call);
}

/* go_on_with -- the next round begins with that tree, which is taken over. */
static void go_on_with(struct rounds *rounds, struct tree *tree, size_t acks)
{
    tree_release(&rounds->next);
    free(rounds->next_acked);
    rounds->next = *tree;
    rounds->next_acked = memory_copy(rounds->worker->acks, acks);
    rounds->next_size = acks;
    rounds->has_next = true;
}

/* test_round -- what the kill has left, and what of that a power cut may. */
static bool test_round(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks)
{
    struct rounds *rounds = arg;
    struct worker *worker = rounds->worker;
    const bool cut = model->profile != PROFILE_KILL;
    const size_t all = rounds->rerun.acked_size + acks;
    struct failure failure = {.acks = all};
    bool wanted = !cut;

    if (cut)
        wanted = worker->campaign->cuts && rounds->cuts < CUTS_MAX && sequence_below(&rounds->random, 4) == 0;
    if (!wanted) {
        tree_release(tree);
        return true;
    }
    rounds->cuts += cut;
    rounds->counts->made++;
    rounds->counts->distinct += hashes_add(&worker->met, states_key(hash, all));
    if (worker_check(worker, tree, hash, model->at, all, cut, &failure.checked)) {
        worker_found(worker, &failure, model, lost, hash);
        rounds->failed = true;
        tree_release(tree);
    } else if (!rounds->has_next || sequence_below(&rounds->random, 2)) {
        go_on_with(rounds, tree, all);
    } else {
        tree_release(tree);
    }
    return worker_goes_on(worker);
}

/* begin_chain -- with the directory as the workload found it. */
static void begin_chain(struct rounds *rounds)
{
    tree_release(&rounds->before);
    free(rounds->acked);
    rerun_before(rounds->worker->campaign, &rounds->before);
    rounds->acked = NULL;
    rounds->rerun.acked_size = 0;
    rounds->number = 0;
}

/* choose -- how the round ends. */
static struct injection choose(struct rounds *rounds)
{
    struct injection injection = {.kind = INJECT_KILL,
                                  .ends_with_it = true,
                                  .quiet = true,
                                  .timeout_s = rounds->worker->campaign->timeout_s};

    if (rounds->calls && sequence_below(&rounds->random, 2))
        injection.at = 1 + sequence_below(&rounds->random, rounds->calls);
    else
        injection.after_us = 1 + sequence_below(&rounds->random, rounds->time_us);
    return injection;
}

static void play(struct rounds *rounds)
{
    rounds->number++;
    rounds->rerun.before = &rounds->before;
    rounds->rerun.acked = rounds->acked;
    rounds->rerun.injection = choose(rounds);
    rounds->has_next = rounds->failed = false;
    rounds->cuts = 0;
    rerun_states(&rounds->rerun, rounds->worker->campaign->samples, test_round, rounds);
    if (!rounds->rerun.injection.killed && rounds->rerun.status != 0)
        rounds->worker->refused++;
    if (rounds->failed || !rounds->has_next || !rounds->rerun.injection.killed ||
        rounds->number == CHAIN_MAX) {
        begin_chain(rounds);
        return;
    }
    tree_release(&rounds->before);
    free(rounds->acked);
    rounds->before = rounds->next;
    rounds->acked = rounds->next_acked;
    rounds->rerun.acked_size = rounds->next_size;
    rounds->next = (struct tree){0};
    rounds->next_acked = NULL;
}

static bool no_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                     uint64_t hash, size_t acks)
{
    (void)arg, (void)model, (void)lost, (void)hash, (void)acks;
    tree_release(tree);
    return false;
}

void trial_rounds(struct worker *worker, struct states_counts *counts)
{
    const struct campaign *campaign = worker->campaign;
    struct rounds rounds = {.worker = worker,
                            .counts = counts,
                            .random = sequence_of(campaign->seed * campaign->workers + worker->index),
                            .rerun = {.worker = worker, .describe = describe}};

    begin_chain(&rounds);
    rounds.rerun.before = &rounds.before;
    rounds.rerun.injection =
        (struct injection){.ends_with_it = true, .quiet = true, .timeout_s = campaign->timeout_s};
    const uint64_t begun = now_us();
    if (rerun_states(&rounds.rerun, 0, no_state, &rounds)) {
        rounds.calls = rounds.rerun.injection.calls;
        rounds.time_us = now_us() - begun + 1;
        for (unsigned i = worker->index; i < campaign->rounds && worker_goes_on(worker);
             i += campaign->workers) {
            play(&rounds);
            counts->points++;
        }
    }
    tree_release(&rounds.before);
    tree_release(&rounds.next);
    free(rounds.acked);
    free(rounds.next_acked);
}
