/* fuzz_record.c -- the bytes of a segment's records, walked as recovery and readers do.
 *
 * An input is a salt, where the segment begins, how much of it is cut off, and items: bytes as they are; or a
 * record, whose fields are the input's but whose hashes are right unless a bit says otherwise. They stand one
 * behind the other in a segment that is a file in memory, of exactly their size, for sizes and positions are
 * what this is about.
 *
 * What must hold:
 *
 *   - nothing is read outside of what is there (AddressSanitizer), whatever the sizes say;
 *   - a header that is believed has a right hash, the position it stands at, a known kind, and ends in its
 * segment;
 *   - what was written as a record is read as that one, header, label and data, and one flipped bit of the
 *     header is noticed;
 *   - no more is allocated than a small multiple of what is there;
 *   - a walk moves on at each step, stays below its limit, and ends.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz/budget.h"
#include "fuzz/forge.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"
#include "journal/journal.h"
#include "journal/scan.h"

#define SPACE 16384u /* bytes of records, at most */

enum item { ITEM_BYTES, ITEM_RECORD, ITEM_FOLLOWING, ITEM_COUNT };

/* Of an ITEM_RECORD: what is not as it should be. */
enum flaw {
    FLAW_HASH = 1,
    FLAW_BODY = 2,
    FLAW_POSITION = 4,
    FLAW_CHAIN = 8,
    FLAW_DURABLE = 16,
    FLAW_BLOB = 32
};

/* The segment that is being filled. */
struct build {
    unsigned char bytes[SPACE];
    size_t size;
    uint64_t base, salt;
    uint64_t cut; /* so much is missing of the file */
    struct tail tail;
    unsigned records; /* that continue the chain from the beginning on, without a flaw */
    bool chained;
};

static void put(struct build *build, const void *data, size_t size)
{
    if (size > SPACE - build->size)
        size = SPACE - build->size;
    if (size)
        memcpy(build->bytes + build->size, data, size);
    build->size += size;
}

/* check_header -- encoding and decoding of one header, by itself. */
static void check_header(const struct record *record, uint64_t salt, unsigned bit)
{
    struct record copy = *record;

    FUZZ_ASSERT(record_check(&copy, copy.position, UINT64_MAX, salt) == NULL,
                "a sealed record is not believed");
    FUZZ_ASSERT(record_check(&copy, copy.position, record_end(&copy) - 1, salt) != NULL,
                "a record that does not end in its segment is believed");
    FUZZ_ASSERT(record_check(&copy, copy.position + RECORD_ALIGN, UINT64_MAX, salt) != NULL,
                "a record in another place is believed");
    FUZZ_ASSERT(record_check(&copy, copy.position, UINT64_MAX, salt + 1) != NULL,
                "a record of another segment is believed");
    bit %= 8 * sizeof(copy);
    ((unsigned char *)&copy)[bit / 8] ^= (unsigned char)(1u << bit % 8);
    FUZZ_ASSERT(record_check(&copy, record->position, UINT64_MAX, salt) != NULL,
                "bit %u of a header is flipped, and it is believed", bit);
}

/* put_record -- one whose fields the input chooses; ITEM_FOLLOWING continues the last one without a flaw. */
static void put_record(struct build *build, struct source *source, bool following)
{
    static const unsigned char zeros[RECORD_ALIGN];
    unsigned char body[2048], data[sizeof(union saying)];
    struct record record = {0};

    if (following && build->size % RECORD_ALIGN)
        put(build, zeros, RECORD_ALIGN - build->size % RECORD_ALIGN);

    const unsigned flaws = following ? 0 : source_u8(source);
    record.kind = source_u8(source);
    record.label_size = source_u8(source);
    record.data_size = source_u16(source) % 1024;
    record.number = source_u8(source);
    record.generation = source_u8(source);
    const unsigned bit = source_u16(source);
    if (following) {
        record.kind = (uint8_t)(1 + record.kind % 8);
        if (record_says(record.kind))
            record.data_size = record_says(record.kind);
        if (record.kind == RECORD_COMPACT)
            record.number = 1; /* no other is believed */
    }
    source_bytes(source, body, record.label_size + (size_t)record.data_size);
    record.position = build->base + build->size;
    record.sequence = build->tail.sequence;
    record.durable_upto = build->base + source_u16(source) % (build->size + 1);
    if (flaws & FLAW_DURABLE)
        record.durable_upto = UINT64_MAX - record.number;
    record.prev = build->tail.chain;
    record.body_hash =
        record_body_hash(body, record.label_size, body + record.label_size, (size_t)record.data_size);
    record.label_hash = record_label_hash(body, record.label_size);
    if (flaws & FLAW_BODY)
        record.body_hash++;
    if (flaws & FLAW_POSITION)
        record.position += RECORD_ALIGN;
    if (flaws & FLAW_CHAIN)
        record.prev++;
    if (flaws & FLAW_BLOB)
        record.blob++;
    const size_t size = (size_t)record.label_size + (size_t)record.data_size;
    if (flaws & FLAW_HASH) /* sizes that nothing stands behind */
        record.data_size = source_u64(source);
    if (following)
        record_seal(&record, build->salt);
    else
        forge_record(&record, build->salt);
    if (following)
        check_header(&record, build->salt, bit);
    if (flaws & FLAW_HASH && source_u8(source) & 1)
        record.hash++;

    put(build, &record, sizeof(record));
    put(build, body, size);
    put(build, zeros, (RECORD_ALIGN - build->size % RECORD_ALIGN) % RECORD_ALIGN);
    if (!following || build->base + build->size != record_end(&record)) {
        build->chained = false;
        return;
    }
    memset(data, 0, sizeof(data));
    memcpy(data, body + record.label_size, record_says(record.kind));
    tail_apply(&build->tail, &record, data);
    build->records += build->chained;
}

