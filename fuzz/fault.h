/* fault.h -- calls of the system that fail, as two bytes of an input say it: the Nth call of a class, and
 * some behind it.
 *
 *   1 byte   which call, counted from when the fault was armed
 *   1 byte   bits 0 to 2: the error, or that a write or a read does half of it; bits 3 and 4: so many behind
 * it fail, too; bits 5 and 6: the class; bit 7: all behind it do
 *
 * No call is told that a file is not there which is: that would be no failure but a lie.
 */
#ifndef FUZZ_FAULT_H
#define FUZZ_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <cairn/cairn.h>

#include "fuzz/calls.h"

enum class {
    CLASS_CHANGES, /* the calls that change something */
    CLASS_READS,
    CLASS_MEMORY,
    CLASS_CONTEXT /* nothing fails; at the Nth call of any kind the context ends */
};

#define FAULT_WHAT(class, error, times) ((uint8_t)((class) << 5 | (times) << 3 | (error)))
#define FAULT_FOR_EVER                  0x80

struct fault {
    enum class class;
    unsigned nth, times; /* nth 0: none */
    int error;           /* 0: a write or a read does half */
    unsigned count, fired;
    struct cairn_ctx ctx; /* that of CLASS_CONTEXT */
};

/* fault_arm -- from the two bytes. */
void fault_arm(struct fault *fault, uint8_t nth, uint8_t what);

/* fault_now -- whether this call, which is counted if it is of the class, is one that fails. */
bool fault_now(struct fault *fault, const struct call *call);

/* fault_refusal -- what such a call is to fail with; 0 if it does half, or if the context has ended. */
int fault_refusal(struct fault *fault, struct call *call);

#endif
