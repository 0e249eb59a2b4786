/* forge.h -- mends the hashes of what an input has made: unlike the library's own, it asserts nothing. */
#ifndef FUZZ_FORGE_H
#define FUZZ_FORGE_H

#include <xxhash.h>

#include "journal/record.h"
#include "journal/segment.h"

/* forge_record -- magic and hash of a record's header. */
static inline void forge_record(struct record *record, uint64_t salt)
{
    record->magic = RECORD_MAGIC;
    record->hash = XXH3_64bits_withSeed(record, offsetof(struct record, hash), salt);
}

/* forge_segment -- the hash of a segment's header. */
static inline void forge_segment(struct segment_header *header)
{
    header->hash = XXH3_64bits_withSeed(header, offsetof(struct segment_header, hash), header->salt);
}

#endif
