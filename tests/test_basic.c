/* test_basic.c -- every method of the interface, end to end with the journal, when nothing goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "child.h"
#include "journal/read.h"
#include "journal/segment.h"
#include "scratch.h"

static char dir[SCRATCH_PATH_SIZE]; /* a new one for each test */
static char place[SCRATCH_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    scratch_make(dir, true);
    scratch_join(place, dir, "journal");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

/* --- what the tests are written in --------------------------------------------------------------- */

#define good(call) good_(call, #call, __LINE__)
static void good_(int error, const char *call, int line)
{
    if (error)
        fail_msg("line %d: %s: %d: %s", line, call, error, cairn_message());
}

/* Wants an error, and a message that says more. */
#define bad(error, call)                                                                                     \
    do {                                                                                                     \
        assert_int_equal(call, error);                                                                       \
        assert_true(cairn_message()[0] != '\0');                                                             \
    } while (0)

static struct cairn_op *open_at(const char *url, unsigned flags)
{
    struct cairn_op *op = NULL;
    good(cairn_open(&op, NULL, url, flags));
    assert_non_null(op);
    return op;
}

/* record -- a checkpoint of a text. */
static const char *record(struct cairn_op *op, const char *label, const char *text)
{
    static struct cairn_id id;
    good(cairn_checkpoint(op, NULL, label, text, strlen(text), &id));
    return id.text;
}

static void latest_is(struct cairn_op *op, const char *text)
{
    void *data = NULL;
    size_t size = 0;

    good(cairn_latest(op, NULL, &data, &size));
    assert_non_null(data);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    cairn_free(data);
}

static void load_is(struct cairn_op *op, const char *id, const char *text)
{
    void *data = NULL;
    size_t size = 0;

    good(cairn_load(op, NULL, id, &data, &size));
    assert_non_null(data);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    cairn_free(data);
}

static int load_error(struct cairn_op *op, const char *id)
{
    void *data = &data;
    size_t size = 77;
    int error = cairn_load(op, NULL, id, &data, &size);

    assert_true(error != 0);
    assert_ptr_equal(data, &data);
    assert_int_equal(size, 77);
    return error;
}

static void none_there(struct cairn_op *op)
{
    void *data = &data;
    size_t size = 77;

    assert_int_equal(cairn_latest(op, NULL, &data, &size), CAIRN_ENONE);
    assert_int_equal(cairn_latest_intact(op, NULL, NULL, &data, &size), CAIRN_ENONE);
    assert_ptr_equal(data, &data);
    assert_int_equal(size, 77);
}

static struct cairn_stat stat_of(struct cairn_op *op)
{
    struct cairn_stat stat;
    good(cairn_stat(op, NULL, &stat));
    return stat;
}

/* list_is -- wants the list to be these "ID LABEL SIZE", one a line. */
struct lines {
    char text[8192];
    size_t used;
};

static int add_line(void *arg, const struct cairn_entry *entry)
{
    struct lines *lines = arg;

    assert_int_equal(entry->error, 0);
    assert_int_equal(entry->lost_count, 0);
    assert_string_equal(entry->reason, "");
    lines->used += (size_t)snprintf(lines->text + lines->used, sizeof(lines->text) - lines->used,
                                    "%s %s %" PRIu64 "\n", entry->id, entry->label, entry->size);
    assert_true(lines->used < sizeof(lines->text));
    return 0;
}

static void list_is(struct cairn_op *op, const char *text)
{
    struct lines lines = {.text = ""};
    good(cairn_list(op, NULL, add_line, &lines));
    assert_string_equal(lines.text, text);
}

/* pattern -- bytes that tell the number and the place. */
static unsigned char *pattern(uint64_t number, size_t size)
{
    unsigned char *data = malloc(size + 8);
    assert_non_null(data);
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = (number + 1) * 0x9e3779b97f4a7c15u + at * 0xbf58476d1ce4e5b9u;
        memcpy(data + at, &word, 8);
    }
    return data;
}

static void record_pattern(struct cairn_op *op, uint64_t number, size_t size, struct cairn_id *id)
{
    unsigned char *data = pattern(number, size);
    good(cairn_checkpoint(op, NULL, "pattern", data, size, id));
    free(data);
}

static void pattern_is(struct cairn_op *op, const char *id, uint64_t number, size_t size)
{
    unsigned char *wanted = pattern(number, size);
    size_t found = 0;
    void *data;

    good(cairn_load(op, NULL, id, &data, &found));
    assert_int_equal(found, size);
    assert_true(memcmp(data, wanted, size) == 0);
    cairn_free(data);
    free(wanted);
}

/* --- recording and resuming ---------------------------------------------------------------------- */

static void journal__new_one_has_nothing(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    none_there(op);
    list_is(op, "");
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@1"));
    struct cairn_stat stat = stat_of(op);
    assert_int_equal(stat.count, 0);
    assert_int_equal(stat.data_bytes, 0);
    assert_int_equal(stat.generation, 1);
    assert_int_equal(stat.completed, 0);
    assert_int_equal(stat.damaged, 0);
    assert_int_equal(stat.segments, 1);
    cairn_close(op);
}

