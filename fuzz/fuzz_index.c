/* fuzz_index.c -- the bytes of index.mdb.
 *
 * An input says which file is the beginning, whether hashes are mended, and what is changed in it (patch.h).
 * There are three: the index of a small journal (history.h), beside its log; a large one, of three levels and
 * with a free list, by itself; and the input's own bytes, beside the log.
 *
 * What must hold:
 *
 *   - nothing crashes or hangs, in Cairn or in LMDB;
 *   - beside a good log all is answered right, by a reader and by a writer. If hashes are mended the index
 * may say what it likes of the log, and no more is asked than that nothing is given out that was not
 * recorded;
 *   - who saves an index has a whole one, whatever was there.
 */
#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "fuzz/answers.h"
#include "fuzz/budget.h"
#include "fuzz/history.h"
#include "fuzz/patch.h"
#include "fuzz/place.h"
#include "fuzz/sink.h"
#include "fuzz/target.h"
#include "journal/index.h"
#include "journal/journal.h"

#define FILE_MAX   (512u * 1024)
#define MDB_PAGE   4096u
#define MARK_SIZE  48u
#define COVER_SIZE 200u

enum beginning { BEGIN_SMALL, BEGIN_LARGE, BEGIN_RAW, BEGIN_COUNT };
enum { INPUT_MENDED = 4 };

#define ENTRIES_MAX 4096

struct file {
    unsigned char *bytes;
    size_t size;
    size_t entries[ENTRIES_MAX]; /* offsets of their keys */
    size_t count;
};

static struct history history; /* the log beside it; the same for all inputs */
static struct file small, large;

/* make_history -- three segments, two of them full, so that there are marks. */
static void make_history(void)
{
    history_begin(&history, HISTORY_CAPACITY);
    for (unsigned i = 0; i < 4; i++) {
        history_append(&history, RECORD_CHECKPOINT, 3, 700);
        history_sync(&history);
    }
    history_append(&history, RECORD_COMPACT, 3, 0);
    for (unsigned segment = 0; segment < 2; segment++) {
        while (history_append(&history, RECORD_CHECKPOINT, 5, 2900))
            history_sync(&history);
        history_next(&history, HISTORY_CAPACITY, true);
    }
    history_append(&history, RECORD_CHECKPOINT, 5, 10);
    history_sync(&history);
}

/* make_map -- one of `count` marks that is like no other's. */
static bool make_map(struct map *map, size_t count, uint64_t generation)
{
    struct tail at;

    map_init(map);
    tail_begin(&at);
    at.generation = generation;
    at.position = generation << 32;
    bool made = map_begin(map, &at) == 0;
    for (size_t i = 1; i < count && made; i++) {
        const struct mark mark = {
            .position = at.position + i * MARK_BYTES, .chain = i, .sequence = i, .segment = 1, .number = i};
        made = map_add_mark(map, &mark) == 0;
    }
    map->at.position = at.position + count * MARK_BYTES;
    map->at.number = map->at.next_number = count;
    return made;
}

static struct journal *engine(void)
{
    static struct journal journal;

    journal.path = (char *)(uintptr_t)place_path();
    journal.dir = place_dir();
    memset(journal.uuid, 'u', sizeof(journal.uuid));
    return &journal;
}

static void save_map(size_t count, uint64_t generation)
{
    struct map map;

    if (make_map(&map, count, generation))
        FUZZ_ASSERT(index_save(engine(), &map) == 0, "an index cannot be saved: %s", cairn_message());
    map_release(&map);
}

/* mend_value -- the hash of a value of `size` bytes, the hash included, behind its key. */
static void mend_value(unsigned char *key, size_t key_size, size_t size)
{
    unsigned char *value = key + key_size;
    const uint64_t hash = XXH3_64bits_withSeed(value, size - sizeof(uint64_t), XXH3_64bits(key, key_size));
    memcpy(value + size - sizeof(hash), &hash, sizeof(hash));
}

/* find_entries -- where in the file something looks like an entry: the cover by its key; a mark by its key,
 * which is its position the other way round. */
static void find_entries(struct file *file)
{
    for (size_t at = 0; at + sizeof(uint64_t) + MARK_SIZE <= file->size && file->count < ENTRIES_MAX;
         at += 2) {
        uint64_t key, position;
        memcpy(&key, file->bytes + at, sizeof(key));
        memcpy(&position, file->bytes + at + sizeof(key), sizeof(position));
        const bool cover = at + 6 + COVER_SIZE <= file->size && memcmp(file->bytes + at, "cover", 6) == 0;
        if (cover || (key != 0 && be64toh(key) == position))
            file->entries[file->count++] = at;
    }
}

