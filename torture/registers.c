/* registers.c -- see registers.h. */
#include "torture/registers.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

static bool get(pid_t thread, struct user_regs_struct *registers)
{
    struct iovec all = {registers, sizeof(*registers)};
    return ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &all) == 0;
}

static bool set(pid_t thread, struct user_regs_struct *registers)
{
    struct iovec all = {registers, sizeof(*registers)};
    return ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &all) == 0;
}

#if defined(__x86_64__)
#define RESULT rax

static unsigned long long *argument_of(struct user_regs_struct *registers, unsigned argument)
{
    unsigned long long *const all[] = {&registers->rdi, &registers->rsi, &registers->rdx,
                                       &registers->r10, &registers->r8,  &registers->r9};
    return all[argument - 1];
}

bool registers_skip(pid_t thread)
{
    struct user_regs_struct registers;

    if (!get(thread, &registers))
        return false;
    registers.orig_rax = (unsigned long long)-1;
    return set(thread, &registers);
}
#else
#define RESULT regs[0]

static unsigned long long *argument_of(struct user_regs_struct *registers, unsigned argument)
{
    return &registers->regs[argument - 1];
}

bool registers_skip(pid_t thread)
{
    int number = -1;
    struct iovec all = {&number, sizeof(number)};
    return ptrace(PTRACE_SETREGSET, thread, NT_ARM_SYSTEM_CALL, &all) == 0;
}
#endif

bool registers_halve(pid_t thread, unsigned argument)
{
    struct user_regs_struct registers;

    if (!get(thread, &registers) || *argument_of(&registers, argument) < 2)
        return false;
    *argument_of(&registers, argument) /= 2;
    return set(thread, &registers);
}

bool registers_return(pid_t thread, int64_t result)
{
    struct user_regs_struct registers;

    if (!get(thread, &registers))
        return false;
    registers.RESULT = (unsigned long long)result;
    return set(thread, &registers);
}
