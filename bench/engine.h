/* engine.h -- ways to keep checkpoints, each durable before it returns, behind one face.
 *
 * The checkpoints of a directory have numbers from 0, in the order in which they were appended. An engine
 * that fails ends the process (must.h); one that cannot work here says so by leave_out(). What is a pointer
 * to a function is NULL where an engine has no such thing. */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_PAGE 4096u /* data begins at a page, and whole pages may be read of it */

enum engine_kind {
    ENGINE_FLOOR_WRITTEN, /* nothing but the system calls, into bytes that were written before */
    ENGINE_FLOOR_GROWING, /* the same into a file that grows */
    ENGINE_CAIRN,
    ENGINE_PEER,
    ENGINE_PLAIN, /* what people do by hand: compared, but no peer of the goals */
};

enum engine_mode {
    ENGINE_NEW,    /* the directory is empty */
    ENGINE_FILL,   /* empty too, and syncs may be left out, to make a long log soon */
    ENGINE_RESUME, /* it holds what was recorded before */
};

struct engine {
    const char *name;  /* for the command line and the TSV */
    const char *title; /* for people */
    enum engine_kind kind;
    const char *missing; /* why it is not in this program; NULL if it is */

    /* For checkpoints of `size` bytes at most. */
    void *(*open)(const char *dir, size_t size, enum engine_mode mode);
    void (*close)(void *self);

    /* Any number of threads at once, of any number of processes if `processes` says so. */
    void (*append)(void *self, const void *data, size_t size);

    /* Reads a checkpoint into `data`, of `size` bytes; load() returns false if there is none of this number.
     */
    bool (*load)(void *self, uint64_t number, void *data, size_t size);
    void (*latest)(void *self, void *data, size_t size);
    uint64_t (*count)(void *self);

    /* Reads all from number `from` on into `data`, one after the other, and returns the number behind them.
     * By one thread, beside others that append. With NULL it is done by load(). */
    uint64_t (*follow)(void *self, uint64_t from, void *data, size_t size);

    void (*compact)(void *self); /* leaves the latest only */
    void (*recycle)(void *self); /* leaves nothing, and the space for what is appended next */

    bool processes;
    unsigned fill_threads; /* with how many a long log is made soonest; 0 if none is made */
    uint64_t fill_max;     /* more than so many would take too long; 0 for no limit */
};

extern const struct engine *const engines[];
extern const unsigned engines_count;

/* Returns the engine of this name, or NULL. */
const struct engine *engine_find(const char *name);

/* Writes what they are, with their versions, into `text`. */
void engines_versions(char *text, size_t size);

#endif
