/* operations_action.h -- what an action of fuzz_operations does, in whichever thread. */
#ifndef FUZZ_OPERATIONS_ACTION_H
#define FUZZ_OPERATIONS_ACTION_H

#include "fuzz/operations.h"

/* action_perform -- does it; what came of it is then in the job. */
void action_perform(struct job *job);

#endif
