/* segment.h -- one file of the log: a page of header, records, and a page of header again.
 *
 *   seg-NNNNNNNN    segment number N, from 1
 *   spare-*         a file with space written ahead, that waits to become one
 *
 * A segment begins as a spare: a file whose space has really been written, so that writing into it later
 * changes no file-system metadata. To become a segment it gets a header, is synced, renamed, and its
 * directory synced; only then may a record in it be acknowledged. So a file named seg-* without a good
 * header is always damage, never a beginning.
 *
 * The header stands in the first page of the file and in the last; either is enough. It has the tail at which
 * the segment begins, and says where the segment before it really ended: that one's bytes behind this end are
 * no part of the log, even if they look like records. Should both be lost, the segment before is believed
 * only as far as its own records vouch for it. So that these do, a RECORD_SEALED is put behind its end once
 * the next segment is durable; it also tells that there was one.
 */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include <cairn/operation.h>

#include "journal/tail.h"

#define SEGMENT_MAGIC      0x6765734e52494143ull /* "CAIRNseg" */
#define SEGMENT_VERSION    1u
#define SEGMENT_PAGE       4096u         /* the header's page; records begin behind it */
#define SEGMENT_FRAME      8192u         /* both pages: what a file has beside its records */
#define SEGMENT_RESERVE    4096u         /* behind the records, for others than checkpoints only */
#define SEGMENT_SEAL       96u           /* and of that, for RECORD_SEALED only */
#define SEGMENT_SIZE_MIN   (128u * 1024) /* bytes of the smallest file */
#define SEGMENT_SIZE_FIRST (1024u * 1024)
#define SEGMENT_SIZE_MAX   (16u * 1024 * 1024) /* but where records are large, */
#define SEGMENT_SIZE_LARGE (64u * 1024 * 1024) /* and still larger only for one record */
#define SEGMENT_LARGE      (256u * 1024)       /* bytes of such a record */

/* Records in a segment at most, whatever its size: if it is lost, so many numbers are passed over (survey.c).
 */
#define SEGMENT_RECORDS_MAX     (SEGMENT_SIZE_MAX / sizeof(struct record))
#define SEGMENT_RECORDS_RESERVE 64u /* of these, for others than checkpoints only */
#define SEGMENT_NAME_SIZE       32
#define SEGMENT_UNREADABLE      "the header cannot be read" /* a reason of segment_open() */

struct segment_header {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* of this struct */
    uint8_t uuid[16];
    uint64_t number;
    uint64_t salt;         /* seeds the hash of each record header in this segment; random */
    uint64_t capacity;     /* bytes for records; the file is SEGMENT_FRAME larger */
    uint64_t prev_end;     /* where the log ended when this was made, */
    uint64_t prev_segment; /* in which segment; 0 for the first. Not the one before this if that was lost */
    uint64_t prev_chain;   /* the hash of the last header there */
    int64_t time_ns;       /* when this was written */
    struct tail tail;      /* at this segment's beginning; its chain is 0, for `hash` below takes its place */
    uint64_t hash;         /* of all the above; the `prev` of the first record */
};
static_assert(sizeof(struct segment_header) == 88 + 160 + 8, "a segment header is 256 bytes on disk");

/* An open segment file. */
struct segment {
    struct segment_header header;
    uint64_t file_size; /* as found; less than it should be if the file was cut */
    int fd;
};

/* The size of the whole file. */
static inline uint64_t segment_full_size(const struct segment *segment)
{
    return segment->header.capacity + SEGMENT_FRAME;
}

/* The position of the first record, and the one behind the last byte. */
static inline uint64_t segment_base(const struct segment *segment)
{
    return segment->header.tail.position;
}
static inline uint64_t segment_limit(const struct segment *segment)
{
    return segment->header.tail.position + segment->header.capacity;
}
/* Where a position lies in the file. */
static inline uint64_t segment_offset(const struct segment *segment, uint64_t position)
{
    return position - segment_base(segment) + SEGMENT_PAGE;
}

/* segment_tail -- the tail at the segment's beginning. */
void segment_tail(const struct segment *segment, struct tail *tail);

/* segment_name -- "seg-NNNNNNNN". */
void segment_name(char name[SEGMENT_NAME_SIZE], uint64_t number);

/* segment_parse_name -- whether `name` is a segment's, and its number. */
bool segment_parse_name(const char *name, uint64_t *number);

/* segment_open -- opens segment `number` below `dir` and checks its header. With a reason in *reason if that
 * cannot be had: CAIRN_ENOTFOUND if there is no such file, CAIRN_ECORRUPT if it is no good segment of that
 * number, CAIRN_EVERSION if both copies have a newer format's version, CAIRN_EIO if it cannot be read. Else
 * CAIRN_EIO, CAIRN_EACCES. On failure nothing is open. */
int segment_open(struct segment *segment, int dir, const char *path, uint64_t number, bool writable,
                 const char **reason);
void segment_close(struct segment *segment);

/* segment_header_damaged -- reads both copies of the header again: whether one is not as it should be, though
 * it was not cut off; its offset is in *offset then. */
bool segment_header_damaged(const struct segment *segment, uint64_t *offset);

/* segment_read -- reads `size` bytes at `position` into `buffer`. Returns how many could be read: fewer
 * than asked where the file or the segment ends, or where the medium fails (*failed is its errno then). */
size_t segment_read(const struct segment *segment, uint64_t position, void *buffer, size_t size, int *failed);

/* segment_write -- writes `count` buffers at `position`; the iovecs are used up. 0 or an errno.
 * segment_write_some -- the same; *written is how many bytes of them are, which after an errno is not all. */
struct iovec;
int segment_write(const struct segment *segment, uint64_t position, struct iovec *iov, int count);
int segment_write_some(const struct segment *segment, uint64_t position, struct iovec *iov, int count,
                       uint64_t *written);

/* segment_push -- has the disk begin with what was written in the whole pages from `position` to `end`. That
 * makes nothing durable; but the sync that does has less to wait for. */
void segment_push(const struct segment *segment, uint64_t position, uint64_t end);

/* spare_make -- makes the file `name` below `dir` with `size` bytes of zeros, synced. 0 or an errno; on
 * failure there is no such file.
 * spare_allocate -- the same, but what reads as zeros is only allocated, if the file system can do that. For
 * records so large that what the first sync of each costs more is less than to write its space twice. */
int spare_make(int dir, const char *name, uint64_t size);
int spare_allocate(int dir, const char *name, uint64_t size);

/* segment_create -- turns the spare `name` into the segment that `header` describes: completes the header
 * (magic, version, salt, capacity, time, hash), writes it, syncs, renames, syncs the directory, opens it.
 * 0; an errno, and there is no segment of that number; or a negated errno, and after a crash there may be
 * one. */
int segment_create(struct segment *segment, int dir, const char *name, struct segment_header *header);

/* segment_create_filled -- the same, with records in it from the beginning: `fill` writes them, given the
 * segment with its header complete, before all is synced; 0 or an errno. */
typedef int segment_fill(void *arg, const struct segment *segment);
int segment_create_filled(struct segment *segment, int dir, const char *name, struct segment_header *header,
                          segment_fill *fill, void *arg);

#endif
