/* trace.h -- what a workload did to its directory: the operations, in the order in which they took effect.
 *
 * A trace begins with what was there before (OP_BASE). From it alone the directory can be made as it was at
 * any moment, and as a crash could have left it. Directories, files and links are objects, by numbers from 1,
 * which is the directory itself; a number is never given twice, so a name, a file and its bytes are kept
 * apart as they are on a disk.
 *
 * Time is counted in ticks: one for each moment at which a call began or ended. Two operations overlap if
 * neither had ended when the other began; a sync covers only what had ended before it began.
 *
 * The file (store.h) has the fields of the trace, and then each operation.
 */
#ifndef TORTURE_TRACE_H
#define TORTURE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum op_kind {
    OP_CREATE = 1,  /* a new object `object`, under the name `name` in `dir` */
    OP_NEW,         /* a new object that has no name yet */
    OP_LINK,        /* a further name for it */
    OP_UNLINK,      /* the name is taken away; of a directory, too */
    OP_RENAME,      /* `name` in `dir` becomes `name2` in `dir2`, in place of what was there */
    OP_EXCHANGE,    /* the two names change places */
    OP_WRITE,       /* `data` at `offset` */
    OP_ZERO,        /* zeros at `offset`, `size` bytes of them */
    OP_RESIZE,      /* to `size` bytes */
    OP_MODE,        /* its permissions are `mode` */
    OP_SYNC,        /* fsync(), of a file or a directory */
    OP_DATASYNC,    /* fdatasync(), and what counts as one */
    OP_SYNC_ALL,    /* sync(), syncfs() */
    OP_SYNC_FAILED, /* one that was made to fail: what it should have written is dropped */
    OP_SYNC_HINT,   /* sync_file_range() and the like, which promise nothing */
    OP_ACK,         /* the workload printed `data` */
    OP_KINDS
};

enum op_flag {
    OP_BASE = 1,     /* it was so before the workload began, and is durable */
    OP_DSYNC = 2,    /* the call that wrote also synced the data, as with O_DSYNC */
    OP_FSYNC = 4,    /* the same with O_SYNC */
    OP_MAPPED = 8,   /* stored to a shared mapping, at some time since the operation before */
    OP_IMPORTED = 16 /* not done by this call, but moved in from outside */
};

enum object_type { TYPE_FILE = 1, TYPE_DIRECTORY, TYPE_SYMLINK, TYPE_OTHER, TYPE_SOCKET };

struct op {
    enum op_kind kind;
    unsigned flags; /* enum op_flag */
    char call[24];  /* the system call's name; "" for a base */
    uint32_t thread;
    uint64_t begin, end; /* ticks */
    uint32_t object, dir, dir2;
    enum object_type type; /* of what is new */
    uint32_t mode;         /* permissions */
    uint64_t offset, size;
    char *name, *name2;  /* "" if there is none */
    char *source;        /* where in the program's source the call was made; "" if that is not known */
    unsigned char *data; /* of a write, an acknowledgement; of a new symbolic link, where it leads */
    size_t data_size;
};

struct trace {
    char *dir;     /* the directory's absolute path */
    char *command; /* the workload, for those who read it */
    int status;    /* how it ended, as of wait() */
    uint64_t ticks;
    uint32_t objects; /* the highest number */
    struct op *ops;
    size_t count, space;
    char **gaps; /* what could not be followed, a sentence each: the trace is incomplete if there are any */
    size_t gap_count, gap_space;
    bool unlike; /* one of these is that it does not make the directory that is there; not kept in the file */
};

void trace_release(struct trace *trace);

/* trace_add -- takes over the operation with its strings. */
void trace_add(struct trace *trace, struct op *op);

/* trace_gap -- notes once what could not be followed. */
__attribute__((format(printf, 2, 3))) void trace_gap(struct trace *trace, const char *format, ...);

/* trace_save, trace_load -- true if it worked; else what is wrong, with the path and the offset, is on
 * stderr. Whatever happens, a trace that was loaded is to be released. */
bool trace_save(const struct trace *trace, const char *path);
bool trace_load(struct trace *trace, const char *path);

/* trace_put, trace_get -- the same as a part of another file. */
struct writer;
struct reader;
void trace_put(struct writer *writer, const struct trace *trace);
void trace_get(struct reader *reader, struct trace *trace);

/* trace_show -- the operations, a line each. */
void trace_show(const struct trace *trace, FILE *stream);

/* trace_path -- the path that an object has at the end; trace_path_at -- after so many operations. */
void trace_path(const struct trace *trace, uint32_t object, FILE *stream);
void trace_path_at(const struct trace *trace, uint32_t object, size_t at, FILE *stream);

/* trace_tell -- one of them as such a line, without its end and its source; objects by the names that they
 * had then. */
void trace_tell(const struct trace *trace, size_t op, FILE *stream);

/* trace_lines -- those from `from` to before `to`, a line each. */
void trace_lines(const struct trace *trace, size_t from, size_t to, FILE *stream);

/* trace_tell_source -- "  at " and its source, if that is known. */
void trace_tell_source(const struct trace *trace, size_t op, FILE *stream);

#endif
