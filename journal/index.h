/* index.h -- index.mdb: the map as of some durable position, kept in LMDB.
 *
 * It is a cache of the log, and a witness: it is committed only when what it covers is durable, so an
 * index that covers more than the log holds is evidence of loss. Without it, or with bytes in it that are
 * not its own, the map is made from the log.
 *
 * LMDB trusts the file it maps. So before it may touch one, the whole page structure is checked here
 * (index_check.c), and each value carries a hash. LMDB runs without its own lock file: whoever touches the
 * index holds the gate (attach.h).
 */
#ifndef JOURNAL_INDEX_H
#define JOURNAL_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/map.h"

#define INDEX_NAME "index.mdb"

struct journal;

/* What is wrong if that is nothing of the file's: the process has no memory or no descriptor left. It is
 * compared by its address. */
extern const char index_no_means[];

/* index_load -- reads the index into `map`, and whose it is into `uuid`. True if there is one that is whole.
 * Else the map is empty and *why says in a few words what was wrong. The caller holds the gate. */
bool index_load(int dir, struct map *map, uint8_t uuid[16], const char **why);

/* index_save -- makes the index cover what the map does, unless it covers more already. What is there and is
 * not whole is replaced. A negative error if it could not be done, which is no harm. The caller holds the
 * gate and the map. */
int index_save(struct journal *journal, const struct map *map);

/* index_check -- NULL if LMDB can read this file without meeting a structure it would stumble over; else what
 * is wrong. With `saved`, only if it also can write it so that it passes again: its numbers grow then. */
const char *index_check(int fd, bool saved);

#endif
