/* engine_floor.h -- the space that floors write into. */
#ifndef BENCH_ENGINE_FLOOR_H
#define BENCH_ENGINE_FLOOR_H

#include "engine.h"

/* Returns how many checkpoints of `size` bytes the written space holds; then it begins anew. */
size_t floor_slots(size_t size);

/* Writes so many bytes from the file's beginning on, and makes them durable. */
void floor_write_ahead(int fd, size_t bytes);

#endif
