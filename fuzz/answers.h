/* answers.h -- all that a handle says of a journal, taken down, to be compared with what another says and
 * with what was recorded (history.h).
 */
#ifndef FUZZ_ANSWERS_H
#define FUZZ_ANSWERS_H

#include <cairn/cairn.h>

#include "fuzz/history.h"

#define ANSWERS_MAX  96
#define ANSWER_EMPTY (-1) /* instead of a record's index: no data */
#define ANSWER_NONE  (-2) /* nothing was had */

struct answer {
    char id[32];
    int shown;           /* the error that the list shows */
    uint64_t lost_count; /* and how many are lost */
    int loaded;          /* what loading it gives */
    int record;          /* the record whose data it is */
};

struct answers {
    int opened; /* 0; or the error, and then there is nothing else */
    struct answer entries[ANSWERS_MAX];
    unsigned count;
    int listed, latest, intact, verified;
    int latest_record, intact_record;
    struct cairn_stat stat;
};

/* answers_take -- opens the target's place and asks for everything. What is given out as a checkpoint's data
 * and is no data of a record of the history is a finding. `ctx` as for each call. */
void answers_take(struct answers *answers, const struct history *history, unsigned flags,
                  const struct cairn_ctx *ctx);

/* answers_ask -- the same of a handle. */
void answers_ask(struct answers *answers, const struct history *history, struct cairn_op *op,
                 const struct cairn_ctx *ctx);

/* answers_differ -- NULL if both say the same; else in what they differ. */
const char *answers_differ(const struct answers *a, const struct answers *b);

/* answers_load -- the record that loading checkpoint `number` of `generation` gives, and the call's result.
 */
int answers_load(struct cairn_op *op, const struct history *history, uint64_t number, uint64_t generation,
                 int *record);

/* history_live -- the checkpoint that record `index` is at the end of the history: its number; UINT64_MAX if
 * it is none or was removed. The generation is that of history.tail. */
uint64_t history_live(const struct history *history, unsigned index);

/* answers_check_whole -- they are those of an undamaged journal with all that the history holds: if not, a
 * finding. */
void answers_check_whole(const struct answers *answers, const struct history *history, const char *who);

/* answers_print -- to standard error, for people. */
void answers_print(const struct answers *answers, const char *who);

#endif
