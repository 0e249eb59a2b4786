/* ledger.h -- what was done to an operation, step by step, and so what may be there: a plain model of the
 * interface, for a journal and for a directory.
 *
 * A step that returned 0 was done. One that a crash came between, or that failed so that nobody knows, may
 * have been done: then there are several states that are right, until it is seen which it is. A directory's
 * Compact, Clear and Complete are not one step: of one that may have been done any of the older checkpoints
 * may be gone.
 */
#ifndef FUZZ_LEDGER_H
#define FUZZ_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cairn/cairn.h>

#define LEDGER_STEPS      64
#define LEDGER_STATES     64
#define LEDGER_LABEL_SIZE 244

enum step_kind { STEP_CHECKPOINT, STEP_COMPACT, STEP_CLEAR, STEP_COMPLETE };

/* How a step ended. */
enum outcome {
    OUTCOME_NEVER, /* it was refused, or not begun */
    OUTCOME_MAYBE,
    OUTCOME_DONE,
};

struct step {
    enum step_kind kind;
    uint32_t seed; /* what data and label are made of */
    uint32_t size; /* of the data */
    char label[LEDGER_LABEL_SIZE];
    char id[256]; /* once known: of what was recorded, or of what Compact kept */
    uint64_t hash;
};

/* What may be there, oldest first. */
struct state {
    uint8_t at[LEDGER_STEPS]; /* the step that recorded it */
    uint64_t optional;        /* bit k: number k may be gone */
    unsigned count;
    uint8_t kept_by; /* the Compact that kept the first; LEDGER_STEPS if none did */
    bool completed;
};

struct ledger {
    bool directory;
    struct step steps[LEDGER_STEPS];
    unsigned step_count;
    struct state states[LEDGER_STATES];
    unsigned state_count;
    uint64_t generation_min, generation_max; /* of a journal: each removal is one more */
    uint64_t log_end;                        /* as it was told last */
};

/* ledger_begin -- nothing was done yet to what is a journal, or a directory. */
void ledger_begin(struct ledger *ledger, bool directory);

/* ledger_add -- a step that is about to be taken; its number. There is room for LEDGER_STEPS. */
unsigned ledger_add(struct ledger *ledger, enum step_kind kind, uint32_t size);

/* ledger_take -- takes a step: what the call returned, and the id into `id`, of 256 bytes, if that is not
 * NULL. The ledger is not changed. */
int ledger_take(const struct ledger *ledger, unsigned step, struct cairn_op *op, const struct cairn_ctx *ctx,
                char *id);

/* ledger_end -- how the step ended, and the id if it was given one. Steps end in the order in which they took
 * effect. An id that was given before is a finding. */
void ledger_end(struct ledger *ledger, unsigned step, enum outcome outcome, const char *id);

/* ledger_end_both -- of two that were under way at once: either may have been the first. */
void ledger_end_both(struct ledger *ledger, const unsigned steps[2], const enum outcome outcomes[2],
                     const char *const ids[2]);

/* ledger_may_be_latest -- whether this may be the data of the latest; NULL: that there is none. */
bool ledger_may_be_latest(const struct ledger *ledger, const void *data, size_t size);

/* ledger_outcome -- of a call that returned this, nobody having died. */
enum outcome ledger_outcome(const struct ledger *ledger, unsigned step, int error);

/* ledger_check -- asks the handle for everything; a finding if that is no state that can be, or if the
 * figures of cairn_stat() are not those of what is shown and of what was done (those of files: figures.h).
 * With `settle`, what it shows is what there is, from now on. `who` is for the message. */
void ledger_check(struct ledger *ledger, struct cairn_op *op, bool settle, const char *who);

/* What fails meanwhile. */
enum ledger_fails {
    FAILS_SOMETHING,
    FAILS_READING, /* and nothing else */
    FAILS_NO_CALL, /* but there may be no memory, or the context may end */
};

/* ledger_may_fail -- whether Latest and Load may say this of what is whole: want of memory is no failure of
 * the system, and what cannot be read is not damaged. */
bool ledger_may_fail(enum ledger_fails fails, int error);

/* ledger_glance -- the same, while calls of the system may fail. Each question may then be answered with an
 * error, but with nothing wrong; want of memory is never taken for damage or for nothing. */
void ledger_glance(const struct ledger *ledger, struct cairn_op *op, const struct cairn_ctx *ctx,
                   enum ledger_fails fails, const char *who);

/* ledger_holds -- whether, beyond doubt, this step's checkpoint is there and has its id. */
bool ledger_holds(const struct ledger *ledger, unsigned step);

/* ledger_check_none -- there is nothing to open: a finding, unless nothing may have been done. */
void ledger_check_none(struct ledger *ledger, const char *who);

/* ledger_print -- the steps and what may be there, to standard error. */
void ledger_print(const struct ledger *ledger);

/* ledger_data -- the data of a step, in a buffer that the next call in this thread overwrites. */
const void *ledger_data(const struct step *step);

/* ledger_large -- the size of large data that a byte means: multiples of 256 bytes, and for some bytes so
 * much that a journal writes it in pieces. */
uint32_t ledger_large(uint8_t byte);

#define LEDGER_IN_PIECES 252 /* this byte and the next two */
#define LEDGER_DATA_MAX  (600u * 1024)

#endif
