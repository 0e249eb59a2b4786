/* command_step.c -- `cairn step`: runs a command unless its label is recorded, and records what it prints.
 *
 * Whoever runs a step holds a lock on its label, a byte of the file .cairn-steps in the operation's
 * directory, which the command inherits: should we be killed, and leave something of it running, the next one
 * waits for that. Nothing else is held while it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/command.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/output.h"

#define LOCK_NAME     ".cairn-steps"
#define LOCK_PAUSE_NS 10000000

/* What is recorded under the label. */
struct recorded {
    const char *label;
    bool found;
    struct cairn_id id; /* the latest */
};

static int find_label(void *arg, const struct cairn_entry *entry)
{
    struct recorded *recorded = arg;

    if (entry->error == 0 && strcmp(entry->label, recorded->label) == 0) {
        recorded->found = true;
        snprintf(recorded->id.text, sizeof recorded->id.text, "%s", entry->id);
    }
    return 0;
}

/* load_recorded -- the data that is recorded under the label; *data is NULL if none is. */
static int load_recorded(struct request *request, struct cairn_op *op, void **data, size_t *size)
{
    struct recorded recorded = {.label = request->label};

    *data = NULL;
    int error = cairn_list(op, &request->ctx, find_label, &recorded);
    if (error == 0 && recorded.found)
        error = cairn_load(op, &request->ctx, recorded.id.text, data, size);
    return error;
}

/* lock_offset -- the label's byte. Two labels may have the same one; then their steps wait for each other. */
static off_t lock_offset(const char *label)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (; *label; label++)
        hash = (hash ^ (unsigned char)*label) * 1099511628211u;
    return (off_t)(hash >> 2);
}

/* lock_label -- takes the lock; *fd holds it. */
static int lock_label(struct request *request, int *fd)
{
    const char *url = request->operands[0];
    const size_t scheme = strcspn(url, ":/");
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lock_offset(request->label), .l_len = 1};
    char path[PATH_MAX];

    if (url[scheme] == ':')
        url += scheme + 1;
    if ((size_t)snprintf(path, sizeof path, "%s/" LOCK_NAME, url) >= sizeof path)
        return cairn_set_message(CAIRN_EINVAL, "%.100s...: the path is too long", url);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (*fd < 0)
        return cairn_set_message(errno == ENOTDIR || errno == ENOENT ? CAIRN_ENOTSUP : CAIRN_EACCES, "%s: %s",
                                 path, strerror(errno));
    while (fcntl(*fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return cairn_set_message(CAIRN_ENOTSUP, "%s: cannot lock: %s", path, strerror(errno));
        int error = cairn_ctx_check(&request->ctx);
        if (error)
            return error;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
    return 0;
}

/* look -- opens the operation and gives what is recorded; *code is how it went. */
static void *look(struct request *request, unsigned flags, int *lock, size_t *size, int *code)
{
    struct cairn_op *op;
    void *data = NULL;

    int error = command_open(request, flags, &op);
    if (error == 0 && lock)
        error = lock_label(request, lock);
    if (error == 0)
        error = load_recorded(request, op, &data, size);
    *code = command_close(request, op, error);
    return data;
}

/* record -- what the command has printed. --timeout is over, perhaps: that was for waiting. */
static int record(struct request *request, const struct child *child)
{
    struct cairn_op *op;

    request->ctx = (struct cairn_ctx)CAIRN_CTX_INIT;
    int error = command_open(request, CAIRN_NO_THREAD, &op);
    if (error == 0)
        error = cairn_checkpoint(op, NULL, request->label, child->output, child->size, NULL);
    return command_close(request, op, error);
}

static int run_step(struct request *request)
{
    size_t size = 0;
    int lock = -1, code;

    if (request->label == NULL) {
        failure_say(request->command, "a step needs a label: -l LABEL");
        return EXIT_MISUSE;
    }
    void *data = look(request, CAIRN_NO_THREAD, NULL, &size, &code);
    if (code == EXIT_DONE && data == NULL)
        data = look(request, CAIRN_NO_THREAD, &lock, &size, &code); /* now nobody else is at it */
    if (code == EXIT_DONE && data) {
        output_bytes(data, size);
    } else if (code == EXIT_DONE) {
        struct child child;
        code = child_run(request->command, request->operands + 1, lock, &child);
        if (code == EXIT_DONE && child.status == 0)
            code = record(request, &child);
        else if (code == EXIT_DONE)
            code = child.status;
        output_bytes(child.output, child.size);
        free(child.output);
    }
    cairn_free(data);
    if (lock >= 0)
        close(lock);
    return code;
}

const struct command command_step = {
    .name = "step",
    .operands = "-l LABEL [--timeout SECONDS] URL -- COMMAND [ARGUMENT]...",
    .summary = "run a command unless its label is recorded",
    .manual =
        "Run COMMAND, if no checkpoint has the label LABEL, and print what it prints; if it succeeds,\n"
        "that is recorded under the label. If one has, print its data, and run nothing. The exit status is\n"
        "COMMAND's. So a script of steps may be stopped anywhere and run again. Of two that run at once\n"
        "with the same label one runs COMMAND, and the other waits for it.\n",
    .options = OPTION_LABEL,
    .operands_min = 2,
    .operands_max = INT_MAX,
    .run = run_step,
};
