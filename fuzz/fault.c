/* fault.c -- see fault.h. */
#include "fuzz/fault.h"

#include <errno.h>
#include <lmdb.h>
#include <string.h>

void fault_arm(struct fault *fault, uint8_t nth, uint8_t what)
{
    static const int changing[] = {EIO, ENOSPC, EINTR, EMFILE, EDQUOT, 0, EIO, ENOSPC};
    static const int reading[] = {EIO, EACCES, EINTR, EMFILE, EROFS, 0, EIO, ENOMEM};

    memset(fault, 0, sizeof(*fault));
    fault->class = (enum class)(what >> 5 & 3);
    fault->nth = 1 + (fault->class == CLASS_CHANGES ? nth % 64 : nth);
    fault->error = fault->class == CLASS_CHANGES ? changing[what % 8] : reading[what % 8];
    fault->times = what & FAULT_FOR_EVER ? 1000 : what >> 3 & 3;
}

static bool is_of(const struct call *call, enum class class)
{
    switch (class) {
    case CLASS_CHANGES:
        return call->kind < CALL_LOOK;
    case CLASS_READS:
        return (call->kind >= CALL_LOOK && call->kind < CALL_MEMORY) || call->kind == CALL_OPEN;
    case CLASS_MEMORY:
        return call->kind == CALL_MEMORY;
    default:
        return true;
    }
}

bool fault_now(struct fault *fault, const struct call *call)
{
    if (fault->nth == 0 || !is_of(call, fault->class) || ++fault->count < fault->nth ||
        fault->count > fault->nth + fault->times)
        return false;
    fault->fired++;
    return true;
}

int fault_refusal(struct fault *fault, struct call *call)
{
    const bool cut = call->kind == CALL_WRITE || call->kind == CALL_READ;

    if (fault->class == CLASS_CONTEXT) {
        cairn_ctx_cancel(&fault->ctx);
        return 0;
    }
    if (call->kind == CALL_MEMORY)
        return ENOMEM;
    if (call->kind == CALL_DATABASE)
        return fault->error == EINTR ? MDB_MAP_FULL : fault->error ? fault->error : EIO;
    /* Other numbers say that there are no handles, which does not change from one call to the next. */
    if (strcmp(call->name, "name_to_handle_at") == 0)
        return fault->error == ENOMEM ? ENOMEM : EIO;
    if (fault->error == 0 && cut)
        call->most -= call->most / 2;
    return fault->error == EINTR && !cut && call->kind != CALL_LOCK ? EIO : fault->error;
}
