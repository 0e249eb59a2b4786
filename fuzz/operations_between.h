/* operations_between.h -- what comes between the calls that an action of fuzz_operations makes: some fail,
 * the context ends, the other thread does something, somebody has a lock.
 */
#ifndef FUZZ_OPERATIONS_BETWEEN_H
#define FUZZ_OPERATIONS_BETWEEN_H

#include <stdint.h>

#include <cairn/cairn.h>

#include "fuzz/calls.h"
#include "fuzz/fault.h"
#include "fuzz/ledger.h"
#include "fuzz/operations.h"
#include "fuzz/source.h"

extern struct between {
    struct fault fault;
    struct job *job;             /* for the other thread, at the call that the fault says */
    const struct cairn_ctx *use; /* what the calls are given */
    struct cairn_ctx patience;
} between;

/* between_begin -- nothing does, and nobody is to have a lock. */
void between_begin(void);

/* between_call -- who watches the calls. */
int between_call(struct call *call);

/* between_arm -- what is to come between, from the input. `other` is for the other thread; or NULL. */
void between_arm(uint8_t byte, struct source *source, struct job *other);

/* between_fails -- what fails meanwhile. */
enum ledger_fails between_fails(void);

/* between_hold_next -- a lock that somebody is to have during the next action, as ACTION_HELD's byte says. */
void between_hold_next(uint8_t byte);

/* between_hold -- has somebody take that lock, for a moment; what is done meanwhile has a context, if it says
 * so, that ends before or behind that. between_release -- he lets go, and nobody is to have one. */
void between_hold(void);
void between_release(void);

/* between_die -- has the owner of a lock of the journal die with it. */
void between_die(uint8_t byte);

#endif
