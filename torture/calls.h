/* calls.h -- which system calls change files, and what each of them is asked for: one table. */
#ifndef TORTURE_CALLS_H
#define TORTURE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a call does, whichever of its forms it has. */
enum verb {
    VERB_NONE = 0,
    VERB_OPEN,     /* opens by a path, and makes or cuts the file */
    VERB_READ,     /* reads from a descriptor, or asks of it: reported only if that is asked for */
    VERB_LOOK,     /* the same by a path */
    VERB_WRITE,    /* writes to a descriptor */
    VERB_COPY,     /* the same, with an offset that stands in memory */
    VERB_RESIZE,   /* sets the size, by descriptor or path */
    VERB_ALLOCATE, /* fallocate() */
    VERB_CLONE,    /* an ioctl() that replaces content */
    VERB_MAKE,     /* makes a directory, a link, a device or a fifo by a path */
    VERB_BIND,     /* gives a socket a name */
    VERB_LINK,
    VERB_UNLINK,
    VERB_RENAME,
    VERB_MODE,      /* sets permissions, by descriptor or path */
    VERB_SYNC,      /* fsync() */
    VERB_DATASYNC,  /* fdatasync() */
    VERB_SYNC_FS,   /* syncfs() */
    VERB_SYNC_ALL,  /* sync() */
    VERB_SYNC_HINT, /* sync_file_range() */
    VERB_SYNC_MAP,  /* msync() */
    VERB_MAP,       /* maps a file so that it can be written to */
    VERB_ATTRIBUTE, /* an extended attribute, by descriptor or path: not followed */
    VERB_REFUSE,    /* is refused, so that the program does it in another way */
    VERB_STRANGE,   /* not followed, wherever it is done */
};

#define CALL_NONE (-1) /* there is no such argument */

/* A call in its common form. Descriptors and flags are as they came; AT_FDCWD where the call knows no other.
 */
struct call {
    const char *name;
    enum verb verb;
    int fd;        /* of what it works on, or the directory of `path`; CALL_NONE */
    uint64_t path; /* address in the thread's memory; 0 */
    int fd2;       /* of a second path, or that what is written comes from */
    uint64_t path2;
    uint64_t flags;
    uint64_t offset; /* as far as the call has one */
    bool has_offset;
    uint64_t offset_at; /* where in memory it stands; 0 */
    uint64_t size, address;
    uint64_t mode;
    unsigned count; /* which of its arguments says how much is written, from 1; 0 */
};

/* calls_decode -- false if the table has no such call. */
bool calls_decode(struct call *call, uint64_t number, const uint64_t args[6]);

/* calls_filter -- a seccomp filter that reports the calls of the table, refuses those that it says, and lets
 * all others be. Those that only read, or open to do so, are reported if `reads`. To be freed; *count is how
 * many instructions it has. */
struct sock_filter;
struct sock_filter *calls_filter(size_t *count, bool reads);

/* calls_foreign -- whether an architecture, as the kernel reports it, is not the one that the table is for.
 */
bool calls_foreign(uint32_t architecture);

#endif
