/* store.h -- the harness's files: numbers of eight bytes, little-endian, and bytes with their length before
 * them; at the front a magic number and a version, at the end a hash of everything before it. */
#ifndef TORTURE_STORE_H
#define TORTURE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct writer {
    const char *path;
    FILE *stream; /* NULL after a failure */
    void *hash;
};

/* store_begin -- a new file, in place of what is there. store_end() tells whether it was written, and says on
 * stderr why not. */
void store_begin(struct writer *writer, const char *path, uint64_t magic);
bool store_end(struct writer *writer);

void store_number(struct writer *writer, uint64_t number);
void store_bytes(struct writer *writer, const void *data, size_t size);
void store_text(struct writer *writer, const char *text);

struct reader {
    const char *path;
    const unsigned char *bytes;
    size_t size, at; /* of what is between the head and the hash */
    size_t mapped;
    const char *failed; /* what is wrong with it, once something is; what is fetched then is 0 or empty */
};

/* fetch_begin -- false if it is not to be had, or not of this kind, for which `otherwise` is said. Whatever
 * it returns, fetch_end() ends it, and tells whether all was well; what was not is on stderr. */
bool fetch_begin(struct reader *reader, const char *path, uint64_t magic, const char *otherwise);
bool fetch_end(struct reader *reader);

uint64_t fetch_number(struct reader *reader);

/* fetch_bounded -- a number that must be `most` at most, or `otherwise` is what is wrong. */
uint64_t fetch_bounded(struct reader *reader, uint64_t most, const char *otherwise);

/* fetch_bytes, fetch_text -- a copy with a NUL behind it, to be freed; a text has no other in it. */
void *fetch_bytes(struct reader *reader, size_t *size);
char *fetch_text(struct reader *reader);

#endif