/* mend -- the hashes of all entries, where they were in the file. */
static void mend(const struct file *file, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < file->count; i++) {
        const size_t at = file->entries[i];
        if (at + 6 + COVER_SIZE <= size && bytes[at] == 'c')
            mend_value(bytes + at, 6, COVER_SIZE);
        else if (at + sizeof(uint64_t) + MARK_SIZE <= size)
            mend_value(bytes + at, sizeof(uint64_t), MARK_SIZE);
    }
}

static void make_files(void)
{
    struct cairn_op *op;

    if (small.bytes)
        return;
    make_history();
    place_clear();
    history_write(&history);
    FUZZ_ASSERT(cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD) == 0, "%s", cairn_message());
    cairn_close(op);
    small.bytes = place_read(INDEX_NAME, &small.size);
    place_clear();
    save_map(40, 1);
    save_map(900, 1);
    save_map(20, 2);
    save_map(700, 3);
    large.bytes = place_read(INDEX_NAME, &large.size);
    FUZZ_ASSERT(small.bytes && large.bytes && small.size <= FILE_MAX && large.size <= FILE_MAX,
                "no index was made");
    find_entries(&small);
    find_entries(&large);
}

/* change_word -- a number of `size` bytes: another, or so much more or less. */
static void change_word(struct source *source, unsigned char *bytes, size_t all, size_t at, size_t size)
{
    const uint8_t how = source_u8(source);
    uint64_t value = 0;

    if (at > all || size > all - at)
        return;
    memcpy(&value, bytes + at, size);
    if (how % 4 == 0)
        value = source_u8(source);
    else if (how % 4 == 1)
        value += (uint64_t)(int64_t)(int8_t)source_u8(source);
    else if (how % 4 == 2)
        value = source_u16(source);
    else
        value ^= (uint64_t)1 << (how >> 2) % (8 * size);
    memcpy(bytes + at, &value, size);
}

enum change { CHANGE_META, CHANGE_PAGE, CHANGE_NODE, CHANGE_BYTES, CHANGE_COUNT };

/* change_node -- of one of a page's nodes: where it is, its header's fields, or a word of what it holds. */
static void change_node(struct source *source, unsigned char *bytes, size_t size, size_t page)
{
    uint16_t lower, offset;

    memcpy(&lower, bytes + page + 12, sizeof(lower));
    const size_t count = lower >= 16 && lower < MDB_PAGE ? (lower - 16u) / 2 : 0;
    const size_t pointer = page + 16 + (count ? 2 * (source_u8(source) % count) : 0);
    const uint8_t field = source_u8(source);
    memcpy(&offset, bytes + pointer, sizeof(offset));
    if (field % 8 == 0)
        change_word(source, bytes, size, pointer, 2);
    else if (field % 8 < 5)
        change_word(source, bytes, size, page + offset + 2u * (field % 8 - 1u), 2);
    else
        change_word(source, bytes, size, page + offset + 8 + 8u * (field >> 3), 8);
}

/* change -- returns the size that there is then. */
static size_t change(struct source *source, unsigned char *bytes, size_t size)
{
    while (source->left) {
        const enum change kind = (enum change)(source_u8(source) % CHANGE_COUNT);
        if (kind == CHANGE_BYTES)
            return patch_apply(source, bytes, size);
        const size_t page = source_u8(source) % (size / MDB_PAGE) * MDB_PAGE;
        const uint8_t field = kind == CHANGE_NODE ? 0 : source_u8(source);
        if (kind == CHANGE_META) /* of the two, which are the first pages */
            change_word(source, bytes, size, page % (2 * MDB_PAGE) + 16 + 8u * (field % 17), 8);
        else if (kind == CHANGE_PAGE)
            change_word(source, bytes, size, page + (field % 4 ? 8 + 2 * (field % 4u) : 0),
                        field % 4 ? 2 : 8);
        else
            change_node(source, bytes, size, page);
    }
    return size;
}

/* check_save -- an index is saved in place of what is there, and then it is whole. */
static void check_save(void)
{
    struct map map;
    uint8_t uuid[16];
    const char *why;

    save_map(30, 4);
    map_init(&map);
    FUZZ_ASSERT(index_load(place_dir(), &map, uuid, &why), "an index was saved and is not whole: %s", why);
    FUZZ_ASSERT(map.at.generation == 4 && map.count == 30, "an index was saved and is another");
    map_release(&map);
}

/* is_believed -- whether it is an index at all for Cairn. If not it is as none, and one such is like another:
 * only some are looked at further. */
static bool is_believed(void)
{
    struct budget budget;
    struct map map;
    uint8_t uuid[16];
    const char *why;

    map_init(&map);
    budget_begin(&budget, "loading the index");
    const bool loaded = index_load(place_dir(), &map, uuid, &why);
    budget_end(&budget, 1024 * 1024 + 4 * FILE_MAX);
    map_release(&map);
    return loaded;
}

