/* command_copy.c -- `cairn copy`: all checkpoints of one operation into another, in order, with their labels.
 *
 * What is in the second one already must be the beginning of what is in the first: then the copy goes on
 * behind it, so that one that was cut off is ended by running it again. At the end all bytes of both are
 * compared. Two that copy into one place do so one after the other. The numbers, ids and times are the second
 * one's own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/turn.h"

#define LOCK_NAME ".cairn-copy" /* in the second one's directory: one copy at a time */

/* One checkpoint. */
struct item {
    char *id, *label;
    uint64_t number, size;
};

/* All of an operation, oldest first. */
struct items {
    struct item *items;
    size_t count, space;
};

static void items_release(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        free(items->items[i].id);
        free(items->items[i].label);
    }
    free(items->items);
}

static int items_add(void *arg, const struct cairn_entry *entry)
{
    struct items *items = arg;

    if (entry->error)
        return cairn_set_message(entry->error, "checkpoint %s is lost, with %" PRIu64 " in all: %s",
                                 entry->id, entry->lost_count, entry->reason);
    if (items->count == items->space) {
        const size_t space = items->space ? items->space * 2 : 64;
        struct item *more = realloc(items->items, space * sizeof *more);
        if (more == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "no memory for a list of the checkpoints");
        items->items = more;
        items->space = space;
    }
    struct item item = {
        .id = strdup(entry->id), .label = strdup(entry->label), .number = entry->number, .size = entry->size};
    if (item.id == NULL || item.label == NULL) {
        free(item.id);
        free(item.label);
        return cairn_set_message(CAIRN_ENOMEM, "no memory for a list of the checkpoints");
    }
    items->items[items->count++] = item;
    return 0;
}

/* A copy under way. */
struct copy {
    const struct cairn_ctx *ctx;
    struct cairn_op *from, *to;
    struct items there, here; /* of the first and of the second */
};

/* differs -- the error for a checkpoint of the second that is none of the first. */
static int differs(const struct copy *copy, size_t i, const char *what)
{
    return cairn_set_message(
        CAIRN_EINVAL, "the place to copy to has other checkpoints than these: number %zu there, %s, %s", i,
        copy->here.items[i].id, what);
}

/* copy_begin -- what is in both; the second must be the beginning of the first. */
static int copy_begin(struct copy *copy)
{
    int error = cairn_list(copy->from, copy->ctx, items_add, &copy->there);

    if (error == 0)
        error = cairn_list(copy->to, copy->ctx, items_add, &copy->here);
    for (size_t i = 0; i < copy->here.count && error == 0; i++) {
        if (i == copy->there.count)
            error = differs(copy, i, "is one more than there are");
        else if (strcmp(copy->here.items[i].label, copy->there.items[i].label) != 0)
            error = differs(copy, i, "has another label");
        else if (copy->here.items[i].size != copy->there.items[i].size)
            error = differs(copy, i, "has another size");
    }
    return error;
}

/* is_next -- whether an id that was given is the one behind `last`; true also if it has no number to tell by.
 */
static bool is_next(const struct cairn_id *id, uint64_t last)
{
    char *end;
    const unsigned long long number = strtoull(id->text, &end, 10);
    return end == id->text || number == last + 1;
}

/* copy_rest -- records what the second has not. The numbers tell if somebody else records there, too. */
static int copy_rest(struct copy *copy)
{
    uint64_t last = copy->here.count ? copy->here.items[copy->here.count - 1].number : UINT64_MAX;
    bool known = copy->here.count > 0;
    struct cairn_id id;
    int error = 0;

    for (size_t i = copy->here.count; i < copy->there.count && error == 0; i++) {
        const struct item *item = &copy->there.items[i];
        void *data;
        size_t size;
        error = cairn_load(copy->from, copy->ctx, item->id, &data, &size);
        if (error)
            break;
        error = cairn_checkpoint(copy->to, copy->ctx, item->label, data, size, &id);
        cairn_free(data);
        if (error == 0 && known && !is_next(&id, last))
            error = cairn_set_message(CAIRN_EBUSY,
                                      "somebody else records there at the same time: %s came behind %" PRIu64,
                                      id.text, last);
        last = strtoull(id.text, NULL, 10);
        known = true;
        progress_count("copied", i + 1);
    }
    return error;
}

/* copy_compare -- whether the second has the bytes of the first. */
static int copy_compare(struct copy *copy)
{
    int error = 0;

    items_release(&copy->here);
    copy->here = (struct items){0};
    error = cairn_list(copy->to, copy->ctx, items_add, &copy->here);
    if (error == 0 && copy->here.count != copy->there.count)
        error = cairn_set_message(CAIRN_EBUSY, "somebody else has recorded or removed checkpoints meanwhile");
    for (size_t i = 0; i < copy->here.count && error == 0; i++) {
        void *left, *right;
        size_t left_size, right_size;
        error = cairn_load(copy->from, copy->ctx, copy->there.items[i].id, &left, &left_size);
        if (error)
            break;
        error = cairn_load(copy->to, copy->ctx, copy->here.items[i].id, &right, &right_size);
        if (error == 0) {
            if (strcmp(copy->here.items[i].label, copy->there.items[i].label) != 0 ||
                left_size != right_size || memcmp(left, right, left_size) != 0)
                error = differs(copy, i, "has other data or another label");
            cairn_free(right);
        }
        cairn_free(left);
        progress_count("compared", i + 1);
    }
    return error;
}

static int run_copy(struct request *request)
{
    struct copy copy = {.ctx = &request->ctx};
    int error = command_open(request, CAIRN_READONLY, &copy.from);

    int turn = -1;
    if (error == 0)
        error = cairn_open(&copy.to, copy.ctx, request->operands[1], 0);
    if (error == 0)
        error = turn_take(request, request->operands[1], LOCK_NAME, "", &turn);
    if (error == 0)
        error = copy_begin(&copy);
    const size_t before = copy.here.count;
    if (error == 0)
        error = copy_rest(&copy);
    if (error == 0)
        error = copy_compare(&copy);
    if (error == 0) {
        progress_erase();
        failure_say(request->command, "%zu checkpoints copied, %zu were there; all are equal",
                    copy.there.count - before, before);
    }
    items_release(&copy.there);
    items_release(&copy.here);
    int code = command_close(request, copy.from, error);
    cairn_close(copy.to);
    if (turn >= 0)
        close(turn);
    return code;
}

const struct command command_copy = {
    .name = "copy",
    .operands = "[--timeout SECONDS] URL URL",
    .summary = "copy all checkpoints into another place",
    .manual =
        "Record all checkpoints of the first URL in the second, in order and with their labels, and then\n"
        "compare all bytes of both. What is in the second already must be the beginning of what is in\n"
        "the first: the copy goes on behind it, so one that was cut off is run again. The ids are new.\n",
    .operands_min = 2,
    .operands_max = 2,
    .run = run_copy,
};