static void journal__ids_count_from_zero_in_generation_one(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    assert_string_equal(record(op, "a", "one"), "00000000@1");
    assert_string_equal(record(op, "b", "two"), "00000001@1");
    assert_string_equal(record(op, "c", "three"), "00000002@1");
    latest_is(op, "three");
    load_is(op, "00000000@1", "one");
    load_is(op, "00000001@1", "two");
    load_is(op, "00000002@1", "three");
    bad(CAIRN_ENOTFOUND, load_error(op, "00000003@1"));
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@2"));
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@0"));
    cairn_close(op);
}

static void journal__resumes_after_reopening(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct cairn_op *op = open_at(place, i % 2 ? CAIRN_NO_THREAD : 0);
        char text[16], expected[32];
        for (int k = 0; k < i; k++) {
            snprintf(text, sizeof(text), "step %d", k);
            snprintf(expected, sizeof(expected), "%08d@1", k);
            load_is(op, expected, text);
        }
        snprintf(text, sizeof(text), "step %d", i);
        snprintf(expected, sizeof(expected), "%08d@1", i);
        assert_string_equal(record(op, "step", text), expected);
        latest_is(op, text);
        cairn_close(op);
    }
    struct cairn_op *op = open_at(place, CAIRN_READONLY);
    latest_is(op, "step 4");
    list_is(
        op,
        "00000000@1 step 6\n00000001@1 step 6\n00000002@1 step 6\n00000003@1 step 6\n00000004@1 step 6\n");
    cairn_close(op);
}

static void journal__empty_data_is_a_checkpoint(void **state)
{
    struct cairn_id id;

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    none_there(op);
    good(cairn_checkpoint(op, NULL, "nothing", NULL, 0, &id));
    latest_is(op, "");
    load_is(op, id.text, "");
    good(cairn_checkpoint(op, NULL, NULL, "", 0, NULL));
    latest_is(op, "");
    list_is(op, "00000000@1 nothing 0\n00000001@1  0\n");
    cairn_close(op);
    op = open_at(place, 0);
    latest_is(op, "");
    cairn_close(op);
}

static int label_length(void *arg, const struct cairn_entry *entry)
{
    *(size_t *)arg = strlen(entry->label);
    return 0;
}

static void journal__labels_are_kept(void **state)
{
    size_t length = 0;

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "a/../b", "1");
    record(op,
           "Gr\xc3\xb6\xc3\x9f"
           "e \xe2\x82\xac \xf0\x9f\x8f\x94",
           "2");
    record(op, "", "3");
    record(op, "line\nbreak", "4");
    list_is(op, "00000000@1 a/../b 1\n00000001@1 Gr\xc3\xb6\xc3\x9f"
                "e \xe2\x82\xac \xf0\x9f\x8f\x94 1\n00000002@1  1\n00000003@1 line\nbreak 1\n");
    good(cairn_clear(op, NULL));
    char *label = malloc(CAIRN_JOURNAL_LABEL_MAX + 2);
    assert_non_null(label);
    memset(label, 'x', CAIRN_JOURNAL_LABEL_MAX + 1);
    label[CAIRN_JOURNAL_LABEL_MAX + 1] = '\0';
    bad(CAIRN_E2BIG, cairn_checkpoint(op, NULL, label, "", 0, NULL));
    label[CAIRN_JOURNAL_LABEL_MAX] = '\0';
    good(cairn_checkpoint(op, NULL, label, "5", 1, NULL));
    latest_is(op, "5");
    good(cairn_list(op, NULL, label_length, &length));
    assert_int_equal(length, CAIRN_JOURNAL_LABEL_MAX);
    free(label);
    cairn_close(op);
}

static void journal__refuses_what_it_cannot_record(void **state)
{
    static const char *const no_utf8[] = {
        "\x80",
        "a\xff",
        "\xc3",
        "\xc0\x80",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
    };
    struct cairn_id id = {"unset"};

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    for (size_t i = 0; i < sizeof(no_utf8) / sizeof(no_utf8[0]); i++) {
        bad(CAIRN_EINVAL, cairn_checkpoint(op, NULL, no_utf8[i], "x", 1, &id));
        bad(CAIRN_EINVAL, cairn_compact(op, NULL, no_utf8[i]));
    }
    bad(CAIRN_E2BIG, cairn_checkpoint(op, NULL, "", "x", (size_t)CAIRN_JOURNAL_DATA_MAX + 1, &id));
    bad(CAIRN_EINVAL, cairn_checkpoint(op, NULL, "", NULL, 1, &id));
    assert_string_equal(id.text, "unset");
    none_there(op);
    assert_string_equal(record(op, "", "x"), "00000000@1");
    cairn_close(op);
}

static void journal__load_takes_ids_only(void **state)
{
    static const char *const no_ids[] = {
        "",
        "0",
        "00000000",
        "00000000@",
        "@1",
        "0@1",
        "000000000@1",
        "00000000@01",
        " 00000000@1",
        "00000000@1 ",
        "00000000@1\n",
        "-0000001@1",
        "+0000001@1",
        "00000000@-1",
        "99999999999999999999@1",
        "18446744073709551616@1",
        "00000000@18446744073709551616",
        "0000000a@1",
        "label",
    };

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "label", "x");
    for (size_t i = 0; i < sizeof(no_ids) / sizeof(no_ids[0]); i++)
        bad(CAIRN_EINVAL, load_error(op, no_ids[i]));
    bad(CAIRN_ENOTFOUND, load_error(op, "18446744073709551615@18446744073709551615"));
    bad(CAIRN_ENOTFOUND, load_error(op, "123456789@1"));
    cairn_close(op);
}

