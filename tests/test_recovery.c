/* test_recovery.c -- recovery's decision table (docs/protocol.md), a test for each row.
 *
 * A journal is made, closed or killed, and then its files are changed. What is there is put into one line, a
 * letter for each checkpoint that was recorded: `w` it is whole, `c` it is lost and that is said, `-` nobody
 * knows of it. A reader that is alone must see the same as whoever recovers, and write nothing; a second
 * opening must see the same as the first; and the journal goes on, without giving an id a second time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "journal/segment.h"
#include "scratch.h"
#include "story.h"

#define STEPS_MAX 32
#define KB        1024u

static char base[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE], other[SCRATCH_PATH_SIZE];
static struct story *story;
static struct cairn_id ids[STEPS_MAX]; /* of the checkpoints in question, made from the seeds 1, 2, ... */
static int count;

/* set_bad -- makes some bytes unreadable, if that has been asked for. */
static struct {
    char name[SEGMENT_NAME_SIZE];
    size_t from, to;
} bad;

static void set_bad(bool on)
{
    disk_set_bad(on ? bad.name : "", bad.from, bad.to);
}

static int set_up(void **state)
{
    (void)state;
    scratch_make(base, true);
    scratch_join(place, base, "journal");
    scratch_join(other, base, "other");
    story = story_make();
    disk_start(place);
    memset(&bad, 0, sizeof(bad));
    count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    disk_end();
    story_free(story);
    scratch_remove(base);
    return 0;
}

/* --- making a journal ------------------------------------------------------------------------------- */

#define CLEAR    1 /* instead of a size */
#define COMPACT  2
#define COMPLETE 3

struct making {
    const unsigned *sizes; /* ended by 0 */
    bool closed;           /* else it is killed, and has no index */
};

static int make_in_child(void *arg)
{
    const struct making *making = arg;
    struct cairn_op *op;
    uint64_t seed = story_acknowledged(story);

    if (cairn_open(&op, NULL, place, CAIRN_NO_THREAD) != 0)
        return 1;
    for (const unsigned *size = making->sizes; *size; size++) {
        int error = *size == CLEAR      ? cairn_clear(op, NULL)
                    : *size == COMPACT  ? cairn_compact(op, NULL, "compacted")
                    : *size == COMPLETE ? cairn_complete(op, NULL)
                                        : story_checkpoint(story, op, ++seed, *size);
        if (error)
            return 2;
    }
    if (!making->closed)
        kill(getpid(), SIGKILL);
    cairn_close(op);
    return 0;
}

/* make -- checkpoints of these sizes (or CLEAR, ...), made from the seeds that follow those made before. */
static void make(const unsigned *sizes, bool closed)
{
    struct making making = {sizes, closed};

    assert_int_equal(process_end(process_start(make_in_child, &making)), closed ? 0 : -SIGKILL);
    for (; *sizes; sizes++) {
        if (*sizes <= COMPLETE)
            continue;
        assert_true(count < STEPS_MAX);
        const char *id = story_id(story, (uint64_t)count + 1);
        assert_non_null(id);
        snprintf(ids[count++].text, sizeof(ids[0].text), "%s", id);
    }
}

static const unsigned six[] = {1000, 1000, 1000, 1000, 1000, 1000, 0};
/* Three in the first segment, one in the second, four in the third. */
static const unsigned eight[] = {300 * KB, 300 * KB, 300 * KB, 1900 * KB, 300 * KB, 1000, 1000, 1000, 0};

/* --- changing it ------------------------------------------------------------------------------------ */

/* A segment's file in memory, and the records in it. */
struct file {
    char path[SCRATCH_PATH_SIZE];
    unsigned char *bytes;
    size_t size;
    struct segment_header header;
    struct record records[STEPS_MAX];
    size_t at[STEPS_MAX]; /* their offsets */
    int count;
    size_t end; /* of the last one */
};

static void load(struct file *file, unsigned number)
{
    char name[SEGMENT_NAME_SIZE];

    memset(file, 0, sizeof(*file));
    segment_name(name, number);
    file->bytes = scratch_read(scratch_join(file->path, place, name), &file->size);
    assert_non_null(file->bytes);
    memcpy(&file->header, file->bytes, sizeof(file->header));
    file->end = SEGMENT_PAGE;
    while (file->end + sizeof(struct record) <= file->size && file->count < STEPS_MAX) {
        struct record *record = &file->records[file->count];
        memcpy(record, file->bytes + file->end, sizeof(*record));
        if (record_check(record, file->header.tail.position + file->end - SEGMENT_PAGE, UINT64_MAX / 2,
                         file->header.salt) ||
            record->kind == RECORD_SEALED)
            break;
        file->at[file->count++] = file->end;
        file->end += (size_t)(record_end(record) - record->position);
    }
}

static void store(struct file *file)
{
    scratch_write(file->path, file->bytes, file->size);
    free(file->bytes);
    file->bytes = NULL;
}

/* The kinds of damage to a record. */
enum damage { HEADER, BODY, ALL };

/* damage_run -- to `number_of` records of a segment, from record `which` on. */
static void damage_run(unsigned number, int which, int number_of, enum damage kind)
{
    struct file file;

    load(&file, number);
    assert_true(which + number_of <= file.count);
    for (int i = which; i < which + number_of; i++) {
        const struct record *record = &file.records[i];
        const size_t size = (size_t)(record_end(record) - record->position);
        unsigned char *at = file.bytes + file.at[i];
        if (kind == ALL)
            memset(at, 0, size);
        else
            at[kind == HEADER ? offsetof(struct record, data_size) : size / 2] ^= 1;
    }
    store(&file);
}

static void damage(unsigned number, int which, enum damage kind)
{
    damage_run(number, which, 1, kind);
}

/* forge -- appends a record to a segment, as an appender would that had the log durable up to `durable_upto`.
 * Returns where it begins. Its checkpoint is made from the next seed. */
static uint64_t forge(unsigned number, uint64_t durable_upto, size_t size)
{
    struct file file;
    char label[32];

    load(&file, number);
    assert_true(file.count > 0 && count < STEPS_MAX);
    const struct record *last = &file.records[file.count - 1];
    uint64_t seed = (uint64_t)count + 1;
    snprintf(label, sizeof(label), "step %d", (int)seed);
    void *data = story_data(seed, size);
    struct record record = {
        .kind = RECORD_CHECKPOINT,
        .label_size = (uint16_t)strlen(label),
        .data_size = size,
        .position = record_end(last),
        .sequence = last->sequence + 1,
        .generation = last->generation,
        .number = last->kind == RECORD_CHECKPOINT ? last->number + 1 : last->number,
        .time_ns = last->time_ns + 1,
        .durable_upto = durable_upto,
        .body_hash = record_body_hash(label, strlen(label), data, size),
        .label_hash = record_label_hash(label, strlen(label)),
        .prev = last->hash,
    };
    record_seal(&record, file.header.salt);
    unsigned char *at = file.bytes + file.end;
    assert_true(file.end + (size_t)(record_end(&record) - record.position) <= file.size);
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), label, strlen(label));
    memcpy(at + sizeof(record) + strlen(label), data, size);
    free(data);
    store(&file);
    snprintf(ids[count++].text, sizeof(ids[0].text), "%08u@%u", (unsigned)record.number,
             (unsigned)record.generation);
    return record.position;
}

/* durable_end -- the position behind the last record of a segment. */
static uint64_t durable_end(unsigned number)
{
    struct file file;

    load(&file, number);
    assert_true(file.count > 0);
    free(file.bytes);
    return record_end(&file.records[file.count - 1]);
}

static void remove_file(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    assert_int_equal(unlink(scratch_join(path, place, name)), 0);
}

static bool has_file(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    return access(scratch_join(path, place, name), F_OK) == 0;
}

static void cut(unsigned number, size_t size)
{
    struct file file;

    load(&file, number);
    assert_true(size < file.size);
    file.size = size;
    store(&file);
}

/* spoil -- damages the copies of a segment's header: 1, 2, or 3 for both. */
static void spoil(unsigned number, int copies)
{
    struct file file;

    load(&file, number);
    if (copies & 1)
        file.bytes[offsetof(struct segment_header, salt)] ^= 1;
    if (copies & 2)
        file.bytes[file.size - SEGMENT_PAGE + offsetof(struct segment_header, salt)] ^= 1;
    store(&file);
}

/* --- looking at it ------------------------------------------------------------------------------------ */

struct answers {
    char all[STEPS_MAX + 1]; /* a letter for each checkpoint; `x` if its id leads to another's bytes */
    int latest;              /* its number, from 1; 0 for none, -1 if it is lost */
    int intact;              /* the newest that is whole, likewise */
    bool damaged;            /* says stat */
    bool sound;              /* says verify */
};

