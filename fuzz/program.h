/* program.h -- an input of those targets that crash: what is done to an operation, in rounds, each of which
 * ends with a crash.
 *
 *   1 byte   bits: a directory instead of a journal; files of a directory are made under a name; segments of
 *            the usual size; the rest is the target's
 *   then actions, a byte each, and what belongs to them:
 *            checkpoint, and a byte for its size; compact, clear, complete; close and open again; look;
 *            crash, which ends the round, and PROGRAM_CRASH bytes, which are the target's
 *
 * Of an action's byte the lowest three bits are its kind; the others are the target's.
 *
 * The last round ends without a crash, unless the input ends with one.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/ledger.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"

#define PROGRAM_ROUNDS  6
#define PROGRAM_ACTIONS 24 /* of a round */
#define PROGRAM_CRASH   8  /* bytes */

enum { PROGRAM_DIRECTORY = 1, PROGRAM_NAMED = 2, PROGRAM_USUAL = 4, PROGRAM_OWN = 8 };

enum action_kind {
    ACTION_CHECKPOINT,
    ACTION_LARGE, /* a checkpoint, too */
    ACTION_COMPACT,
    ACTION_CLEAR,
    ACTION_COMPLETE,
    ACTION_REOPEN,
    ACTION_LOOK,
    ACTION_CRASH,
    ACTION_KINDS
};

struct action {
    enum action_kind kind;
    uint8_t step; /* of the ledger */
    uint8_t rest; /* the other bits of its byte */
};

struct round {
    struct action actions[PROGRAM_ACTIONS];
    unsigned count;
    bool crashes;
    uint8_t crash[PROGRAM_CRASH];
    uint8_t rest; /* the other bits of the crash's byte */

    /* A target may set it: asked of each error that a call gives. If it says so, the round goes on, and an
     * opening is tried again. NULL: an error ends the round. */
    bool (*excuses)(int error);
};

struct program {
    uint8_t how;
    bool directory;
    struct round rounds[PROGRAM_ROUNDS];
    unsigned round_count;
};

/* program_decode -- the ledger is begun, and has the steps. */
void program_decode(struct program *program, struct ledger *ledger, struct source *source);

/* program_url -- how the operation at `path` is called. */
const char *program_url(const struct program *program, const char *path);

/* program_prepare -- what its bits say of segments and of files that calls.h is to make so; for `before`:
 * whether the call is to fail, and the errno. */
struct call;
void program_prepare(const struct program *program);
int program_refuses(const struct program *program, const struct call *call);

/* Who is told when a step begins and ends; `begin` is told of all actions, by their place, the closing
 * included, which is the number `count`. */
struct program_told {
    void (*begin)(unsigned action);
    void (*end)(unsigned step, int error, const char *id);
};

/* program_run -- opens, does all of a round, and closes. A call that fails ends it, if that is not excused:
 * the error, and cairn_message() says more. */
int program_run(const struct round *round, const struct ledger *ledger, const char *url, unsigned flags,
                const struct program_told *told);

/* For seeds; the second of each with the other bits of the action's byte. */
void program_sink(struct sink *sink, enum action_kind kind, uint8_t size);
void program_sink_with(struct sink *sink, enum action_kind kind, uint8_t rest, uint8_t size);
void program_sink_crash(struct sink *sink, const uint8_t crash[PROGRAM_CRASH]);
void program_sink_crash_with(struct sink *sink, uint8_t rest, const uint8_t crash[PROGRAM_CRASH]);

#endif