/* --- removing ------------------------------------------------------------------------------------ */

static void compact__keeps_the_latest_under_a_new_label_and_id(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "a", "one");
    record(op, "b", "two");
    record(op, "c", "three");
    good(cairn_compact(op, NULL, "all of it"));
    list_is(op, "00000000@2 all of it 5\n");
    latest_is(op, "three");
    load_is(op, "00000000@2", "three");
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@1"));
    bad(CAIRN_ENOTFOUND, load_error(op, "00000001@1"));
    bad(CAIRN_ENOTFOUND, load_error(op, "00000002@1"));
    assert_int_equal(stat_of(op).count, 1);
    assert_int_equal(stat_of(op).generation, 2);
    assert_int_equal(stat_of(op).data_bytes, 5);
    assert_string_equal(record(op, "d", "four"), "00000001@2");
    list_is(op, "00000000@2 all of it 5\n00000001@2 d 4\n");
    cairn_close(op);

    op = open_at(place, 0);
    list_is(op, "00000000@2 all of it 5\n00000001@2 d 4\n");
    load_is(op, "00000000@2", "three");
    latest_is(op, "four");
    good(cairn_compact(op, NULL, NULL));
    good(cairn_compact(op, NULL, "again"));
    list_is(op, "00000000@4 again 4\n");
    latest_is(op, "four");
    good(cairn_verify(op, NULL, NULL));
    cairn_close(op);
    op = open_at(place, CAIRN_READONLY);
    list_is(op, "00000000@4 again 4\n");
    latest_is(op, "four");
    cairn_close(op);
}

static void compact__does_nothing_where_nothing_is(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    good(cairn_compact(op, NULL, "x"));
    good(cairn_compact(op, NULL, "x"));
    assert_int_equal(stat_of(op).generation, 1);
    list_is(op, "");
    assert_string_equal(record(op, "", "x"), "00000000@1");
    good(cairn_complete(op, NULL));
    uint64_t generation = stat_of(op).generation;
    good(cairn_compact(op, NULL, "x"));
    assert_int_equal(stat_of(op).generation, generation);
    assert_int_equal(stat_of(op).completed, 1);
    cairn_close(op);
}

static void clear__removes_all_and_ids_are_not_given_again(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "a", "one");
    record(op, "b", "two");
    good(cairn_clear(op, NULL));
    none_there(op);
    list_is(op, "");
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@1"));
    assert_int_equal(stat_of(op).completed, 0);
    assert_string_equal(record(op, "c", "three"), "00000000@2");
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@1"));
    bad(CAIRN_ENOTFOUND, load_error(op, "00000001@1"));
    cairn_close(op);
    op = open_at(place, 0);
    list_is(op, "00000000@2 c 5\n");
    good(cairn_clear(op, NULL));
    good(cairn_clear(op, NULL));
    none_there(op);
    cairn_close(op);
    op = open_at(place, 0);
    none_there(op);
    assert_string_equal(record(op, "d", "four"), "00000000@4");
    cairn_close(op);
}

static void complete__is_remembered_until_a_new_checkpoint(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "a", "one");
    good(cairn_complete(op, NULL));
    none_there(op);
    list_is(op, "");
    assert_int_equal(stat_of(op).completed, 1);
    cairn_close(op);
    op = open_at(place, CAIRN_READONLY);
    none_there(op);
    assert_int_equal(stat_of(op).completed, 1);
    cairn_close(op);
    op = open_at(place, 0);
    assert_int_equal(stat_of(op).completed, 1);
    assert_string_equal(record(op, "b", "two"), "00000000@2");
    assert_int_equal(stat_of(op).completed, 0);
    bad(CAIRN_ENOTFOUND, load_error(op, "00000000@1"));
    good(cairn_complete(op, NULL));
    good(cairn_clear(op, NULL));
    assert_int_equal(stat_of(op).completed, 0);
    cairn_close(op);
}

/* --- looking ------------------------------------------------------------------------------------- */

struct times {
    int64_t last;
    uint64_t next;
    int stop_at;
};

static int check_entry(void *arg, const struct cairn_entry *entry)
{
    struct times *times = arg;
    char id[32], label[32];

    snprintf(id, sizeof(id), "%08" PRIu64 "@1", times->next);
    snprintf(label, sizeof(label), "label %" PRIu64, times->next);
    assert_string_equal(entry->id, id);
    assert_string_equal(entry->label, label);
    assert_int_equal(entry->number, times->next);
    assert_int_equal(entry->size, times->next);
    assert_true(entry->time_ns >= times->last);
    times->last = entry->time_ns;
    times->next++;
    return times->stop_at && (int)times->next == times->stop_at ? 4711 : 0;
}

