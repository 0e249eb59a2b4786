/* damaged_lives.h -- steps for seeds: what a journal's life was, and what became of it. */
#ifndef FUZZ_DAMAGED_LIVES_H
#define FUZZ_DAMAGED_LIVES_H

#include <stddef.h>
#include <stdint.h>

struct damaged_life {
    const char *name;
    uint8_t size, steps[40];
};

extern const struct damaged_life damaged_lives[];
extern const size_t damaged_life_count;

#endif