static void build_make(struct build *build, struct source *source)
{
    memset(build, 0, sizeof(*build));
    build->salt = source_u8(source);
    build->base = (uint64_t)source_u8(source) << (source_u8(source) % 48) & ~(uint64_t)(RECORD_ALIGN - 1);
    build->cut = (uint64_t)source_u8(source) << (source_u8(source) % 32);
    tail_begin(&build->tail);
    build->tail.position = build->base;
    build->tail.chain = build->salt;
    build->chained = true;
    while (source->left && build->size < SPACE) {
        unsigned char bytes[255];
        switch ((enum item)(source_u8(source) % ITEM_COUNT)) {
        case ITEM_BYTES: {
            size_t size = source_u8(source);
            source_bytes(source, bytes, size);
            put(build, bytes, size);
            build->chained = false;
            break;
        }
        case ITEM_RECORD:
            put_record(build, source, false);
            break;
        case ITEM_FOLLOWING:
            put_record(build, source, true);
            break;
        case ITEM_COUNT:
            break;
        }
    }
}

/* check_met -- a record that a walk has met is one that stands there; its body, too, if the walk has read it.
 */
static void check_met(const struct build *build, const struct segment *segment, const struct record *record,
                      bool whole)
{
    const size_t offset = (size_t)(record->position - build->base);
    int failed;

    FUZZ_ASSERT(record->position >= build->base && record_end(record) <= segment_limit(segment),
                "a record lies outside its segment");
    FUZZ_ASSERT(offset + sizeof(*record) <= build->size &&
                    memcmp(build->bytes + offset, record, sizeof(*record)) == 0,
                "a record was met that is not there");
    FUZZ_ASSERT(record_check(record, record->position, segment_limit(segment), build->salt) == NULL,
                "a record was met that is not to be believed");
    size_t size = (size_t)record->label_size + (size_t)record->data_size;
    const unsigned char *right = build->bytes + offset + sizeof(*record);
    if (size > build->size - offset - sizeof(*record))
        return; /* cut off */
    unsigned char *body = malloc(size ? size : 1);
    const uint64_t hash = XXH3_64bits_withSeed(right + record->label_size, size - record->label_size,
                                               XXH3_64bits(right, record->label_size));
    if (body && scan_read_body(segment, record, body, &failed) == NULL)
        FUZZ_ASSERT(memcmp(body, right, size) == 0 && record->body_hash == hash,
                    "a body is not the one that was written");
    FUZZ_ASSERT(!whole || record->body_hash == hash, "a record with a wrong body is taken for whole");
    free(body);
}

/* walk -- through all that there is, as far as it goes: below what was durable with scan_step(), and beyond
 * with scan_follow(). Returns how many records were met. */