static int whose(int error, void *data, size_t size)
{
    if (error == CAIRN_ENONE)
        return 0;
    if (error == CAIRN_ECORRUPT || error == CAIRN_EIO)
        return -1;
    assert_int_equal(error, 0);
    uint64_t seed = story_seed(data, size);
    assert_true(seed != 0);
    cairn_free(data);
    return (int)seed;
}

static void ask_op(struct cairn_op *op, struct answers *answers)
{
    struct cairn_stat stat;
    size_t size = 0;
    void *data = NULL;

    memset(answers, 0, sizeof(*answers));
    for (int i = 0; i < count; i++) {
        int error = cairn_load(op, NULL, ids[i].text, &data, &size);
        /* Nothing here fails but reads. */
        char letter = error == CAIRN_ECORRUPT || error == CAIRN_EIO ? 'c'
                      : error == CAIRN_ENOTFOUND                    ? '-'
                                                                    : '?';
        if (error == 0) {
            letter = story_seed(data, size) == (uint64_t)i + 1 ? 'w' : 'x';
            cairn_free(data);
        }
        answers->all[i] = letter;
    }
    int error = cairn_latest(op, NULL, &data, &size);
    answers->latest = whose(error, data, size);
    error = cairn_latest_intact(op, NULL, NULL, &data, &size);
    answers->intact = whose(error, data, size);
    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    answers->damaged = stat.damaged != 0;
    error = cairn_verify(op, NULL, NULL);
    assert_true(error == 0 || error == CAIRN_ECORRUPT);
    answers->sound = error == 0;
}

static struct cairn_op *open_it(unsigned flags)
{
    struct cairn_op *op;

    int error = cairn_open(&op, NULL, place, CAIRN_NO_THREAD | flags);
    if (error)
        fail_msg("cannot open it: %s", cairn_message());
    return op;
}

static struct answers ask(unsigned flags)
{
    struct answers answers;
    struct cairn_op *op = open_it(flags);

    ask_op(op, &answers);
    cairn_close(op);
    return answers;
}

static void same(const struct answers *a, const struct answers *b)
{
    char lines[2][128];

    for (int i = 0; i < 2; i++) {
        const struct answers *one = i ? b : a;
        snprintf(lines[i], sizeof(lines[i]), "%s latest %d, newest intact %d%s%s", one->all, one->latest,
                 one->intact, one->damaged ? ", damaged" : "", one->sound ? ", sound" : "");
    }
    assert_string_equal(lines[0], lines[1]);
}

/* goes_on -- records two more and looks that all else is as before; their ids are new. */
static void goes_on(void)
{
    struct cairn_op *op = open_it(0);
    struct answers before, then;
    const int had = count;

    ask_op(op, &before);
    for (int i = 0; i < 2; i++) {
        void *data = story_data((uint64_t)count + 1, 500);
        assert_int_equal(cairn_checkpoint(op, NULL, "more", data, 500, &ids[count]), 0);
        free(data);
        for (int k = 0; k < had; k++) {
            /* What nobody knows of was a torn tail's, and was never given. */
            if (before.all[k] != '-')
                assert_string_not_equal(ids[k].text, ids[count].text);
        }
        count++;
    }
    for (int round = 0; round < 2; round++) {
        ask_op(op, &then);
        assert_int_equal(then.latest, count);
        assert_string_equal(then.all + had, "ww");
        for (int k = 0; k < had; k++) {
            if (before.all[k] != '-')
                assert_int_equal(then.all[k], before.all[k]);
        }
        cairn_close(op);
        op = open_it(0);
    }
    cairn_close(op);
}

/* ask_beside -- a process that joins the one that has recovered. */
static int ask_beside(void *arg)
{
    const struct answers *expected = arg;
    struct answers answers = ask(CAIRN_READONLY);

    if (strcmp(answers.all, expected->all) == 0 && answers.latest == expected->latest &&
        answers.intact == expected->intact && answers.damaged == expected->damaged &&
        answers.sound == expected->sound)
        return 0;
    fprintf(stderr, "# who joins is told %s, latest %d, intact %d, damaged %d, sound %d\n", answers.all,
            answers.latest, answers.intact, answers.damaged, answers.sound);
    return 1;
}

/* answer -- what there is: to a reader that is alone, to whoever recovers, and to who joins that one. */
static void answer(const char *all, int latest)
{
    struct scratch_tree tree;

    set_bad(false);
    scratch_tree_take(&tree, place);
    set_bad(true);
    struct answers alone = ask(CAIRN_READONLY);
    set_bad(false);
    const char *differs = scratch_tree_differs(&tree, place);
    if (differs)
        fail_msg("a reader has changed %s", differs);
    scratch_tree_release(&tree);
    set_bad(true);
    assert_string_equal(alone.all, all);
    assert_int_equal(alone.latest, latest);

    for (int i = 0; i < 2; i++) {
        struct answers answers;
        struct cairn_op *op = open_it(0);
        ask_op(op, &answers);
        same(&alone, &answers);
        assert_int_equal(process_end(process_start(ask_beside, &alone)), 0);
        cairn_close(op);
    }
    struct answers alone_again = ask(CAIRN_READONLY);
    same(&alone, &alone_again);
}

/* expect -- the same, and after that. */
static void expect(const char *all, int latest)
{
    answer(all, latest);
    goes_on();
}

/* refuses -- whether nothing can be recorded or removed, for where the log ends cannot be read. */
static bool refuses(void)
{
    struct cairn_op *op = open_it(0);
    const int error = cairn_checkpoint(op, NULL, "", "", 0, NULL);

    assert_true(error == 0 || error == CAIRN_EIO);
    if (error) {
        assert_int_equal(cairn_compact(op, NULL, ""), CAIRN_EIO);
        assert_int_equal(cairn_clear(op, NULL), CAIRN_EIO);
        assert_int_equal(cairn_complete(op, NULL), CAIRN_EIO);
        assert_int_equal(cairn_repair(op, NULL, NULL), CAIRN_EIO);
    }
    cairn_close(op);
    return error != 0;
}

/* --- rows 1 to 3: the log's end ------------------------------------------------------------------------ */

static void row_1__the_log_ends_where_nothing_follows(void **state)
{
    (void)state;
    make(six, false);
    expect("wwwwww", 6);
    assert_false(has_file("seg-00000002"));
}

static void row_1__a_journal_that_was_closed_is_as_it_was(void **state)
{
    (void)state;
    make(six, true);
    expect("wwwwww", 6);
    assert_false(has_file("seg-00000002"));
}

static void row_2__a_torn_record_is_no_record(void **state)
{
    static const enum damage kinds[] = {HEADER, BODY, ALL};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(six, false);
        forge(1, durable_end(1), 1000);
        damage(1, 6, kinds[i]);
        expect("wwwwww-", 6);
    }
}

static void row_2__what_stands_behind_a_torn_record_goes_with_it(void **state)
{
    static const enum damage kinds[] = {HEADER, BODY, ALL};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(six, false);
        uint64_t durable = durable_end(1);
        for (int k = 0; k < 4; k++)
            forge(1, durable, 1000);
        damage(1, 7, kinds[i]);
        expect("wwwwwww---", 7);
        assert_false(has_file("seg-00000002"));
    }
}

static void row_2__a_record_that_continues_another_log_is_none(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    forge(1, durable_end(1), 1000);
    load(&file, 1);
    struct record *last = &file.records[file.count - 1];
    last->prev ^= 1; /* all else is right: place, salt, sequence and body */
    record_seal(last, file.header.salt);
    memcpy(file.bytes + file.at[file.count - 1], last, sizeof(*last));
    store(&file);
    expect("wwwwww-", 6);
}

static void row_3__what_is_good_is_kept(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    for (int k = 0; k < 4; k++)
        forge(1, durable, 1000);
    expect("wwwwwwwwww", 10);
}

/* --- rows 4 to 8: damage ------------------------------------------------------------------------------- */

static void row_4__what_a_later_record_vouches_for_is_lost_by_name(void **state)
{
    (void)state;
    make(six, false);
    damage(1, 2, HEADER);
    expect("wwcwww", 6);
}

static void row_4__a_run_of_records_is_lost_by_name(void **state)
{
    (void)state;
    make(six, true);
    damage_run(1, 1, 3, ALL);
    expect("wcccww", 6);
}

static void row_4__the_first_record_is_lost_by_name(void **state)
{
    (void)state;
    make(six, false);
    damage(1, 0, ALL);
    expect("cwwwww", 6);
}

static void row_4__a_damaged_body_is_found_when_it_is_read(void **state)
{
    (void)state;
    make(six, false);
    damage(1, 2, BODY);
    expect("wwcwww", 6);
}

static void row_4__damage_in_a_batch_below_the_witness_leaves_the_rest(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    for (int k = 0; k < 3; k++)
        forge(1, durable, 1000);
    forge(1, durable_end(1), 1000); /* vouches for the three */
    damage(1, 7, HEADER);
    expect("wwwwwwwcww", 10);
}

