/* journal.h -- the engine: one struct journal for each directory that this process has open.
 *
 * Handles (what cairn_open() gives) on the same directory share one. The parts, and who includes whom:
 *
 *   record, tail, segment, control, system    the nouns; know nothing of the engine
 *   files     the segments that are open, and the files in the directory
 *   scan      walks the log's records, and past damage
 *   index     LMDB: what of the map is kept
 *   map       where each checkpoint is
 *   stretch   where a walk has met them
 *   queue     the threads that append, and who writes for all of them
 *   log       append, commit, going on to the next segment, giving one up
 *   survey    what the log held when nobody lived
 *   place     the directory that one is made in
 *   recovery  what is done about that
 *   attach    getting in: alone or beside others
 *   maintain  spares, the index, retired segments
 *   read      finding and reading checkpoints
 *   verify    reads all; repair
 *   journal   the Operation over all this
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include <cairn/journal.h>
#include <cairn/operation.h>

#include "journal/control.h"
#include "journal/files.h"
#include "journal/map.h"
#include "journal/queue.h"
#include "journal/segment.h"

struct journal {
    struct journal *next; /* of those that this process has open */
    unsigned users;       /* handles */
    bool opening;         /* a thread is getting in, for which others wait */
    dev_t device;
    ino_t inode;
    bool readonly;
    bool existing;    /* none is to be made where there is none */
    bool lose_unread; /* what a recovery cannot read is taken for damage */
    char *path;       /* as it was first opened with, for messages */
    int dir;          /* its lock says that this process is alive (attach.h) */
    uint8_t uuid[16];
    bool uuid_known;

    struct control *_Atomic control; /* NULL: read-only, and nobody who writes is alive */
    uint64_t alone_end;              /* the durable position, if control is NULL */
    uint64_t alone_newest;           /* the newest segment, likewise */
    bool alone_unknown;              /* and it is damaged so that nobody knows what was recorded last */
    bool alone_unread;               /* or something of it could not be read */
    uint64_t alone_stamp;     /* the control page's, when this was found out; 0: it is to be looked at anew */
    uint64_t alone_index_end; /* what the index covers, likewise */

    _Atomic int64_t index_rest; /* CLOCK_MONOTONIC: the index is not committed for its lag before */
    _Atomic uint64_t epoch;     /* the control page's, when the index was last committed for its sake */
    struct files files;
    struct queue queue;         /* of those that append a checkpoint */
    _Atomic uint64_t last_size; /* of the last record: the next spare is made for such ones */

    pthread_mutex_t map_lock; /* guards map */
    struct map map;

    pthread_mutex_t thread_lock; /* guards the rest */
    pthread_cond_t thread_wake;
    pthread_t thread;
    bool thread_runs;
    bool thread_wanted; /* there is something to do */
    bool thread_ends;
};

/* A handle. */
struct journal_handle {
    struct journal *journal;
    unsigned flags;
    uint64_t failures; /* the control page's, when this was opened: if it has grown, this is poisoned */
    unsigned forks;    /* of this process, likewise */
};

extern const struct cairn_vtable journal_vtable;

/* journal_durable -- the position up to which the log is durable. */
static inline uint64_t journal_durable(struct journal *journal)
{
    return journal->control ? control_durable_position(journal->control) : journal->alone_end;
}

/* journal_newest -- the number of the newest segment; at least that of any position journal_durable() gave
 * before. */
static inline uint64_t journal_newest(struct journal *journal)
{
    struct tail tail;
    if (journal->control == NULL)
        return journal->alone_newest;
    control_tail(journal->control, &tail);
    return tail.segment;
}

#endif
