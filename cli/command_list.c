/* command_list.c -- `cairn list`: what checkpoints there are, as a table or as JSON.
 *
 * Lines are printed as the library shows the entries, so memory does not grow with their number, and a
 * reader that has seen enough ends the walk.
 */
#include <errno.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/entry.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"

#define OUTPUT_FAILED 1 /* what the callback returns to end the walk */

struct listing {
    const struct cairn_ctx *ctx;
    bool json;
    bool show_progress;
    uint64_t count; /* entries so far */
};

static int show_entry(void *arg, const struct cairn_entry *entry)
{
    struct listing *listing = arg;

    errno = 0; /* see output_failed() */
    entry_print(entry, listing->json, listing->count++ == 0);
    if (output_failed())
        return OUTPUT_FAILED;
    if (listing->show_progress)
        progress_count("listed", listing->count);
    return cairn_ctx_check(listing->ctx); /* a long list is to end in time, too */
}

static int run_list(struct request *request)
{
    struct listing listing = {
        .ctx = &request->ctx,
        .json = request->json,
        .show_progress = isatty(STDOUT_FILENO) != 1,
    };
    struct cairn_op *op;
    int error = command_open(request, CAIRN_READONLY, &op);

    if (error == 0)
        error = cairn_list(op, &request->ctx, show_entry, &listing);
    return command_close(request, op, error);
}

const struct command command_list = {
    .name = "list",
    .operands = "[--json] [--timeout SECONDS] URL",
    .summary = "list the checkpoints, oldest first",
    .manual = "List the checkpoints, oldest first: number, id, size of the data in bytes, time in UTC, and\n"
              "label. Checkpoints known to be lost are shown as one line for a run of them. Nothing is\n"
              "printed if there are none. Control characters in a label are escaped.\n",
    .options = OPTION_JSON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_list,
};