static int64_t realtime_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void list__shows_all_in_order(void **state)
{
    static const char data[300];
    struct times times = {.last = realtime_ns()};
    char label[32];

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    for (unsigned i = 0; i < sizeof(data); i++) {
        snprintf(label, sizeof(label), "label %u", i);
        good(cairn_checkpoint(op, NULL, label, data, i, NULL));
    }
    good(cairn_list(op, NULL, check_entry, &times));
    assert_int_equal(times.next, sizeof(data));
    assert_true(times.last <= realtime_ns());
    cairn_close(op);
    op = open_at(place, CAIRN_READONLY);
    times = (struct times){0};
    good(cairn_list(op, NULL, check_entry, &times));
    assert_int_equal(times.next, sizeof(data));
    cairn_close(op);
}

static void list__ends_when_the_callback_says_so(void **state)
{
    struct times times = {.stop_at = 2};

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "label 0", "");
    record(op, "label 1", "1");
    record(op, "label 2", "22");
    assert_int_equal(cairn_list(op, NULL, check_entry, &times), 4711);
    assert_int_equal(times.next, 2);
    cairn_close(op);
}

static int nested_load(void *arg, const struct cairn_entry *entry)
{
    load_is(arg, entry->id, entry->label);
    record(arg, entry->label, entry->label);
    return 0;
}

static void list__callback_may_use_the_handle(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, 0);
    record(op, "one", "one");
    record(op, "two", "two");
    good(cairn_list(op, NULL, nested_load, op));
    list_is(op, "00000000@1 one 3\n00000001@1 two 3\n00000002@1 one 3\n00000003@1 two 3\n");
    cairn_close(op);
}

static void stat__counts_what_there_is(void **state)
{
    (void)state;
    struct cairn_op *op = open_at(place, CAIRN_NO_THREAD);
    record(op, "a", "12345");
    record(op, "b", "678");
    record(op, "c", "");
    struct cairn_stat stat = stat_of(op);
    assert_int_equal(stat.count, 3);
    assert_int_equal(stat.lost, 0);
    assert_int_equal(stat.data_bytes, 8);
    assert_true(stat.disk_bytes > 1024 * 1024);
    assert_int_equal(stat.generation, 1);
    assert_int_equal(stat.segments, 1);
    assert_true(stat.log_end > 3 * 96);
    assert_int_equal(stat.index_end, 0);
    assert_int_equal(stat.index_lag, 3);
    assert_int_equal(stat.completed, 0);
    assert_int_equal(stat.damaged, 0);
    cairn_close(op); /* and this commits the index */
    op = open_at(place, CAIRN_READONLY);
    struct cairn_stat again = stat_of(op);
    assert_int_equal(again.log_end, stat.log_end);
    assert_int_equal(again.index_end, stat.log_end);
    assert_int_equal(again.index_lag, 0);
    assert_int_equal(again.count, 3);
    assert_int_equal(again.data_bytes, 8);
    cairn_close(op);
}

static void latest_intact__is_the_latest_where_all_is_whole(void **state)
{
    struct cairn_id id = {"unset"};
    void *data;
    size_t size;

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    none_there(op);
    record(op, "a", "one");
    record(op, "b", "two");
    good(cairn_latest_intact(op, NULL, &id, &data, &size));
    assert_string_equal(id.text, "00000001@1");
    assert_int_equal(size, 3);
    assert_memory_equal(data, "two", 3);
    cairn_free(data);
    good(cairn_compact(op, NULL, "c"));
    good(cairn_latest_intact(op, NULL, &id, &data, &size));
    assert_string_equal(id.text, "00000000@2");
    assert_memory_equal(data, "two", 3);
    cairn_free(data);
    good(cairn_latest_intact(op, NULL, NULL, &data, &size));
    cairn_free(data);
    cairn_close(op);
}

struct watched {
    unsigned damages;
    uint64_t done, total;
};

static int see_damage(void *arg, const struct cairn_damage *damage)
{
    (void)damage;
    ((struct watched *)arg)->damages++;
    return 0;
}

static void see_progress(void *arg, uint64_t done, uint64_t total)
{
    struct watched *watched = arg;
    assert_true(done >= watched->done && done <= total);
    watched->done = done;
    watched->total = total;
}

static void verify__and_repair_find_nothing_on_a_whole_journal(void **state)
{
    struct watched watched = {0};
    const struct cairn_watch watch = {see_damage, see_progress, &watched};
    struct scratch_tree tree;
    struct cairn_id id;

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    good(cairn_verify(op, NULL, &watch));
    for (unsigned i = 0; i < 300; i++)
        record_pattern(op, i, 10000, &id);
    good(cairn_verify(op, NULL, NULL));
    watched = (struct watched){0};
    good(cairn_verify(op, NULL, &watch));
    assert_int_equal(watched.damages, 0);
    assert_true(watched.total > 0 && watched.done == watched.total);
    cairn_close(op);

    op = open_at(place, CAIRN_READONLY);
    scratch_tree_take(&tree, place);
    watched = (struct watched){0};
    good(cairn_verify(op, NULL, &watch));
    assert_null(scratch_tree_differs(&tree, place));
    bad(CAIRN_EACCES, cairn_repair(op, NULL, NULL));
    scratch_tree_release(&tree);
    cairn_close(op);

    op = open_at(place, 0);
    uint64_t end = stat_of(op).log_end;
    watched = (struct watched){0};
    good(cairn_repair(op, NULL, &watch));
    good(cairn_repair(op, NULL, NULL));
    assert_int_equal(watched.damages, 0);
    assert_int_equal(stat_of(op).log_end, end);
    pattern_is(op, id.text, 299, 10000);
    cairn_close(op);
}

