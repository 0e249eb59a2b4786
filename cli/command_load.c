/* command_load.c -- `cairn latest` and `cairn load`: print the data of one checkpoint, byte for byte.
 *
 * The data is written out after the handle is closed, so that a slow reader of the output holds nothing.
 */
#include "cli/command.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/output.h"

static int finish(struct request *request, struct cairn_op *op, int error, void *data, size_t size)
{
    int code = command_close(request, op, error);

    if (code == EXIT_DONE)
        output_bytes(data, size);
    cairn_free(data);
    return code;
}

static int run_latest(struct request *request)
{
    void *data = NULL;
    size_t size = 0;
    struct cairn_op *op;
    int error = command_open(request, CAIRN_READONLY, &op);

    if (error == 0 && request->intact)
        error = cairn_latest_intact(op, &request->ctx, NULL, &data, &size);
    else if (error == 0)
        error = cairn_latest(op, &request->ctx, &data, &size);
    return finish(request, op, error, data, size);
}

static int run_load(struct request *request)
{
    void *data = NULL;
    size_t size = 0;
    struct cairn_op *op;
    int error = command_open(request, CAIRN_READONLY, &op);

    if (error == 0)
        error = cairn_load(op, &request->ctx, request->operands[1], &data, &size);
    return finish(request, op, error, data, size);
}

const struct command command_latest = {
    .name = "latest",
    .operands = "[--intact] [--timeout SECONDS] URL",
    .summary = "print the data of the latest checkpoint",
    .manual = "Print the data of the latest checkpoint, byte for byte. If it is damaged this fails with\n"
              "exit status 3; with --intact the newest one that is whole is printed instead.\n",
    .options = OPTION_INTACT,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_latest,
};

const struct command command_load = {
    .name = "load",
    .operands = "[--timeout SECONDS] URL ID",
    .summary = "print the data of the checkpoint with an id",
    .manual = "Print the data of the checkpoint that `cairn checkpoint` named ID, byte for byte.\n",
    .operands_min = 2,
    .operands_max = 2,
    .run = run_load,
};
