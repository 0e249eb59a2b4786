/* methods.c -- the contract of each method. */
#include "contract.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Checkpoint ----------------------------------------------------------------------------------------- */

/* check_id -- what every id is. */
static void check_id(struct test *test, const char *id)
{
    const size_t size = strnlen(id, sizeof(((struct cairn_id *)0)->text));

    CHECK(size > 0 && size < sizeof(((struct cairn_id *)0)->text));
    for (size_t i = 0; i < size; i++)
        CHECK((unsigned char)id[i] > ' ' && id[i] != '/' && id[i] != 0x7f);
}

static void checkpoint__each_has_an_id_of_its_own(struct test *test)
{
    enum { COUNT = 40 };
    struct cairn_id ids[COUNT];
    struct cairn_op *op = check_open(test, 0);
    char text[32];

    if (op == NULL)
        return;
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "data %d", i);
        check_record(test, op, "same", text, &ids[i]);
        check_id(test, ids[i].text);
        check_latest(test, op, text);
        for (int k = 0; k < i; k++)
            CHECK(strcmp(ids[i].text, ids[k].text) != 0);
    }
    for (int i = COUNT; i-- > 0;) {
        snprintf(text, sizeof(text), "data %d", i);
        check_load(test, op, ids[i].text, text);
    }
    check_note(test, "the first id of a place, with the label \"same\", is %s", ids[0].text);
    cairn_close(op);
}

static void checkpoint__no_bytes_are_a_checkpoint(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id;
    void *data = NULL;
    size_t size = 4711;

    if (op == NULL)
        return;
    check_none(test, op);
    check_result(test, "checkpoint", cairn_checkpoint(op, NULL, "", NULL, 0, &id), 0);
    if (check_result(test, "latest", cairn_latest(op, NULL, &data, &size), 0)) {
        CHECK(size == 0 && data != NULL);
        cairn_free(data);
    }
    size = 4711;
    if (check_result(test, "load", cairn_load(op, NULL, id.text, &data, &size), 0)) {
        CHECK(size == 0 && data != NULL);
        cairn_free(data);
    }
    cairn_close(op);
}

static void checkpoint__every_byte_comes_back(struct test *test)
{
    static const size_t sizes[] = {1, 7, 255, 256, 4095, 4096, 4097, 65536, 1000003, 5u << 20};
    struct cairn_op *op = check_open(test, 0);

    for (size_t i = 0; op && i < sizeof(sizes) / sizeof(*sizes); i++) {
        unsigned char *bytes = malloc(sizes[i]);
        struct cairn_id id;
        void *data = NULL;
        size_t size = 0;
        if (bytes == NULL) {
            check_fail(test, "no memory for the test");
            break;
        }
        for (size_t k = 0; k < sizes[i]; k++)
            bytes[k] = (unsigned char)(k * 2654435761u >> 13);
        if (check_result(test, "checkpoint", cairn_checkpoint(op, NULL, "", bytes, sizes[i], &id), 0)) {
            if (check_result(test, "latest", cairn_latest(op, NULL, &data, &size), 0)) {
                CHECK(size == sizes[i] && memcmp(data, bytes, size) == 0);
                cairn_free(data);
            }
            if (check_result(test, "load", cairn_load(op, NULL, id.text, &data, &size), 0)) {
                CHECK(size == sizes[i] && memcmp(data, bytes, size) == 0);
                memset(data, 0, size); /* it is the caller's own copy */
                cairn_free(data);
            }
            if (check_result(test, "load", cairn_load(op, NULL, id.text, &data, &size), 0)) {
                CHECK(size == sizes[i] && memcmp(data, bytes, size) == 0);
                cairn_free(data);
            }
        }
        free(bytes);
    }
    cairn_close(op);
}

