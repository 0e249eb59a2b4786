/* text.c -- see text.h. */
#include "cli/text.h"

#include <inttypes.h>
#include <time.h>

size_t text_decode(const char *text, uint32_t *character)
{
    /* By the length of the sequence: the bits that tell it, and the least character that needs it. */
    static const struct {
        unsigned mask, lead;
        uint32_t least;
    } shapes[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)text;

    *character = TEXT_INVALID;
    for (size_t length = 1; length <= 4; length++) {
        if ((bytes[0] & shapes[length - 1].mask) != shapes[length - 1].lead)
            continue;
        uint32_t value = bytes[0] & ~shapes[length - 1].mask;
        for (size_t i = 1; i < length; i++) { /* stops at the NUL, which continues nothing */
            if ((bytes[i] & 0xc0) != 0x80)
                return 1;
            value = value << 6 | (bytes[i] & 0x3f);
        }
        if (value < shapes[length - 1].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return 1;
        *character = value;
        return length;
    }
    return 1;
}

bool text_is_utf8(const char *text)
{
    uint32_t character = 0;

    while (*text != '\0' && character != TEXT_INVALID)
        text += text_decode(text, &character);
    return character != TEXT_INVALID;
}

bool text_is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || /* C0, DEL and C1 */
           character == 0x2028 || character == 0x2029 ||                  /* line and paragraph separator */
           character == 0x061c || character == 0x200e || character == 0x200f ||
           (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
}

static void print_escape(FILE *stream, uint32_t character)
{
    switch (character) {
    case '\n':
        fputs("\\n", stream);
        break;
    case '\t':
        fputs("\\t", stream);
        break;
    case '\r':
        fputs("\\r", stream);
        break;
    default:
        fprintf(stream, character < 0x80 ? "\\x%02" PRIx32 : "\\u%04" PRIx32, character);
    }
}

void text_print(FILE *stream, const char *text)
{
    while (*text != '\0') {
        uint32_t character;
        size_t length = text_decode(text, &character);
        if (character == TEXT_INVALID)
            fprintf(stream, "\\x%02x", (unsigned)(unsigned char)*text);
        else if (text_is_control(character))
            print_escape(stream, character);
        else if (character == '\\')
            fputs("\\\\", stream);
        else
            fwrite(text, 1, length, stream);
        text += length;
    }
}

const char *text_time(char buffer[TEXT_TIME_SIZE], int64_t time_ns, bool fraction)
{
    int64_t rest_ns = time_ns % 1000000000;
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm tm;
    size_t length = 0;

    if (rest_ns < 0) {
        rest_ns += 1000000000;
        seconds--;
    }
    if (gmtime_r(&seconds, &tm) != NULL)
        length = strftime(buffer, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (fraction)
        snprintf(buffer + length, TEXT_TIME_SIZE - length, ".%09dZ", (int)rest_ns);
    else
        snprintf(buffer + length, TEXT_TIME_SIZE - length, "Z");
    return buffer;
}
