/* child.c -- see child.h. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/operation.h>

static void need(int right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "child: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        need(errno == EINTR, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* begin -- forks, with nothing left in the buffers that both would print. */
static pid_t begin(void)
{
    fflush(NULL);
    pid_t pid = fork();
    need(pid >= 0, "fork");
    return pid;
}

int child_run(int (*body)(void *arg), void *arg)
{
    pid_t pid = begin();

    if (pid == 0) {
        int result = body(arg);
        fflush(NULL);
        _exit(result);
    }
    return wait_for(pid);
}

int child_hold(struct child *child, int (*take)(void *arg), void (*let_go)(void *arg), void *arg)
{
    int ready[2], go[2];
    unsigned char result;

    need(pipe(ready) == 0 && pipe(go) == 0, "pipe");
    child->pid = begin();
    if (child->pid == 0) {
        close(ready[0]);
        close(go[1]);
        result = (unsigned char)take(arg);
        if (write(ready[1], &result, 1) != 1 || result != 0)
            _exit(result);
        while (read(go[0], &result, 1) < 0 && errno == EINTR)
            ;
        if (let_go)
            let_go(arg);
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    child->go = go[1];
    if (read(ready[0], &result, 1) != 1)
        result = 126;
    close(ready[0]);
    if (result != 0) {
        close(child->go);
        wait_for(child->pid);
    }
    return result;
}

void child_release(struct child *child)
{
    close(child->go);
    wait_for(child->pid);
}

void child_kill(struct child *child)
{
    kill(child->pid, SIGKILL);
    child_release(child);
}

unsigned child_flags(void)
{
    const char *sanitize = getenv("CAIRN_SANITIZE");
    return sanitize && *sanitize ? CAIRN_NO_THREAD : 0;
}
