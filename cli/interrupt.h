/* interrupt.h -- Ctrl-C and SIGTERM while Cairn is at work.
 *
 * A signal cancels the context, so that a call that waits ends, and a call that writes runs to its
 * definite end. If the work was cut short by it, the process then dies of the signal, as its parent
 * expects; if not, the signal came too late and the command ends as it would have. A second signal kills
 * at once, which harms nothing: what was acknowledged is durable.
 *
 * Before and after the work (reading input, writing out the answer) signals have their usual effect. A
 * signal that the parent had ignored (as nohup does) stays ignored.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

struct cairn_ctx;

/* From now on SIGINT, SIGTERM and SIGHUP cancel `ctx`, which has to live until interrupt_release(). */
void interrupt_catch(struct cairn_ctx *ctx);

/* Returns the first signal that was caught; 0 if none was. */
int interrupt_caught(void);

/* Gives the signals their usual effect again. */
void interrupt_release(void);

/* Ends the process by the signal that was caught. */
_Noreturn void interrupt_die(void);

#endif
