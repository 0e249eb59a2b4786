/* rot_journal.c -- see rot_journal.h. */
#include "rot_journal.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/segment.h"

#define LARGE 1258291u /* 1.2 MiB: more than fits beside anything else in a segment of 1 MiB */

/* need -- the journal is made before anything is tested, so what fails here ends the program. */
static void need(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "rot_journal: %s: %s\n", what, cairn_message());
    exit(2);
}

/* begin_small -- begins a journal with a segment of the smallest size, as if the disk had been almost full.
 */
static void begin_small(const char *dir)
{
    struct segment_header header = {.number = 1, .uuid = "rot_journal.c"};
    struct segment segment;

    need(mkdir(dir, 0755) == 0, "mkdir");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tail_begin(&header.tail);
    need(fd >= 0 && spare_make(fd, "spare-00000001", SEGMENT_SIZE_MIN) == 0, "spare_make");
    need(segment_create(&segment, fd, "spare-00000001", &header) == 0, "segment_create");
    segment_close(&segment);
    close(fd);
}

/* fill -- bytes that are a function of `seed` and no others'. */
static unsigned char *fill(size_t size, uint64_t seed)
{
    unsigned char *data = malloc(size + 1);

    need(data != NULL, "malloc");
    seed = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        data[i] = (unsigned char)(seed >> 56);
    }
    return data;
}

/* record -- records checkpoint `number` of those that will be there at the end; or one that will not, if it
 * is negative. */
static void record(struct rot_journal *journal, struct cairn_op *op, int number, size_t size)
{
    char label[48];
    struct cairn_id id;
    unsigned char *data = fill(size, (uint64_t)(number + 1000));

    if (number % 10 == 0)
        label[0] = '\0';
    else
        snprintf(label, sizeof(label), number % 3 ? "step %d" : "Schritt \xe2\x84\x96 %d", number);
    need(cairn_checkpoint(op, NULL, label, data, size, &id) == 0, "cairn_checkpoint");
    if (number < 0) {
        free(data);
        return;
    }
    struct rot_checkpoint *checkpoint = &journal->checkpoints[number];
    snprintf(checkpoint->id, sizeof(checkpoint->id), "%.31s", id.text);
    checkpoint->label = strdup(label);
    checkpoint->data = data;
    checkpoint->size = size;
}

static void record_all(struct rot_journal *journal, struct cairn_op *op)
{
    int first = 0;

    if (journal->shape == ROT_COMPACTED) {
        static char label[60001];
        for (int i = -30; i < 0; i++)
            record(journal, op, i, 100);
        record(journal, op, -1, 70000);
        record(journal, op, 0, 700);
        /* So long that the Compact has no room in the first segment. */
        memset(label, 'c', sizeof(label) - 1);
        need(cairn_compact(op, NULL, label) == 0, "cairn_compact");
        struct rot_checkpoint *checkpoint = &journal->checkpoints[0];
        snprintf(checkpoint->id, sizeof(checkpoint->id), "00000000@2");
        free(checkpoint->label);
        checkpoint->label = strdup(label);
        first = 1;
    }
    for (int i = first; i < ROT_COUNT; i++) {
        size_t size = (size_t)(i * 37 % 301);
        if (journal->shape == ROT_MANY_SEGMENTS || journal->shape == ROT_COMPACTED)
            size = i == 80 && journal->shape == ROT_MANY_SEGMENTS ? 200000 : i == 140 ? LARGE : size;
        record(journal, op, i, size);
    }
}

/* find_places -- reads the segment's records, one behind the other, for where they are. */
static void find_places(struct rot_journal *journal, const struct scratch_file *file, uint64_t number)
{
    uint64_t generation = journal->shape == ROT_COMPACTED ? 2 : 1;
    struct segment_header header;
    struct survivor survivor;
    struct record record;

    memcpy(&header, file->data, sizeof(header));
    for (size_t at = SEGMENT_PAGE; at + sizeof(record) <= file->size;) {
        memcpy(&record, file->data + at, sizeof(record));
        if (record.magic != RECORD_MAGIC || record.kind == RECORD_SEALED)
            break;
        size_t size = (size_t)record_size(record.label_size, record.data_size);
        if (record.kind == RECORD_COMPACT) {
            memcpy(&survivor, file->data + at + sizeof(record) + record.label_size, sizeof(survivor));
            /* It lies in the segment before, which has been read already; the last one there. */
            need(survivor.segment == number - 1, "the survivor is not where it should be");
            journal->compact_segment = number;
            journal->compact_begin = at;
            journal->compact_end = at + size;
        } else {
            need(record.kind == RECORD_CHECKPOINT, "a record that was not asked for");
        }
        bool last = journal->shape == ROT_COMPACTED && number == 1 && record.generation == 1;
        if (record.kind == RECORD_CHECKPOINT && (record.generation == generation || last)) {
            struct rot_checkpoint *checkpoint = &journal->checkpoints[last ? 0 : record.number];
            need(last || record.number < ROT_COUNT, "too many checkpoints");
            checkpoint->segment = number;
            checkpoint->begin = at;
            checkpoint->used = at + sizeof(record) + record.label_size + (size_t)record.data_size;
            checkpoint->end = at + size;
        }
        at += size;
    }
}