static void checkpoint__wrong_arguments_are_refused(struct test *test)
{
    static const char *const labels[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"};
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id = {"untouched"};

    if (op == NULL)
        return;
    check_result(test, "checkpoint", cairn_checkpoint(op, NULL, "", NULL, 1, &id), CAIRN_EINVAL);
    check_result(test, "checkpoint", cairn_checkpoint(NULL, NULL, "", "x", 1, &id), CAIRN_EINVAL);
    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
        check_result(test, "checkpoint", cairn_checkpoint(op, NULL, labels[i], "x", 1, &id), CAIRN_EINVAL);
    CHECK(strcmp(id.text, "untouched") == 0);
    check_none(test, op);
    /* Neither a label nor an id has to be given. */
    check_result(test, "checkpoint", cairn_checkpoint(op, NULL, NULL, "one", 3, NULL), 0);
    check_latest(test, op, "one");
    cairn_close(op);
}

/* record_label -- records "x" under a label of so many bytes. */
static int record_label(struct cairn_op *op, size_t size, struct cairn_id *id)
{
    char *label = malloc(size + 1);

    if (label == NULL)
        return CAIRN_ENOMEM;
    memset(label, 'l', size);
    label[size] = '\0';
    int result = cairn_checkpoint(op, NULL, label, "x", 1, id);
    free(label);
    return result;
}

static int find_label(void *arg, const struct cairn_entry *entry)
{
    snprintf(arg, 256, "%.255s", entry->label);
    return 0;
}

static void checkpoint__label_comes_back(struct test *test)
{
    static const char *const labels[] = {
        "",          " ",
        "two words", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80",
        "tab\there", "a label that is long enough to be cut by those who cut labels, at length"};
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id;

    for (size_t i = 0; op && i < sizeof(labels) / sizeof(*labels); i++) {
        char label[256] = "none";
        check_record(test, op, labels[i], "x", &id);
        check_load(test, op, id.text, "x");
        if (i == 2 && strchr(id.text, ' '))
            check_note(test, "an id has the spaces of its label");
        int result = cairn_list(op, NULL, find_label, label);
        if (result != CAIRN_ENOTSUP && check_result(test, "list", result, 0) && strcmp(label, labels[i]) != 0)
            check_fail(test, "list: the label \"%s\" is shown as \"%s\"", labels[i], label);
    }
    cairn_close(op);
}

static void checkpoint__label_has_a_limit(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id = {"untouched"};
    size_t good = 0, bad = 1 << 24;

    if (op == NULL)
        return;
    int result = record_label(op, bad, &id);
    if (result == 0) {
        check_note(test, "a label may have %zu bytes, and perhaps more", bad);
    } else {
        check_result(test, "checkpoint", result, CAIRN_E2BIG);
        CHECK(strcmp(id.text, "untouched") == 0);
        while (bad - good > 1) {
            size_t middle = good + (bad - good) / 2;
            result = record_label(op, middle, &id);
            if (result == 0)
                good = middle;
            else if (check_result(test, "checkpoint", result, CAIRN_E2BIG))
                bad = middle;
            else
                break;
        }
        CHECK(good >= 200); /* enough to say something in */
        check_note(test, "a label has %zu bytes at most", good);
        check_latest(test, op, "x");
    }
    const char *slash = "a/b";
    result = cairn_checkpoint(op, NULL, slash, "slash", 5, &id);
    if (result == 0) {
        check_note(test, "a label may have a slash");
        check_load(test, op, id.text, "slash");
        check_id(test, id.text);
    } else {
        check_note(test, "a label may not have a slash");
        check_result(test, "checkpoint", result, CAIRN_EINVAL);
    }
    cairn_close(op);
}

/* --- Load ----------------------------------------------------------------------------------------------- */

static void load__what_is_no_id_is_refused(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id;
    char *huge = malloc((1 << 20) + 1);
    void *data = &data;
    size_t size = 4711;

    if (op == NULL || huge == NULL) {
        free(huge);
        return;
    }
    memset(huge, '0', 1 << 20);
    huge[1 << 20] = '\0';
    check_record(test, op, "", "one", &id);
    char path[sizeof(id.text) + 8];
    snprintf(path, sizeof(path), "../%s", id.text);
    const char *const ids[] = {"", huge, path, "../../etc/passwd", "/etc/passwd", "no such thing", "\xff"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        int result = cairn_load(op, NULL, ids[i], &data, &size);
        if (result != CAIRN_EINVAL && result != CAIRN_ENOTFOUND)
            check_fail(test, "load: the result for \"%.40s\" is %d", ids[i], result);
        if (result == 0)
            cairn_free(data);
        CHECK(result == 0 || (data == &data && size == 4711));
    }
    check_result(test, "load", cairn_load(op, NULL, "", &data, &size), CAIRN_EINVAL);
    check_result(test, "load", cairn_load(op, NULL, NULL, &data, &size), CAIRN_EINVAL);
    check_result(test, "load", cairn_load(op, NULL, id.text, NULL, &size), CAIRN_EINVAL);
    check_result(test, "load", cairn_load(op, NULL, id.text, &data, NULL), CAIRN_EINVAL);
    check_result(test, "latest", cairn_latest(op, NULL, NULL, &size), CAIRN_EINVAL);
    check_result(test, "latest", cairn_latest(op, NULL, &data, NULL), CAIRN_EINVAL);
    check_load(test, op, id.text, "one");
    cairn_close(op);
    free(huge);
}

static void load__an_id_of_another_place_is_none_here(struct test *test)
{
    struct cairn_op *op = check_open(test, 0), *other;
    struct cairn_id ids[3];
    const size_t size = strlen(test->url);

    if (op == NULL)
        return;
    for (int i = 0; i < 3; i++)
        check_record(test, op, "", "here", &ids[i]);
    snprintf(test->url + size, sizeof(test->url) - size, "-other");
    other = check_open(test, 0);
    if (other) {
        check_gone(test, other, ids[0].text);
        check_record(test, other, "", "there", NULL);
        check_gone(test, other, ids[2].text);
    }
    cairn_close(other);
    cairn_close(op);
}

/* --- Compact, Clear, Complete --------------------------------------------------------------------------- */

/* record_some -- three checkpoints, "one", "two" and "three". */
static void record_some(struct test *test, struct cairn_op *op, struct cairn_id ids[3])
{
    check_record(test, op, "a", "one", &ids[0]);
    check_record(test, op, "b", "two", &ids[1]);
    check_record(test, op, "c", "three", &ids[2]);
}

/* check_ids_after -- `old` was removed, and new ones have been recorded since. */
static void check_ids_after(struct test *test, struct cairn_op *op, const struct cairn_id *old, size_t count,
                            const struct cairn_id *new)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(old[i].text, new->text) != 0) {
            check_gone(test, op, old[i].text);
        } else {
            check_note(test, "an id, %s, can come to mean another checkpoint", new->text);
            CHECK(!test->suite->ids_once);
        }
    }
}

