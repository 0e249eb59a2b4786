/* read.h -- the reading calls: finding a checkpoint, reading it, going through all of them.
 *
 * A segment may be retired and written over by another process while it is being read. So what looks like
 * damage counts as damage only if, after looking again, the horizon is still where it was (read_retry).
 */
#ifndef JOURNAL_READ_H
#define JOURNAL_READ_H

#include "journal/journal.h"

/* Where a checkpoint is. */
struct place {
    uint64_t segment;
    uint64_t position;
    uint64_t hash;  /* of its header; or, if it is recalled, its number and generation are to be right */
    uint64_t room;  /* so many bytes from there on may be read at once; 0: not known */
    bool recalled;  /* it is where a walk met it earlier (stretch.h) */
    uint64_t end;   /* of that header; or, if the place is not known, of the hole that it was lost in */
    uint64_t first; /* number of the first checkpoint that was lost in that hole */
    bool unread;    /* what is there could not be read: CAIRN_ECORRUPT is CAIRN_EIO to the caller */
};

/* read_latest -- as cairn_latest(); with `intact`, as cairn_latest_intact(). */
int read_latest(struct journal *journal, const struct cairn_ctx *ctx, bool intact, struct cairn_id *id,
                void **data, size_t *size);

/* read_load -- checkpoint `number` of `generation`. */
int read_load(struct journal *journal, const struct cairn_ctx *ctx, uint64_t number, uint64_t generation,
              void **data, size_t *size);

/* read_survivor -- reads the latest checkpoint through, for a Compact that is to keep it. *latest_position is
 * the tail's as of then, by which the appender sees whether it still is the latest. CAIRN_ENONE if there is
 * none. */
int read_survivor(struct journal *journal, const struct cairn_ctx *ctx, struct place *place,
                  uint64_t *latest_position);

/* read_list -- as cairn_list(), or with a mark as cairn_list_since(). */
int read_list(struct journal *journal, const struct cairn_ctx *ctx, struct cairn_mark *mark,
              cairn_list_fn *fn, void *arg);
int read_stat(struct journal *journal, const struct cairn_ctx *ctx, struct cairn_stat *stat);

/* Calls `record` for each checkpoint and `hole` for each hole, of the log as of now, oldest first (older ones
 * than number `first` of `generation` may be left out); `record` gets the segment that it is in and, for the
 * survivor of a Compact, the number and label that it has now. A result other than 0 ends the walk. */
struct read_visitor {
    int (*record)(void *arg, const struct segment *segment, const struct record *record, uint64_t number);
    int (*other)(void *arg, const struct segment *segment,
                 const struct record *record); /* other kinds; may be NULL */
    int (*hole)(void *arg, const struct hole *hole);
    void *arg;
};
int read_walk(struct journal *journal, const struct cairn_ctx *ctx, const struct read_visitor *visitor,
              uint64_t generation, uint64_t first, struct tail *at);

/* read_moved_on -- whether the log has been cut off since it was at `then`: what looked damaged may have been
 * retired. */
bool read_moved_on(struct journal *journal, const struct cairn_ctx *ctx, const struct tail *then);

/* read_now -- the tail as of now. */
int read_now(struct journal *journal, const struct cairn_ctx *ctx, struct tail *at);

/* id_format -- the id of a checkpoint, "NNNNNNNN@G". id_parse -- whether `text` is one, just as that writes
 * it.
 */
void id_format(struct cairn_id *id, uint64_t number, uint64_t generation);
bool id_parse(const char *text, uint64_t *number, uint64_t *generation);

#endif