/* --- sizes --------------------------------------------------------------------------------------- */

static void journal__large_bodies_come_back(void **state)
{
    static const size_t sizes[] = {64u << 20,       (100u << 20) + 3, 5,
                                   (1u << 20) - 96, 1u << 20,         (16u << 20) + 1};
    struct cairn_id ids[sizeof(sizes) / sizeof(sizes[0])];
    const size_t count = sizeof(sizes) / sizeof(sizes[0]);

    (void)state;
    struct cairn_op *op = open_at(place, 0);
    for (size_t i = 0; i < count; i++) {
        record_pattern(op, i, sizes[i], &ids[i]);
        pattern_is(op, ids[i].text, i, sizes[i]);
    }
    cairn_close(op);
    op = open_at(place, 0);
    for (size_t i = 0; i < count; i++)
        pattern_is(op, ids[i].text, i, sizes[i]);
    good(cairn_verify(op, NULL, NULL));
    good(cairn_compact(op, NULL, "the last"));
    pattern_is(op, "00000000@2", count - 1, sizes[count - 1]);
    cairn_close(op);
}

static unsigned thread_count(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");

    assert_non_null(tasks);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void roll_often(unsigned flags)
{
    const unsigned count = 3000, size = 20001;
    struct cairn_id id;
    char text[32];

    struct cairn_op *op = open_at(place, flags);
    for (unsigned i = 0; i < count; i++) {
        record_pattern(op, i, size, &id);
        snprintf(text, sizeof(text), "%08u@1", i);
        assert_string_equal(id.text, text);
        if (i % 7 == 0) {
            snprintf(text, sizeof(text), "%08u@1", i / 2);
            pattern_is(op, text, i / 2, size);
        }
    }
    struct cairn_stat stat = stat_of(op);
    assert_int_equal(stat.count, count);
    assert_int_equal(stat.data_bytes, (uint64_t)count * size);
    assert_true(stat.segments >= 6);
    /* The index comes along by itself, thread or not; the thread may need some more records for that. */
    for (; stat.index_end <= stat.log_end / 2; stat = stat_of(op))
        record_pattern(op, count - 1, size, &id);
    good(cairn_verify(op, NULL, NULL));
    cairn_close(op);

    op = open_at(place, flags);
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%08u@1", i);
        pattern_is(op, text, i, size);
    }
    assert_int_equal(stat_of(op).segments, stat.segments);
    /* What died is given back: the survivor's segment stays, and that of the Compact. */
    good(cairn_compact(op, NULL, "kept"));
    pattern_is(op, "00000000@2", count - 1, size);
    assert_true(stat_of(op).segments <= 2);
    good(cairn_clear(op, NULL));
    assert_int_equal(stat_of(op).segments, 1);
    assert_true(stat_of(op).disk_bytes < stat.disk_bytes);
    cairn_close(op);
}

static void id__has_eight_digits_at_least(void **state)
{
    static const uint64_t values[] = {0,         1, 9, 10, 99999999, 100000000, 12345678901, UINT64_MAX - 1,
                                      UINT64_MAX};
    const size_t count = sizeof(values) / sizeof(values[0]);

    (void)state;
    for (size_t i = 0; i < count * count; i++) {
        const uint64_t number = values[i / count], generation = values[i % count];
        struct cairn_id id;
        char text[64];
        id_format(&id, number, generation);
        snprintf(text, sizeof(text), "%08" PRIu64 "@%" PRIu64, number, generation);
        assert_string_equal(id.text, text);
    }
}

/* If a segment is lost, a recovery passes over so many numbers as it may have held. One that was made for
 * large checkpoints has room for more little ones than that. */
static void journal__a_segment_takes_no_more_records_than_a_recovery_allows_for(void **state)
{
    const unsigned many = SEGMENT_RECORDS_MAX + 1000;
    struct cairn_id id;

    (void)state;
    struct cairn_op *op = open_at(place, CAIRN_NO_THREAD);
    for (unsigned i = 0; i < 60; i++)
        record_pattern(op, i, 1024 * 1024, &id);
    const struct cairn_stat before = stat_of(op);
    for (unsigned i = 0; i < many; i++)
        record_pattern(op, i, 1, &id);
    const struct cairn_stat after = stat_of(op);
    assert_int_equal(after.segments, before.segments + 1);
    assert_true(after.log_end - before.log_end < 20u << 20); /* so the last one was not full */
    cairn_close(op);
}

static void journal__goes_on_over_many_segments(void **state)
{
    (void)state;
    roll_often(0);
}

static void journal__needs_no_thread(void **state)
{
    (void)state;
    const unsigned before = thread_count();
    struct cairn_op *op = open_at(place, CAIRN_NO_THREAD);
    record(op, "a", "one");
    assert_int_equal(thread_count(), before);
    good(cairn_clear(op, NULL));
    struct cairn_op *other = open_at(place, 0);
    assert_int_equal(thread_count(), before + 1);
    cairn_close(other);
    cairn_close(op);
    assert_int_equal(thread_count(), before);
    scratch_remove(place);
    roll_often(CAIRN_NO_THREAD);
}

