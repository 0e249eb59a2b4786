/* engine_files.h -- a file for each checkpoint, for the directory operation's long logs as well. */
#ifndef BENCH_ENGINE_FILES_H
#define BENCH_ENGINE_FILES_H

#include "engine.h"

#define FILES_LABEL "step"

extern const struct engine engine_files;

/* Writes the name of a checkpoint, as the directory operation does, behind `prefix`. */
void files_name(char *name, size_t size, const char *prefix, uint64_t number);

#endif
