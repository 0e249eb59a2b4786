/* store.c -- see store.h. */
#include "torture/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "torture/memory.h"

#define VERSION 2u

/* --- writing ------------------------------------------------------------------------------------------ */

static void put(struct writer *writer, const void *data, size_t size)
{
    if (writer->stream == NULL || size == 0)
        return;
    fwrite(data, 1, size, writer->stream);
    XXH3_64bits_update(writer->hash, data, size);
}

void store_begin(struct writer *writer, const char *path, uint64_t magic)
{
    *writer = (struct writer){.path = path, .stream = fopen(path, "we"), .hash = XXH3_createState()};
    if (writer->stream == NULL)
        fprintf(stderr, "cairn-torture: %s: cannot make the file: %s\n", path, strerror(errno));
    XXH3_64bits_reset(writer->hash);
    store_number(writer, magic);
    store_number(writer, VERSION);
}

bool store_end(struct writer *writer)
{
    store_number(writer, XXH3_64bits_digest(writer->hash));
    XXH3_freeState(writer->hash);
    if (writer->stream == NULL)
        return false;
    const bool failed = ferror(writer->stream) != 0;
    if (fclose(writer->stream) == 0 && !failed)
        return true;
    fprintf(stderr, "cairn-torture: %s: cannot write: %s\n", writer->path, strerror(errno));
    return false;
}

void store_number(struct writer *writer, uint64_t number)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    put(writer, bytes, sizeof(bytes));
}

void store_bytes(struct writer *writer, const void *data, size_t size)
{
    store_number(writer, size);
    put(writer, data, size);
}

void store_text(struct writer *writer, const char *text)
{
    store_bytes(writer, text, strlen(text));
}

/* --- reading ------------------------------------------------------------------------------------------ */

static void fail(struct reader *reader, const char *what)
{
    if (reader->failed == NULL)
        reader->failed = what;
}

static const char *map(struct reader *reader, const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 24) {
        close(fd);
        return "this is too short, or no file";
    }
    reader->mapped = reader->size = (size_t)st.st_size;
    void *bytes = mmap(NULL, reader->size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return strerror(errno);
    reader->bytes = bytes;
    return NULL;
}

bool fetch_begin(struct reader *reader, const char *path, uint64_t magic, const char *otherwise)
{
    *reader = (struct reader){.path = path};
    reader->failed = map(reader, path);
    if (!reader->failed && fetch_number(reader) != magic)
        fail(reader, otherwise);
    if (!reader->failed && fetch_number(reader) != VERSION)
        fail(reader, "another version wrote this");
    if (!reader->failed) {
        /* First of all, so that nobody looks at what is not as it was written. */
        struct reader end = {.bytes = reader->bytes, .size = reader->size, .at = reader->size - 8};
        if (fetch_number(&end) != XXH3_64bits(reader->bytes, reader->size - 8))
            fail(reader, "the hash of the file does not fit");
        reader->size -= 8;
    }
    return reader->failed == NULL;
}

bool fetch_end(struct reader *reader)
{
    if (!reader->failed && reader->at != reader->size)
        fail(reader, "there is more than there should be");
    if (reader->failed)
        fprintf(stderr, "cairn-torture: %s: offset %zu: %s\n", reader->path, reader->at, reader->failed);
    if (reader->bytes)
        munmap((void *)(uintptr_t)reader->bytes, reader->mapped);
    return reader->failed == NULL;
}

uint64_t fetch_number(struct reader *reader)
{
    uint64_t number = 0;

    if (reader->failed || reader->size - reader->at < 8) {
        fail(reader, "the file ends too early");
        return 0;
    }
    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)reader->bytes[reader->at++] << 8 * i;
    return number;
}

uint64_t fetch_bounded(struct reader *reader, uint64_t most, const char *otherwise)
{
    const uint64_t number = fetch_number(reader);

    if (number <= most)
        return number;
    fail(reader, otherwise);
    return 0;
}

void *fetch_bytes(struct reader *reader, size_t *size)
{
    *size = (size_t)fetch_bounded(reader, reader->size - reader->at, "a length is more than there is");
    if (*size > reader->size - reader->at) {
        fail(reader, "a length is more than there is");
        *size = 0;
    }
    unsigned char *copy = memory_new(*size + 1);
    if (*size)
        memcpy(copy, reader->bytes + reader->at, *size);
    reader->at += *size;
    return copy;
}

char *fetch_text(struct reader *reader)
{
    size_t size;
    char *text = fetch_bytes(reader, &size);

    if (strlen(text) != size)
        fail(reader, "a text has a NUL in it");
    return text;
}