static void row_5__damage_at_the_end_of_a_segment_ends_where_the_next_begins(void **state)
{
    for (int closed = 0; closed < 2; closed++) {
        (void)state;
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, closed);
        assert_true(has_file("seg-00000003"));
        assert_false(has_file("seg-00000004"));
        damage(1, 2, HEADER);
        expect("wwcwwwww", 8);
        /* The damaged segment is not the newest, so that one goes on. */
        assert_false(has_file("seg-00000004"));
    }
}

static void row_6__what_only_the_index_vouches_for_is_lost_by_name(void **state)
{
    (void)state;
    make(six, true);
    damage(1, 5, HEADER);
    expect("wwwwwc", -1);
}

static void row_6__all_that_the_index_knows_of_is_lost_by_name(void **state)
{
    (void)state;
    make(six, true);
    damage_run(1, 0, 6, ALL);
    expect("cccccc", -1);
}

static void row_7__behind_damage_that_reaches_to_the_witness_a_chain_goes_on(void **state)
{
    (void)state;
    make(six, false);
    damage(1, 4, HEADER);
    expect("wwwwcw", 6);
}

static void row_7__such_a_chain_may_vouch_late(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    forge(1, durable, 1000);
    uint64_t witness = forge(1, durable, 1000);
    forge(1, witness, 1000);
    forge(1, witness, 1000);
    damage(1, 6, ALL);
    expect("wwwwwwcwww", 10);
}

static void row_7__the_index_is_a_witness_like_a_record(void **state)
{
    (void)state;
    make(six, true);
    forge(1, durable_end(1), 1000);
    damage(1, 5, HEADER);
    expect("wwwwwcw", 7);
}

static void row_8__without_such_a_chain_the_log_ends_and_its_numbers_are_lost(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    forge(1, durable, 1000);
    uint64_t witness = forge(1, durable, 1000);
    forge(1, witness, 1000);
    damage_run(1, 6, 2, HEADER);
    expect("wwwwwwccc", -1);
}

/* --- rows 9 to 12: segments ---------------------------------------------------------------------------- */

static void row_9__a_segment_in_the_middle_is_lost_by_name(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, i & 1);
        if (i & 2)
            remove_file("seg-00000002");
        else
            spoil(2, 3);
        expect("wwwcwwww", 8);
        assert_false(has_file("seg-00000004"));
    }
}

static void row_9__the_first_segment_is_lost_by_name(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, i & 1);
        if (i & 2)
            remove_file("seg-00000001");
        else
            spoil(1, 3);
        expect("cccwwwww", 8);
    }
}

/* A segment's header in both copies, as if a newer Cairn had written it; which has not, for the next one is
 * of this version. */
static void row_9__a_segment_that_looks_newer_is_lost_by_name(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct file file;
        const unsigned number = i & 1 ? 1 : 2;
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, i & 2);
        load(&file, number);
        file.bytes[offsetof(struct segment_header, version)]++;
        file.bytes[file.size - SEGMENT_PAGE + offsetof(struct segment_header, version)]++;
        store(&file);
        if (i & 4) { /* whose journal it is, the segments tell alone */
            remove_file("journal.ctl");
            if (i & 2)
                remove_file("index.mdb");
        }
        expect(number == 1 ? "cccwwwww" : "wwwcwwww", 8);
    }
}

static void begin_anew(void)
{
    scratch_remove(place);
    disk_watch(place);
    story_clear(story);
    count = 0;
}

/* recorded -- one more, in place of the next seed, by whoever has it open. */
static void recorded(struct cairn_op *op, size_t size)
{
    void *data = story_data((uint64_t)count + 1, size);

    assert_true(count < STEPS_MAX);
    assert_int_equal(cairn_checkpoint(op, NULL, "later", data, size, &ids[count++]), 0);
    free(data);
}

/* intact -- how many there are that are not lost. */
static unsigned intact(void)
{
    struct cairn_op *op = open_it(CAIRN_READONLY);
    struct cairn_stat stat;

    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    cairn_close(op);
    return (unsigned)(stat.count - stat.lost);
}

/* exchange -- other data in place of the last record's, as good as that: as of another thread's record that
 * went there first, and was never acknowledged there. */
static void exchange(unsigned number)
{
    struct file file;

    load(&file, number);
    struct record *record = &file.records[file.count - 1];
    unsigned char *at = file.bytes + file.at[file.count - 1];
    char *body = (char *)at + sizeof(*record);
    void *data = story_data(STEPS_MAX + 1, (size_t)record->data_size);
    memcpy(body + record->label_size, data, (size_t)record->data_size);
    free(data);
    record->body_hash =
        record_body_hash(body, record->label_size, body + record->label_size, (size_t)record->data_size);
    record_seal(record, file.header.salt);
    memcpy(at, record, sizeof(*record));
    store(&file);
}

static void row_9__what_a_failed_sync_left_is_not_taken_for_what_was_lost_with_a_header(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        begin_anew();
        make(six, true);
        struct cairn_op *op = open_it(0);
        disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-00000001"});
        recorded(op, 1000);
        disk_clear();
        assert_true(has_file("seg-00000002"));
        exchange(1);
        if (i & 1) {
            recorded(op, 1100 * KB); /* the lost one is not the last */
            assert_true(has_file("seg-00000003"));
        }
        cairn_close(op);
        if (i & 2)
            remove_file("index.mdb");
        /* With nothing to tell that there was another segment, there is none. */
        if ((i & 4) && (i & 3) != 2)
            remove_file("seg-00000002");
        else
            spoil(2, 3);
        expect(i & 1 ? "wwwwwwcw" : "wwwwwwc", i & 1 ? 8 : -1);
    }
}

static void row_9__what_a_torn_tail_left_is_not_taken_for_what_was_lost_with_a_header(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    forge(1, durable, 1000);
    forge(1, durable, 1000);
    damage(1, 6, HEADER);
    count -= 2; /* nobody was ever told of these */
    struct cairn_op *op = open_it(0);
    recorded(op, 1100 * KB); /* too large for what is left of the segment */
    cairn_close(op);
    remove_file("index.mdb");
    spoil(2, 3);
    expect("wwwwwwc", -1);
    assert_int_equal(intact(), 6 + 2); /* and the two that expect() has recorded */
}

static void row_10__a_segment_that_was_sealed_had_another_one_behind_it(void **state)
{
    (void)state;
    make(eight, true);
    remove_file("seg-00000003");
    remove_file("index.mdb");
    expect("wwwwcccc", -1);
}

static uint64_t index_lag(struct cairn_op *op)
{
    struct cairn_stat stat;

    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    return stat.index_lag;
}

static void row_10__of_one_that_follows_an_unsealed_one_the_index_knows_at_once(void **state)
{
    struct file file;

    (void)state;
    struct cairn_op *op = open_it(0);
    recorded(op, 1000);
    recorded(op, 1000);
    assert_int_equal(index_lag(op), 2); /* as ever: it is committed later */
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-00000001"});
    recorded(op, 1000);
    disk_clear();
    assert_true(has_file("seg-00000002"));
    assert_int_equal(index_lag(op), 0);
    recorded(op, 1000);
    assert_int_equal(index_lag(op), 1);
    cairn_close(op);

    begin_anew();
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.end + 4096);
    op = open_it(0);
    assert_true(has_file("seg-00000002"));
    recorded(op, 1000);
    assert_int_equal(index_lag(op), 0);
    cairn_close(op);
}

static void row_10__the_newest_segment_is_lost_by_name_if_the_index_knows(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, true);
        if (i)
            remove_file("seg-00000003");
        else
            spoil(3, 3);
        expect("wwwwcccc", -1);
    }
}

static void row_10__a_newest_segment_without_a_header_may_have_held_anything(void **state)
{
    (void)state;
    make(eight, false);
    spoil(3, 3);
    expect("wwwwcccc", -1);
}

static void row_10__so_may_several(void **state)
{
    (void)state;
    make(eight, false);
    spoil(2, 3);
    spoil(3, 3);
    expect("wwwccccc", -1);
}

static void row_10__an_index_is_all_that_is_left(void **state)
{
    (void)state;
    make(six, true);
    remove_file("seg-00000001");
    expect("cccccc", -1);
}

static void row_10__records_before_a_lost_segment_are_not_there_twice(void **state)
{
    (void)state;
    make(eight, false);
    spoil(3, 3);
    struct cairn_op *op = open_it(0);
    struct cairn_stat stat;
    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    assert_int_equal(stat.count - stat.lost, 4);
    cairn_close(op);
}

static void row_11__a_file_that_is_cut_behind_the_end_has_lost_nothing(void **state)
{
    struct file file;

    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(six, closed);
        load(&file, 1);
        free(file.bytes);
        cut(1, file.end + 4096);
        expect("wwwwww", 6);
        assert_true(has_file("seg-00000002"));
    }
}

