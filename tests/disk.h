/* disk.h -- a disk beneath the page cache, simulated: what would be there after a power cut.
 *
 * The calls with which the engine writes go through __wrap_* functions here (tests/test_X.wrap). The real
 * files are the page cache. Beside them an image is kept of what is durable:
 *
 *   - A write makes the sectors (512 bytes) that it touches dirty. A sync that succeeds copies the dirty ones
 *     into the file's image. No real sync is done.
 *   - A sync that fails drops them: they stay in the cache, are clean, and no later sync makes them durable
 *     unless they are written again. As in Linux, each open file that was open when this happened is told
 *     once; one that is opened after somebody was told is not.
 *   - Names are durable once the directory has been synced.
 *   - What LMDB does is not seen here: its file is durable whenever it is there.
 *
 * disk_cut() makes the directory as a power cut would leave it: the images, and of what was not synced as
 * little or as much as is wanted. The state is shared with forked processes, so that it survives their ends.
 *
 * Rules say what is to happen at which call: fail, stop short, kill the process, or wait until the test says
 * go on. So processes can be held at any point, without sleeping.
 */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The calls. Those before DISK_TRYLOCK change files; the others are only places to wait at. */
enum disk_call {
    DISK_RECORD = 1,   /* pwritev */
    DISK_WRITE = 2,    /* pwrite */
    DISK_SYNC = 4,     /* fdatasync or fsync of a file */
    DISK_SYNC_DIR = 8, /* fsync of the directory, or of the one above it */
    DISK_RENAME = 16,
    DISK_UNLINK = 32,
    DISK_CREATE = 64, /* openat that makes a file */
    DISK_CHANGES = 127,
    DISK_TRYLOCK = 128, /* pthread_mutex_trylock of the control page's lock of that name; all begin with it */
    DISK_SLEEP = 256,   /* a futex wait by way of syscall() */
    DISK_READ = 512,    /* pread */
};

enum disk_action {
    DISK_FAIL,       /* the call fails with `error` and has done nothing; but see above for syncs */
    DISK_FAIL_KILL,  /* the same, and the process is killed before it can look at the error */
    DISK_FAIL_PAUSE, /* the same, and the process waits */
    DISK_SHORT,      /* a write does half of it */
    DISK_KILL,       /* the process is killed before the call */
    DISK_KILL_HALF,  /* a write does half of it and the process is killed; else as DISK_KILL_AFTER */
    DISK_KILL_AFTER, /* the process is killed after the call has taken effect */
    DISK_PAUSE,      /* the process waits before the call */
    DISK_PAUSE_AFTER,
};

struct disk_rule {
    unsigned calls; /* enum disk_call, or'ed */
    enum disk_action action;
    int error;      /* errno; 0 means EIO */
    uint64_t nth;   /* at the nth of these calls from now on; 0 means 1 */
    uint64_t times; /* and so many after it, too; UINT64_MAX: from then on */
    pid_t pid;      /* of this process only; 0: of any */
    int after;      /* counted only once another rule has come true: 1 plus what disk_set() gave; 0: always */
    char name[32];  /* of files whose names begin so only; "": of any */
};

/* disk_start -- makes the shared state; `dir` is the directory from now on, and what it holds is durable. It
 * need not be there yet. disk_end() frees all. */
void disk_start(const char *dir);
void disk_end(void);

/* disk_watch -- begins anew with another directory: no rules, no calls counted. */
void disk_watch(const char *dir);

/* disk_set -- sets a rule; the result names it for the other functions. disk_clear() removes all. */
int disk_set(struct disk_rule rule);
void disk_clear(void);

/* disk_fired -- how often a rule has come true. */
uint64_t disk_fired(int rule);

/* disk_wait -- waits until process `pid`, a child, is held by the rule; false if it ended before that.
 * disk_go -- lets it go on. */
bool disk_wait(int rule, pid_t pid);
void disk_go(int rule);

/* disk_calls -- how many calls of these kinds there were. */
uint64_t disk_calls(unsigned calls);

/* disk_set_full -- whether writing into new space fails with ENOSPC. */
void disk_set_full(bool full);

/* disk_set_bad -- these bytes of a file, by its name, cannot be read: EIO. "" for none. */
void disk_set_bad(const char *name, uint64_t from, uint64_t to);

/* disk_set_clock -- what CLOCK_REALTIME says from now on, in all processes; 0: the real one. */
void disk_set_clock(int64_t now_ns);

/* disk_drop -- a write-back that nobody waits for fails: as a sync that fails, but told to nobody yet. */
void disk_drop(const char *name);

/* How much of what was not synced a power cut leaves. */
enum disk_cut {
    DISK_CUT_NONE,    /* nothing */
    DISK_CUT_DIRTY,   /* all that might still have been written, and all names as they are */
    DISK_CUT_ALL,     /* and what a failed sync has dropped: it may have been written before the failure */
    DISK_CUT_CHANCE,  /* any part of all that, sector by sector and name by name, by `seed` */
    DISK_NO_INDEX = 8 /* or'ed: index.mdb is lost */
};

/* disk_cut -- makes `to`, which is emptied before, what the directory would be after a power cut. False if
 * not even the directory would be there. Nobody may be using the directory. */
bool disk_cut(const char *to, unsigned how, uint64_t seed);

#endif