struct found {
    unsigned count;
    char label[64];
    struct cairn_id id;
    uint64_t number;
};

static int find_one(void *arg, const struct cairn_entry *entry)
{
    struct found *found = arg;

    found->count++;
    found->number = entry->number;
    snprintf(found->label, sizeof(found->label), "%.63s", entry->label);
    snprintf(found->id.text, sizeof(found->id.text), "%.255s", entry->id);
    return 0;
}

static void compact__leaves_the_latest_as_the_first(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3], id;
    struct found found = {0};

    if (op == NULL)
        return;
    record_some(test, op, ids);
    check_result(test, "compact", cairn_compact(op, NULL, "survivor"), 0);
    check_latest(test, op, "three");
    for (int i = 0; i < 3; i++)
        check_gone(test, op, ids[i].text);
    int result = cairn_list(op, NULL, find_one, &found);
    if (result != CAIRN_ENOTSUP && check_result(test, "list", result, 0)) {
        CHECK(found.count == 1 && found.number == 0 && strcmp(found.label, "survivor") == 0);
        check_load(test, op, found.id.text, "three");
        check_note(test, "after Compact the survivor's id is %s", found.id.text);
    }
    check_record(test, op, "d", "four", &id);
    check_latest(test, op, "four");
    check_ids_after(test, op, ids, 3, &id);
    CHECK(strcmp(found.id.text, id.text) != 0);
    /* Once more, now of two; and of one. */
    check_result(test, "compact", cairn_compact(op, NULL, "again"), 0);
    check_latest(test, op, "four");
    check_result(test, "compact", cairn_compact(op, NULL, NULL), 0);
    check_latest(test, op, "four");
    cairn_close(op);
    op = check_open(test, 0);
    if (op)
        check_latest(test, op, "four");
    cairn_close(op);
}