static void row_12__what_a_cut_file_has_lost_is_known_by_the_index(void **state)
{
    struct file file;

    (void)state;
    make(six, true);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    expect("wwwccc", -1);
}

static void row_12__or_it_is_not_known(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    expect("wwwccc", -1);
}

static void row_12__a_file_cut_right_at_the_end_may_have_lost_something(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[5]);
    expect("wwwwwc", -1);
}

static void header__one_copy_is_enough(void **state)
{
    (void)state;
    for (int copy = 1; copy <= 2; copy++) {
        for (unsigned number = 1; number <= 3; number++) {
            scratch_remove(place);
            story_clear(story);
            count = 0;
            make(eight, copy & 1);
            spoil(number, copy);
            struct answers answers = ask(CAIRN_READONLY);
            assert_false(answers.sound);
            expect("wwwwwwww", 8);
        }
    }
}

/* --- rows 13 to 15: the index, and nothing -------------------------------------------------------------- */

static void keep_index(const char *name)
{
    char from[SCRATCH_PATH_SIZE], to[SCRATCH_PATH_SIZE];
    size_t size;

    unsigned char *bytes = scratch_read(scratch_join(from, place, "index.mdb"), &size);
    assert_non_null(bytes);
    scratch_write(scratch_join(to, base, name), bytes, size);
    free(bytes);
}

static void put_index(const char *name)
{
    char from[SCRATCH_PATH_SIZE], to[SCRATCH_PATH_SIZE];
    size_t size;

    unsigned char *bytes = scratch_read(scratch_join(from, base, name), &size);
    assert_non_null(bytes);
    scratch_write(scratch_join(to, place, "index.mdb"), bytes, size);
    free(bytes);
}

static void row_13__an_older_index_is_caught_up_with(void **state)
{
    (void)state;
    make(six, true);
    keep_index("old");
    make(eight, true);
    put_index("old");
    expect("wwwwwwwwwwwwww", 14);
}

static void row_13__an_index_from_before_a_removal_is_ignored(void **state)
{
    static const unsigned more[] = {300 * KB, 300 * KB, 300 * KB, 1900 * KB, CLEAR, 1000, 1000, 0};

    (void)state;
    make(six, true);
    keep_index("old");
    make(more, true);
    assert_false(has_file("seg-00000001"));
    put_index("old");
    expect("----------ww", 12);
}

static void row_13__an_index_of_another_journal_is_ignored(void **state)
{
    (void)state;
    make(eight, true);
    keep_index("another");
    scratch_remove(place);
    story_clear(story);
    count = 0;
    make(six, true);
    put_index("another");
    expect("wwwwww", 6);
}

static void row_13__an_index_behind_the_true_end_of_its_segment_is_ignored(void **state)
{
    static const unsigned three[] = {1000, 1000, 1000, 0};
    struct scratch_tree tree;

    (void)state;
    make(three, true);
    scratch_tree_take(&tree, place);
    make(three, true);
    keep_index("another");
    /* The journal is what it was, and goes on in another way: the segment is given up. */
    scratch_tree_restore(&tree, place);
    scratch_tree_release(&tree);
    disk_watch(place);
    story_clear(story);
    count = 0;
    struct cairn_op *op = open_it(0);
    disk_set((struct disk_rule){.calls = DISK_SYNC, .action = DISK_FAIL, .name = "seg-"});
    for (uint64_t seed = 1; seed <= 3; seed++)
        assert_int_equal(story_checkpoint(story, op, seed, 1000), 0);
    disk_clear();
    cairn_close(op);
    for (; count < 3; count++)
        snprintf(ids[count].text, sizeof(ids[0].text), "%s", story_id(story, (uint64_t)count + 1));
    assert_string_equal(ids[2].text, "00000005@1");
    put_index("another");
    expect("www", 3);
}

static void index__that_covers_more_than_the_log_holds_is_evidence(void **state)
{
    static const unsigned three[] = {1000, 1000, 1000, 0};
    struct scratch_tree tree;

    (void)state;
    make(three, true);
    scratch_tree_take(&tree, place);
    make(three, true);
    keep_index("newer");
    scratch_tree_restore(&tree, place);
    scratch_tree_release(&tree);
    put_index("newer");
    expect("wwwccc", -1);
}

/* live_on -- the journal gets so many more. */
static void live_on(int more)
{
    struct cairn_op *op = open_it(0);

    while (more-- > 0)
        recorded(op, 1000);
    cairn_close(op);
}

/* Two copies of one journal, and the index of one in the other's directory. */
static void index__of_a_copy_that_went_its_own_way_is_ignored(void **state)
{
    static const unsigned three[] = {1000, 1000, 1000, 0};
    struct scratch_tree tree;

    (void)state;
    for (int there = 1; there <= 5; there++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(three, true);
        scratch_tree_take(&tree, place);
        live_on(there);
        keep_index("other");
        scratch_tree_restore(&tree, place);
        scratch_tree_release(&tree);
        count = 3;
        live_on(5);
        put_index("other");
        expect("wwwwwwww", 8);
    }
}

static void index__that_is_lost_or_no_index_is_made_again(void **state)
{
    char path[SCRATCH_PATH_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(eight, true);
        if (i)
            remove_file("index.mdb");
        else
            scratch_write(scratch_join(path, place, "index.mdb"), "this is no index", 16);
        expect("wwwwwwww", 8);
        assert_true(has_file("index.mdb"));
    }
}

static void row_14__nothing_is_no_journal_to_a_reader(void **state)
{
    struct cairn_op *op;

    (void)state;
    assert_int_equal(cairn_open(&op, NULL, place, CAIRN_READONLY), CAIRN_ENONE);
    assert_int_equal(access(place, F_OK), -1);
    op = open_it(0);
    void *data;
    size_t size;
    assert_int_equal(cairn_latest(op, NULL, &data, &size), CAIRN_ENONE);
    cairn_close(op);
}

static void row_15__segments_without_a_header_and_no_index_are_left_alone(void **state)
{
    struct scratch_tree tree;
    struct cairn_op *op;

    (void)state;
    make(six, false);
    spoil(1, 3);
    scratch_tree_take(&tree, place);
    assert_int_equal(cairn_open(&op, NULL, place, CAIRN_NO_THREAD), CAIRN_ECORRUPT);
    assert_null(scratch_tree_differs(&tree, place));
    assert_int_equal(cairn_open(&op, NULL, place, CAIRN_NO_THREAD | CAIRN_READONLY), CAIRN_ECORRUPT);
    assert_null(scratch_tree_differs(&tree, place));
    scratch_tree_release(&tree);
}

/* --- removals ------------------------------------------------------------------------------------------ */

static void row_12__a_removal_in_front_of_the_cut_does_not_undo_the_jump(void **state)
{
    static const unsigned removals[] = {CLEAR, COMPACT, COMPLETE};
    struct file file;

    (void)state;
    for (int i = 0; i < 6; i++) {
        const unsigned sizes[] = {1000, 1000, 1000, removals[i / 2], 1000, 1000, 0};
        begin_anew();
        make(sizes, false);
        load(&file, 1);
        free(file.bytes);
        cut(1, i & 1 ? file.at[4] + 40 : file.at[4]);
        expect("---cc", -1);
    }
}

static void row_12__a_jump_that_is_lost_itself_is_not_forgotten(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    struct cairn_op *op = open_it(0);
    recorded(op, 1000);
    recorded(op, 1000);
    cairn_close(op);
    remove_file("index.mdb");
    load(&file, 2);
    free(file.bytes);
    int jump = 0; /* behind what was copied */
    while (jump < file.count && file.records[jump].kind != RECORD_JUMP)
        jump++;
    assert_true(jump < file.count);
    cut(2, file.at[jump] + 100);
    expect("wwwccccc", -1);
}

/* jump_of -- where in a segment's file the first JUMP ends. */
static size_t jump_of(unsigned number)
{
    struct file file;
    int i = 0;

    load(&file, number);
    free(file.bytes);
    while (i < file.count && file.records[i].kind != RECORD_JUMP)
        i++;
    assert_true(i < file.count);
    return file.at[i] + (size_t)(record_end(&file.records[i]) - file.records[i].position);
}

/* From what is known to be lost the way back leads over numbers that nobody knows of. */
static void row_12__behind_two_jumps_the_newest_that_is_whole_is_found(void **state)
{
    struct file file;
    struct cairn_id id;
    void *data;
    size_t size;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    struct cairn_op *op = open_it(0);
    recorded(op, 1000);
    recorded(op, 1000);
    cairn_close(op); /* the index knows of both */
    cut(2, jump_of(2));
    op = open_it(0);
    assert_true(jump_of(3) > 0);
    assert_int_equal(cairn_latest_intact(op, NULL, &id, &data, &size), 0);
    assert_string_equal(id.text, ids[2].text);
    cairn_free(data);
    cairn_close(op);
    expect("wwwccccc", -1);
}

