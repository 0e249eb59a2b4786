/* context.h -- how long a call may wait, and how to stop it waiting.
 *
 * The idea is Go's context.Context, cut down to what a checkpoint needs: a deadline and a flag. Every
 * call takes a context; NULL means neither. A context bounds *waiting*: for a lock that another thread
 * or process holds, for another process that is recovering the journal. It does not bound the disk: the
 * sync of a record that was written is waited for, also if another process is at it. A context that has
 * already expired makes the call fail at once. A call that fails with CAIRN_ETIMEDOUT or CAIRN_ECANCELED has
 * changed nothing; once a record is handed to the disk the call runs to its definite end.
 *
 * What is done beside a call, when its own part is done (files are removed, an index is committed), waits
 * for others for a second at most, and no longer than the context lets it. If it is put off, the call
 * succeeds all the same.
 *
 * A waiting call notices a cancellation within some ten milliseconds.
 */
#ifndef CAIRN_CONTEXT_H
#define CAIRN_CONTEXT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A context. The caller owns it, keeps it alive while calls use it, and may share it among any number
 * of calls and threads. Set it up with CAIRN_CTX_INIT or cairn_ctx_with_timeout(). */
struct cairn_ctx {
    int64_t deadline_ns; /* CLOCK_MONOTONIC, in nanoseconds; 0 for no deadline */
    int canceled;        /* set through cairn_ctx_cancel(); 0 to begin with */
};

#define CAIRN_CTX_INIT                                                                                       \
    {                                                                                                        \
        0, 0                                                                                                 \
    }

/* Sets up a context, which may not be NULL, whose deadline is `timeout_ns` nanoseconds from now
 * (CLOCK_MONOTONIC). A timeout of zero or less has expired already; one that would pass the end of the clock
 * means no deadline. */
void cairn_ctx_with_timeout(struct cairn_ctx *ctx, int64_t timeout_ns);

/* Cancels the calls that wait under this context, and all later ones. Any thread; also in a signal
 * handler. Calling it again changes nothing. */
void cairn_ctx_cancel(struct cairn_ctx *ctx);

/* Returns 0, or CAIRN_ECANCELED, or CAIRN_ETIMEDOUT if the deadline has passed; `ctx` may be NULL. For
 * those who implement an Operation. */
int cairn_ctx_check(const struct cairn_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
