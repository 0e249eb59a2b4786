/* program.c -- see program.h. */
#include "fuzz/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "fuzz/calls.h"
#include "journal/segment.h"

/* checkpoint_size -- of the byte that says it: each small size, and larger ones. */
static uint32_t checkpoint_size(enum action_kind kind, uint8_t byte)
{
    if (kind == ACTION_LARGE)
        return ledger_large(byte);
    return byte < 128 ? byte : 32u * (byte - 124u);
}

static void decode_action(struct program *program, struct ledger *ledger, struct round *round,
                          struct source *source)
{
    static const enum step_kind kinds[] = {
        [ACTION_CHECKPOINT] = STEP_CHECKPOINT, [ACTION_LARGE] = STEP_CHECKPOINT,
        [ACTION_COMPACT] = STEP_COMPACT,       [ACTION_CLEAR] = STEP_CLEAR,
        [ACTION_COMPLETE] = STEP_COMPLETE,
    };
    const uint8_t byte = source_u8(source);
    struct action action = {.kind = byte % ACTION_KINDS, .rest = byte / ACTION_KINDS};

    if (action.kind == ACTION_CRASH) {
        source_bytes(source, round->crash, sizeof(round->crash));
        round->crashes = true;
        round->rest = action.rest;
        return;
    }
    if (action.kind <= ACTION_COMPLETE) {
        const bool sized = action.kind <= ACTION_LARGE;
        const uint32_t size = sized ? checkpoint_size(action.kind, source_u8(source)) : 0;
        if (ledger->step_count == LEDGER_STEPS - PROGRAM_ROUNDS * 2) /* the target has some, too */
            return;
        action.step = (uint8_t)ledger_add(ledger, kinds[action.kind], size);
    }
    round->actions[round->count++] = action;
    (void)program;
}

void program_decode(struct program *program, struct ledger *ledger, struct source *source)
{
    program->how = source_u8(source);
    program->directory = program->how & PROGRAM_DIRECTORY;
    program->round_count = 0;
    ledger_begin(ledger, program->directory);
    while (source->left && program->round_count < PROGRAM_ROUNDS) {
        struct round *round = &program->rounds[program->round_count++];
        *round = (struct round){0};
        while (source->left && !round->crashes && round->count < PROGRAM_ACTIONS)
            decode_action(program, ledger, round, source);
    }
}

const char *program_url(const struct program *program, const char *path)
{
    static char url[1024];

    snprintf(url, sizeof(url), "%s:%s", program->directory ? "dir" : "journal", path);
    return url;
}

void program_prepare(const struct program *program)
{
    calls_segment_max = program->how & PROGRAM_USUAL ? UINT64_MAX : SEGMENT_SIZE_MIN;
}

int program_refuses(const struct program *program, const struct call *call)
{
    return (program->how & PROGRAM_NAMED) && call->kind == CALL_OPEN && (call->flags & O_TMPFILE) == O_TMPFILE
               ? EOPNOTSUPP
               : 0;
}

/* --- running it ------------------------------------------------------------------------------------------
 */

static int look(struct cairn_op *op)
{
    void *data;
    size_t size;
    int error = cairn_latest(op, NULL, &data, &size);

    if (error == 0)
        cairn_free(data);
    return error == CAIRN_ENONE ? 0 : error;
}

static bool goes_on(const struct round *round, int error)
{
    return error == 0 || (round->excuses && round->excuses(error));
}

static int open_until(struct cairn_op **op, const struct round *round, const char *url, unsigned flags)
{
    for (;;) {
        const int error = cairn_open(op, NULL, url, flags);
        if (error == 0 || !goes_on(round, error))
            return error;
    }
}

static int run_action(const struct round *round, const struct action *action, const struct ledger *ledger,
                      const char *url, unsigned flags, struct cairn_op **op, const struct program_told *told)
{
    char id[256] = "";

    switch (action->kind) {
    case ACTION_REOPEN:
        cairn_close(*op);
        return open_until(op, round, url, flags);
    case ACTION_LOOK:
        return look(*op);
    default: {
        const int error = ledger_take(ledger, action->step, *op, NULL, id);
        told->end(action->step, error, id);
        return error;
    }
    }
}

int program_run(const struct round *round, const struct ledger *ledger, const char *url, unsigned flags,
                const struct program_told *told)
{
    struct cairn_op *op = NULL;

    told->begin(0);
    int error = open_until(&op, round, url, flags);
    for (unsigned i = 0; i < round->count && error == 0; i++) {
        told->begin(i);
        error = run_action(round, &round->actions[i], ledger, url, flags, &op, told);
        if (op && goes_on(round, error))
            error = 0;
    }
    if (error == 0)
        told->begin(round->count);
    cairn_close(op);
    return error;
}

/* --- seeds -----------------------------------------------------------------------------------------------
 */

void program_sink_with(struct sink *sink, enum action_kind kind, uint8_t rest, uint8_t size)
{
    sink_u8(sink, (uint8_t)(rest * ACTION_KINDS + kind));
    if (kind <= ACTION_LARGE)
        sink_u8(sink, size);
}

void program_sink(struct sink *sink, enum action_kind kind, uint8_t size)
{
    program_sink_with(sink, kind, 0, size);
}

void program_sink_crash_with(struct sink *sink, uint8_t rest, const uint8_t crash[PROGRAM_CRASH])
{
    sink_u8(sink, (uint8_t)(rest * ACTION_KINDS + ACTION_CRASH));
    sink_bytes(sink, crash, PROGRAM_CRASH);
}

void program_sink_crash(struct sink *sink, const uint8_t crash[PROGRAM_CRASH])
{
    program_sink_crash_with(sink, 0, crash);
}