static void row_12__a_removal_behind_the_cut_may_have_been(void **state)
{
    static const unsigned sizes[] = {1000, 1000, 1000, CLEAR, 1000, 1000, 0};
    struct file file;

    (void)state;
    make(sizes, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[2] + 40);
    expect("wwccc", -1);
}

/* row_8__* -- a removal, three behind it, and the first of a batch that vouches for these are damaged. */
static void row_8_with_removal(const unsigned *sizes, size_t size, const char *all)
{
    begin_anew();
    make(sizes, false);
    uint64_t durable = durable_end(1);
    forge(1, durable, size);
    forge(1, durable, size);
    damage_run(1, 3, 5, HEADER);
    expect(all, -1);
}

static void row_8__a_removal_that_has_no_room_behind_the_witness_has_been(void **state)
{
    static const unsigned small[] = {1000, 1000, 1000, CLEAR, 20, 20, 20, 0};

    (void)state;
    row_8_with_removal(small, 20, "---ccccc");
}

static void row_8__of_another_removal_nobody_knows_whether_it_has_been(void **state)
{
    static const unsigned large[] = {1000, 1000, 1000, CLEAR, 1000, 1000, 1000, 0};

    (void)state;
    row_8_with_removal(large, 1000, "wwwccccc");
}

static int count_lost(void *arg, const struct cairn_entry *entry)
{
    *(uint64_t *)arg += entry->lost_count;
    return 0;
}

static void removal__in_a_hole_leaves_those_behind_it_lost_by_name(void **state)
{
    static const unsigned removals[] = {CLEAR, COMPACT, COMPLETE};

    (void)state;
    for (int i = 0; i < 12; i++) {
        const unsigned sizes[] = {1000, 1000, removals[i / 4], 1000, 1000, 1000, 1000, 0};
        begin_anew();
        make(sizes, i & 1);
        if ((i & 1) && (i & 2))
            remove_file("index.mdb");
        damage_run(1, 2, 3, i & 2 ? ALL : HEADER);
        struct cairn_op *op = open_it(CAIRN_READONLY);
        uint64_t listed = 0;
        struct cairn_stat stat;
        assert_int_equal(cairn_list(op, NULL, count_lost, &listed), 0);
        assert_int_equal(cairn_stat(op, NULL, &stat), 0);
        cairn_close(op);
        /* Of a Compact's survivor only the index may know that it is another one's bytes, and whole. */
        const bool kept = removals[i / 4] == COMPACT && i % 4 == 1;
        assert_int_equal(listed, removals[i / 4] == COMPACT && !kept ? 3 : 2);
        assert_int_equal(stat.lost, listed);
        assert_int_equal(stat.count, listed + 2 + kept);
        assert_true(stat.damaged);
        expect("--ccww", 6);
    }
}

static void removal__that_is_lost_in_a_hole_has_happened_all_the_same(void **state)
{
    static const unsigned cleared[] = {1000, 1000, 1000, CLEAR, 1000, 1000, 1000, 0};
    static const unsigned compacted[] = {1000, 1000, 1000, COMPACT, 1000, 1000, 1000, 0};

    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(cleared, closed);
        damage(1, 3, HEADER);
        expect("---www", 6);

        scratch_remove(place);
        story_clear(story);
        count = 0;
        make(compacted, closed);
        damage(1, 3, HEADER);
        struct answers answers = ask(CAIRN_READONLY);
        assert_int_equal(answers.latest, 6);
        expect("---www", 6);
    }
}

static void removal__that_was_torn_has_not_happened(void **state)
{
    static const unsigned cleared[] = {1000, 1000, 1000, CLEAR, 0};
    static const unsigned compacted[] = {1000, 1000, 1000, COMPACT, 0};

    (void)state;
    make(cleared, false);
    damage(1, 3, HEADER);
    expect("www", 3);

    scratch_remove(place);
    story_clear(story);
    count = 0;
    make(compacted, false);
    damage(1, 3, ALL);
    expect("www", 3);
}

static int remove_in_child(void *arg)
{
    struct cairn_op *op;
    bool compact = *(bool *)arg;

    if (cairn_open(&op, NULL, place, CAIRN_NO_THREAD) != 0)
        return 1;
    int error = compact ? cairn_compact(op, NULL, "compacted") : cairn_clear(op, NULL);
    cairn_close(op);
    return error;
}

static void removal__whose_leftovers_were_not_removed_is_finished(void **state)
{
    (void)state;
    for (int compact = 0; compact < 2; compact++) {
        bool fired = true;
        for (uint64_t nth = 1; fired; nth++) {
            scratch_remove(place);
            disk_watch(place);
            story_clear(story);
            count = 0;
            make(eight, true);
            bool how = compact;
            int end = disk_set(
                (struct disk_rule){.calls = DISK_RENAME | DISK_UNLINK, .action = DISK_KILL, .nth = nth});
            int status = process_end(process_start(remove_in_child, &how));
            fired = disk_fired(end) > 0;
            disk_clear();
            assert_int_equal(status, fired ? -SIGKILL : 0);
            expect("--------", compact ? 8 : 0);
            assert_false(has_file("seg-00000001"));
            assert_false(has_file("seg-00000002"));
            assert_true(has_file("seg-00000003"));
        }
    }
}

/* --- damage while it is open ---------------------------------------------------------------------------- */

static void live__one_that_cannot_be_read_is_not_forgotten(void **state)
{
    struct file file;
    size_t size;
    void *data;

    (void)state;
    for (int seen = 0; seen < 2; seen++) {
        begin_anew();
        struct cairn_op *op = open_it(0);
        for (int i = 0; i < 3; i++) {
            recorded(op, 1000);
            if (i == 1 && seen) {
                assert_int_equal(cairn_latest(op, NULL, &data, &size), 0);
                cairn_free(data);
            }
        }
        load(&file, 1);
        free(file.bytes);
        disk_set_bad("seg-00000001", file.at[2], file.end);
        assert_int_equal(cairn_latest(op, NULL, &data, &size), CAIRN_EIO);
        assert_non_null(strstr(cairn_message(), ids[2].text));
        assert_int_equal(cairn_load(op, NULL, ids[2].text, &data, &size), CAIRN_EIO);
        assert_int_equal(cairn_compact(op, NULL, ""), CAIRN_EIO);
        disk_set_bad("", 0, 0);
        struct answers answers;
        ask_op(op, &answers);
        assert_string_equal(answers.all, "www");
        assert_int_equal(answers.latest, 3);
        assert_true(answers.sound && !answers.damaged);
        cairn_close(op);
        expect("www", 3);
    }
}

static void live__what_follows_a_damaged_one_is_there(void **state)
{
    struct answers answers;

    (void)state;
    struct cairn_op *op = open_it(0);
    recorded(op, 1000);
    recorded(op, 1000);
    ask_op(op, &answers);
    recorded(op, 1000);
    damage(1, 2, HEADER);
    ask_op(op, &answers);
    assert_string_equal(answers.all, "wwc");
    assert_int_equal(answers.latest, -1);
    for (int i = 0; i < 3; i++)
        recorded(op, 1000);
    ask_op(op, &answers);
    assert_string_equal(answers.all, "wwcwww");
    assert_int_equal(answers.latest, 6);
    cairn_close(op);
    expect("wwcwww", 6);
}

/* Loading a second time walks nothing; but what stands there is looked at each time. */
static void live__what_was_loaded_before_may_be_damaged_now(void **state)
{
    static const enum damage kinds[] = {HEADER, BODY, ALL};
    struct answers answers;

    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        begin_anew();
        struct cairn_op *op = open_it(0);
        for (int i = 0; i < 30; i++)
            recorded(op, 1000 + 10 * (size_t)i);
        for (int i = 0; i < 2; i++) {
            ask_op(op, &answers);
            assert_string_equal(answers.all, "wwwwwwwwwwwwwwwwwwwwwwwwwwwwww");
        }
        damage(1, 20, kinds[kind]);
        damage(1, 3, kinds[kind]);
        for (int i = 0; i < 2; i++) {
            void *data;
            size_t size;
            assert_int_equal(cairn_load(op, NULL, ids[20].text, &data, &size), CAIRN_ECORRUPT);
            assert_non_null(strstr(cairn_message(), ids[20].text));
            ask_op(op, &answers);
            assert_string_equal(answers.all, "wwwcwwwwwwwwwwwwwwwwcwwwwwwwww");
        }
        cairn_close(op);
        expect("wwwcwwwwwwwwwwwwwwwwcwwwwwwwww", 30);
    }
}

/* Who recovers copies what nothing vouches for to a new segment. A reader that was there before looks again.
 */
