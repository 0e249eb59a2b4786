/* hostile_system.h -- the operating system as a hostile directory's calls meet it: what it and the file
 * system lack, who is asking, whom the lock belongs to, and what happens in the midst of a call.
 *
 * All of that is so between hostile_enter() and hostile_leave() only: what the target itself does is not
 * concerned. Nothing depends on the clock, but for a deadline, and that passes while the lock is somebody
 * else's.
 */
#ifndef FUZZ_HOSTILE_SYSTEM_H
#define FUZZ_HOSTILE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include <cairn/context.h>

/* What is lacking: the first byte of two that an input with INPUT_SYSTEM has. */
enum {
    LACKS_UNNAMED = 1,   /* files without a name; and random numbers can be foretold */
    LACKS_NOREPLACE = 2, /* looking and renaming in one step */
    LACKS_TYPES = 4,     /* what a name is, beside the name */
    LACKS_HANDLES = 8,   /* handles of files */
    LACKS_SYNC = 16,     /* syncing what is open for reading only */
    LACKS_PROC = 32,     /* /proc */
    LACKS_THREADS = 64,  /* more threads */
    LACKS_TIMES = 128    /* times of less than a second */
};

/* Who is asking, and where: the second. Of WHO_GUEST: the directory is somebody else's; as it is, or for
 * everybody to write, or that and sticky. As root only; else it is our own, and not to be written. */
enum {
    WHO_GUEST = 3,
    WHO_BLIND = 4,     /* the guest may not read the directory, once he has opened it */
    WHO_READ_ONLY = 8, /* the file system is */
    WHO_ROTTEN = 16    /* checkpoints with odd numbers cannot be read, if there is anything to read */
};

void hostile_system_begin(uint8_t lacks, uint8_t who);
void hostile_system_end(void);

/* hostile_blind -- whether who is blind is so now. */
void hostile_blind(bool now);

/* hostile_is_refused -- whether somebody may be refused something: who is asking is a guest, or not root, or
 * the file system is read-only. hostile_is_guest -- whether it is a guest. */
bool hostile_is_refused(void);
bool hostile_is_guest(void);

/* hostile_is_rotten -- whether a file of this name and size cannot be read. */
bool hostile_is_rotten(const char *name, uint64_t size);

/* hostile_number -- the number that a checkpoint's name begins with; -1 if this is the name of none. */
int64_t hostile_number(const char *name);

/* hostile_enter, hostile_leave -- around each call of Cairn's; the context is the call's, or NULL. */
void hostile_enter(struct cairn_ctx *ctx);
void hostile_leave(void);

/* hostile_fork -- whether what is asked is asked as by a forked child, which is told by its number alone. */
void hostile_fork(bool forked);

/* hostile_at -- has `deed` done at the nth point of the next call: before one of its calls of the system. It
 * is done as by somebody whom nothing of the above concerns. hostile_was_done -- whether it was; then, or if
 * it was not, it is forgotten. */
void hostile_at(unsigned nth, void (*deed)(void));
bool hostile_was_done(void);

/* Whoever has the lock during the next call: what he does when he is waited for. */
enum held {
    HELD_RELEASED, /* lets go */
    HELD_REPLACED, /* has put another file in the lock's place, and lets go */
    HELD_CANCELED, /* cancels the call's context */
    HELD_FOREVER,  /* nothing */
    HELD_SIGNAL,   /* sends a signal to who waits, and then lets go */
    HELD_FAILS,    /* has the waiting fail, as where locks are another machine's: ENOLCK */
    HELD_NEVER,    /* has all locking fail so */
    HELD_COUNT
};

/* hostile_hold -- takes the lock; false if there is none. hostile_let_go -- he is gone. */
bool hostile_hold(enum held held);
void hostile_let_go(void);

#endif
