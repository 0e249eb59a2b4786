/* map.h -- where each checkpoint is: a mark for every 16 KiB of log, and the log itself in between.
 *
 * Each process has its own map, and brings it up to the durable position when it is asked something, by
 * walking the headers that are new. What is kept of it in LMDB (index.h) saves walking them all at the
 * next opening.
 *
 * A map follows the log across Compact, Clear and Complete. If it is so far behind that the segments it
 * would have to walk have been retired, it is made anew.
 *
 * The caller holds journal.map_lock for all of these.
 */
#ifndef JOURNAL_MAP_H
#define JOURNAL_MAP_H

#include "journal/scan.h"
#include "journal/stretch.h"
#include "journal/tail.h"

#define MARK_BYTES (16u * 1024) /* of log, at least, from one mark to the next */

/* A record boundary, in the generation of the map. */
struct mark {
    uint64_t position;
    uint64_t chain;
    uint64_t sequence;
    uint64_t segment;
    uint64_t number; /* of the next checkpoint */
};

struct map {
    bool loaded;
    struct tail at; /* what it covers */
    struct mark *marks;
    size_t count;
    size_t space;
    struct stretch **stretches; /* of as many marks as there is space for here; NULL where none was begun */
    size_t stretch_space;
};

void map_init(struct map *map);
void map_release(struct map *map);

/* map_begin -- empties it and sets it to `at`. */
int map_begin(struct map *map, const struct tail *at);

/* map_add_mark -- adds a mark behind all others. */
int map_add_mark(struct map *map, const struct mark *mark);

/* map_begin_in_hole -- the removal that began the generation at `at` was lost in `hole`, with what came
 * first in that generation: the map begins at the hole, so that who goes through it meets that. */
int map_begin_in_hole(struct map *map, const struct hole *hole, const struct tail *at);

/* map_advance -- walks to the limit of `scan`, which stands where the map does. A negative error, SCAN_END
 * or SCAN_STALE; *last_hole becomes the last hole that was met, if any was. */
int map_advance(struct map *map, struct scan *scan, struct hole *last_hole);

/* map_follow -- the same beyond what is known to have been durable, until the log ends; `met` is called for
 * each record. */
int map_follow(struct map *map, struct scan *scan, int (*met)(void *arg, const struct record *record),
               void *arg);

/* map_catch_up -- loads the map if need be, for which the context bounds the wait, and brings it up to all
 * that is durable now. */
int map_catch_up(struct journal *journal, const struct cairn_ctx *ctx);

/* map_scan -- begins a scan at the mark before checkpoint `number`, up to what the map covers. */
int map_scan(struct journal *journal, struct scan *scan, uint64_t number);

/* map_stretch -- the stretch that such a scan begins in, with nothing remembered; NULL if there is no memory
 * for it. What the scan meets is to be added. */
struct stretch **map_stretch(struct map *map, uint64_t number);

/* map_recall -- the stretch of an earlier scan, if one began there; else NULL. */
const struct stretch *map_recall(const struct map *map, uint64_t number);

#endif