static void live__what_was_loaded_before_may_stand_elsewhere_now(void **state)
{
    struct answers answers;

    (void)state;
    make(six, false);
    const uint64_t durable = durable_end(1);
    for (int i = 0; i < 2; i++)
        forge(1, durable, 1000);
    struct cairn_op *reader = open_it(CAIRN_READONLY);
    ask_op(reader, &answers);
    assert_string_equal(answers.all, "wwwwwwww");
    cut(1, 20 * KB); /* behind the log's end */
    cairn_close(open_it(0));
    assert_true(has_file("seg-00000002"));
    damage_run(1, 6, 2, HEADER);
    ask_op(reader, &answers);
    assert_string_equal(answers.all, "wwwwwwww");
    assert_int_equal(answers.latest, 8);
    cairn_close(reader);
}

static void live__a_read_that_fails_once_is_tried_again(void **state)
{
    struct answers answers;

    (void)state;
    bool fired = true;
    for (uint64_t nth = 1; fired; nth++) {
        begin_anew();
        struct cairn_op *op = open_it(0);
        for (int i = 0; i < 3; i++)
            recorded(op, 1000);
        int end = disk_set((struct disk_rule){.calls = DISK_READ, .action = DISK_FAIL, .nth = nth});
        ask_op(op, &answers);
        recorded(op, 1000);
        cairn_close(op);
        fired = disk_fired(end) > 0;
        disk_clear();
        assert_string_equal(answers.all, "www");
        assert_int_equal(answers.latest, 3);
        answers = ask(0);
        assert_string_equal(answers.all, "wwww");
        assert_int_equal(answers.latest, 4);
    }
}

/* A reader that is alone looks again when others have come and gone. If that fails, or something cannot be
 * read then, it is not what the reader goes on to say once all can be read. */
static void live__a_reader_whose_look_failed_looks_again(void **state)
{
    struct answers answers;
    void *data;
    size_t size;

    (void)state;
    bool fired = true;
    for (uint64_t nth = 1; fired; nth++) {
        begin_anew();
        struct cairn_op *op = open_it(0);
        recorded(op, 1000);
        cairn_close(op);
        struct cairn_op *reader = open_it(CAIRN_READONLY);
        op = open_it(0);
        recorded(op, 1000);
        cairn_close(op);
        int end = disk_set((struct disk_rule){
            .calls = DISK_READ, .action = DISK_FAIL, .nth = nth, .times = 2}); /* as often as it is tried */
        if (cairn_latest(reader, NULL, &data, &size) == 0)
            cairn_free(data);
        fired = disk_fired(end) > 0;
        disk_clear();
        ask_op(reader, &answers);
        cairn_close(reader);
        assert_string_equal(answers.all, "ww");
        assert_int_equal(answers.latest, 2);
        assert_true(answers.sound && !answers.damaged);
    }
}

/* --- repair of what is not known -------------------------------------------------------------------------
 */

static void repair__accepts_what_is_not_known(void **state)
{
    struct answers answers;
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    struct cairn_op *op = open_it(0);
    assert_int_equal(cairn_repair(op, NULL, NULL), 0);
    ask_op(op, &answers);
    assert_int_equal(answers.latest, 3);
    assert_true(answers.sound && !answers.damaged);
    assert_string_equal(answers.all, "wwwccc");
    cairn_close(op);
    expect("wwwccc", 3);
}

/* jump_number -- which record of a segment its last JUMP is. */
static int jump_number(unsigned number)
{
    struct file file;

    load(&file, number);
    free(file.bytes);
    for (int i = file.count; i-- > 0;) {
        if (file.records[i].kind == RECORD_JUMP)
            return i;
    }
    fail_msg("there is no jump in segment %u", number);
    return -1;
}

/* What was jumped over is said by the index alone. */
static void repair__accepts_a_jump_whose_record_is_lost(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    cairn_close(open_it(0));
    damage(2, jump_number(2), HEADER);
    struct answers answers = ask(0);
    assert_int_equal(answers.latest, -1);
    struct cairn_op *op = open_it(0);
    assert_int_equal(cairn_repair(op, NULL, NULL), 0);
    cairn_close(op);
    answers = ask(0);
    assert_string_equal(answers.all, "wwwccc");
    assert_int_equal(answers.latest, 3);
    assert_true(answers.sound && !answers.damaged);
    expect("wwwccc", 3);
}

/* A loss that was accepted says nothing of one that came later. */
static void repair__of_one_jump_does_not_accept_the_next(void **state)
{
    struct answers answers;
    struct file file;

    (void)state;
    make(six, false);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
    struct cairn_op *op = open_it(0);
    assert_int_equal(cairn_repair(op, NULL, NULL), 0);
    recorded(op, 1000);
    recorded(op, 1000);
    cairn_close(op);
    load(&file, 2);
    free(file.bytes);
    remove_file("index.mdb");
    cut(2, file.at[file.count - 1] + 50); /* all but the last are known */
    op = open_it(0);
    ask_op(op, &answers);
    assert_int_equal(answers.latest, -1);
    cairn_close(op); /* and now the index knows of the second */
    damage(3, jump_number(3), HEADER);
    answers = ask(0);
    assert_int_equal(answers.latest, -1);
    assert_int_equal(answers.intact, 7);
}

/* --- recovery itself is cut off ------------------------------------------------------------------------- */

/* Journals that recovery has something to do with. */
static void torn_batch(void)
{
    make(six, false);
    uint64_t durable = durable_end(1);
    for (int k = 0; k < 4; k++)
        forge(1, durable, 1000);
    damage(1, 8, HEADER);
}

static void damaged_before_a_batch(void)
{
    make(six, true);
    uint64_t durable = durable_end(1);
    for (int k = 0; k < 3; k++)
        forge(1, durable, 1000);
    damage(1, 5, HEADER);
}

static void cut_file(void)
{
    struct file file;

    make(six, true);
    load(&file, 1);
    free(file.bytes);
    cut(1, file.at[3] + 50);
}

static void lost_segment(void)
{
    make(eight, false);
    spoil(3, 3);
}

static void leftovers(void)
{
    bool compact = true;

    make(eight, true);
    disk_set((struct disk_rule){.calls = DISK_RENAME | DISK_UNLINK, .action = DISK_KILL});
    assert_int_equal(process_end(process_start(remove_in_child, &compact)), -SIGKILL);
    disk_clear();
}

/* A record that stands where damage ends tells that the log goes on there (row 7). */
static void damaged_before_the_witness(void)
{
    make(six, false);
    uint64_t durable = durable_end(1);
    forge(1, durable, 1000);
    uint64_t witness = forge(1, durable, 1000);
    forge(1, witness, 1000);
    damage(1, 6, HEADER);
}

static void kept(void)
{
    static const unsigned sizes[] = {1000, 1000, COMPACT, 1000, 1000, 0};
    make(sizes, false);
}

static void cleared(void)
{
    static const unsigned sizes[] = {1000, 1000, CLEAR, 1000, 1000, 0};
    make(sizes, false);
}

static void no_journal(void) {}

static void (*const journals[])(void) = {torn_batch,
                                         damaged_before_a_batch,
                                         damaged_before_the_witness,
                                         cut_file,
                                         lost_segment,
                                         leftovers,
                                         kept,
                                         cleared,
                                         no_journal};
#define JOURNALS (sizeof(journals) / sizeof(journals[0]))

static int open_in_child(void *arg)
{
    struct cairn_op *op;

    (void)arg;
    int error = cairn_open(&op, NULL, place, CAIRN_NO_THREAD);
    if (error == 0)
        kill(getpid(), SIGKILL);
    return error == CAIRN_EIO || error == CAIRN_ENOSPC ? 1 : 2;
}

static struct scratch_tree tree;

static void prepare(size_t i)
{
    scratch_remove(place);
    disk_watch(place);
    story_clear(story);
    count = 0;
    journals[i]();
    if (i + 1 < JOURNALS)
        scratch_tree_take(&tree, place);
}

static void restore(size_t i)
{
    scratch_remove(place);
    if (i + 1 < JOURNALS) {
        assert_int_equal(mkdir(place, 0755), 0);
        scratch_tree_restore(&tree, place);
    }
    disk_watch(place);
}

/* after_each -- recovery with a rule at each of its calls in turn; what there is afterwards is what there
 * would have been without. */
static void after_each(struct disk_rule rule, bool killed)
{
    for (size_t i = 0; i < JOURNALS; i++) {
        prepare(i);
        struct answers whole = {.sound = true};
        if (i + 1 < JOURNALS)
            whole = ask(CAIRN_READONLY);
        bool fired = true;
        for (rule.nth = 1; fired; rule.nth++) {
            restore(i);
            int end = disk_set(rule);
            int status = process_end(process_start(open_in_child, NULL));
            fired = disk_fired(end) > 0;
            disk_clear();
            /* A call whose failure does no harm may be passed over. */
            if (status != -SIGKILL && !(fired && !killed && status == 1))
                fail_msg("journal %zu, call %u: status %d", i, (unsigned)rule.nth, status);

            for (int k = 0; k < 2; k++) {
                struct answers answers = ask(0);
                same(&whole, &answers);
                if (k == 0) {
                    /* What recovery has settled is durable. */
                    assert_true(disk_cut(other, DISK_CUT_NONE, 0));
                    scratch_remove(place);
                    assert_int_equal(rename(other, place), 0);
                    disk_watch(place);
                }
            }
        }
        goes_on();
        if (i + 1 < JOURNALS)
            scratch_tree_release(&tree);
    }
}