/* ask -- one who opens the journal. */
static void ask(unsigned flags, const char *who, bool mended, size_t size)
{
    static struct answers answers;
    struct budget budget;
    struct cairn_ctx soon;
    struct cairn_op *op;

    budget_begin(&budget, who);
    int error = cairn_open(&op, NULL, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    budget_end(&budget, 2 * 1024 * 1024 + 4 * size);
    answers.opened = error;
    if (error == 0) {
        cairn_ctx_with_timeout(&soon, 20000000);
        answers_ask(&answers, &history, op, mended ? &soon : NULL);
    }
    if (!mended)
        answers_check_whole(&answers, &history, who);
    if (error == 0)
        cairn_close(op);
}

/* record_one -- a writer records one more and goes: then the index is whole again. */
static void record_one(bool mended)
{
    struct cairn_op *op;
    struct map map;
    uint8_t uuid[16];
    const char *why;

    int error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
    FUZZ_ASSERT(error == 0 || mended, "it cannot be opened: %s", cairn_message());
    if (error)
        return;
    error = cairn_checkpoint(op, NULL, "more", "\377", 1, NULL);
    FUZZ_ASSERT(error == 0 || mended, "nothing can be recorded: %s", cairn_message());
    cairn_close(op);
    map_init(&map);
    bool loaded = index_load(place_dir(), &map, uuid, &why);
    FUZZ_ASSERT(mended || (loaded && map.at.number == history.tail.number + 1), "the index is not whole: %s",
                why);
    map_release(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static unsigned char bytes[FILE_MAX];
    struct source source = {data, length};
    size_t size;
    const uint8_t how = source_u8(&source);
    const enum beginning beginning = (enum beginning)(how % 4 % BEGIN_COUNT);
    const bool mended = how & INPUT_MENDED;

    make_files();
    if (beginning == BEGIN_RAW) {
        size = source.left < sizeof(bytes) ? source.left : sizeof(bytes);
        source_bytes(&source, bytes, size);
    } else {
        const struct file *file = beginning == BEGIN_LARGE ? &large : &small;
        memcpy(bytes, file->bytes, file->size);
        size = change(&source, bytes, file->size);
        if (mended)
            mend(file, bytes, size);
    }
    place_clear();
    place_write(INDEX_NAME, bytes, size);
    const bool believed = is_believed();
    if (!believed && XXH3_64bits(data, length) % 16 != 0)
        return 0;
    if (beginning == BEGIN_LARGE) {
        check_save();
    } else {
        history_write(&history);
        ask(CAIRN_READONLY, "a reader", mended, size);
        ask(0, "a writer", mended, size);
        record_one(mended);
    }
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

/* change_seed -- one more than it was; `third` is a field of a node, or as change_word() has it. */
static void change_seed(struct sink *sink, enum change kind, uint8_t page, uint8_t second, uint8_t third)
{
    sink_u8(sink, (uint8_t)kind);
    sink_u8(sink, page);
    sink_u8(sink, second);
    sink_u8(sink, third);
    if (kind == CHANGE_NODE)
        sink_u8(sink, 1);
    sink_u8(sink, 1);
}

void target_seeds(target_seed *seed)
{
    static struct sink sink;
    static const char *const names[] = {"small", "large", "raw", "", "small-mended", "large-mended"};

    for (uint8_t how = 0; how < 6; how++) {
        if (how % 4 == 3)
            continue;
        sink.size = 0;
        sink_u8(&sink, how);
        if (how == BEGIN_RAW) {
            seed(names[how], sink.bytes, sink.size);
            continue;
        }
        seed(names[how], sink.bytes, sink.size);
        for (uint8_t page = 0; page < 2; page++) {
            for (uint8_t field = 2; field < 17; field += 2) /* the map's size, trees, the last page */
                change_seed(&sink, CHANGE_META, page, field, 1);
        }
        for (uint8_t page = 2; page < 5; page++) {
            for (uint8_t field = 1; field < 4; field++)
                change_seed(&sink, CHANGE_PAGE, page, field, 1);
        }
        char name[64];
        snprintf(name, sizeof(name), "%s-changed", names[how]);
        seed(name, sink.bytes, sink.size);
        /* A field of a node's header; and the number of a mark, which is the fifth word of a value. */
        for (uint8_t field = 0; field < 6 && how < INPUT_MENDED; field++) {
            const uint8_t words = field == 5 ? 5 << 3 | 5 : field;
            sink.size = 1;
            for (uint8_t page = 2; page < 5; page++) {
                change_seed(&sink, CHANGE_NODE, page, 0, words);
                change_seed(&sink, CHANGE_NODE, page, 1, words);
            }
            snprintf(name, sizeof(name), "%s-node-%u", names[how], field);
            seed(name, sink.bytes, sink.size);
        }
    }
}
