/* damaged_writer.h -- a writer goes on with a damaged journal. */
#ifndef FUZZ_DAMAGED_WRITER_H
#define FUZZ_DAMAGED_WRITER_H

#include "fuzz/answers.h"
#include "fuzz/damaged.h"

/* damaged_go_on -- he records one more, and can load it. Its id was not that of one that was durable.
 * `writer` is what the writer before said. */
void damaged_go_on(const struct damaged *journal, const struct answers *writer);

#endif
