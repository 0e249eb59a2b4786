/* said.c -- see said.h. */
#include "fuzz/said.h"

#include <string.h>
#include <sys/types.h>

#include "fuzz/target.h"
#include "system/utf8.h"

static ssize_t keep(void *cookie, const char *data, size_t size)
{
    struct said *said = cookie;
    const size_t room = SAID_MAX - said->size, kept = size < room ? size : room;

    memcpy(said->text + said->size, data, kept);
    said->size += kept;
    said->text[said->size] = '\0';
    said->total += size;
    return (ssize_t)size;
}

FILE *said_open(struct said *said)
{
    static const cookie_io_functions_t functions = {.write = keep};

    said->text[0] = '\0';
    said->size = said->total = 0;
    FILE *stream = fopencookie(said, "w", functions);
    FUZZ_ASSERT(stream, "there is no stream");
    return stream;
}

bool said_is_text(const struct said *said)
{
    if (said->size && said->size == said->total && said->text[said->size - 1] != '\n')
        return false;
    for (size_t i = 0; i < said->size; i++) {
        const unsigned char byte = (unsigned char)said->text[i];
        const unsigned char next = (unsigned char)said->text[i + 1];
        if ((byte < ' ' && byte != '\n') || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0))
            return false;
    }
    return said->size < said->total || utf8_is_valid(said->text, said->size);
}
