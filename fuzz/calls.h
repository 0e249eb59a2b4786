/* calls.h -- the calls by which Cairn changes files, and those by which it reads them and asks for memory,
 * wrapped: who watches them may count them, fail them, cut a write or a read short, or end the process there.
 *
 * A target that uses this has a file fuzz/fuzz_NAME.wrap with the symbols, one a line, as the tests have. As
 * long as nobody watches, a call is what it is without. What LMDB does within itself is not seen; that it
 * commits is.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum call_kind {
    CALL_WRITE,    /* pwritev(), pwrite(), write() */
    CALL_SYNC,     /* fsync() */
    CALL_DATASYNC, /* fdatasync() */
    CALL_SYNC_ALL, /* syncfs() */
    CALL_OPEN,     /* openat() */
    CALL_MKDIR,
    CALL_UNLINK,
    CALL_RENAME,
    CALL_LINK,
    CALL_TIMES,  /* futimens() */
    CALL_COMMIT, /* mdb_txn_commit(); it cannot be failed */
    CALL_SHARED, /* of the control page: its locks, the tail, waking up; cannot be failed */
    CALL_CUT,    /* ftruncate() */

    /* What changes nothing. These are seen only in a thread that is between calls_enter() and calls_leave().
     */
    CALL_LOOK, /* open(), stat() and its like, faccessat(), name_to_handle_at() */
    CALL_READ, /* pread() */
    CALL_LIST, /* fdopendir(), readdir() */
    CALL_MAP,  /* mmap() */
    CALL_LOCK, /* flock() and fcntl(), but for unlocking */
    CALL_RANDOM,
    CALL_THREAD,   /* pthread_create() */
    CALL_DATABASE, /* of LMDB, its commits as well; what `before` says is the number that LMDB gives */
    CALL_MEMORY,   /* malloc(), calloc(), realloc(), strdup() */
};

struct call {
    enum call_kind kind;
    const char *name;
    int fd;           /* the file; of a name, its directory */
    const char *path; /* of those that have names */
    int to_dir;       /* rename, link */
    const char *to;
    int flags;               /* openat(), open() */
    const struct iovec *iov; /* of a write */
    int iov_count;
    off_t offset; /* -1: where the file is */
    size_t most;  /* a write or a read is no longer than this; a watcher may make it less */
    long result;  /* when it has been made */
};

/* calls_watch -- `before` is called before each call, and its result, if it is not 0, is the errno with which
 * the call fails without having been made. `after` is called when it has been made. Either may be NULL; with
 * both NULL nobody watches. They are not called for what they do themselves. */
typedef int calls_before(struct call *call);
typedef void calls_after(const struct call *call);
void calls_watch(calls_before *before, calls_after *after);

/* calls_enter, calls_leave -- the thread is about to call Cairn, and has done so: what it reads and allocates
 * in between is Cairn's. Not nested. */
void calls_enter(void);
void calls_leave(void);
bool calls_inside(void);

/* calls_begin -- a call is about to be made: what `before` says of it. For reads.c. */
int calls_begin(struct call *call);

/* calls_plain -- the file system is one of the plainer ones: it does not tell the types of what it lists, has
 * no handles, and does not look and rename in one step. False at first. */
extern bool calls_plain;

/* calls_segment_max -- a new segment is this long at most, in bytes, or as long as a record needs; UINT64_MAX
 * at first. Writing the zeros of a usual one would be most of what an input costs. */
extern uint64_t calls_segment_max;

#endif
