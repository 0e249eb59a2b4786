/* states.c -- see states.h. */
#include "torture/states.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "torture/hashes.h"
#include "torture/memory.h"
#include "torture/sequence.h"

#define LATEST_PARTS 12 /* that are lost, or kept, one by one */
#define LATEST_OPS   12
#define LATEST_PAGES 4 /* that are torn */
#define ALL_PARTS    6 /* so many and fewer: all combinations of them */

struct making {
    const struct states_options *options;
    struct states_counts *counts;
    states_fn *fn;
    void *arg;
    struct model model;
    struct hashes here, all; /* combinations at this point; states at any */
    size_t acks;
    size_t *free; /* the parts that may be lost */
    size_t free_count, free_space;
    uint8_t *lost;
    struct sequence random;
    bool stopped;
};

uint64_t states_key(uint64_t hash, size_t acks)
{
    return hash ^ (uint64_t)acks * 0x9e3779b97f4a7c15u;
}

/* offer -- the state that lost[] makes, unless it has been. */
static void offer(struct making *making)
{
    const struct model *model = &making->model;
    struct tree tree;

    if (making->stopped)
        return;
    model_allow(model, making->lost);
    if (!hashes_add(&making->here, XXH3_64bits(making->lost, model->count)))
        return;
    making->counts->made++;
    model_state(model, making->lost, &tree);
    const uint64_t hash = tree_hash(&tree);
    if (hashes_add(&making->all, states_key(hash, making->acks))) {
        making->counts->distinct++;
        making->stopped = !making->fn(making->arg, model, making->lost, &tree, hash, making->acks);
    } else {
        tree_release(&tree);
    }
}

/* fill -- all of the parts that may be lost are, or none. */
static void fill(struct making *making, bool lost)
{
    memset(making->lost, 0, making->model.count);
    for (size_t i = 0; lost && i < making->free_count; i++)
        making->lost[making->free[i]] = SECTORS_ALL;
}

static size_t latest(size_t count, size_t wanted)
{
    return count < wanted ? 0 : count - wanted;
}

static void offer_single(struct making *making)
{
    for (size_t i = latest(making->free_count, LATEST_PARTS); i < making->free_count; i++) {
        fill(making, false);
        making->lost[making->free[i]] = SECTORS_ALL;
        offer(making);
        fill(making, true);
        making->lost[making->free[i]] = 0;
        offer(making);
    }
}

/* offer_ops -- whole operations: lost, kept, or all from one on lost. */
static void offer_ops(struct making *making)
{
    const struct part *parts = making->model.parts;
    size_t end = making->free_count;

    for (unsigned ops = 0; ops < LATEST_OPS && end > 0; ops++) {
        const size_t op = parts[making->free[end - 1]].op;
        size_t begin = end;
        while (begin > 0 && parts[making->free[begin - 1]].op == op)
            begin--;
        for (int way = 0; way < 3; way++) {
            fill(making, way == 1);
            for (size_t i = begin; i < (way == 2 ? making->free_count : end); i++)
                making->lost[making->free[i]] = way == 1 ? 0 : SECTORS_ALL;
            offer(making);
        }
        end = begin;
    }
}

static void offer_combinations(struct making *making)
{
    if (making->free_count > ALL_PARTS) {
        making->counts->incomplete++;
        return;
    }
    for (unsigned bits = 0; bits < 1u << making->free_count; bits++) {
        fill(making, false);
        for (size_t i = 0; i < making->free_count; i++)
            making->lost[making->free[i]] = bits & 1u << i ? SECTORS_ALL : 0;
        offer(making);
    }
}

static void offer_torn(struct making *making)
{
    static const uint8_t masks[] = {0x0f, 0xf0, 0x01, 0x80, 0xfe, 0x7f};
    unsigned pages = 0;

    for (size_t i = making->free_count; i-- > 0 && pages < LATEST_PAGES;) {
        const struct part *part = &making->model.parts[making->free[i]];
        if (part->kind != PART_BYTES || (part->sectors & (part->sectors - 1)) == 0)
            continue;
        pages++;
        for (size_t mask = 0; mask < sizeof(masks); mask++) {
            for (int others = 0; others < 2; others++) {
                fill(making, others);
                making->lost[making->free[i]] = masks[mask];
                offer(making);
            }
        }
    }
}

