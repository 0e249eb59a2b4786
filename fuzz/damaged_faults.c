/* damaged_faults.c -- see damaged_faults.h. */
#include "fuzz/damaged_faults.h"

#include <string.h>

#include "fuzz/calls.h"
#include "fuzz/fault.h"

static struct fault fault;

static int before_call(struct call *call)
{
    return calls_inside() && fault_now(&fault, call) ? fault_refusal(&fault, call) : 0;
}

const struct cairn_ctx *damaged_fail(const struct damaged *journal, unsigned at)
{
    if (!(journal->how & INPUT_FAULT) || (journal->fault_at & ~AT_GIVES_UP) % AT_COUNT != at)
        return NULL;
    fault_arm(&fault, journal->fault[0], journal->fault[1]);
    calls_watch(before_call, NULL);
    calls_enter();
    return fault.class == CLASS_CONTEXT ? &fault.ctx : NULL;
}

bool damaged_fails_files(void)
{
    return fault.class == CLASS_READS || fault.class == CLASS_CHANGES;
}

bool damaged_fail_no_more(void)
{
    const bool fired = fault.fired;

    calls_leave();
    calls_watch(NULL, NULL);
    memset(&fault, 0, sizeof(fault));
    return fired;
}
