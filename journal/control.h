/* control.h -- journal.ctl, the page of memory that the processes on one journal share.
 *
 * It is the truth while anybody lives and nothing when nobody does: whoever is alone makes it anew from
 * the log (recovery.h) and believes nothing that stood in it. It is never synced.
 *
 * The tails: of what has been appended, and of what is durable. Each has one lock whose holder changes it,
 * and is kept twice; the holder fills the copy that is not in use and then adds one to `flip`, so a holder
 * that is killed leaves a whole tail behind, and readers need no lock.
 *
 * Locks, in the order in which they are taken: append, sync; house by itself or before them. They are
 * robust: a dead owner is noticed by the next. What a dead owner means is the caller's affair (log.h).
 */
#ifndef JOURNAL_CONTROL_H
#define JOURNAL_CONTROL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <cairn/context.h>

#include "journal/tail.h"

#define CONTROL_NAME       "journal.ctl"
#define CONTROL_MAGIC      0x6c7463524941436eull /* "nCAIRctl" */
#define CONTROL_VERSION    3u
#define CONTROL_SIZE       8192u
#define CONTROL_GAPS       64u
#define CONTROL_OWNER_DIED 1 /* from the lock functions: locked, but its last owner died with it */

/* A segment was given up: of what was handed out before, the bytes from `end` on are no part of the log. */
struct control_gap {
    _Atomic uint64_t epoch; /* the epoch that began with it */
    _Atomic uint64_t end;
};

/* A tail that is kept twice. */
struct control_tail {
    _Atomic uint64_t flip; /* its lowest bit tells which of them holds */
    _Atomic uint64_t words[2][TAIL_WORDS];
};

/* Why recovery did not come to its end, and what that means. */
enum unsettled {
    UNSETTLED_SPACE = 1,   /* there was no space for a new segment */
    UNSETTLED_UNREAD = 2,  /* something that it looked at could not be read */
    UNSETTLED_UNKNOWN = 4, /* nobody knows what was recorded last */
};

struct control {
    uint64_t magic;
    uint32_t version;
    uint32_t abi; /* of the mutexes below: C library and size */
    uint8_t boot_id[16];
    uint8_t uuid[16];
    uint64_t stamp;                 /* random, new whenever the page is made anew */
    uint64_t pid_namespace[2];      /* in which the thread ids mean what they do: they own the mutexes */
    _Atomic uint32_t wake;          /* futex: changes whenever durable or epoch do */
    _Atomic uint32_t broken;        /* the segment in use must be neither written nor synced again */
    _Atomic uint32_t reserve_ready; /* the reserve spare is there */
    _Atomic uint32_t unsettled;     /* bits of enum unsettled; if any, nothing can be appended */
    _Atomic uint64_t failures;      /* how often giving up a segment has failed */
    _Atomic uint64_t epoch;         /* how many segments were given up */
    struct control_tail appended;   /* the tail; changed by the holder of `append` */
    struct control_tail durable;    /* the tail up to which the log is durable; by the holder of `sync` */
    _Atomic uint64_t spare;         /* the number of the spare that is ready; 0 if none is */
    _Atomic uint64_t spare_last;    /* the last number given to a spare */
    _Atomic uint64_t index_end;     /* the position that the index covers */
    struct control_gap gaps[CONTROL_GAPS];
    pthread_mutex_t append;
    pthread_mutex_t sync;
    pthread_mutex_t house;    /* making spares, retiring segments, committing the index */
    _Atomic uint64_t retired; /* the horizon up to which that has been done */
    _Atomic uint32_t strays;  /* spares may be there that nobody knows of: a dead owner of house was making
                               * them, or they are from before the recovery */
    _Atomic uint32_t waiting; /* how many sleep on `wake`, at least: one that is killed stays counted */
};
static_assert(sizeof(struct control) <= CONTROL_SIZE, "the control page has its size");

/* control_map -- maps the page of the journal at `dir`. With `create` it is made if it is not there and
 * its space written. CAIRN_ENOTFOUND if it is not there or too short. */
int control_map(struct control **control, int dir, const char *path, bool writable, bool create);
void control_unmap(struct control *control);

/* control_map_private -- a page of this process alone, where there is no space for the file. Others cannot
 * come in meanwhile. */
int control_map_private(struct control **control, const char *path);

/* control_format -- makes the page anew; nobody else may be using it. */
int control_format(struct control *control, const uint8_t uuid[16], const struct tail *tail,
                   const struct tail *durable);

/* control_stamp -- the stamp of the page that is there now, 0 if none is. It is made anew before anything
 * else is written, so while it stays the same nobody has written to the journal who was not there before. */
uint64_t control_stamp(int dir);

/* control_owner -- whose journal the page says it is of, if there is one. */
bool control_owner(int dir, uint8_t uuid[16]);

/* control_check -- whether a page that somebody else made can be used by this process. */
int control_check(const struct control *control, const char *path);

/* control_tail -- a whole copy of the tail as of now. control_set_tail -- changes it; the caller holds
 * `append`. */
void control_tail(struct control *control, struct tail *tail);
void control_set_tail(struct control *control, const struct tail *tail);

/* control_durable, control_set_durable -- the same for what is durable; the caller holds `sync`. */
void control_durable(struct control *control, struct tail *tail);
void control_set_durable(struct control *control, const struct tail *tail);

/* control_durable_position -- the log is durable up to here. */
uint64_t control_durable_position(const struct control *control);

/* control_lock -- takes a lock; 0, CONTROL_OWNER_DIED, or the context's error with the lock not taken.
 * control_trylock -- the same at once; CAIRN_EBUSY if somebody has it. */
int control_lock(pthread_mutex_t *mutex, const struct cairn_ctx *ctx);
int control_trylock(pthread_mutex_t *mutex);
void control_unlock(pthread_mutex_t *mutex);

/* control_wait -- sleeps until `wake` is no longer `seen`, or for a while: a holder that is killed wakes
 * nobody, so look again. control_wake -- wakes all who sleep. */
void control_wait(struct control *control, uint32_t seen);
void control_wake(struct control *control);

#endif
