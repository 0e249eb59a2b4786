/* command_step.c -- `cairn step`: runs a command unless its label is recorded, and records what it prints.
 *
 * Whoever runs a step holds a lock on its label, a byte of the file .cairn-steps in the operation's
 * directory, which the command inherits: should we be killed, and leave something of it running, the next one
 * waits for that. Nothing else is held while it runs.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/command.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/turn.h"

#define LOCK_NAME ".cairn-steps"

/* What is recorded under the label. */
struct recorded {
    const char *label;
    bool found;
    struct cairn_id id; /* the latest */
};

static int find_label(void *arg, const struct cairn_entry *entry)
{
    struct recorded *recorded = arg;

    if (entry->error == CAIRN_EIO) /* it may be this step's */
        return cairn_set_message(CAIRN_EIO, "checkpoint %s: %s", entry->id, entry->reason);
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

/* look -- opens the operation and gives what is recorded; *code is how it went. */
static void *look(struct request *request, unsigned flags, int *lock, size_t *size, int *code)
{
    struct cairn_op *op;
    void *data = NULL;

    int error = command_open(request, flags, &op);
    if (error == 0 && lock)
        error = turn_take(request, request->operands[0], LOCK_NAME, request->label, lock);
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

/* label_fits -- whether the label can be recorded: a command whose output cannot be is not run. */
static bool label_fits(const struct request *request)
{
    const char *label = request->label;

    if (label == NULL) {
        failure_say(request->command, "a step needs a label: -l LABEL");
        return false;
    }
    if (place_is(request->operands[0], "dir") &&
        (strchr(label, '/') || strlen(label) > CAIRN_DIRECTORY_LABEL_MAX)) {
        failure_say(request->command,
                    "the label has a slash in it, or more than %u bytes, and is to be part of a "
                    "file's name",
                    CAIRN_DIRECTORY_LABEL_MAX);
        return false;
    }
    return true;
}

static int run_step(struct request *request)
{
    size_t size = 0;
    int lock = -1, code;

    if (!label_fits(request))
        return EXIT_MISUSE;
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