/* --- handles ------------------------------------------------------------------------------------- */

static void handles__two_in_one_process_are_one_journal(void **state)
{
    (void)state;
    struct cairn_op *a = open_at(place, 0);
    struct cairn_op *b = open_at(place, CAIRN_NO_THREAD);
    struct cairn_op *reader = open_at(place, CAIRN_READONLY);
    assert_string_equal(record(a, "a", "one"), "00000000@1");
    latest_is(b, "one");
    latest_is(reader, "one");
    assert_string_equal(record(b, "b", "two"), "00000001@1");
    latest_is(a, "two");
    latest_is(reader, "two");
    good(cairn_clear(a, NULL));
    none_there(b);
    none_there(reader);
    bad(CAIRN_ENOTFOUND, load_error(b, "00000000@1"));
    assert_string_equal(record(b, "c", "three"), "00000000@2");
    cairn_close(a);
    latest_is(b, "three");
    assert_string_equal(record(b, "d", "four"), "00000001@2");
    latest_is(reader, "four");
    a = open_at(place, 0);
    latest_is(a, "four");
    cairn_close(b);
    record(a, "e", "five");
    cairn_close(a);
    latest_is(reader, "five");
    cairn_close(reader);
}

static void handles__reader_sees_what_writers_do_who_come_later(void **state)
{
    (void)state;
    struct cairn_op *writer = open_at(place, 0);
    record(writer, "a", "one");
    cairn_close(writer);
    struct cairn_op *reader = open_at(place, CAIRN_READONLY);
    latest_is(reader, "one");
    for (int i = 0; i < 3; i++) {
        writer = open_at(place, 0);
        record(writer, "b", "two");
        latest_is(reader, "two");
        good(cairn_clear(writer, NULL));
        none_there(reader);
        record(writer, "c", "three");
        cairn_close(writer);
        latest_is(reader, "three");
        assert_int_equal(stat_of(reader).count, 1);
    }
    cairn_close(reader);
}

static void handles__read_only_ones_write_nothing(void **state)
{
    struct cairn_op *op = (struct cairn_op *)place;
    struct scratch_tree tree;

    (void)state;
    bad(CAIRN_ENONE, cairn_open(&op, NULL, place, CAIRN_READONLY));
    assert_null(op);
    bad(CAIRN_ENONE, cairn_open(&op, NULL, place, CAIRN_EXISTING));
    assert_int_equal(access(place, F_OK), -1);
    assert_int_equal(mkdir(place, 0755), 0);
    bad(CAIRN_ENONE, cairn_open(&op, NULL, place, CAIRN_READONLY));
    bad(CAIRN_ENONE, cairn_open(&op, NULL, place, CAIRN_EXISTING));
    scratch_tree_take(&tree, place);
    assert_int_equal(tree.count, 0);
    scratch_tree_release(&tree);

    op = open_at(place, 0);
    record(op, "a", "one");
    cairn_close(op);
    scratch_tree_take(&tree, place);
    op = open_at(place, CAIRN_READONLY);
    latest_is(op, "one");
    list_is(op, "00000000@1 a 3\n");
    bad(CAIRN_EACCES, cairn_checkpoint(op, NULL, "", "x", 1, NULL));
    bad(CAIRN_EACCES, cairn_compact(op, NULL, ""));
    bad(CAIRN_EACCES, cairn_clear(op, NULL));
    bad(CAIRN_EACCES, cairn_complete(op, NULL));
    bad(CAIRN_EACCES, cairn_repair(op, NULL, NULL));
    latest_is(op, "one");
    cairn_close(op);
    assert_null(scratch_tree_differs(&tree, place));
    scratch_tree_release(&tree);
    op = open_at(place, CAIRN_EXISTING);
    assert_string_equal(record(op, "b", "two"), "00000001@1");
    cairn_close(op);
}

static void handles__begin_with_init_and_only_once(void **state)
{
    struct cairn_stat stat;
    struct cairn_op *op = NULL;
    void *data;
    size_t size;

    (void)state;
    good(cairn_new(&op, NULL));
    bad(CAIRN_ESTATE, cairn_checkpoint(op, NULL, "", "x", 1, NULL));
    bad(CAIRN_ESTATE, cairn_latest(op, NULL, &data, &size));
    bad(CAIRN_ESTATE, cairn_latest_intact(op, NULL, NULL, &data, &size));
    bad(CAIRN_ESTATE, cairn_load(op, NULL, "00000000@1", &data, &size));
    bad(CAIRN_ESTATE, cairn_compact(op, NULL, ""));
    bad(CAIRN_ESTATE, cairn_clear(op, NULL));
    bad(CAIRN_ESTATE, cairn_complete(op, NULL));
    bad(CAIRN_ESTATE, cairn_list(op, NULL, add_line, NULL));
    bad(CAIRN_ESTATE, cairn_stat(op, NULL, &stat));
    bad(CAIRN_ESTATE, cairn_verify(op, NULL, NULL));
    bad(CAIRN_ESTATE, cairn_repair(op, NULL, NULL));
    /* One that failed may be tried again. */
    bad(CAIRN_EINVAL, cairn_init(op, NULL, "", 0));
    bad(CAIRN_EINVAL, cairn_init(op, NULL, place, 1u << 30));
    bad(CAIRN_ENONE, cairn_init(op, NULL, place, CAIRN_READONLY));
    good(cairn_init(op, NULL, place, 0));
    bad(CAIRN_ESTATE, cairn_init(op, NULL, place, 0));
    record(op, "a", "one");
    latest_is(op, "one");
    cairn_close(op);
    good(cairn_new(&op, "journal"));
    cairn_close(op);
    cairn_close(NULL);
    bad(CAIRN_ENOTSUP, cairn_new(&op, "nothing"));
    assert_null(op);
}

