/* interrupt.c -- see interrupt.h. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#include <cairn/context.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

static struct cairn_ctx *volatile caught_ctx;
static volatile sig_atomic_t caught;
static struct sigaction before[SIGNAL_COUNT];

static void on_signal(int signal_number)
{
    if (caught == 0)
        caught = signal_number;
    cairn_ctx_cancel(caught_ctx);
}

void interrupt_catch(struct cairn_ctx *ctx)
{
    struct sigaction action = {.sa_handler = on_signal};

    caught_ctx = ctx;
    sigemptyset(&action.sa_mask);
    /* No SA_RESTART: printing into a pipe that nobody reads has to end as well. */
    action.sa_flags = (int)SA_RESETHAND;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &action, NULL);
    }
}

int interrupt_caught(void)
{
    return caught;
}

void interrupt_release(void)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &before[i], NULL);
}

_Noreturn void interrupt_die(void)
{
    int signal_number = caught;
    sigset_t set;

    (void)signal(signal_number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(signal_number);
    _Exit(128 + signal_number); /* not reached */
}
