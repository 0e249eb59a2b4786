/* check.c -- see check.h. */
#include "torture/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/memory.h"

/* whole_lines -- how many bytes of them there are. */
static size_t whole_lines(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] != '\n')
        size--;
    return size;
}

bool check_prepare(const struct sandbox *sandbox, const struct check *check)
{
    char acked[96];

    snprintf(acked, sizeof(acked), "%s/acked", sandbox->scratch);
    const int fd = open(acked, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const size_t size = whole_lines(check->acks, check->acks_size);
    const bool ok = fd >= 0 && (size == 0 || write(fd, check->acks, size) == (ssize_t)size);
    if (fd >= 0)
        close(fd);
    return ok && setenv("TORTURE_ACKED", acked, 1) == 0 && setenv("TORTURE_DIR", sandbox->dir, 1) == 0 &&
           setenv("TORTURE_FAULT", check->fault, 1) == 0;
}

void check_words(char *words[CHECK_WORDS_MAX + 1], char *copy)
{
    size_t count = 0;

    if (strlen(copy) >= 2 * CHECK_WORDS_MAX || strpbrk(copy, "\"'\\$`|&;<>()*?[]{}~#=%\n")) {
        words[count++] = (char *)"/bin/sh";
        words[count++] = (char *)"-c";
        words[count++] = copy;
    } else {
        for (char *word = strtok(copy, " \t"); word; word = strtok(NULL, " \t"))
            words[count++] = word;
    }
    words[count] = NULL;
}

/* become -- in the child. */
static _Noreturn void become(const char *command)
{
    char *words[CHECK_WORDS_MAX + 1];

    check_words(words, memory_text(command));
    if (words[0])
        execvp(words[0], words);
    printf("%s: cannot be run: %s\n", command, strerror(errno));
    fflush(stdout);
    _exit(126);
}

/* await -- waits for the child: false if the time is over. */
static bool await(pid_t child, unsigned timeout_s, int *status)
{
    struct pollfd ended = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    const int ready = ended.fd < 0 ? 1 : poll(&ended, 1, (int)timeout_s * 1000);

    if (ended.fd >= 0)
        close(ended.fd);
    if (ready == 0)
        kill(child, SIGKILL);
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
    return ready != 0;
}

/* sweep -- whatever the check has left running: in this PID namespace there is nobody else. */
static void sweep(void)
{
    if (getpid() == 1)
        kill(-1, SIGKILL);
    while (waitpid(-1, NULL, getpid() == 1 ? __WALL : WNOHANG) > 0)
        ;
}

static void read_output(struct checked *checked, int fd)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    const off_t begin =
        end > (off_t)sizeof(checked->output) - 1 ? end - (off_t)sizeof(checked->output) + 1 : 0;
    const ssize_t n = pread(fd, checked->output, sizeof(checked->output) - 1, begin);

    checked->output[n > 0 ? n : 0] = '\0';
}

void check_run(struct checked *checked, struct sandbox *sandbox, const struct check *check)
{
    int status = 0;

    *checked = (struct checked){.verdict = CHECK_NOT_RUN};
    const int output = memfd_create("check", MFD_CLOEXEC);
    if (output < 0 || !check_prepare(sandbox, check)) {
        snprintf(checked->output, sizeof(checked->output), "no file for the check: %s", strerror(errno));
        if (output >= 0)
            close(output);
        return;
    }
    const pid_t child = fork();
    if (child == 0) {
        const int nothing = open("/dev/null", O_RDONLY);
        setsid();
        dup2(nothing, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        become(check->command);
    }
    if (child < 0) {
        snprintf(checked->output, sizeof(checked->output), "no process for the check: %s", strerror(errno));
        close(output);
        return;
    }
    const bool in_time = await(child, check->timeout_s, &status);
    sweep();
    read_output(checked, output);
    close(output);
    if (!in_time) {
        checked->verdict = CHECK_HUNG;
    } else if (WIFSIGNALED(status)) {
        checked->verdict = CHECK_CRASHED;
        checked->number = WTERMSIG(status);
    } else {
        checked->number = WEXITSTATUS(status);
        checked->verdict = checked->number == 0     ? CHECK_PASSED
                           : checked->number == 126 ? CHECK_NOT_RUN
                                                    : CHECK_FAILED;
    }
}