static void handles__refuse_null_where_none_is_allowed(void **state)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    (void)state;
    bad(CAIRN_EINVAL, cairn_open(NULL, NULL, place, 0));
    bad(CAIRN_EINVAL, cairn_open(&op, NULL, NULL, 0));
    bad(CAIRN_EINVAL, cairn_new(NULL, NULL));
    bad(CAIRN_EINVAL, cairn_init(NULL, NULL, place, 0));
    bad(CAIRN_EINVAL, cairn_checkpoint(NULL, NULL, "", "", 0, NULL));
    op = open_at(place, 0);
    bad(CAIRN_EINVAL, cairn_latest(op, NULL, NULL, &size));
    bad(CAIRN_EINVAL, cairn_latest(op, NULL, &data, NULL));
    bad(CAIRN_EINVAL, cairn_latest_intact(op, NULL, NULL, NULL, &size));
    bad(CAIRN_EINVAL, cairn_load(op, NULL, NULL, &data, &size));
    bad(CAIRN_EINVAL, cairn_load(op, NULL, "00000000@1", NULL, &size));
    bad(CAIRN_EINVAL, cairn_load(op, NULL, "00000000@1", &data, NULL));
    bad(CAIRN_EINVAL, cairn_list(op, NULL, NULL, NULL));
    bad(CAIRN_EINVAL, cairn_stat(op, NULL, NULL));
    cairn_free(NULL);
    cairn_close(op);
}

static void handles__expired_contexts_change_nothing(void **state)
{
    struct cairn_ctx late, canceled = CAIRN_CTX_INIT, fine = CAIRN_CTX_INIT;
    struct cairn_id id = {"unset"};
    struct cairn_stat stat;
    struct cairn_op *op;
    void *data;
    size_t size;

    (void)state;
    cairn_ctx_with_timeout(&late, 0);
    cairn_ctx_cancel(&canceled);
    bad(CAIRN_ETIMEDOUT, cairn_open(&op, &late, place, 0));
    assert_null(op);
    assert_int_equal(access(place, F_OK), -1);
    op = open_at(place, 0);
    record(op, "a", "one");
    const struct cairn_ctx *const contexts[] = {&late, &canceled};
    const int errors[] = {CAIRN_ETIMEDOUT, CAIRN_ECANCELED};
    for (int i = 0; i < 2; i++) {
        const struct cairn_ctx *ctx = contexts[i];
        bad(errors[i], cairn_checkpoint(op, ctx, "", "x", 1, &id));
        bad(errors[i], cairn_latest(op, ctx, &data, &size));
        bad(errors[i], cairn_latest_intact(op, ctx, &id, &data, &size));
        bad(errors[i], cairn_load(op, ctx, "00000000@1", &data, &size));
        bad(errors[i], cairn_compact(op, ctx, ""));
        bad(errors[i], cairn_clear(op, ctx));
        bad(errors[i], cairn_complete(op, ctx));
        bad(errors[i], cairn_list(op, ctx, add_line, NULL));
        bad(errors[i], cairn_stat(op, ctx, &stat));
        bad(errors[i], cairn_verify(op, ctx, NULL));
        bad(errors[i], cairn_repair(op, ctx, NULL));
    }
    assert_string_equal(id.text, "unset");
    list_is(op, "00000000@1 a 3\n");
    good(cairn_checkpoint(op, &fine, "b", "two", 3, &id));
    cairn_ctx_with_timeout(&fine, INT64_MAX);
    good(cairn_checkpoint(op, &fine, "c", "three", 5, &id));
    latest_is(op, "three");
    cairn_close(op);
}

static void handles__inherited_ones_can_only_be_closed(void **state)
{
    int status;

    (void)state;
    struct cairn_op *op = open_at(place, child_flags());
    record(op, "a", "one");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct cairn_op *own = NULL;
        struct cairn_stat stat;
        void *data;
        size_t size;
        int wrong = 0;
        wrong |= (cairn_checkpoint(op, NULL, "", "x", 1, NULL) != CAIRN_EFORKED) << 0;
        wrong |= (cairn_latest(op, NULL, &data, &size) != CAIRN_EFORKED) << 1;
        wrong |= (cairn_stat(op, NULL, &stat) != CAIRN_EFORKED) << 2;
        wrong |= (cairn_clear(op, NULL) != CAIRN_EFORKED) << 3;
        wrong |= (cairn_open(&own, NULL, place, 0) != 0) << 4;
        wrong |= (own == NULL || cairn_checkpoint(own, NULL, "b", "two", 3, NULL) != 0) << 5;
        cairn_close(op);
        wrong |= (own == NULL || cairn_checkpoint(own, NULL, "c", "three", 5, NULL) != 0) << 6;
        cairn_close(own);
        _exit(wrong);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    latest_is(op, "three");
    record(op, "d", "four");
    list_is(op, "00000000@1 a 3\n00000001@1 b 3\n00000002@1 c 5\n00000003@1 d 4\n");
    cairn_close(op);
}