static void offer_random(struct making *making)
{
    for (unsigned sample = 0; sample < making->options->samples && making->free_count > 2; sample++) {
        const uint64_t chance = 1 + sequence_next(&making->random) % 9; /* in ten */
        fill(making, false);
        for (size_t i = 0; i < making->free_count; i++) {
            const uint64_t random = sequence_next(&making->random);
            if (random % 10 < chance)
                making->lost[making->free[i]] = random & 0x300 ? SECTORS_ALL : (uint8_t)(random >> 16);
        }
        offer(making);
    }
}

static void offer_point(struct making *making)
{
    making->counts->points++;
    making->free_count = 0;
    for (size_t i = 0; i < making->model.count; i++) {
        if (making->model.parts[i].durable)
            continue;
        making->free =
            memory_grow(making->free, making->free_count, &making->free_space, sizeof(*making->free));
        making->free[making->free_count++] = i;
    }
    free(making->lost);
    making->lost = memory_new(making->model.count);
    hashes_release(&making->here);
    fill(making, false);
    offer(making);
    fill(making, true);
    offer(making);
    offer_ops(making);
    offer_single(making);
    offer_combinations(making);
    offer_torn(making);
    offer_random(making);
}

/* is_amid_call -- whether the point is between two operations of one call, or of stores that were seen
 * together: a kill cannot come there. */
static bool is_amid_call(const struct trace *trace, enum profile profile, size_t at)
{
    if (profile != PROFILE_KILL || at == 0 || at >= trace->count)
        return false;
    const struct op *before = &trace->ops[at - 1], *behind = &trace->ops[at];
    return (before->flags & OP_BASE) == 0 && before->begin == behind->begin && before->end == behind->end &&
           before->thread == behind->thread && strcmp(before->call, behind->call) == 0;
}

void states_all(const struct trace *trace, const struct states_options *options, states_fn *fn, void *arg,
                struct states_counts *counts)
{
    struct making making = {
        .options = options, .counts = counts, .fn = fn, .arg = arg, .random = sequence_of(options->seed)};

    *counts = (struct states_counts){0};
    model_begin(&making.model, trace, options->profile, options->dropped);
    for (bool more = true; more && !making.stopped;) {
        if (making.model.at >= options->to)
            break;
        if (making.model.at >= options->from && !is_amid_call(trace, options->profile, making.model.at))
            offer_point(&making);
        const size_t at = making.model.at;
        more = model_step(&making.model);
        if (more && trace->ops[at].kind == OP_ACK)
            making.acks += trace->ops[at].data_size;
    }
    model_release(&making.model);
    hashes_release(&making.here);
    hashes_release(&making.all);
    free(making.free);
    free(making.lost);
}

void crash_take(struct crash *crash, const struct model *model, const uint8_t *lost, uint64_t hash)
{
    size_t space = 0;

    *crash =
        (struct crash){.profile = model->profile, .dropped = model->dropped, .at = model->at, .hash = hash};
    for (size_t i = 0; i < model->count; i++) {
        if (lost[i] == 0)
            continue;
        crash->losses = memory_grow(crash->losses, crash->count, &space, sizeof(*crash->losses));
        crash->losses[crash->count++] =
            (struct loss){model->parts[i].op, model->parts[i].kind, model->parts[i].number, lost[i]};
    }
}

void crash_release(struct crash *crash)
{
    free(crash->losses);
    *crash = (struct crash){0};
}

bool crash_make(struct crash *crash, const struct trace *trace, struct tree *tree)
{
    struct model model;
    size_t found = 0;

    model_begin(&model, trace, crash->profile, crash->dropped);
    while (model.at < crash->at && model_step(&model))
        ;
    uint8_t *lost = memory_new(model.count);
    for (size_t i = 0; i < model.count; i++) {
        for (size_t k = 0; k < crash->count; k++) {
            const struct loss *loss = &crash->losses[k];
            if (loss->op != model.parts[i].op || loss->kind != model.parts[i].kind ||
                loss->number != model.parts[i].number)
                continue;
            lost[i] = loss->sectors;
            found++;
        }
    }
    const bool fits = model.at == crash->at && found == crash->count;
    model_allow(&model, lost);
    model_state(&model, lost, tree);
    rot_apply(&crash->rot, trace, tree);
    struct crash allowed;
    crash_take(&allowed, &model, lost, tree_hash(tree));
    allowed.rot = crash->rot;
    crash_release(crash);
    *crash = allowed;
    free(lost);
    model_release(&model);
    return fits;
}
