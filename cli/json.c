/* json.c -- see json.h. */
#include "cli/json.h"

#include <inttypes.h>

#include "cli/text.h"

static void print_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    while (*text != '\0') {
        uint32_t character;
        size_t length = text_decode(text, &character);
        if (character == TEXT_INVALID)
            fputs("\\ufffd", stream);
        else if (character == '\n')
            fputs("\\n", stream);
        else if (text_is_control(character)) /* all of them have four digits at most */
            fprintf(stream, "\\u%04" PRIx32, character);
        else if (character == '"' || character == '\\')
            fprintf(stream, "\\%c", (int)character);
        else
            fwrite(text, 1, length, stream);
        text += length;
    }
    fputc('"', stream);
}

static void print_name(struct json *json, const char *name)
{
    if (!json->empty)
        fputc(',', json->stream);
    json->empty = false;
    print_quoted(json->stream, name);
    fputc(':', json->stream);
}

struct json json_begin(FILE *stream)
{
    fputc('{', stream);
    return (struct json){.stream = stream, .empty = true};
}

void json_string(struct json *json, const char *name, const char *value)
{
    print_name(json, name);
    print_quoted(json->stream, value);
}

void json_number(struct json *json, const char *name, uint64_t value)
{
    print_name(json, name);
    fprintf(json->stream, "%" PRIu64, value);
}

void json_bool(struct json *json, const char *name, bool value)
{
    print_name(json, name);
    fputs(value ? "true" : "false", json->stream);
}

void json_null(struct json *json, const char *name)
{
    print_name(json, name);
    fputs("null", json->stream);
}

void json_end(struct json *json)
{
    fputs("}\n", json->stream);
}
