/* check.c -- see check.h. */
#include "torture/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
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

/* is_program -- whether the first word names a file, or one that is in the PATH: else it may be a shell's
 * own. */
static bool is_program(const char *command)
{
    const char *word = command + strspn(command, " \t");
    const int size = (int)strcspn(word, " \t");
    char *path = memory_text(getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin"), file[4352];
    bool found = size == 0 || memchr(word, '/', (size_t)size);

    for (char *dir = strtok(path, ":"); dir && !found; dir = strtok(NULL, ":")) {
        snprintf(file, sizeof(file), "%.4000s/%.*s", dir, size < 256 ? size : 256, word);
        found = access(file, X_OK) == 0;
    }
    free(path);
    return found;
}

void check_words(char *words[CHECK_WORDS_MAX + 1], char *copy)
{
    size_t count = 0;

    if (strlen(copy) >= 2 * CHECK_WORDS_MAX || strpbrk(copy, CHECK_SPECIAL) || !is_program(copy)) {
        words[count++] = (char *)"/bin/sh";
        words[count++] = (char *)"-c";
        words[count++] = copy;
    } else {
        for (char *word = strtok(copy, " \t"); word; word = strtok(NULL, " \t"))
            words[count++] = word;
    }
    words[count] = NULL;
}

/* start -- the command, without a copy of our memory being made for it; its pid, or -1 with errno. */
static pid_t start(const char *command, int output, int errors)
{
    char *copy = memory_text(command), *words[CHECK_WORDS_MAX + 2] = {(char *)"/bin/sh"}, **plain = words + 1;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t child = -1;

    check_words(plain, copy);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    int error = plain[0] ? posix_spawnp(&child, plain[0], &files, &attributes, plain, environ) : ENOENT;
    if (error == ENOEXEC) /* a script that does not say whose */
        error = posix_spawnp(&child, words[0], &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    free(copy);
    errno = error;
    return error ? -1 : child;
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

/* judge -- how it ended, as of wait(). */
static void judge(struct checked *checked, int status)
{
    if (WIFSIGNALED(status)) {
        checked->verdict = CHECK_CRASHED;
        checked->number = WTERMSIG(status);
        return;
    }
    checked->number = WEXITSTATUS(status);
    switch (checked->number) {
    case 0:
        checked->verdict = CHECK_PASSED;
        break;
    case 126: /* what a shell says of a command that it cannot run, */
    case 127: /* or does not find */
        checked->verdict = CHECK_NOT_RUN;
        if (checked->output[0] == '\0')
            snprintf(checked->output, sizeof(checked->output), "it ended with exit status %d",
                     checked->number);
        break;
    default:
        checked->verdict = CHECK_FAILED;
    }
}

static void run_command(struct checked *checked, const struct check *check)
{
    const int output = memfd_create("check", MFD_CLOEXEC);
    const pid_t child =
        output < 0 ? -1 : start(check->command, check->output ? check->output : output, output);
    int status = 0;

    if (child < 0) {
        snprintf(checked->output, sizeof(checked->output), "%s: %s", check->command, strerror(errno));
    } else {
        const bool in_time = await(child, check->timeout_s, &status);
        sweep();
        read_output(checked, output);
        judge(checked, status);
        if (!in_time)
            checked->verdict = CHECK_HUNG;
    }
    if (output >= 0)
        close(output);
}

static void run_library(struct checked *checked, const struct check *check)
{
    int status;
    bool left;
    const enum library_end end = library_run(check->library, check->timeout_s, &status, &left);

    read_output(checked, check->library->output);
    if (end == LIBRARY_ENDED)
        judge(checked, status);
    else if (end == LIBRARY_HUNG)
        checked->verdict = CHECK_HUNG;
    if (end == LIBRARY_GONE && checked->output[0] == '\0')
        snprintf(checked->output, sizeof(checked->output),
                 "%s: it could not be loaded, or has ended the process that loads it", check->library->path);
    if (end != LIBRARY_ENDED || left) {
        library_forget(check->library);
        sweep();
    }
}

void check_run(struct checked *checked, struct sandbox *sandbox, const struct check *check)
{
    *checked = (struct checked){.verdict = CHECK_NOT_RUN};
    if (!check_prepare(sandbox, check))
        snprintf(checked->output, sizeof(checked->output), "no file for the acknowledgements: %s",
                 strerror(errno));
    else if (check->library)
        run_library(checked, check);
    else
        run_command(checked, check);
}
