/* forker.c -- see forker.h. */
#include "fuzz/forker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int to = -1, from = -1; /* pipes */
static pid_t forking;

static _Noreturn void give_up(const char *what)
{
    perror(what);
    _exit(2);
}

/* forker -- a child for each byte that comes in. */
static _Noreturn void forker(int in, int out, void (*child)(void))
{
    char byte;
    int status;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(in, &byte, 1) == 1) {
        const pid_t pid = fork();
        if (pid < 0)
            give_up("forker: fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            child();
            _exit(0);
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (write(out, &status, sizeof(status)) != (ssize_t)sizeof(status))
            break;
    }
    _exit(0);
}

void forker_begin(void (*child)(void))
{
    int request[2], answer[2];

    if (to >= 0)
        return;
    if (pipe2(request, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0)
        give_up("forker: pipe2");
    const pid_t pid = fork();
    if (pid < 0)
        give_up("forker: fork");
    if (pid == 0) {
        close(request[1]);
        close(answer[0]);
        forker(request[0], answer[1], child);
    }
    forking = pid;
    close(request[0]);
    close(answer[1]);
    to = request[1];
    from = answer[0];
}

int forker_run(void)
{
    int status;
    ssize_t n;

    if (write(to, "", 1) != 1)
        give_up("forker: it has gone");
    do
        n = read(from, &status, sizeof(status)); /* the engine's alarm interrupts it */
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(status))
        give_up("forker: it has gone");
    return status;
}

void forker_end(void)
{
    if (to < 0)
        return;
    close(to);
    close(from);
    to = from = -1;
    waitpid(forking, NULL, 0);
}
