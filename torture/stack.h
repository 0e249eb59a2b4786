/* stack.h -- the stack of a stopped thread, and its registers. */
#ifndef TORTURE_STACK_H
#define TORTURE_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define STACK_WORDS 512 /* that are read at once */

struct stack {
    pid_t thread;
    struct user_regs_struct registers;
    uint64_t ip, sp, fp;         /* of them: the instruction, stack and frame pointer */
    uint64_t ra;                 /* where the innermost call returns to, where a register has it; else 0 */
    uint64_t words[STACK_WORDS]; /* from the stack pointer on */
    size_t count;                /* of them that are there */
};

/* stack_take -- false if the thread is gone, or has no stack. */
bool stack_take(struct stack *stack, pid_t thread);

/* stack_word -- the word at an address, wherever that is; false if there is none. */
bool stack_word(const struct stack *stack, uint64_t address, uint64_t *word);

#endif
