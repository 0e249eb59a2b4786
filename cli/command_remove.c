/* command_remove.c -- `cairn compact`, `cairn clear` and `cairn complete`: remove checkpoints.
 *
 * Each is one call, atomic, and silent if it succeeds. */
#include "cli/command.h"
#include "cli/options.h"

static int run_compact(struct request *request)
{
    struct cairn_op *op;
    int error = command_open(request, CAIRN_NO_THREAD | CAIRN_EXISTING, &op);

    if (error == 0)
        error = cairn_compact(op, &request->ctx, request->label);
    return command_close(request, op, error);
}

static int run_clear(struct request *request)
{
    struct cairn_op *op;
    int error = command_open(request, CAIRN_NO_THREAD | CAIRN_EXISTING, &op);

    if (error == 0)
        error = cairn_clear(op, &request->ctx);
    return command_close(request, op, error);
}

static int run_complete(struct request *request)
{
    struct cairn_op *op;
    int error = command_open(request, CAIRN_NO_THREAD | CAIRN_EXISTING, &op);

    if (error == 0)
        error = cairn_complete(op, &request->ctx);
    return command_close(request, op, error);
}

const struct command command_compact = {
    .name = "compact",
    .operands = "[-l LABEL] [--timeout SECONDS] URL",
    .summary = "remove all checkpoints but the latest",
    .manual = "Remove all checkpoints but the latest, in one step. It becomes the first of the sequence,\n"
              "under the new label and a new id, which `cairn list` tells. Fails with exit status 3, and\n"
              "removes nothing, if the latest one is damaged.\n",
    .options = OPTION_LABEL,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_compact,
};

const struct command command_clear = {
    .name = "clear",
    .operands = "[--timeout SECONDS] URL",
    .summary = "remove all checkpoints, and damage to them",
    .manual = "Remove all checkpoints, in one step, and any damage to them.\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_clear,
};

const struct command command_complete = {
    .name = "complete",
    .operands = "[--timeout SECONDS] URL",
    .summary = "remove all checkpoints because the operation is done",
    .manual = "Remove all checkpoints because the operation is done, in one step. `cairn stat` tells a\n"
              "completed operation from one that never began. A later checkpoint begins it anew.\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_complete,
};