static unsigned walk(const struct build *build, struct journal *journal, const struct segment *segment,
                     const struct tail *from, uint64_t limit, bool beyond)
{
    struct scan scan;
    unsigned met = 0;

    if (scan_begin(&scan, journal, from, limit, 1) != 0)
        return 0;
    for (uint64_t before = scan.at.position;; before = scan.at.position) {
        int result = beyond ? scan_follow(&scan) : scan_step(&scan);
        if (result == SCAN_END || result < 0)
            break;
        FUZZ_ASSERT(result == SCAN_RECORD || result == SCAN_HOLE, "an unknown result");
        FUZZ_ASSERT(scan.at.position > before, "a step does not move on");
        if (result == SCAN_RECORD) {
            met++;
            check_met(build, segment, &scan.record, beyond || record_says(scan.record.kind));
        } else {
            FUZZ_ASSERT(scan.hole.end > scan.hole.position && scan.hole.position >= from->position,
                        "a hole is none");
        }
    }
    scan_release(&scan);
    return met;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct segment_header empty;
    struct source source = {data, size};
    static struct build build;
    struct journal journal = {.path = (char *)(uintptr_t) "memory", .dir = -1};
    struct segment segment = {.header = empty, .fd = memfd_create("segment", MFD_CLOEXEC)};
    struct remains remains;
    const struct segment *open;
    const char *reason;

    if (segment.fd < 0)
        return 0;
    build_make(&build, &source);
    segment.header.number = 1;
    segment.header.salt = segment.header.hash = build.salt;
    segment.header.capacity = build.size + build.cut;
    tail_begin(&segment.header.tail);
    segment.header.tail.position = build.base;
    segment.file_size = SEGMENT_PAGE + build.size;
    struct iovec iov = {.iov_base = build.bytes, .iov_len = build.size};
    if (build.size == 0 || segment_write(&segment, build.base, &iov, 1) != 0) {
        close(segment.fd);
        return 0;
    }
    files_init(&journal.files);
    files_add(&journal, &segment);
    FUZZ_ASSERT(files_get(&journal, 1, &open, &reason) == 0, "the segment was not kept");

    struct tail from;
    struct budget budget;
    segment_tail(open, &from);
    budget_begin(&budget, "walking");
    unsigned met = walk(&build, &journal, open, &from, segment_limit(open), false);
    FUZZ_ASSERT(met >= build.records, "%u records were met of %u", met, build.records);
    met = walk(&build, &journal, open, &from, segment_limit(open), true);
    FUZZ_ASSERT(met >= build.records, "%u records follow one another of %u", met, build.records);
    if (scan_remains(&journal, open, build.base, &remains) == 0)
        FUZZ_ASSERT(remains.last <= segment_limit(open) && remains.durable <= segment_limit(open),
                    "remains lie outside the segment");
    budget_end(&budget, 256 * 1024);
    files_put(&journal, open);
    files_release(&journal.files);
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static void begin(struct sink *sink, uint8_t base, uint8_t cut)
{
    sink->size = 0;
    sink_u8(sink, 7);
    sink_u8(sink, base);
    sink_u8(sink, 3);
    sink_u8(sink, cut);
    sink_u8(sink, 28);
}

static void add_following(struct sink *sink, uint8_t kind, const char *label, const char *body, uint16_t size)
{
    sink_u8(sink, ITEM_FOLLOWING);
    sink_u8(sink, (uint8_t)(kind - 1));
    sink_u8(sink, (uint8_t)strlen(label));
    sink_u16(sink, size);
    sink_u8(sink, 0);
    sink_u8(sink, 1);
    sink_u16(sink, 70);
    sink_bytes(sink, label, strlen(label));
    sink_bytes(sink, body, size);
    sink_u16(sink, 0);
}

static void add_flawed(struct sink *sink, enum flaw flaws, uint64_t data_size)
{
    sink_u8(sink, ITEM_RECORD);
    sink_u8(sink, (uint8_t)flaws);
    sink_u8(sink, RECORD_CHECKPOINT);
    sink_u8(sink, 1);
    sink_u16(sink, 2);
    sink_u8(sink, 1);
    sink_u8(sink, 1);
    sink_u16(sink, 0);
    sink_bytes(sink, "lda", 3);
    sink_u16(sink, 0);
    if (flaws & FLAW_HASH) {
        sink_u64(sink, data_size);
        sink_u8(sink, 0);
    }
}

void target_seeds(target_seed *seed)
{
    static const char saying[24] = {1};
    static const enum flaw flaws[] = {FLAW_BODY, FLAW_POSITION, FLAW_CHAIN, FLAW_DURABLE, FLAW_BLOB};
    static struct sink sink;

    begin(&sink, 0, 0);
    for (unsigned kind = RECORD_CHECKPOINT; kind <= RECORD_JUMP; kind++)
        add_following(&sink, (uint8_t)kind, "a", saying,
                      kind == RECORD_CHECKPOINT ? 3 : (uint16_t)record_says((uint8_t)kind));
    seed("all-kinds", sink.bytes, sink.size);

    begin(&sink, 4, 0);
    for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
        add_following(&sink, RECORD_CHECKPOINT, "", "data", 4);
        add_flawed(&sink, flaws[i], 0);
    }
    seed("flaws", sink.bytes, sink.size);

    begin(&sink, 4, 255);
    add_following(&sink, RECORD_CHECKPOINT, "", "", 0);
    add_flawed(&sink, FLAW_HASH, (uint64_t)1 << 29);
    add_following(&sink, RECORD_CHECKPOINT, "", "", 0);
    add_flawed(&sink, FLAW_HASH, UINT64_MAX - 90);
    seed("sizes", sink.bytes, sink.size);

    begin(&sink, 0, 0);
    sink_u8(&sink, ITEM_BYTES);
    sink_u8(&sink, 9);
    sink_bytes(&sink, "cNrc\1\0\0\0", 9);
    seed("bytes", sink.bytes, sink.size);
}