static void compact__of_nothing_does_nothing(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);

    if (op == NULL)
        return;
    check_result(test, "compact", cairn_compact(op, NULL, "nothing"), 0);
    check_none(test, op);
    check_record(test, op, "", "one", NULL);
    check_latest(test, op, "one");
    cairn_close(op);
}

static void compact__wrong_label_changes_nothing(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3];

    if (op == NULL)
        return;
    record_some(test, op, ids);
    check_result(test, "compact", cairn_compact(op, NULL, "\xff"), CAIRN_EINVAL);
    check_latest(test, op, "three");
    check_load(test, op, ids[0].text, "one");
    check_load(test, op, ids[1].text, "two");
    check_load(test, op, ids[2].text, "three");
    cairn_close(op);
}

static void removes_all(struct test *test, const char *call,
                        int (*method)(struct cairn_op *, const struct cairn_ctx *))
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3], id;

    if (op == NULL)
        return;
    check_result(test, call, method(op, NULL), 0); /* of nothing */
    check_none(test, op);
    record_some(test, op, ids);
    check_result(test, call, method(op, NULL), 0);
    check_none(test, op);
    for (int i = 0; i < 3; i++)
        check_gone(test, op, ids[i].text);
    check_result(test, call, method(op, NULL), 0);
    cairn_close(op);
    op = check_open(test, 0);
    if (op == NULL)
        return;
    check_none(test, op);
    check_record(test, op, "a", "anew", &id);
    check_latest(test, op, "anew");
    check_ids_after(test, op, ids, 3, &id);
    cairn_close(op);
}

static void clear__removes_all(struct test *test)
{
    removes_all(test, "clear", cairn_clear);
}

static void complete__removes_all(struct test *test)
{
    removes_all(test, "complete", cairn_complete);
}

static void load__takes_no_more_than_an_id(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id id;
    char longer[sizeof(id.text) + 2];
    void *data;
    size_t size;

    if (op == NULL)
        return;
    check_record(test, op, "a", "one", &id);
    static const char *const junk[] = {"x", " ", "0", "\n"};
    for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
        snprintf(longer, sizeof(longer), "%s%s", id.text, junk[i]);
        const int result = cairn_load(op, NULL, longer, &data, &size);
        CHECK(result == CAIRN_EINVAL || result == CAIRN_ENOTFOUND);
        CHECK(*cairn_message() != '\0');
        if (result == 0)
            cairn_free(data);
    }
    cairn_close(op);
}

/* --- looking after it ----------------------------------------------------------------------------------- */

struct listed {
    struct test *test;
    struct cairn_op *op;
    const struct cairn_id *ids;
    unsigned count, stop_after;
};

