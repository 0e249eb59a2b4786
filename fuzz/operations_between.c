/* operations_between.c -- see operations_between.h. */
#include "fuzz/operations_between.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fuzz/holder.h"
#include "fuzz/operations_second.h"

struct between between;

static int held = -1; /* the byte of ACTION_HELD, for the next action */

void between_begin(void)
{
    memset(&between, 0, sizeof(between));
    held = -1;
}

int between_call(struct call *call)
{
    if (second_is_this() && between.job)
        return 0; /* what comes between is not come between */
    if ((tested.how & HOW_NAMED) && call->kind == CALL_OPEN && (call->flags & O_TMPFILE) == O_TMPFILE)
        return EOPNOTSUPP;
    if (!calls_inside() || !fault_now(&between.fault, call))
        return 0;
    if (between.job) {
        second_give(between.job);
        second_wait(true);
        return 0;
    }
    return fault_refusal(&between.fault, call);
}

void between_arm(uint8_t byte, struct source *source, struct job *other)
{
    memset(&between, 0, sizeof(between));
    if (byte & ACTION_FAULT) {
        const uint8_t nth = source_u8(source);
        fault_arm(&between.fault, nth, source_u8(source));
        if (between.fault.class == CLASS_CONTEXT)
            between.use = &between.fault.ctx;
    } else if (other) {
        between.fault.nth = 1 + source_u8(source) % 32;
        between.job = other;
    }
}

enum ledger_fails between_fails(void)
{
    static const enum ledger_fails fails[] = {[CLASS_CHANGES] = FAILS_SOMETHING,
                                              [CLASS_READS] = FAILS_READING,
                                              [CLASS_MEMORY] = FAILS_NO_CALL,
                                              [CLASS_CONTEXT] = FAILS_NO_CALL};

    return fails[between.fault.class];
}

void between_hold_next(uint8_t byte)
{
    held = byte;
}

void between_hold(void)
{
    static const int64_t patience_ns[] = {0, 2000000, 200000000, 2000000};
    const int64_t patience = patience_ns[held >> 3 & 3];

    if (held < 0 || !holder_begin(tested_path(), tested.ledger.directory ? HOLD_FILE : (enum hold)(held & 3),
                                  5000000, false))
        return;
    if (patience && between.use == NULL) {
        cairn_ctx_with_timeout(&between.patience, patience);
        between.use = &between.patience;
    }
}

void between_release(void)
{
    holder_end();
    held = -1;
}

void between_die(uint8_t byte)
{
    holder_begin(tested_path(), (enum hold)(HOLD_APPEND + byte % 3), 0, true);
    holder_end();
}
