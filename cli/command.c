/* command.c -- see command.h: what all commands do before and after their work. */
#include "cli/command.h"

#include <signal.h>

#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

int command_open(struct request *request, unsigned flags, struct cairn_op **op)
{
    *op = NULL;
    if ((flags & CAIRN_READONLY) == 0) /* the reader of our output may be gone; we end in order and say so */
        (void)signal(SIGPIPE, SIG_IGN);
    interrupt_catch(&request->ctx);
    return cairn_open(op, &request->ctx, request->operands[0], flags);
}

int command_close(struct request *request, struct cairn_op *op, int error)
{
    /* A signal ended the work only if the work says so. A signal that came while the last step succeeded,
     * or failed for a reason of its own, was too late. */
    bool interrupted = interrupt_caught() != 0 && (error == CAIRN_ECANCELED || error > 0);
    int code = EXIT_DONE;

    progress_erase();
    if (error < 0) /* before closing, which may set another message */
        code = interrupted ? EXIT_WAITED : failure_report(request->command, error);
    else if (error > 0)
        code = EXIT_FAILED;
    cairn_close(op);
    interrupt_release();
    if (interrupted)
        interrupt_die();
    return code;
}