/* --- places -------------------------------------------------------------------------------------- */

static void place__is_made_with_its_parents(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat st;

    (void)state;
    const mode_t mask = umask(022);
    struct cairn_op *op = open_at(scratch_join(path, dir, "a/b/c"), 0);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0755);
    record(op, "", "x");
    cairn_close(op);
}

static void place__that_is_no_directory_is_refused(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct cairn_op *op;

    (void)state;
    scratch_write(place, "text", 4);
    bad(CAIRN_ENOTDIR, cairn_open(&op, NULL, place, 0));
    bad(CAIRN_ENOTDIR, cairn_open(&op, NULL, place, CAIRN_READONLY));
    bad(CAIRN_ENOTDIR, cairn_open(&op, NULL, scratch_join(path, place, "below"), 0));
    size_t size;
    unsigned char *data = scratch_read(place, &size);
    assert_int_equal(size, 4);
    free(data);
}

static void url__names_the_same_journal_in_each_form(void **state)
{
    char url[SCRATCH_PATH_SIZE + 16], before[4096];
    struct cairn_op *op;

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    op = open_at(place, 0);
    record(op, "", "here");
    cairn_close(op);
    snprintf(url, sizeof(url), "journal:%s", place);
    op = open_at(url, 0);
    latest_is(op, "here");
    struct cairn_op *same = open_at(place, 0);
    assert_string_equal(record(same, "", "there"), "00000001@1");
    latest_is(op, "there");
    cairn_close(same);
    cairn_close(op);
    snprintf(url, sizeof(url), "%s/", place);
    op = open_at(url, 0);
    latest_is(op, "there");
    cairn_close(op);

    assert_int_equal(chdir(dir), 0);
    op = open_at("journal", 0);
    latest_is(op, "there");
    cairn_close(op);
    op = open_at("journal:journal", CAIRN_READONLY);
    latest_is(op, "there");
    cairn_close(op);
    op = open_at("./that:way", 0);
    record(op, "", "colon");
    /* Where it is does not depend on where the process goes. */
    assert_int_equal(chdir("/"), 0);
    record(op, "", "moved");
    cairn_close(op);
    assert_int_equal(chdir(dir), 0);
    op = open_at("./that:way", CAIRN_READONLY);
    latest_is(op, "moved");
    cairn_close(op);

    bad(CAIRN_ENOTSUP, cairn_open(&op, NULL, "that:way", 0));
    bad(CAIRN_EINVAL, cairn_open(&op, NULL, ":way", 0));
    bad(CAIRN_EINVAL, cairn_open(&op, NULL, "", 0));
    bad(CAIRN_EINVAL, cairn_open(&op, NULL, "journal:", 0));
    assert_null(op);
    assert_int_equal(chdir(before), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(journal__new_one_has_nothing),
        TEST(journal__ids_count_from_zero_in_generation_one),
        TEST(journal__resumes_after_reopening),
        TEST(journal__empty_data_is_a_checkpoint),
        TEST(journal__labels_are_kept),
        TEST(journal__refuses_what_it_cannot_record),
        TEST(journal__load_takes_ids_only),
        TEST(compact__keeps_the_latest_under_a_new_label_and_id),
        TEST(compact__does_nothing_where_nothing_is),
        TEST(clear__removes_all_and_ids_are_not_given_again),
        TEST(complete__is_remembered_until_a_new_checkpoint),
        TEST(list__shows_all_in_order),
        TEST(list__ends_when_the_callback_says_so),
        TEST(list__callback_may_use_the_handle),
        TEST(stat__counts_what_there_is),
        TEST(latest_intact__is_the_latest_where_all_is_whole),
        TEST(verify__and_repair_find_nothing_on_a_whole_journal),
        TEST(journal__large_bodies_come_back),
        TEST(id__has_eight_digits_at_least),
        TEST(journal__a_segment_takes_no_more_records_than_a_recovery_allows_for),
        TEST(journal__goes_on_over_many_segments),
        TEST(journal__needs_no_thread),
        TEST(handles__two_in_one_process_are_one_journal),
        TEST(handles__reader_sees_what_writers_do_who_come_later),
        TEST(handles__read_only_ones_write_nothing),
        TEST(handles__begin_with_init_and_only_once),
        TEST(handles__refuse_null_where_none_is_allowed),
        TEST(handles__expired_contexts_change_nothing),
        TEST(handles__inherited_ones_can_only_be_closed),
        TEST(place__is_made_with_its_parents),
        TEST(place__that_is_no_directory_is_refused),
        TEST(url__names_the_same_journal_in_each_form),
    };
    return cmocka_run_group_tests_name("basic", tests, NULL, NULL);
}