static void recovery__may_be_killed_before_each_call(void **state)
{
    (void)state;
    after_each((struct disk_rule){.calls = DISK_CHANGES, .action = DISK_KILL}, true);
}

static void recovery__may_be_killed_within_each_call(void **state)
{
    (void)state;
    after_each((struct disk_rule){.calls = DISK_CHANGES, .action = DISK_KILL_HALF}, true);
}

static void recovery__each_call_may_fail(void **state)
{
    (void)state;
    after_each((struct disk_rule){.calls = DISK_CHANGES, .action = DISK_FAIL}, false);
}

static void recovery__each_call_may_find_no_space(void **state)
{
    (void)state;
    after_each((struct disk_rule){.calls = DISK_RECORD | DISK_WRITE | DISK_CREATE,
                                  .action = DISK_FAIL,
                                  .error = ENOSPC,
                                  .times = UINT64_MAX},
               false);
}

/* recovery__each_read_may_fail, once or from then on -- then nobody knows what is there, and says so. When it
 * can be read again all is as it was, and the ids that it has are given to nothing else. */
static void each_read_fails(uint64_t times)
{
    for (size_t i = 0; i + 1 < JOURNALS; i++) {
        prepare(i);
        struct answers whole = ask(CAIRN_READONLY);
        bool fired = true;
        for (uint64_t nth = 1; fired; nth++) {
            struct disk_rule rule = {
                .calls = DISK_READ, .action = DISK_FAIL, .nth = nth, .times = times, .name = "seg-"};
            for (unsigned flags = 0; flags <= CAIRN_READONLY; flags += CAIRN_READONLY) {
                struct cairn_op *op;
                restore(i);
                int end = disk_set(rule);
                int error = cairn_open(&op, NULL, place, CAIRN_NO_THREAD | flags);
                assert_true(error == 0 || error == CAIRN_EIO);
                fired = disk_fired(end) > 0;
                disk_clear();
                if (error == 0) {
                    size_t size;
                    void *data;
                    error = cairn_latest(op, NULL, &data, &size);
                    int latest = whose(error, data, size);
                    assert_true(latest == whole.latest || error == CAIRN_EIO);
                    cairn_close(op);
                }
                struct answers answers = ask(0); /* nothing of it is left */
                if (strcmp(whole.all, answers.all) != 0 || whole.latest != answers.latest ||
                    whole.sound != answers.sound || whole.damaged != answers.damaged)
                    fail_msg("journal %zu, read %u, flags %u: %s and latest %d, not %s and %d", i,
                             (unsigned)nth, flags, answers.all, answers.latest, whole.all, whole.latest);
            }
        }
        goes_on();
        scratch_tree_release(&tree);
    }
}

static void recovery__each_read_may_fail(void **state)
{
    (void)state;
    each_read_fails(0);
}

/* As often as one is tried again; and at the other copy of a header, too. */
static void recovery__each_place_may_be_unreadable_for_a_while(void **state)
{
    (void)state;
    each_read_fails(2);
    each_read_fails(5);
}

static void recovery__reads_may_fail_from_each_on(void **state)
{
    (void)state;
    each_read_fails(UINT64_MAX);
}

/* --- the medium cannot be read ---------------------------------------------------------------------------
 */

static int is_lost(void *arg, const struct cairn_entry *entry)
{
    (void)arg;
    return entry->error == CAIRN_ECORRUPT;
}

/* bad_page -- with one page of a segment that cannot be read, what lies in it is lost and nothing else. Where
 * the log ends there, nothing can be recorded until it can be read or, with `lose`, is given up. */
static void bad_page(const unsigned *sizes, bool closed, unsigned number, int page, bool lose)
{
    char all[STEPS_MAX + 1] = "";
    struct file file;

    memset(&bad, 0, sizeof(bad));
    scratch_remove(place);
    disk_watch(place);
    story_clear(story);
    count = 0;
    make(sizes, closed);
    int first = 0; /* of the checkpoints in the segment */
    for (unsigned i = 1; i <= number; i++) {
        load(&file, i);
        free(file.bytes);
        first += i < number ? file.count : 0;
    }
    const size_t pages = (file.end + 4095) / 4096;
    const size_t from = (page < 0 ? pages + (size_t)page : (size_t)page) * 4096, to = from + 4096;
    memset(all, 'w', (size_t)count);
    int last = count;
    for (int i = 0; i < file.count; i++) {
        size_t end = file.at[i] + (size_t)(record_end(&file.records[i]) - file.records[i].position);
        if (file.at[i] < to && end > from) { /* never by the header's page: there is another one */
            all[first + i] = 'c';
            if (first + i == count - 1)
                last = -1;
        }
    }
    /* Nobody knows what may have followed in a page at the log's end. */
    bool newest = first + file.count == count;
    if (newest && !closed && to >= file.end)
        last = -1;
    segment_name(bad.name, number);
    bad.from = from;
    bad.to = to;
    answer(all, last);
    const bool refused = refuses();
    if (refused) {
        struct cairn_op *op = open_it(CAIRN_READONLY);
        assert_int_equal(cairn_list(op, NULL, is_lost, NULL), 0);
        cairn_close(op);
    }
    if (newest && to >= file.end)
        assert_true(refused);
    if (refused && lose) {
        cairn_close(open_it(CAIRN_LOSE_UNREAD));
        expect(all, last);
    } else if (refused) {
        memset(&bad, 0, sizeof(bad));
        memset(all, 'w', (size_t)count);
        expect(all, count);
    }
}

static void bad_page__costs_what_is_in_it(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        const bool closed = how & 1, lose = how & 2;
        for (int page = 0; page < 3; page++)
            bad_page(six, closed, 1, page, lose);
        for (unsigned number = 1; number <= 3; number++) {
            for (int page = -2; page < 3; page++)
                bad_page(eight, closed, number, page, lose);
        }
    }
}

/* A removal that cannot be read, and what was before it: he who was there meanwhile gives out no other bytes,
 * and nothing of what he has made of it is left when it can be read again. */
static void bad_page__with_a_removal_changes_nothing(void **state)
{
    static const unsigned removals[] = {CLEAR, COMPACT, COMPLETE};
    struct answers answers;
    struct file file;

    (void)state;
    for (int i = 0; i < 12; i++) {
        const unsigned sizes[] = {6000, 6000, removals[i % 3], 6000, 6000, 0};
        const bool reader = i & 4, lost = i >= 8; /* or his index is */
        memset(&bad, 0, sizeof(bad));
        begin_anew();
        disk_watch(place);
        make(sizes, lost);
        if (lost)
            remove_file("index.mdb");
        load(&file, 1);
        free(file.bytes);
        segment_name(bad.name, 1);
        bad.from = file.at[0];
        bad.to = file.at[2] + 50;
        set_bad(true);
        struct cairn_op *op = open_it(reader ? CAIRN_READONLY : 0);
        if (i & 1) { /* else he asks for the first time when all can be read again */
            ask_op(op, &answers);
            assert_string_equal(answers.all, "--ww");
        }
        if (!reader)
            assert_int_equal(cairn_checkpoint(op, NULL, "", "", 0, NULL), CAIRN_EIO);
        set_bad(false);
        ask_op(op, &answers);
        assert_string_equal(answers.all, "--ww");
        cairn_close(op);
        memset(&bad, 0, sizeof(bad));
        expect("--ww", 4);
    }
}

/* Where damage reaches to the witness, what stands there tells whether the log goes on; if it can be read. */
static void bad_page__at_the_witness_is_no_end(void **state)
{
    (void)state;
    disk_watch(place);
    make(six, false);
    const uint64_t durable = durable_end(1);
    forge(1, durable, 1000);
    const uint64_t witness = forge(1, durable, 1000);
    forge(1, witness, 1000);
    struct file file;
    load(&file, 1);
    free(file.bytes);
    damage_run(1, 6, 1, HEADER);
    segment_name(bad.name, 1);
    bad.from = file.at[7];
    bad.to = bad.from + 96;
    set_bad(true);
    assert_true(refuses());
    memset(&bad, 0, sizeof(bad));
    expect("wwwwwwcww", 9);
}

static void bad_page__behind_the_log_s_end_may_have_held_something(void **state)
{
    struct file file;

    (void)state;
    make(six, false);
    disk_watch(place);
    load(&file, 1);
    free(file.bytes);
    size_t page = (file.end + 4095) / 4096 * 4096;
    segment_name(bad.name, 1);
    bad.from = page;
    bad.to = page + 4096;
    answer("wwwwww", -1);
    assert_true(refuses());
    cairn_close(open_it(CAIRN_LOSE_UNREAD));
    expect("wwwwww", -1);
}