static int list_one(void *arg, const struct cairn_entry *entry)
{
    static const char *const labels[] = {"a", "b", "c"}, *const texts[] = {"one", "two", "three"};
    struct listed *listed = arg;
    struct test *test = listed->test;
    const unsigned i = listed->count++;

    if (i < 3) {
        CHECK(strcmp(entry->id, listed->ids[i].text) == 0);
        CHECK(strcmp(entry->label, labels[i]) == 0);
        CHECK(entry->number == i);
        CHECK(entry->size == strlen(texts[i]));
        CHECK(entry->time_ns > 0);
        CHECK(entry->error == 0 && entry->lost_count == 0 && entry->reason && *entry->reason == '\0');
        check_load(test, listed->op, entry->id, texts[i]); /* Cairn may be called */
        check_latest(test, listed->op, "three");
    }
    return listed->count == listed->stop_after ? 4711 : 0;
}

static void list__shows_each_oldest_first(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3];
    struct listed listed = {.test = test, .op = op, .ids = ids};

    if (op == NULL)
        return;
    int result = cairn_list(op, NULL, list_one, &listed);
    if (result == CAIRN_ENOTSUP) {
        check_skip(test, "there is no list");
        cairn_close(op);
        return;
    }
    check_result(test, "list", result, 0);
    CHECK(listed.count == 0);
    record_some(test, op, ids);
    check_result(test, "list", cairn_list(op, NULL, list_one, &listed), 0);
    CHECK(listed.count == 3);
    listed.count = 0;
    listed.stop_after = 2;
    check_result(test, "list", cairn_list(op, NULL, list_one, &listed), 4711);
    CHECK(listed.count == 2);
    check_result(test, "list", cairn_list(op, NULL, NULL, NULL), CAIRN_EINVAL);
    cairn_close(op);
}

/* Who is shown what is new: its labels, one after the other. */
struct news {
    char labels[64];
    bool stop;
};

static int note_label(void *arg, const struct cairn_entry *entry)
{
    struct news *news = arg;
    const size_t used = strlen(news->labels);

    snprintf(news->labels + used, sizeof(news->labels) - used, "%s ", entry->label);
    return news->stop ? 4711 : 0;
}

static void check_news(struct test *test, struct cairn_op *op, struct cairn_mark *mark, bool stop,
                       const char *wanted)
{
    struct news news = {.stop = stop};

    check_result(test, "list_since", cairn_list_since(op, NULL, mark, note_label, &news), stop ? 4711 : 0);
    if (strcmp(news.labels, wanted) != 0)
        check_fail(test, "list_since: shown is \"%s\", and not \"%s\"", news.labels, wanted);
}

static void list_since__shows_each_once(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_mark mark = {{0}}, now = {{0}};
    struct cairn_id ids[3];

    if (op == NULL)
        return;
    if (cairn_list_since(op, NULL, &mark, NULL, NULL) == CAIRN_ENOTSUP) {
        check_skip(test, "there is no list");
        cairn_close(op);
        return;
    }
    check_news(test, op, &mark, false, "");
    record_some(test, op, ids);
    check_news(test, op, &mark, true, "a ");
    check_news(test, op, &mark, true, "b ");
    check_news(test, op, &mark, false, "c ");
    check_news(test, op, &mark, false, "");
    check_record(test, op, "d", "four", &ids[0]);
    check_result(test, "list_since", cairn_list_since(op, NULL, &now, NULL, NULL), 0);
    check_news(test, op, &now, false, "");
    check_news(test, op, &mark, false, "d ");
    check_result(test, "list_since", cairn_list_since(op, NULL, NULL, note_label, NULL), CAIRN_EINVAL);
    cairn_close(op);
}

