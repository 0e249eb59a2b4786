/* escape.c -- see escape.h. */
#include "torture/escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"

/* decode -- the character at the front of valid UTF-8; *size is how many bytes it has, 0 if it is none. */
static uint32_t decode(const unsigned char *text, size_t left, size_t *size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t bytes = text[0] < 0x80             ? 1
                         : (text[0] & 0xe0) == 0xc0 ? 2
                         : (text[0] & 0xf0) == 0xe0 ? 3
                         : (text[0] & 0xf8) == 0xf0 ? 4
                                                    : 0;

    *size = 0;
    if (bytes == 0 || bytes > left)
        return 0;
    uint32_t c = bytes == 1 ? text[0] : text[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (text[i] & 0x3fu);
    }
    if (c < least[bytes] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *size = bytes;
    return c;
}

/* is_plain -- whether it is seen as itself: controls are not, nor what turns the direction of text around,
 * and some are forbidden. */
static bool is_plain(uint32_t c)
{
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    const bool turns = c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
                       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    const bool none = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);

    return !control && !turns && !none;
}

static void put_text(FILE *stream, char c)
{
    fputc(c, stream);
}

static void put_html(FILE *stream, char c)
{
    switch (c) {
    case '<':
        fputs("&lt;", stream);
        break;
    case '>':
        fputs("&gt;", stream);
        break;
    case '&':
        fputs("&amp;", stream);
        break;
    case '"':
        fputs("&quot;", stream);
        break;
    case '\'':
        fputs("&#39;", stream);
        break;
    default:
        fputc(c, stream);
    }
}

static void escape(FILE *stream, const char *text, size_t most, bool lines, void (*put)(FILE *stream, char c))
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text), size;

    for (size_t done = 0; left > 0; at += size, left -= size, done += size) {
        const uint32_t c = decode(at, left, &size);
        const bool valid = size > 0;
        size += !valid;
        if (done + size > most) {
            fputs(" \xe2\x80\xa6 (cut)", stream);
            return;
        }
        if (lines && valid && (c == '\n' || c == '\t'))
            fputc((int)c, stream);
        else if (!valid || !is_plain(c))
            for (size_t i = 0; i < size; i++)
                fprintf(stream, "\\x%02x", at[i]);
        else if (size == 1)
            put(stream, (char)c);
        else
            fwrite(at, 1, size, stream);
    }
}

void escape_html(FILE *stream, const char *text, size_t most, bool lines)
{
    escape(stream, text, most, lines, put_html);
}

void escape_text(FILE *stream, const char *text, size_t most, bool lines)
{
    escape(stream, text, most, lines, put_text);
}

void escape_word(FILE *stream, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    bool printable = true;

    for (const char *at = word; *at; at++)
        printable &= *at >= ' ' && *at < 0x7f;
    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, stream);
        return;
    }
    fputs(printable ? "'" : "$'", stream);
    for (; *word; word++) {
        const unsigned char c = (unsigned char)*word;
        if (printable && c == '\'')
            fputs("'\\''", stream);
        else if (!printable && (c == '\'' || c == '\\'))
            fprintf(stream, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            fprintf(stream, "\\%03o", c); /* three digits: the next character is none of them */
        else
            fputc(c, stream);
    }
    fputc('\'', stream);
}

FILE *told_begin(struct told *told)
{
    *told = (struct told){0};
    told->stream = open_memstream(&told->text, &told->size);
    if (told->stream == NULL)
        memory_lacks();
    return told->stream;
}

char *told_text(struct told *told)
{
    if (fclose(told->stream) != 0)
        memory_lacks();
    return told->text;
}

void told_end(struct told *told, FILE *stream, size_t most)
{
    char *text = told_text(told);

    escape_html(stream, text + strspn(text, " "), most, false);
    free(text);
}
