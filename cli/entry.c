/* entry.c -- see entry.h. */
#include "cli/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/failure.h"
#include "cli/json.h"
#include "cli/text.h"

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

void entry_print(const struct cairn_entry *entry, bool json, bool first)
{
    if (json) {
        print_json(entry);
        return;
    }
    if (first)
        printf("%8s  %-12s  %12s  %-20s  %s\n", "NUMBER", "ID", "SIZE", "TIME", "LABEL");
    print_row(entry);
}
