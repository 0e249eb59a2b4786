/* child.c -- see child.h. */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"

#define STATUS_NOT_RUN   126 /* it is there, and cannot be run */
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL    128

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

static volatile sig_atomic_t child_pid; /* 0 before it is there */
static volatile sig_atomic_t pending;   /* a signal that came before */

static void pass_on(int number, siginfo_t *info, void *context)
{
    const int saved = errno;

    (void)context;
    if (info->si_code > 0) { /* the kernel's, as at Ctrl-C: it has sent it to all of the group */
        errno = saved;
        return;
    }
    if (child_pid != 0)
        (void)kill((pid_t)child_pid, number);
    else
        pending = number;
    errno = saved;
}

/* become -- what the new process does: does not return. */
static _Noreturn void become(const char *command, char **argv, int output, int inherit, pid_t parent,
                             const struct sigaction *before)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &before[i], NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was killed before that */
        _exit(STATUS_NOT_RUN);
    if (dup2(output, STDOUT_FILENO) < 0 || (inherit >= 0 && fcntl(inherit, F_SETFD, 0) < 0))
        _exit(STATUS_NOT_RUN);
    (void)signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    const int why = errno;
    failure_say(command, "%s: %s", argv[0], strerror(why));
    _exit(why == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

/* make_room -- for what is read next; false if there is no memory. */
static bool make_room(struct child *child, size_t *space)
{
    if (child->size < *space)
        return true;
    const size_t wanted = *space ? *space * 2 : 65536;
    char *more = realloc(child->output, wanted);
    if (more == NULL)
        return false;
    child->output = more;
    *space = wanted;
    return true;
}

/* collect -- reads what comes from `fd` until its end; or, when the process has ended, what is there: what it
 * has left running is not waited for. False if there is no memory for it. */
static bool collect(int fd, pid_t pid, struct child *child)
{
    struct pollfd from[2] = {{.fd = fd, .events = POLLIN},
                             {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN}};
    int left = INT_MAX; /* bytes; set when it has ended */
    size_t space = 0;
    bool all = true;

    while (left > 0 && all) {
        if (poll(from, 2, -1) < 0 && errno != EINTR)
            break;
        if (left == INT_MAX && (from[1].revents & POLLIN) && (ioctl(fd, FIONREAD, &left) != 0 || left == 0))
            break;
        if ((from[0].revents & (POLLIN | POLLHUP)) == 0)
            continue;
        all = make_room(child, &space);
        const size_t room = all ? space - child->size : 0;
        const ssize_t n =
            all ? read(fd, child->output + child->size, room < (size_t)left ? room : (size_t)left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        child->size += (size_t)n;
        left -= left == INT_MAX ? 0 : (int)n;
    }
    if (from[1].fd >= 0)
        close(from[1].fd);
    return all;
}

int child_run(const char *command, char **argv, int inherit, struct child *child)
{
    struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction before[SIGNAL_COUNT];
    const pid_t parent = getpid();
    int ends[2], status = 0;

    *child = (struct child){0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        failure_say(command, "cannot make a pipe: %s", strerror(errno));
        return EXIT_FAILED;
    }
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &action, NULL);
    }
    pid_t pid = fork();
    if (pid == 0)
        become(command, argv, ends[1], inherit, parent, before);
    close(ends[1]);
    bool all = false;
    if (pid > 0) {
        child_pid = pid;
        if (pending)
            (void)kill(pid, pending);
        all = collect(ends[0], pid, child);
        close(ends[0]); /* if it writes on, that ends it */
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    } else {
        failure_say(command, "cannot make a process: %s", strerror(errno));
        close(ends[0]);
    }
    child_pid = 0;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(signals[i], &before[i], NULL);
    if (pid > 0 && !all)
        failure_say(command, "no memory for what %s prints", argv[0]);
    child->status = WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    return all ? EXIT_DONE : EXIT_FAILED;
}
