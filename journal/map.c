/* map.c -- see map.h. */
#include "journal/map.h"

#include <stdlib.h>
#include <string.h>

#include "journal/index.h"
#include "journal/journal.h"
#include "journal/recovery.h"

void map_init(struct map *map)
{
    memset(map, 0, sizeof(*map));
}

void map_release(struct map *map)
{
    for (size_t i = 0; i < map->stretch_space; i++)
        free(map->stretches[i]);
    free(map->stretches);
    free(map->marks);
    memset(map, 0, sizeof(*map));
}

int map_add_mark(struct map *map, const struct mark *mark)
{
    if (map->count == map->space) {
        size_t space = map->space ? map->space * 2 : 64;
        struct mark *marks = realloc(map->marks, space * sizeof(*marks));
        if (marks == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "no memory for the map of a journal");
        map->marks = marks;
        map->space = space;
    }
    map->marks[map->count++] = *mark;
    return 0;
}

static int mark_here(struct map *map, const struct tail *at)
{
    struct mark mark = {
        .position = at->position,
        .chain = at->chain,
        .sequence = at->sequence,
        .segment = at->segment,
        .number = at->next_number,
    };
    return map_add_mark(map, &mark);
}

int map_begin(struct map *map, const struct tail *at)
{
    map->loaded = true;
    map->count = 0;
    map->at = *at;
    return mark_here(map, at);
}

int map_begin_in_hole(struct map *map, const struct hole *hole, const struct tail *at)
{
    const struct mark mark = {
        .position = hole->position,
        .chain = hole->chain,
        .sequence = hole->sequence,
        .segment = hole->segment,
        .number = at->survivor_position == RECORD_NONE ? 0 : 1,
    };

    map->count = 0;
    map->at = *at;
    return map_add_mark(map, &mark);
}

/* keep_up -- the map after one step of a scan, which began in `generation`; `hole` if that met one. */
static int keep_up(struct map *map, struct scan *scan, uint64_t generation, const struct hole *hole)
{
    const struct tail *at = &scan->at;

    map->at = *at;
    if (at->generation != generation) {
        uint64_t oldest = at->horizon_segment;
        if (at->survivor_position != RECORD_NONE && at->survivor_segment < oldest)
            oldest = at->survivor_segment;
        files_forget(scan->journal, oldest);
        if (hole)
            return map_begin_in_hole(map, hole, at);
        map->count = 0;
        return mark_here(map, at);
    }
    if (map->count == 0 || at->position - map->marks[map->count - 1].position >= MARK_BYTES)
        return mark_here(map, at);
    return 0;
}

int map_advance(struct map *map, struct scan *scan, struct hole *last_hole)
{
    for (;;) {
        uint64_t generation = scan->at.generation;
        int result = scan_step(scan);
        if (result < 0 || result == SCAN_STALE)
            return result;
        if (result == SCAN_END) {
            map->at = scan->at;
            return result;
        }
        if (result == SCAN_HOLE)
            *last_hole = scan->hole;
        int error = keep_up(map, scan, generation, result == SCAN_HOLE ? &scan->hole : NULL);
        if (error)
            return error;
    }
}

int map_follow(struct map *map, struct scan *scan, int (*met)(void *arg, const struct record *record),
               void *arg)
{
    for (;;) {
        uint64_t generation = scan->at.generation;
        int result = scan_follow(scan);
        if (result != SCAN_RECORD)
            return result;
        int error = keep_up(map, scan, generation, NULL);
        if (error == 0)
            error = met(arg, &scan->record);
        if (error)
            return error;
    }
}

int map_catch_up(struct journal *journal, const struct cairn_ctx *ctx)
{
    struct map *map = &journal->map;
    struct hole last_hole;

    for (int attempt = 0; attempt < 100; attempt++) {
        struct scan scan;
        int result = 0;
        if (!map->loaded)
            result = recovery_load_map(journal, ctx);
        if (result)
            return result;
        if (map->at.position >= journal_durable(journal))
            return 0;
        struct tail final = {0};
        if (journal->control)
            control_durable(journal->control, &final);
        else
            final.position = journal->alone_end;
        result = scan_begin(&scan, journal, &map->at, final.position, journal_newest(journal));
        /* If the last ones cannot be had, it is known all the same which they were. */
        scan.final = final;
        scan.final_known = journal->control != NULL;
        if (result == 0)
            result = map_advance(map, &scan, &last_hole);
        scan_release(&scan);
        if (result == SCAN_END && map->at.position == final.position)
            tail_jump(&map->at, final.next_number, final.next_generation);
        if (result == SCAN_END || result < 0)
            return result;
        map->loaded = false; /* retired beneath us: begin anew */
    }
    return cairn_set_message(CAIRN_EBUSY, "%s: the log is cut off faster than it can be read", journal->path);
}

/* mark_guess -- about where the mark for a checkpoint is; just there if all are of one size. */
static size_t mark_guess(const struct map *map, uint64_t number)
{
    const uint64_t first = map->marks[0].number, last = map->marks[map->count - 1].number;

    if (number <= first)
        return 0;
    if (number >= last)
        return map->count - 1;
    return (size_t)((double)(number - first) / (double)(last - first) * (double)(map->count - 1));
}

/* mark_before -- the index of the mark from which a walk meets checkpoint `number`. From the guess on, in
 * steps that double until it is between two, and then by halves: what is far from there is not looked at, for
 * each look is a wait for memory. */
static size_t mark_before(const struct map *map, uint64_t number)
{
    size_t low = 0, high = map->count, step = 1;

    assert(map->count > 0);
    for (size_t at = mark_guess(map, number); high - low > 1; step *= 2) {
        if (map->marks[at].number <= number) {
            low = at;
            at = high - low > step ? low + step : low + (high - low) / 2;
        } else {
            high = at;
            at = high - low > step ? high - step : low + (high - low) / 2;
        }
    }
    return low;
}

struct stretch **map_stretch(struct map *map, uint64_t number)
{
    const size_t i = mark_before(map, number);

    if (i >= map->stretch_space) {
        struct stretch **larger = realloc(map->stretches, map->space * sizeof(struct stretch *));
        if (larger == NULL)
            return NULL;
        for (size_t k = map->stretch_space; k < map->space; k++)
            larger[k] = NULL;
        map->stretches = larger;
        map->stretch_space = map->space;
    }
    stretch_begin(&map->stretches[i], map->marks[i].position, map->marks[i].segment);
    return &map->stretches[i];
}

const struct stretch *map_recall(const struct map *map, uint64_t number)
{
    const size_t i = mark_before(map, number);
    const struct stretch *stretch = i < map->stretch_space ? map->stretches[i] : NULL;
    const bool known =
        stretch && stretch->position == map->marks[i].position && stretch->segment == map->marks[i].segment;

    return known ? stretch : NULL;
}

int map_scan(struct journal *journal, struct scan *scan, uint64_t number)
{
    const struct map *map = &journal->map;
    const struct mark *mark = &map->marks[mark_before(map, number)];
    struct tail at = map->at;

    at.position = mark->position;
    at.chain = mark->chain;
    at.sequence = mark->sequence;
    at.segment = mark->segment;
    at.number = at.next_number = mark->number;
    int error = scan_begin(scan, journal, &at, map->at.position, map->at.segment);
    if (error == 0) {
        scan->final = map->at;
        scan->final_known = true;
    }
    return error;
}
