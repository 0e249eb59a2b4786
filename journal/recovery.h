/* recovery.h -- what the log holds when nobody lives, and what is done before the next one may append.
 *
 * docs/protocol.md has the decision table. In short: below the witness (the largest position of which a
 * good record, a segment's header or the index says that the log was once durable up to there) whatever is
 * not as it was written is damage. Beyond it, the log goes on as long as each record continues the one
 * before it and is whole; where that ends, the log ends, and what follows is a torn tail.
 */
#ifndef JOURNAL_RECOVERY_H
#define JOURNAL_RECOVERY_H

struct cairn_ctx;
struct journal;

/* recovery_run -- this process is alone, has the gate, and may write: recovers the journal, or makes a new
 * one where place.h allows it, and makes the control page. */
int recovery_run(struct journal *journal);

/* recovery_read -- the same for a reader: finds what is there, writes nothing. CAIRN_ENONE if there is none,
 * CAIRN_ENOTDIR if there is something else. */
int recovery_read(struct journal *journal);

/* recovery_load_map -- sets the map of a journal that is in use to where a walk can begin: the index, or the
 * log's beginning. The caller holds the map, but not the gate. */
int recovery_load_map(struct journal *journal, const struct cairn_ctx *ctx);

#endif
