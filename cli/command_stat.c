/* command_stat.c -- `cairn stat`: how much there is, and in what state, as a table or as JSON.
 *
 * One row of the table below for each field of struct cairn_stat serves both. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/json.h"
#include "cli/options.h"

struct row {
    const char *name; /* the field's, and the JSON member's */
    const char *text; /* what it is */
    uint64_t value;
    bool is_bool;
};

static void print_rows(const struct row *rows, size_t count, bool as_json)
{
    struct json json;

    if (as_json)
        json = json_begin(stdout);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        if (as_json && row->is_bool)
            json_bool(&json, row->name, row->value != 0);
        else if (as_json)
            json_number(&json, row->name, row->value);
        else if (row->is_bool)
            printf("%-11s  %20s  %s\n", row->name, row->value != 0 ? "yes" : "no", row->text);
        else
            printf("%-11s  %20" PRIu64 "  %s\n", row->name, row->value, row->text);
    }
    if (as_json)
        json_end(&json);
}

static void print_stat(const struct cairn_stat *stat, bool as_json)
{
    const struct row rows[] = {
        {"count", "checkpoints", stat->count, false},
        {"lost", "of these, known to be lost", stat->lost, false},
        {"data_bytes", "bytes of data in the others", stat->data_bytes, false},
        {"disk_bytes", "bytes of disk that all files take", stat->disk_bytes, false},
        {"generation", "advanced by compact, clear and complete", stat->generation, false},
        {"segments", "log segments in use", stat->segments, false},
        {"spares", "segments that wait for use", stat->spares, false},
        {"log_end", "the log's durable position", stat->log_end, false},
        {"index_end", "the position that the index covers", stat->index_end, false},
        {"index_lag", "records behind it", stat->index_lag, false},
        {"completed", "complete was the last thing done", (uint64_t)stat->completed, true},
        {"damaged", "there is damage that repair has not accepted", (uint64_t)stat->damaged, true},
    };

    print_rows(rows, sizeof rows / sizeof rows[0], as_json);
}

static int run_stat(struct request *request)
{
    struct cairn_stat stat = {0};
    struct cairn_op *op;
    int code;
    int error = command_open(request, CAIRN_READONLY, &op);

    if (error == 0)
        error = cairn_stat(op, &request->ctx, &stat);
    code = command_close(request, op, error);
    if (code == EXIT_DONE)
        print_stat(&stat, request->json);
    return code;
}

const struct command command_stat = {
    .name = "stat",
    .operands = "[--json] [--timeout SECONDS] URL",
    .summary = "tell counts, sizes and state",
    .manual = "Tell how many checkpoints there are, the bytes they take, the generation, whether the\n"
              "operation was completed, whether there is damage, and how far the index is behind.\n",
    .options = OPTION_JSON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_stat,
};
