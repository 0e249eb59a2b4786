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
#define MARK_SIZE  48u
#define COVER_SIZE 200u

enum beginning { BEGIN_SMALL, BEGIN_LARGE, BEGIN_RAW, BEGIN_COUNT };
enum { INPUT_MENDED = 4 };

struct file {
    unsigned char *bytes;
    size_t size;
};

static struct history history; /* the log beside it; the same for all inputs */
static struct file small, large;

/* make_history -- five generations' worth of all that the map has marks for. */
static void make_history(void)
{
    history_begin(&history, HISTORY_CAPACITY);
    for (unsigned i = 0; i < 4; i++) {
        history_append(&history, RECORD_CHECKPOINT, 3, 700);
        history_sync(&history);
    }
    history_append(&history, RECORD_COMPACT, 3, 0);
    for (unsigned segment = 0; segment < 4; segment++) {
        while (history_append(&history, RECORD_CHECKPOINT, 5, 900))
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
}

/* mend_value -- the hash of a value of `size` bytes, the hash included, behind its key. */
static void mend_value(unsigned char *key, size_t key_size, size_t size)
{
    unsigned char *value = key + key_size;
    const uint64_t hash = XXH3_64bits_withSeed(value, size - sizeof(uint64_t), XXH3_64bits(key, key_size));
    memcpy(value + size - sizeof(hash), &hash, sizeof(hash));
}

/* mend -- the hashes of all that looks like an entry: the cover by its key; a mark by its key, which is its
 * position the other way round. */
static void mend(unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at + sizeof(uint64_t) + MARK_SIZE <= size; at += 2) {
        uint64_t key, position;
        memcpy(&key, bytes + at, sizeof(key));
        memcpy(&position, bytes + at + sizeof(key), sizeof(position));
        if (at + 6 + COVER_SIZE <= size && memcmp(bytes + at, "cover", 6) == 0)
            mend_value(bytes + at, 6, COVER_SIZE);
        else if (key != 0 && be64toh(key) == position)
            mend_value(bytes + at, sizeof(key), MARK_SIZE);
    }
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

/* run_alone -- no log beside it. */
static void run_alone(size_t size)
{
    struct budget budget;
    struct map map;
    uint8_t uuid[16];
    const char *why;

    map_init(&map);
    budget_begin(&budget, "loading the index");
    index_load(place_dir(), &map, uuid, &why);
    budget_end(&budget, 1024 * 1024 + 4 * size);
    map_release(&map);
    check_save();
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char bytes[FILE_MAX];
    struct source source = {data, size};
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
        size = patch_apply(&source, bytes, file->size);
    }
    if (mended)
        mend(bytes, size);
    place_clear();
    if (beginning != BEGIN_LARGE)
        history_write(&history);
    place_write(INDEX_NAME, bytes, size);
    if (beginning == BEGIN_LARGE) {
        run_alone(size);
    } else {
        ask(CAIRN_READONLY, "a reader", mended, size);
        ask(0, "a writer", mended, size);
        record_one(mended);
    }
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static void patch(struct sink *sink, enum patch kind, uint16_t at, uint16_t value)
{
    sink_u8(sink, (uint8_t)kind);
    sink_u16(sink, at);
    sink_u16(sink, value);
    if (kind == PATCH_WORD)
        sink_u8(sink, 0);
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
        /* Of each meta page: the map's size, a tree's depth and root, the last page. Of a page: its flags,
         * lower and upper, where the first node is, the node itself. Large files are reached at each fourth
         * byte. */
        const uint16_t by = how % 4 == BEGIN_LARGE ? 4 : 1, page = 4096;
        const uint16_t offsets[] = {32, 46, 80, 94, 128, 136};
        seed(names[how], sink.bytes, sink.size);
        for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
            patch(&sink, i % 2 ? PATCH_HALF : PATCH_WORD, (uint16_t)((page + offsets[i]) / by), 3);
        for (uint16_t at = 8; at < 24; at += 4)
            patch(&sink, PATCH_HALF, (uint16_t)((2 * page + at) / by), (uint16_t)(page - 2 * at));
        char name[64];
        snprintf(name, sizeof(name), "%s-changed", names[how]);
        seed(name, sink.bytes, sink.size);
    }
}