/* --- without space ---------------------------------------------------------------------------------------
 */

static void full_disk__a_torn_tail_does_not_prevent_opening(void **state)
{
    (void)state;
    make(six, false);
    uint64_t durable = durable_end(1);
    for (int k = 0; k < 4; k++)
        forge(1, durable, 1000);
    damage(1, 8, HEADER);
    disk_watch(place);
    disk_set_full(true);
    expect("wwwwwwww--", 8);
    disk_set_full(false);
}

/* One that has the page for itself, beside a page of before that others would join: what was recorded in the
 * meantime would be nowhere to them. */
static void full_disk__a_page_of_before_that_cannot_be_removed_prevents_opening(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct cairn_op *op;

    (void)state;
    make(six, true);
    disk_watch(place);
    assert_int_equal(truncate(scratch_join(path, place, "journal.ctl"), 100), 0);
    disk_set_full(true);
    int stays = disk_set((struct disk_rule){
        .calls = DISK_UNLINK, .action = DISK_FAIL, .error = ENOSPC, .name = "journal.ctl"});
    assert_int_equal(cairn_open(&op, NULL, place, CAIRN_NO_THREAD), CAIRN_ENOSPC);
    assert_non_null(strstr(cairn_message(), "journal.ctl: cannot remove"));
    assert_int_equal(disk_fired(stays), 1);
    disk_set_full(false);
    expect("wwwwww", 6);
}

static void full_disk__the_reserve_takes_over_from_a_damaged_segment(void **state)
{
    (void)state;
    make(six, true);
    damage(1, 5, HEADER);
    disk_watch(place);
    disk_set_full(true);
    expect("wwwwwc", -1);
    disk_set_full(false);
}

static void full_disk__without_a_reserve_a_damaged_journal_can_be_read(void **state)
{
    struct answers answers;

    (void)state;
    make(six, false);
    forge(1, durable_end(1), 1000);
    damage(1, 5, HEADER);
    remove_file("spare-reserve");
    disk_watch(place);
    disk_set_full(true);
    for (int i = 0; i < 2; i++) {
        struct cairn_op *op = open_it(0);
        ask_op(op, &answers);
        assert_string_equal(answers.all, "wwwwwcw");
        assert_int_equal(answers.latest, 7);
        assert_int_equal(cairn_checkpoint(op, NULL, "", "", 0, NULL), CAIRN_ENOSPC);
        assert_int_equal(cairn_clear(op, NULL), CAIRN_ENOSPC);
        ask_op(op, &answers);
        assert_string_equal(answers.all, "wwwwwcw");
        cairn_close(op);
    }
    disk_set_full(false);
    expect("wwwwwcw", 7);
}

#define recovery_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        recovery_test(row_1__the_log_ends_where_nothing_follows),
        recovery_test(row_1__a_journal_that_was_closed_is_as_it_was),
        recovery_test(row_2__a_torn_record_is_no_record),
        recovery_test(row_2__what_stands_behind_a_torn_record_goes_with_it),
        recovery_test(row_2__a_record_that_continues_another_log_is_none),
        recovery_test(row_3__what_is_good_is_kept),
        recovery_test(row_4__what_a_later_record_vouches_for_is_lost_by_name),
        recovery_test(row_4__a_run_of_records_is_lost_by_name),
        recovery_test(row_4__the_first_record_is_lost_by_name),
        recovery_test(row_4__a_damaged_body_is_found_when_it_is_read),
        recovery_test(row_4__damage_in_a_batch_below_the_witness_leaves_the_rest),
        recovery_test(row_5__damage_at_the_end_of_a_segment_ends_where_the_next_begins),
        recovery_test(row_6__what_only_the_index_vouches_for_is_lost_by_name),
        recovery_test(row_6__all_that_the_index_knows_of_is_lost_by_name),
        recovery_test(row_7__behind_damage_that_reaches_to_the_witness_a_chain_goes_on),
        recovery_test(row_7__such_a_chain_may_vouch_late),
        recovery_test(row_7__the_index_is_a_witness_like_a_record),
        recovery_test(row_8__without_such_a_chain_the_log_ends_and_its_numbers_are_lost),
        recovery_test(row_9__a_segment_in_the_middle_is_lost_by_name),
        recovery_test(row_9__the_first_segment_is_lost_by_name),
        recovery_test(row_9__a_segment_that_looks_newer_is_lost_by_name),
        recovery_test(row_10__the_newest_segment_is_lost_by_name_if_the_index_knows),
        recovery_test(row_10__a_newest_segment_without_a_header_may_have_held_anything),
        recovery_test(row_10__so_may_several),
        recovery_test(row_10__an_index_is_all_that_is_left),
        recovery_test(row_10__records_before_a_lost_segment_are_not_there_twice),
        recovery_test(row_11__a_file_that_is_cut_behind_the_end_has_lost_nothing),
        recovery_test(row_12__what_a_cut_file_has_lost_is_known_by_the_index),
        recovery_test(row_12__or_it_is_not_known),
        recovery_test(row_12__a_file_cut_right_at_the_end_may_have_lost_something),
        recovery_test(header__one_copy_is_enough),
        recovery_test(row_13__an_older_index_is_caught_up_with),
        recovery_test(row_13__an_index_from_before_a_removal_is_ignored),
        recovery_test(row_13__an_index_of_another_journal_is_ignored),
        recovery_test(row_13__an_index_behind_the_true_end_of_its_segment_is_ignored),
        recovery_test(index__that_covers_more_than_the_log_holds_is_evidence),
        recovery_test(index__of_a_copy_that_went_its_own_way_is_ignored),
        recovery_test(index__that_is_lost_or_no_index_is_made_again),
        recovery_test(row_14__nothing_is_no_journal_to_a_reader),
        recovery_test(row_15__segments_without_a_header_and_no_index_are_left_alone),
        recovery_test(removal__that_is_lost_in_a_hole_has_happened_all_the_same),
        recovery_test(removal__that_was_torn_has_not_happened),
        recovery_test(removal__whose_leftovers_were_not_removed_is_finished),
        recovery_test(row_9__what_a_failed_sync_left_is_not_taken_for_what_was_lost_with_a_header),
        recovery_test(row_9__what_a_torn_tail_left_is_not_taken_for_what_was_lost_with_a_header),
        recovery_test(row_10__a_segment_that_was_sealed_had_another_one_behind_it),
        recovery_test(row_10__of_one_that_follows_an_unsealed_one_the_index_knows_at_once),
        recovery_test(row_12__a_removal_in_front_of_the_cut_does_not_undo_the_jump),
        recovery_test(row_12__a_jump_that_is_lost_itself_is_not_forgotten),
        recovery_test(row_12__behind_two_jumps_the_newest_that_is_whole_is_found),
        recovery_test(row_12__a_removal_behind_the_cut_may_have_been),
        recovery_test(row_8__a_removal_that_has_no_room_behind_the_witness_has_been),
        recovery_test(row_8__of_another_removal_nobody_knows_whether_it_has_been),
        recovery_test(removal__in_a_hole_leaves_those_behind_it_lost_by_name),
        recovery_test(live__one_that_cannot_be_read_is_not_forgotten),
        recovery_test(live__what_follows_a_damaged_one_is_there),
        recovery_test(live__what_was_loaded_before_may_be_damaged_now),
        recovery_test(live__what_was_loaded_before_may_stand_elsewhere_now),
        recovery_test(live__a_read_that_fails_once_is_tried_again),
        recovery_test(live__a_reader_whose_look_failed_looks_again),
        recovery_test(repair__accepts_what_is_not_known),
        recovery_test(repair__accepts_a_jump_whose_record_is_lost),
        recovery_test(repair__of_one_jump_does_not_accept_the_next),
        recovery_test(recovery__may_be_killed_before_each_call),
        recovery_test(recovery__may_be_killed_within_each_call),
        recovery_test(recovery__each_call_may_fail),
        recovery_test(recovery__each_call_may_find_no_space),
        recovery_test(recovery__each_read_may_fail),
        recovery_test(recovery__each_place_may_be_unreadable_for_a_while),
        recovery_test(recovery__reads_may_fail_from_each_on),
        recovery_test(bad_page__costs_what_is_in_it),
        recovery_test(bad_page__with_a_removal_changes_nothing),
        recovery_test(bad_page__at_the_witness_is_no_end),
        recovery_test(bad_page__behind_the_log_s_end_may_have_held_something),
        recovery_test(full_disk__a_torn_tail_does_not_prevent_opening),
        recovery_test(full_disk__a_page_of_before_that_cannot_be_removed_prevents_opening),
        recovery_test(full_disk__the_reserve_takes_over_from_a_damaged_segment),
        recovery_test(full_disk__without_a_reserve_a_damaged_journal_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
