/* input.c -- see input.h. */
#include "cli/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/progress.h"

#define INPUT_MAX   ((size_t)CAIRN_JOURNAL_DATA_MAX)
#define INPUT_FIRST ((size_t)65536)   /* the first buffer if the size is not known */
#define INPUT_STEP  ((size_t)1 << 20) /* what is read at once */

/* Not blocking: opening a FIFO waits for nobody, poll() does that with the deadline in view. */
#define INPUT_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* An open input, as the functions below hand it on. */
struct source {
    const struct request *request;
    const char *name; /* for messages */
    int fd;
    bool show_progress;
};

static int fail_errno(const struct source *source, int code)
{
    failure_say(source->request->command, "%s: %s", source->name, strerror(errno));
    return code;
}

static int fail_memory(const struct source *source)
{
    failure_say(source->request->command, "%s: no memory for the data", source->name);
    return EXIT_FAILED;
}

/* Returns how long poll() may wait, in milliseconds; -1 without a deadline. */
static int wait_ms(const struct cairn_ctx *ctx)
{
    struct timespec now;
    int64_t rest_ns;

    if (ctx->deadline_ns == 0)
        return -1;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    rest_ns = ctx->deadline_ns - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    if (rest_ns <= 0)
        return 0;
    if (rest_ns / 1000000 >= INT_MAX)
        return INT_MAX;
    return (int)(rest_ns / 1000000) + 1; /* late rather than early, or we would spin */
}

/* Waits until there is something to read, or the end. Returns an exit code. */
static int wait_readable(const struct source *source)
{
    const struct cairn_ctx *ctx = &source->request->ctx;

    for (;;) {
        struct pollfd ready = {.fd = source->fd, .events = POLLIN};
        int error = cairn_ctx_check(ctx);
        if (error != 0) {
            failure_say(source->request->command, "%s: the time ended while reading", source->name);
            return failure_exit_code(error);
        }
        int count = poll(&ready, 1, wait_ms(ctx));
        if (count > 0)
            return EXIT_DONE;
        if (count < 0 && errno != EINTR)
            return fail_errno(source, EXIT_FAILED);
    }
}

/* Gives the size to begin with in *capacity: that of a regular file, and a byte more so that its end is
 * seen without growing. Refuses what can be seen to be no input. Returns an exit code. */
static int source_capacity(const struct source *source, size_t *capacity)
{
    struct stat file;
    off_t offset;

    *capacity = INPUT_FIRST;
    if (fstat(source->fd, &file) != 0)
        return fail_errno(source, EXIT_FAILED);
    if (S_ISDIR(file.st_mode)) {
        errno = EISDIR;
        return fail_errno(source, EXIT_MISUSE);
    }
    if (!S_ISREG(file.st_mode))
        return EXIT_DONE;
    offset = lseek(source->fd, 0, SEEK_CUR);
    if (offset < 0 || offset >= file.st_size)
        return EXIT_DONE;
    if ((uint64_t)(file.st_size - offset) > INPUT_MAX) {
        failure_say(source->request->command,
                    "%s: %" PRIu64 " bytes; the data of a checkpoint is at most %zu bytes", source->name,
                    (uint64_t)(file.st_size - offset), INPUT_MAX);
        return EXIT_MISUSE;
    }
    *capacity = (size_t)(file.st_size - offset) + 1;
    return EXIT_DONE;
}

static int input_grow(const struct source *source, struct input *input, size_t *capacity)
{
    size_t larger = *capacity > (INPUT_MAX + 1) / 2 ? INPUT_MAX + 1 : *capacity * 2;
    char *data;

    assert(larger > *capacity);
    data = realloc(input->data, larger);
    if (data == NULL)
        return fail_memory(source);
    input->data = data;
    *capacity = larger;
    return EXIT_DONE;
}

static int source_read(const struct source *source, struct input *input)
{
    size_t capacity;
    int code = source_capacity(source, &capacity);

    if (code != EXIT_DONE)
        return code;
    input->data = malloc(capacity);
    if (input->data == NULL)
        return fail_memory(source);
    while (input->size <= INPUT_MAX) {
        if (input->size == capacity && (code = input_grow(source, input, &capacity)) != EXIT_DONE)
            return code;
        if ((code = wait_readable(source)) != EXIT_DONE)
            return code;
        size_t room = capacity - input->size;
        ssize_t count = read(source->fd, input->data + input->size, room < INPUT_STEP ? room : INPUT_STEP);
        if (count == 0)
            return EXIT_DONE;
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return fail_errno(source, errno == EBADF ? EXIT_MISUSE : EXIT_FAILED);
        if (count > 0)
            input->size += (size_t)count;
        if (source->show_progress)
            progress_bytes("read", input->size);
    }
    return EXIT_DONE;
}

int input_read(const struct request *request, const char *path, struct input *input)
{
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    struct source source = {.request = request,
                            .name = is_stdin ? "standard input" : path,
                            .fd = is_stdin ? STDIN_FILENO : open(path, INPUT_FLAGS)};
    int code;

    *input = (struct input){0};
    if (source.fd < 0)
        return fail_errno(&source, EXIT_MISUSE);
    source.show_progress = isatty(source.fd) != 1; /* not into the middle of what somebody types */
    code = source_read(&source, input);
    progress_erase();
    if (code != EXIT_DONE)
        input_free(input);
    if (!is_stdin)
        (void)close(source.fd);
    return code;
}

void input_free(struct input *input)
{
    free(input->data);
    *input = (struct input){0};
}
