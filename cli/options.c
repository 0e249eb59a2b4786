/* options.c -- see options.h. */
#include "cli/options.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/text.h"

#define COMMON 0u /* in place of an option_bit */

/* The keys of options without a short form. */
enum { KEY_INTACT = 256, KEY_ALL, KEY_JSON, KEY_TIMEOUT, KEY_VERSION };

static const struct option_row {
    unsigned bit;
    int key; /* the letter of the short form, or a KEY */
    const char *name;
    const char *argument; /* NULL if it takes none */
    const char *text;
} rows[] = {
    {OPTION_LABEL, 'l', "label", "LABEL", "the checkpoint's label"},
    {OPTION_INTACT, KEY_INTACT, "intact", NULL, "pass over damaged checkpoints"},
    {OPTION_ALL, KEY_ALL, "all", NULL, "begin with those that are there already"},
    {OPTION_JSON, KEY_JSON, "json", NULL, "print JSON, one object a line"},
    {COMMON, KEY_TIMEOUT, "timeout", "SECONDS", "wait for others no longer than this, as in 0, 2.5 or 60"},
    {COMMON, 'h', "help", NULL, "tell this, and do nothing else"},
    {COMMON, KEY_VERSION, "version", NULL, "tell the version, and do nothing else"},
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static bool row_is_taken(const struct option_row *row, unsigned allowed)
{
    return row->bit == COMMON || (row->bit & allowed) != 0;
}

/* Reads a decimal number of seconds, as nanoseconds; what is too large becomes INT64_MAX. */
static bool parse_seconds(const char *text, int64_t *ns)
{
    const int64_t second_ns = 1000000000;
    bool digits = false;
    int64_t unit_ns = second_ns;

    *ns = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        int64_t digit_ns = (*text - '0') * second_ns;
        *ns = *ns > (INT64_MAX - digit_ns) / 10 ? INT64_MAX : *ns * 10 + digit_ns;
        digits = true;
    }
    if (*text == '.')
        text++;
    for (; *text >= '0' && *text <= '9'; text++) {
        unit_ns /= 10;
        *ns = *ns > INT64_MAX - (*text - '0') * unit_ns ? INT64_MAX : *ns + (*text - '0') * unit_ns;
        digits = true;
    }
    return digits && *text == '\0';
}

/* Tells whether this may be a label, and says why not. The library would say so too, but only when the
 * journal has been made. */
static bool check_label(const struct request *request, const char *label)
{
    if (strlen(label) > CAIRN_JOURNAL_LABEL_MAX) {
        failure_say(request->command, "the label is longer than %u bytes", CAIRN_JOURNAL_LABEL_MAX);
        return false;
    }
    if (!text_is_utf8(label)) {
        failure_say(request->command, "the label is not UTF-8");
        return false;
    }
    return true;
}

/* Returns false if the option's argument is none. */
static bool options_apply(struct request *request, int key, const char *argument)
{
    int64_t timeout_ns;

    switch (key) {
    case 'l':
        request->label = argument;
        return check_label(request, argument);
    case KEY_INTACT:
        request->intact = true;
        return true;
    case KEY_ALL:
        request->all = true;
        return true;
    case KEY_JSON:
        request->json = true;
        return true;
    case KEY_TIMEOUT:
        if (!parse_seconds(argument, &timeout_ns)) {
            failure_say(request->command, "--timeout takes a number of seconds, such as 2.5, not '%s'",
                        argument);
            return false;
        }
        cairn_ctx_with_timeout(&request->ctx, timeout_ns);
        return true;
    case 'h':
        request->help = true;
        return true;
    case KEY_VERSION:
        request->version = true;
        return true;
    default:
        return false;
    }
}

/* Says what getopt_long() has found wrong with an option. It would itself, but with the argument as it is,
 * whatever that does to a terminal. */
static void options_complain(const struct request *request, int key, const char *argument,
                             const struct option *table, const char *letters)
{
    const size_t size = strncmp(argument, "--", 2) == 0 ? strcspn(argument + 2, "=") : 0;
    unsigned alike = 0;

    for (; table->name != NULL && optopt == 0; table++)
        alike += strncmp(table->name, argument + 2, size) == 0;
    if (key == ':')
        failure_say(request->command, "option '%s' needs an argument", argument);
    else if (optopt == 0)
        failure_say(request->command,
                    alike > 1 ? "option '%s' may be one of several" : "there is no option '%s'", argument);
    else if (optopt > UINT8_MAX || strchr(letters, optopt) != NULL)
        failure_say(request->command, "option '%s' takes no argument", argument);
    else
        failure_say(request->command, "there is no option '-%c'", optopt);
}

int options_parse(struct request *request, int argc, char **argv, unsigned allowed, bool stop)
{
    struct option table[ROW_COUNT + 1] = {{0}};
    char letters[2 * ROW_COUNT + 3];
    size_t row_count = 0, letter_count = 0;
    int key;

    if (stop)
        letters[letter_count++] = '+';
    letters[letter_count++] = ':'; /* it says nothing itself */
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!row_is_taken(&rows[i], allowed))
            continue;
        table[row_count++] =
            (struct option){.name = rows[i].name, .has_arg = rows[i].argument != NULL, .val = rows[i].key};
        if (rows[i].key > UINT8_MAX)
            continue;
        letters[letter_count++] = (char)rows[i].key;
        if (rows[i].argument != NULL)
            letters[letter_count++] = ':';
    }
    letters[letter_count] = '\0';

    optind = 0; /* from the beginning, also the second time */
    while ((key = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (key == '?' || key == ':') {
            options_complain(request, key, argv[optind - 1], table, letters);
            return -1;
        }
        if (!options_apply(request, key, optarg))
            return -1;
        if (request->help || request->version)
            break;
    }
    return optind;
}

void options_print(FILE *stream, unsigned allowed)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct option_row *row = &rows[i];
        char left[32];
        if (!row_is_taken(row, allowed))
            continue;
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->argument != NULL ? " " : "",
                 row->argument != NULL ? row->argument : "");
        if (row->key <= UINT8_MAX)
            fprintf(stream, "  -%c, %-18s  %s\n", row->key, left, row->text);
        else
            fprintf(stream, "      %-18s  %s\n", left, row->text);
    }
}
