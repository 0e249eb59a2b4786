/* stack.c -- see stack.h. */
#include "torture/stack.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "torture/process.h"

static bool take_registers(struct stack *stack)
{
    struct iovec all = {&stack->registers, sizeof(stack->registers)};

    if (ptrace(PTRACE_GETREGSET, stack->thread, NT_PRSTATUS, &all) != 0)
        return false;
#if defined(__x86_64__)
    stack->ip = stack->registers.rip;
    stack->sp = stack->registers.rsp;
    stack->fp = stack->registers.rbp;
    stack->ra = 0;
#else
    stack->ip = stack->registers.pc;
    stack->sp = stack->registers.sp;
    stack->fp = stack->registers.regs[29];
    stack->ra = stack->registers.regs[30];
#endif
    return true;
}

bool stack_take(struct stack *stack, pid_t thread)
{
    stack->thread = thread;
    stack->count = 0;
    if (!take_registers(stack))
        return false;
    const struct iovec here = {stack->words, sizeof(stack->words)},
                       there = {(void *)(uintptr_t)stack->sp, sizeof(stack->words)};
    /* Where the stack ends early it is less. */
    const ssize_t n = process_vm_readv(thread, &here, 1, &there, 1, 0);
    stack->count = n > 0 ? (size_t)n / sizeof(*stack->words) : 0;
    return stack->count > 0;
}

bool stack_word(const struct stack *stack, uint64_t address, uint64_t *word)
{
    const uint64_t offset = address - stack->sp;

    if (offset % sizeof(*word) == 0 && offset / sizeof(*word) < stack->count) {
        *word = stack->words[offset / sizeof(*word)];
        return true;
    }
    return process_peek(stack->thread, address, word, sizeof(*word));
}
