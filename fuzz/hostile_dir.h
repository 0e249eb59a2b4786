/* hostile_dir.h -- a hostile directory as `dir:`: the calls of an input, each compared with a plain reading
 * of the directory and with the public header.
 */
#ifndef FUZZ_HOSTILE_DIR_H
#define FUZZ_HOSTILE_DIR_H

#include <stdint.h>

#include "fuzz/source.h"

/* hostile_dir_run -- opens the directory that hostile_make() has made, and makes the calls. */
void hostile_dir_run(struct source *source, uint8_t flags);

#endif
