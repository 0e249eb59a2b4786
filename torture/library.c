/* library.c -- see library.h. */
#include "torture/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/wire.h"

#define SERVED 3 /* the descriptor */

typedef int check_fn(const char *dir, const char *acked);

struct request {
    char fault[16];
};

struct reply {
    int status;
    int left;
};

/* --- who has it loaded -------------------------------------------------------------------------------- */

static check_fn *load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);
    check_fn *check = NULL;

    if (handle)
        *(void **)&check = dlsym(handle, "torture_check");
    if (check == NULL)
        printf("%s\n", handle ? "the library has no function torture_check" : dlerror());
    return check;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

/* call -- the exit status for what the function says: 0, or anything else. */
static int call(check_fn *check)
{
    const int result = check(variable("TORTURE_DIR"), variable("TORTURE_ACKED"));

    return result == 0 ? 0 : result > 0 && result < 126 ? result : 1;
}

int library_call(const char *path)
{
    check_fn *check = load(path);

    return check ? call(check) : 126;
}

/* anybody_left -- whether a process is there that the check has started; those that have ended are taken
 * away. */
static bool anybody_left(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
        ;
    return pid == 0;
}

int library_serve(const char *path)
{
    check_fn *check = load(path);
    struct request request;

    /* Whether the function came to its end: a library may call exit(). */
    volatile int *returned =
        mmap(NULL, sizeof(*returned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    fflush(stdout);
    if (check == NULL || returned == MAP_FAILED)
        return 126;
    fcntl(SERVED, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    while (wire_receive(SERVED, &request, sizeof(request))) {
        struct reply reply = {0};
        *returned = 0;
        const pid_t child = fork();
        if (child == 0) {
            close(SERVED);
            setsid();
            setenv("TORTURE_FAULT", request.fault, 1);
            const int code = call(check);
            *returned = 1;
            exit(code);
        }
        while (child > 0 && waitpid(child, &reply.status, 0) < 0 && errno == EINTR)
            ;
        if (child > 0 && reply.status == 0 && !*returned) {
            puts("the library has ended the process itself");
            fflush(stdout);
            reply.status = 1 << 8;
        }
        reply.left = anybody_left();
        if (child < 0 || !wire_send(SERVED, &reply, sizeof(reply)))
            return 126;
    }
    return 0;
}

/* --- who asks it -------------------------------------------------------------------------------------- */

static bool start(struct library *library)
{
    char *const words[] = {(char *)"cairn-torture", (char *)"check-lib", (char *)"--serve",
                           (char *)(uintptr_t)library->path, NULL};
    posix_spawn_file_actions_t files;
    int ends[2];

    library->output = memfd_create("check", MFD_CLOEXEC);
    if (library->output < 0)
        return false;
    if (fcntl(library->output, F_SETFL, O_APPEND) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        close(library->output);
        return false;
    }
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, library->output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, library->output, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, ends[1], SERVED);
    const int error = posix_spawn(&library->pid, "/proc/self/exe", &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    library->fd = ends[0];
    if (error) {
        close(library->fd);
        close(library->output);
        library->pid = 0;
    }
    return error == 0;
}

void library_forget(struct library *library)
{
    if (library->pid == 0)
        return;
    kill(library->pid, SIGKILL);
    while (waitpid(library->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(library->fd);
    close(library->output);
    *library = (struct library){.path = library->path};
}

enum library_end library_run(struct library *library, unsigned timeout_s, int *status, bool *left)
{
    struct request request = {""};
    struct reply reply;

    *status = 0;
    *left = false;
    if (library->pid == 0 && !start(library))
        return LIBRARY_GONE;
    snprintf(request.fault, sizeof(request.fault), "%s", variable("TORTURE_FAULT"));
    struct pollfd answers = {.fd = library->fd, .events = POLLIN};
    if (ftruncate(library->output, 0) == 0 &&
        send(library->fd, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request) &&
        poll(&answers, 1, (int)timeout_s * 1000) == 0)
        return LIBRARY_HUNG;
    if (!wire_receive(library->fd, &reply, sizeof(reply)))
        return LIBRARY_GONE;
    *status = reply.status;
    *left = reply.left;
    return LIBRARY_ENDED;
}
