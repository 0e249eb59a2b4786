/* command_list.c -- `cairn list`: what checkpoints there are, as a table or as JSON.
 *
 * Lines are printed as the library shows the entries, so memory does not grow with their number, and a
 * reader that has seen enough ends the walk. What is known to be lost is a line of its own, for a run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"

#define OUTPUT_FAILED 1 /* what the callback returns to end the walk */

struct listing {
    const struct cairn_ctx *ctx;
    bool json;
    bool show_progress;
    uint64_t count; /* entries so far */
};

static void print_json(const struct cairn_entry *entry)
{
    char time[TEXT_TIME_SIZE];
    struct json json = json_begin(stdout);

    json_number(&json, "number", entry->number);
    json_string(&json, "id", entry->id);
    json_string(&json, "label", entry->label);
    json_number(&json, "size", entry->size);
    if (entry->time_ns != 0)
        json_string(&json, "time", text_time(time, entry->time_ns, true));
    else
        json_null(&json, "time");
    if (entry->error != 0) {
        json_string(&json, "error", failure_name(entry->error));
        json_number(&json, "lost_count", entry->lost_count);
        json_string(&json, "reason", entry->reason);
    }
    json_end(&json);
}

static void print_row(const struct cairn_entry *entry)
{
    char time[TEXT_TIME_SIZE] = "-";
    char size[24] = "-";

    if (entry->time_ns != 0)
        (void)text_time(time, entry->time_ns, false);
    if (entry->error == 0 || entry->size != 0)
        snprintf(size, sizeof size, "%" PRIu64, entry->size);
    printf("%8" PRIu64 "  ", entry->number);
    text_print(stdout, entry->id); /* it may have a label in it */
    printf("%*s  %12s  %-20s", strlen(entry->id) < 12 ? (int)(12 - strlen(entry->id)) : 0, "", size, time);
    if (entry->error != 0) {
        printf("  LOST, %" PRIu64 " from here on: ", entry->lost_count);
        text_print(stdout, entry->reason);
    }
    if (entry->label[0] != '\0') {
        fputs(entry->error != 0 ? "; label: " : "  ", stdout);
        text_print(stdout, entry->label);
    }
    putchar('\n');
}

static int show_entry(void *arg, const struct cairn_entry *entry)
{
    struct listing *listing = arg;

    errno = 0; /* see output_failed() */
    if (listing->json) {
        print_json(entry);
    } else {
        if (listing->count == 0)
            printf("%8s  %-12s  %12s  %-20s  %s\n", "NUMBER", "ID", "SIZE", "TIME", "LABEL");
        print_row(entry);
    }
    listing->count++;
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