static void list_since__goes_on_behind_a_removal(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_mark all = {{0}}, some = {{0}};
    struct cairn_id ids[3];

    if (op == NULL)
        return;
    record_some(test, op, ids);
    if (cairn_list_since(op, NULL, &all, NULL, NULL) == CAIRN_ENOTSUP) {
        check_skip(test, "there is no list");
        cairn_close(op);
        return;
    }
    check_news(test, op, &some, true, "a ");
    check_result(test, "compact", cairn_compact(op, NULL, "kept"), 0);
    check_news(test, op, &all, false, "");
    check_news(test, op, &some, false, "kept ");
    check_record(test, op, "d", "four", &ids[0]);
    check_result(test, "compact", cairn_compact(op, NULL, "again"), 0);
    check_record(test, op, "e", "five", &ids[0]);
    check_news(test, op, &all, false, "again e ");
    check_news(test, op, &some, true, "again ");
    check_result(test, "clear", cairn_clear(op, NULL), 0);
    check_news(test, op, &some, false, "");
    check_record(test, op, "f", "six", &ids[0]);
    check_news(test, op, &some, false, "f ");
    check_result(test, "complete", cairn_complete(op, NULL), 0);
    check_record(test, op, "g", "seven", &ids[0]);
    check_record(test, op, "h", "eight", &ids[0]);
    check_news(test, op, &all, false, "g h ");
    check_news(test, op, &some, false, "g h ");
    cairn_close(op);
}

/* A label that is taken is kept whole; and a list shows all, however many. */
static int check_long(void *arg, const struct cairn_entry *entry)
{
    struct listed *listed = arg;
    struct test *test = listed->test;
    char label[201], wanted[201];

    snprintf(wanted, sizeof(wanted), "%0200u", listed->count);
    snprintf(label, sizeof(label), "%.200s", entry->label);
    if (strcmp(label, wanted) != 0 || entry->number != listed->count)
        check_fail(test, "list: number %u is shown otherwise: %.20s...%s", listed->count, label,
                   label + (strlen(label) > 20 ? strlen(label) - 20 : 0));
    listed->count++;
    return test->failures ? 1 : 0;
}

static void list__shows_all_of_many(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct listed listed = {.test = test, .op = op};
    char label[201];

    if (op == NULL)
        return;
    for (unsigned i = 0; i < 1100; i++) {
        snprintf(label, sizeof(label), "%0200u", i);
        if (!check_result(test, "checkpoint", cairn_checkpoint(op, NULL, label, "x", 1, NULL), 0))
            break;
    }
    const int result = cairn_list(op, NULL, check_long, &listed);
    if (result == CAIRN_ENOTSUP)
        check_skip(test, "there is no list");
    else
        CHECK(result == 0 && listed.count == 1100);
    cairn_close(op);
}

static void stat__counts(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3];
    struct cairn_stat stat;

    if (op == NULL)
        return;
    int result = cairn_stat(op, NULL, &stat);
    if (result == CAIRN_ENOTSUP) {
        check_skip(test, "there is no stat");
        cairn_close(op);
        return;
    }
    check_result(test, "stat", result, 0);
    CHECK(stat.count == 0 && stat.lost == 0 && stat.data_bytes == 0 && !stat.completed && !stat.damaged);
    record_some(test, op, ids);
    check_result(test, "stat", cairn_stat(op, NULL, &stat), 0);
    CHECK(stat.count == 3 && stat.lost == 0 && stat.data_bytes == 11 && !stat.completed && !stat.damaged);
    uint64_t generation = stat.generation;
    check_result(test, "compact", cairn_compact(op, NULL, ""), 0);
    check_result(test, "stat", cairn_stat(op, NULL, &stat), 0);
    CHECK(stat.count == 1 && stat.data_bytes == 5 && !stat.completed);
    CHECK(stat.generation == 0 || stat.generation > generation);
    generation = stat.generation;
    check_result(test, "clear", cairn_clear(op, NULL), 0);
    check_result(test, "stat", cairn_stat(op, NULL, &stat), 0);
    CHECK(stat.count == 0 && stat.data_bytes == 0 && !stat.completed);
    CHECK(stat.generation == 0 || stat.generation > generation);
    generation = stat.generation;
    check_record(test, op, "", "again", &ids[0]);
    check_result(test, "complete", cairn_complete(op, NULL), 0);
    check_result(test, "stat", cairn_stat(op, NULL, &stat), 0);
    CHECK(stat.count == 0 && stat.data_bytes == 0);
    CHECK(stat.generation == 0 || stat.generation > generation);
    check_note(test, "a completed operation is %stold from one that never began",
               stat.completed ? "" : "not ");
    check_record(test, op, "", "anew", NULL);
    check_result(test, "stat", cairn_stat(op, NULL, &stat), 0);
    CHECK(stat.count == 1 && !stat.completed);
    cairn_close(op);
}

