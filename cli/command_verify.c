/* command_verify.c -- `cairn verify` and `cairn repair`: find damage, and accept it.
 *
 * Both show each damaged place on stdout, one a line, and say how it came out on stderr. verify prints a
 * place when it is found. repair keeps its lines until it has succeeded, since a repair that fails has
 * given nothing up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"

#define OUTPUT_FAILED 1 /* what the callback returns to end the walk */

/* What has been seen so far. */
struct inspection {
    FILE *stream; /* where the lines go */
    bool json;
    uint64_t places;
    uint64_t checkpoints; /* lost in them, as far as it is known */
    uint64_t new_places;  /* of the places, those not accepted before */
    uint64_t new_checkpoints;
    bool more; /* perhaps more than these are */
};

static void print_json(FILE *stream, const struct cairn_damage *damage)
{
    struct json json = json_begin(stream);

    json_string(&json, "path", damage->path);
    json_number(&json, "offset", damage->offset);
    json_number(&json, "size", damage->size);
    json_string(&json, "first", damage->first);
    if (damage->count == CAIRN_COUNT_UNKNOWN)
        json_null(&json, "count");
    else
        json_number(&json, "count", damage->count);
    json_bool(&json, "accepted", damage->accepted != 0);
    json_string(&json, "reason", damage->reason);
    json_end(&json);
}

static void print_line(FILE *stream, const struct cairn_damage *damage)
{
    text_print(stream, damage->path);
    fprintf(stream, ": at offset %" PRIu64 ", ", damage->offset);
    if (damage->size > 0)
        fprintf(stream, "%" PRIu64 " bytes: ", damage->size);
    else
        fputs("size unknown: ", stream);
    text_print(stream, damage->reason);
    if (damage->count == 0)
        fputs("; no checkpoint lost", stream);
    else if (damage->count == CAIRN_COUNT_UNKNOWN)
        fprintf(stream, "; from %s on some may be lost, and nothing tells how many", damage->first);
    else if (damage->first[0] == '\0')
        fprintf(stream, "; lost: %" PRIu64, damage->count);
    else
        fprintf(stream, "; lost: %" PRIu64 ", from %s on", damage->count, damage->first);
    if (damage->accepted)
        fputs("; accepted before", stream);
    if (damage->copy[0] != '\0') {
        fputs("; copy kept in ", stream);
        text_print(stream, damage->copy);
    }
    fputc('\n', stream);
}

static int show_damage(void *arg, const struct cairn_damage *damage)
{
    struct inspection *inspection = arg;

    const bool known = damage->count != CAIRN_COUNT_UNKNOWN;

    inspection->places++;
    inspection->checkpoints += known ? damage->count : 0;
    inspection->more |= !known;
    if (!damage->accepted) {
        inspection->new_places++;
        inspection->new_checkpoints += known ? damage->count : 0;
    }
    progress_erase();
    errno = 0; /* see output_failed() */
    if (inspection->json)
        print_json(inspection->stream, damage);
    else
        print_line(inspection->stream, damage);
    (void)fflush(inspection->stream);
    return output_failed() ? OUTPUT_FAILED : 0;
}

static void show_progress(void *arg, uint64_t done_bytes, uint64_t total_bytes)
{
    (void)arg;
    progress_percent(done_bytes, total_bytes);
}

static struct cairn_watch watch_for(struct inspection *inspection)
{
    return (struct cairn_watch){.damage = show_damage, .progress = show_progress, .arg = inspection};
}

static int run_verify(struct request *request)
{
    struct inspection inspection = {.stream = stdout, .json = request->json};
    struct cairn_watch watch = watch_for(&inspection);
    struct cairn_op *op;
    bool finished;
    int code;
    int error = command_open(request, CAIRN_READONLY, &op);

    if (error == 0)
        error = cairn_verify(op, &request->ctx, &watch);
    /* Damage that has been shown needs no second message, only the summary. */
    finished = error == 0 || (error == CAIRN_ECORRUPT && inspection.new_places > 0);
    code = command_close(request, op, finished ? 0 : error);
    if (!finished)
        return code;
    if (inspection.places == 0)
        failure_say(request->command, "all is whole");
    else
        failure_say(request->command,
                    "damaged places: %" PRIu64 " (accepted before: %" PRIu64 "); checkpoints lost: %" PRIu64
                    "%s (accepted before: %" PRIu64 ")",
                    inspection.places, inspection.places - inspection.new_places, inspection.checkpoints,
                    inspection.more ? " or more" : "", inspection.checkpoints - inspection.new_checkpoints);
    return error == 0 ? EXIT_DONE : EXIT_DAMAGED;
}

static int run_repair(struct request *request)
{
    char *lines = NULL;
    size_t size = 0;
    struct inspection inspection = {.stream = open_memstream(&lines, &size)};
    struct cairn_watch watch = watch_for(&inspection);
    struct cairn_op *op;
    bool incomplete;
    int code, error;

    if (inspection.stream == NULL) {
        failure_say(request->command, "%s", cairn_strerror(CAIRN_ENOMEM));
        return EXIT_FAILED;
    }
    error = command_open(request, CAIRN_NO_THREAD | CAIRN_EXISTING | CAIRN_LOSE_UNREAD, &op);
    if (error == 0)
        error = cairn_repair(op, &request->ctx, &watch);
    code = command_close(request, op, error);
    incomplete = ferror(inspection.stream) != 0;
    if (fclose(inspection.stream) != 0 || incomplete)
        failure_say(request->command, "no memory to tell everything that was given up");
    if (code == EXIT_DONE) {
        output_bytes(lines, size);
        (void)output_flush(request->command, "the repair is done, but telling of it failed");
        if (inspection.new_places == 0)
            failure_say(request->command, "nothing to give up");
        else
            failure_say(request->command, "damaged places: %" PRIu64 "; checkpoints given up: %" PRIu64 "%s",
                        inspection.new_places, inspection.new_checkpoints, inspection.more ? " or more" : "");
    }
    free(lines);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .operands = "[--json] [--timeout SECONDS] URL",
    .summary = "read and check every byte of what is recorded",
    .manual =
        "Read every byte of what is recorded and check it. Each damaged place is printed: file, offset,\n"
        "size, reason, and the checkpoints lost with it. The exit status is 3 if there is damage that\n"
        "`cairn repair` has not accepted. Changes nothing.\n",
    .options = OPTION_JSON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_verify,
};

const struct command command_repair = {
    .name = "repair",
    .operands = "[--timeout SECONDS] URL",
    .summary = "accept the loss of what is damaged",
    .manual = "Accept the loss of what cannot be had any more: keep a copy of each damaged file, print what\n"
              "was given up and where the copy is. From then on `cairn latest` gives the newest checkpoint\n"
              "that is intact. What is intact is not touched. What the medium fails to read is given\n"
              "up for good: open the journal again before, if that may succeed another time.\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_repair,
};
