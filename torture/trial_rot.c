/* trial_rot.c -- see trials.h. */
#include "torture/acks.h"
#include "torture/trials.h"

struct rotting {
    struct worker *worker;
    const struct tree *whole;
    struct states_counts *counts;
};

static bool test_rot(void *arg, const struct rot *rot)
{
    const struct rotting *rotting = arg;
    struct worker *worker = rotting->worker;
    const struct trace *trace = worker->campaign->trace;
    struct failure failure = {.acks = acks_size(trace, trace->count), .alike = 1};
    struct tree tree;

    tree_clone(&tree, rotting->whole);
    rot_apply(rot, trace, &tree);
    const uint64_t hash = tree_hash(&tree);
    const bool is_new = hashes_add(&worker->met, hash);
    rotting->counts->made++;
    rotting->counts->distinct += is_new;
    if (is_new && hash % worker->campaign->workers == worker->index &&
        worker_check(worker, &tree, hash, trace->count, failure.acks, true, &failure.checked)) {
        failure.crash = (struct crash){
            .profile = PROFILE_ROT, .dropped = DROPPED_NONE, .at = trace->count, .rot = *rot, .hash = hash};
        failure.kind = (uint64_t)rot->object << 8 | rot->kind;
        worker_tell(worker, &failure);
    }
    tree_release(&tree);
    return worker_goes_on(worker);
}

void trial_rot(struct worker *worker, struct states_counts *counts)
{
    const struct campaign *campaign = worker->campaign;
    const struct trace *trace = campaign->trace;
    struct rotting rotting = {.worker = worker, .counts = counts};
    struct tree whole;

    tree_begin(&whole, trace->objects);
    for (size_t i = 0; i < trace->count; i++)
        tree_apply(&whole, &trace->ops[i]);
    rotting.whole = &whole;
    hashes_add(&worker->met, tree_hash(&whole)); /* what has not rotted */
    counts->points = 1;
    rot_all(trace, &whole, campaign->seed, 8 * campaign->samples + 8, test_rot, &rotting);
    tree_release(&whole);
}