static void verify__what_is_whole_is_whole(struct test *test)
{
    struct cairn_op *op = check_open(test, 0);
    struct cairn_id ids[3], id;
    void *data = NULL;
    size_t size = 0;

    if (op == NULL)
        return;
    int result = cairn_verify(op, NULL, NULL);
    if (result != CAIRN_ENOTSUP)
        check_result(test, "verify", result, 0);
    record_some(test, op, ids);
    result = cairn_verify(op, NULL, NULL);
    if (result == CAIRN_ENOTSUP)
        check_note(test, "there is no verify");
    else
        check_result(test, "verify", result, 0);
    result = cairn_repair(op, NULL, NULL);
    if (result == CAIRN_ENOTSUP)
        check_note(test, "there is no repair");
    else
        check_result(test, "repair", result, 0);
    result = cairn_latest_intact(op, NULL, &id, &data, &size);
    if (result == CAIRN_ENOTSUP) {
        check_note(test, "there is no latest_intact");
    } else if (check_result(test, "latest_intact", result, 0)) {
        CHECK(strcmp(id.text, ids[2].text) == 0 && size == 5 && memcmp(data, "three", 5) == 0);
        cairn_free(data);
    }
    check_latest(test, op, "three");
    check_load(test, op, ids[0].text, "one");
    cairn_close(op);
}

void contract_methods(struct suite *suite)
{
    check_run(suite, "checkpoint__each_has_an_id_of_its_own", checkpoint__each_has_an_id_of_its_own);
    check_run(suite, "checkpoint__no_bytes_are_a_checkpoint", checkpoint__no_bytes_are_a_checkpoint);
    check_run(suite, "checkpoint__every_byte_comes_back", checkpoint__every_byte_comes_back);
    check_run(suite, "checkpoint__wrong_arguments_are_refused", checkpoint__wrong_arguments_are_refused);
    check_run(suite, "checkpoint__label_comes_back", checkpoint__label_comes_back);
    check_run(suite, "checkpoint__label_has_a_limit", checkpoint__label_has_a_limit);
    check_run(suite, "load__what_is_no_id_is_refused", load__what_is_no_id_is_refused);
    check_run(suite, "load__an_id_of_another_place_is_none_here", load__an_id_of_another_place_is_none_here);
    check_run(suite, "load__takes_no_more_than_an_id", load__takes_no_more_than_an_id);
    check_run(suite, "compact__leaves_the_latest_as_the_first", compact__leaves_the_latest_as_the_first);
    check_run(suite, "compact__of_nothing_does_nothing", compact__of_nothing_does_nothing);
    check_run(suite, "compact__wrong_label_changes_nothing", compact__wrong_label_changes_nothing);
    check_run(suite, "clear__removes_all", clear__removes_all);
    check_run(suite, "complete__removes_all", complete__removes_all);
    check_run(suite, "list__shows_each_oldest_first", list__shows_each_oldest_first);
    check_run(suite, "list__shows_all_of_many", list__shows_all_of_many);
    check_run(suite, "list_since__shows_each_once", list_since__shows_each_once);
    check_run(suite, "list_since__goes_on_behind_a_removal", list_since__goes_on_behind_a_removal);
    check_run(suite, "stat__counts", stat__counts);
    check_run(suite, "verify__what_is_whole_is_whole", verify__what_is_whole_is_whole);
}
