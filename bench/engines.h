/* engines.h -- ways to keep a checkpoint, each durable before it returns, behind one face.
 *
 * An engine that fails ends the program: a benchmark has no use for a figure in spite of an error. */
#ifndef BENCH_ENGINES_H
#define BENCH_ENGINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum engine_mode {
    ENGINE_NEW,    /* the directory is empty */
    ENGINE_FILL,   /* empty too, and syncs may be left out, to make a long log soon */
    ENGINE_RESUME, /* it holds what was recorded before */
};

struct engine {
    const char *name;
    void *(*open)(const char *dir, size_t size, enum engine_mode mode); /* for checkpoints of `size` bytes */
    void (*append)(void *self, const void *data, size_t size);          /* any number of threads at once */
    uint64_t (*count)(void *self);                                      /* NULL if it keeps none */
    void (*latest)(void *self, void *data, size_t size);                /* NULL if resuming is not measured */
    void (*close)(void *self);
    bool batches;          /* one thread writes the checkpoints of all threads at once */
    bool threads_only;     /* says nothing new with one thread */
    unsigned fill_threads; /* with how many threads a long log is made soonest */
};

extern const struct engine engines[]; /* the first is the floor that the others are compared with */
extern const unsigned engines_count;
extern const char engines_versions[];

__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

#endif
