/* record.h -- one record of the log: its header on disk, its hashes, and whether it may be believed.
 *
 * A record is a header of 96 bytes, the label, the data, and zeros up to the next multiple of 8. The
 * header hash is seeded with the salt of the segment, so a record that was left over from the file's
 * earlier use is none; it includes the position, so a record in the wrong place is none; and each header
 * holds the hash of the one before it, so a record that another history wrote there is none.
 *
 * Positions count the bytes of the log from the journal's beginning; where a position lies in a file is
 * the segment's business (segment.h).
 */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the format is little-endian, and so far is this implementation"
#endif

#define RECORD_MAGIC 0x63724e63u /* "cNrc" */
#define RECORD_ALIGN 8u
#define RECORD_NONE  UINT64_MAX /* no position */

enum record_kind {
    RECORD_CHECKPOINT = 1, /* label and data are the caller's */
    RECORD_COMPACT = 2,    /* all but the latest is removed; label: its new one; data: struct survivor */
    RECORD_CLEAR = 3,      /* all is removed */
    RECORD_COMPLETE = 4,   /* all is removed, the operation is done */
    RECORD_RECOVERED = 5,  /* a torn tail was cut here; data: a random nonce */
    RECORD_ACCEPTED = 6,   /* the losses before this are known and accepted */
    RECORD_SEALED = 7,     /* behind the end of a segment: the next one has been made; see segment.h */
    RECORD_JUMP = 8,       /* what was recorded before this is not all known; data: struct jump */
};

struct record {
    uint32_t magic;
    uint8_t kind;
    uint8_t zero;
    uint16_t label_size;
    uint64_t data_size;
    uint64_t position;     /* of this header in the log */
    uint64_t sequence;     /* counts all records, of any kind */
    uint64_t generation;   /* once this record is applied */
    uint64_t number;       /* a checkpoint's; for the other kinds the next one's, once it is applied */
    int64_t time_ns;       /* CLOCK_REALTIME */
    uint64_t durable_upto; /* the log was durable up to here when this was written */
    uint64_t body_hash;    /* of label and data */
    uint64_t prev;         /* the hash of the header before, or of the segment's header */
    uint32_t blob;         /* 0: the data follows here; else the blob file that has it (not yet in use) */
    uint32_t label_hash;   /* of the label by itself, so that a list need not read the data */
    uint64_t hash;         /* of all the above, seeded with the segment's salt */
};
static_assert(sizeof(struct record) == 96, "a record header is 96 bytes on disk");
static_assert(offsetof(struct record, hash) == 88, "the hash comes last");

/* The data of a RECORD_COMPACT: where the survivor lies. */
struct survivor {
    uint64_t segment;
    uint64_t position;
    uint64_t hash; /* of its header */
};
static_assert(sizeof(struct survivor) == 24, "a survivor is 24 bytes on disk");

/* The data of a RECORD_JUMP: where numbers and generations go on, past all that may have been given. */
struct jump {
    uint64_t next_number;
    uint64_t next_generation;
};
static_assert(sizeof(struct jump) == 16, "a jump is 16 bytes on disk");

/* What a record says in its data, of those kinds whose data decides what is alive. */
union saying {
    struct survivor survivor;
    struct jump jump;
};

/* record_removes -- whether this kind of record removes what was recorded before. */
static inline bool record_removes(uint8_t kind)
{
    return kind == RECORD_COMPACT || kind == RECORD_CLEAR || kind == RECORD_COMPLETE;
}

/* record_says -- how many bytes of union saying the data of this kind of record is; 0: none. */
static inline size_t record_says(uint8_t kind)
{
    return kind == RECORD_COMPACT ? sizeof(struct survivor) : kind == RECORD_JUMP ? sizeof(struct jump) : 0;
}

/* Bytes that a record takes in the log. */
static inline uint64_t record_size(uint64_t label_size, uint64_t data_size)
{
    return (sizeof(struct record) + label_size + data_size + RECORD_ALIGN - 1) &
           ~(uint64_t)(RECORD_ALIGN - 1);
}

/* The position behind a record. */
static inline uint64_t record_end(const struct record *record)
{
    return record->position + record_size(record->label_size, record->data_size);
}

/* record_body_hash -- the hash of label and data. */
uint64_t record_body_hash(const void *label, size_t label_size, const void *data, size_t size);

/* The same in pieces, for a body that is hashed while the disk is busy with what came before: label first.
 * NULL if there is no memory for it. */
struct record_hash;
struct record_hash *record_hash_begin(const void *label, size_t label_size);
void record_hash_add(struct record_hash *hash, const void *data, size_t size);
uint64_t record_hash_end(struct record_hash *hash); /* and frees it */

/* record_label_hash -- the hash of the label by itself. */
uint32_t record_label_hash(const void *label, size_t size);

/* record_seal -- sets magic and hash, the last things before it is written. */
void record_seal(struct record *record, uint64_t salt);

/* record_check -- NULL if these bytes are a header that was written at `position` of the segment with
 * this salt and that ends by `end`; else why not. Says nothing about the chain or the body. */
const char *record_check(const struct record *record, uint64_t position, uint64_t end, uint64_t salt);

#endif