void rot_journal_make(struct rot_journal *journal, enum rot_shape shape)
{
    struct cairn_op *op;
    uint64_t number, last = 0;

    memset(journal, 0, sizeof(*journal));
    journal->shape = shape;
    scratch_make(journal->base, true);
    scratch_join(journal->dir, journal->base, "journal");
    if (shape != ROT_USUAL)
        begin_small(journal->dir);
    need(cairn_open(&op, NULL, journal->dir, shape == ROT_USUAL ? 0 : CAIRN_NO_THREAD) == 0, "cairn_open");
    record_all(journal, op);
    cairn_close(op);
    scratch_tree_take(&journal->tree, journal->dir);
    for (size_t i = 0; i < journal->tree.count; i++) {
        if (segment_parse_name(journal->tree.files[i].name, &number)) {
            find_places(journal, &journal->tree.files[i], number);
            last = number;
        }
    }
    need(last == (shape == ROT_ONE_SEGMENT || shape == ROT_USUAL ? 1 : 3), "another number of segments");
    need((journal->compact_segment == 2) == (shape == ROT_COMPACTED), "the Compact is elsewhere");
    for (int i = 0; i < ROT_COUNT; i++)
        need(journal->checkpoints[i].segment != 0, "a checkpoint is nowhere");
}

void rot_journal_remove(struct rot_journal *journal)
{
    for (int i = 0; i < ROT_COUNT; i++) {
        free(journal->checkpoints[i].label);
        free(journal->checkpoints[i].data);
    }
    scratch_tree_release(&journal->tree);
    scratch_remove(journal->base);
}

/* touches -- whether the bytes from `begin` to `end` are no longer what they were. */
static bool touches(const struct rot_change *change, size_t begin, size_t end)
{
    if (begin < change->begin)
        begin = change->begin;
    if (end > change->end)
        end = change->end;
    if (change->kind != ROT_ZEROED)
        return begin < end;
    for (size_t i = begin; i < end; i++) {
        if (change->file->data[i] != 0)
            return true;
    }
    return false;
}

void rot_journal_cost(const struct rot_journal *journal, const struct rot_change *change,
                      struct rot_cost *cost)
{
    uint64_t number;

    *cost = (struct rot_cost){0};
    if (!segment_parse_name(change->file->name, &number))
        return;
    const bool first = touches(change, 0, sizeof(struct segment_header));
    const size_t copy = change->file->size - SEGMENT_PAGE;
    const bool second = touches(change, copy, copy + sizeof(struct segment_header));
    cost->damage = first || second || change->kind == ROT_CUT;
    for (int i = 0; i < ROT_COUNT; i++) {
        const struct rot_checkpoint *checkpoint = &journal->checkpoints[i];
        if (checkpoint->segment != number)
            continue;
        cost->damage |= touches(change, checkpoint->begin, checkpoint->end);
        cost->lost[i] = (first && second) || touches(change, checkpoint->begin, checkpoint->used);
        cost->count += cost->lost[i];
    }
    if (journal->compact_segment == number &&
        ((first && second) || touches(change, journal->compact_begin, journal->compact_end)))
        cost->damage = cost->label_lost = true;
}

size_t rot_journal_used(const struct rot_journal *journal, const struct scratch_file *file)
{
    uint64_t number;
    size_t used = 0;

    if (!segment_parse_name(file->name, &number))
        return 0;
    for (int i = 0; i < ROT_COUNT; i++) {
        if (journal->checkpoints[i].segment == number && journal->checkpoints[i].end > used)
            used = journal->checkpoints[i].end;
    }
    return used;
}

bool rot_journal_is_inside_large(const struct rot_journal *journal, const struct scratch_file *file,
                                 size_t at)
{
    uint64_t number;

    if (!segment_parse_name(file->name, &number))
        return false;
    for (int i = 0; i < ROT_COUNT; i++) {
        const struct rot_checkpoint *checkpoint = &journal->checkpoints[i];
        if (checkpoint->segment == number && checkpoint->size > 100000 && at > checkpoint->begin + 200 &&
            at + 200 < checkpoint->used)
            return true;
    }
    return false;
}
