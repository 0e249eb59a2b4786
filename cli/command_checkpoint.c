/* command_checkpoint.c -- `cairn checkpoint`: records a checkpoint and prints its id.
 *
 * The input is read, the checkpoint recorded, the id printed and flushed, and only then is the handle
 * closed: the checkpoint is durable as soon as there is an id, and closing takes time of its own. If the
 * id cannot be printed the checkpoint is there nevertheless; stderr then names it.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"

static void print_id(const struct request *request, const struct cairn_id *id)
{
    char what[sizeof id->text + 64];

    snprintf(what, sizeof what, "%s is recorded, but writing its id failed", id->text);
    printf("%s\n", id->text);
    (void)output_flush(request->command, what); /* remembered for output_close() */
}

static int run_checkpoint(struct request *request)
{
    const char *path = request->operand_count > 1 ? request->operands[1] : NULL;
    struct input input;
    struct cairn_op *op;
    struct cairn_id id;
    int error;
    int code = input_read(request, path, &input);

    if (code != EXIT_DONE)
        return code;
    error = command_open(request, CAIRN_NO_THREAD, &op);
    if (error == 0)
        error = cairn_checkpoint(op, &request->ctx, request->label, input.data, input.size, &id);
    input_free(&input);
    if (error == 0)
        print_id(request, &id);
    return command_close(request, op, error);
}

const struct command command_checkpoint = {
    .name = "checkpoint",
    .operands = "[-l LABEL] [--timeout SECONDS] URL [FILE]",
    .summary = "record a checkpoint and print its id",
    .manual = "Record the data in FILE as a checkpoint of the operation at URL, which is created if need\n"
              "be, and print its id. Without FILE, or if it is -, the data is read from standard input.\n"
              "When the id is printed the checkpoint is durable.\n",
    .options = OPTION_LABEL,
    .operands_min = 1,
    .operands_max = 2,
    .run = run_checkpoint,
};
