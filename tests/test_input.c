/* test_input.c -- what a caller can get wrong: each is a clear error, and nothing is changed. Wrong places
 * are test_place.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "refuse.h"
#include "scratch.h"

/* A journal with three checkpoints, open. */
struct input {
    char base[SCRATCH_PATH_SIZE];
    char dir[SCRATCH_PATH_SIZE];
    struct cairn_op *op;
    struct cairn_id ids[3];
    struct scratch_tree tree; /* its files */
};

static int setup(void **state)
{
    struct input *input = calloc(1, sizeof(*input));

    scratch_make(input->base, true);
    scratch_join(input->dir, input->base, "journal");
    if (cairn_open(&input->op, NULL, input->dir, CAIRN_NO_THREAD) != 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        if (cairn_checkpoint(input->op, NULL, "step", "data", 4, &input->ids[i]) != 0)
            return -1;
    }
    scratch_tree_take(&input->tree, input->dir);
    *state = input;
    return 0;
}

/* teardown -- each test of errors ends with the journal as it was. */
static int teardown(void **state)
{
    struct input *input = *state;

    cairn_close(input->op);
    scratch_tree_release(&input->tree);
    scratch_remove(input->base);
    free(input);
    return 0;
}

static void assert_unchanged(const struct input *input)
{
    assert_null(scratch_tree_differs(&input->tree, input->dir));
}

/* --- ids ---------------------------------------------------------------------------------------------- */

static void id__never_given_is_not_found(void **state)
{
    static const char *const ids[] = {"00000003@1",
                                      "00000000@2",
                                      "00000000@0",
                                      "123456789@1",
                                      "9999999999999999999@1",
                                      "00000001@18446744073709551615"};
    struct input *input = *state;
    void *data = input;
    size_t size = 7;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        ASSERT_REFUSED(cairn_load(input->op, NULL, ids[i], &data, &size), CAIRN_ENOTFOUND, ids[i]);
        assert_non_null(strstr(cairn_message(), input->dir));
    }
    assert_ptr_equal(data, input);
    assert_int_equal(size, 7);
    assert_unchanged(input);
}

static void id__of_what_was_removed_is_not_found(void **state)
{
    struct input *input = *state;
    struct cairn_id id;
    void *data;
    size_t size;

    ASSERT_DONE(cairn_compact(input->op, NULL, "kept"));
    for (int i = 0; i < 3; i++)
        ASSERT_REFUSED(cairn_load(input->op, NULL, input->ids[i].text, &data, &size), CAIRN_ENOTFOUND, "");
    ASSERT_DONE(cairn_load(input->op, NULL, "00000000@2", &data, &size));
    cairn_free(data);
    ASSERT_DONE(cairn_clear(input->op, NULL));
    ASSERT_REFUSED(cairn_load(input->op, NULL, "00000000@2", &data, &size), CAIRN_ENOTFOUND, "");
    ASSERT_DONE(cairn_checkpoint(input->op, NULL, "", "new", 3, &id));
    assert_string_equal(id.text, "00000000@3");
    ASSERT_DONE(cairn_complete(input->op, NULL));
    ASSERT_REFUSED(cairn_load(input->op, NULL, id.text, &data, &size), CAIRN_ENOTFOUND, "");
    ASSERT_REFUSED(cairn_load(input->op, NULL, input->ids[0].text, &data, &size), CAIRN_ENOTFOUND, "");
}

static void id__that_is_none_is_an_error(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "@",
        "@1",
        "0@1",
        "00000000",
        "00000000@",
        "000000000@1",
        "00000000@01",
        "00000000@1 ",
        " 00000000@1",
        "+0000000@1",
        "-0000000@1",
        "0x000000@1",
        "00000000@-1",
        "00000000@+1",
        "00000000@1/",
        "00000000@1@1",
        "00000000 @1",
        "../00000000@1",
        "../../etc/passwd",
        "/etc/passwd",
        "seg-00000001",
        "00000000@99999999999999999999",
        "99999999999999999999@1",
        "%s%n%n%n",
        "\n00000000@1",
        "00000000@1\n",
        "\xff\xfe",
        "\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0\xd9\xa0@1",
    };
    struct input *input = *state;
    void *data;
    size_t size;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ASSERT_REFUSED(cairn_load(input->op, NULL, texts[i], &data, &size), CAIRN_EINVAL, input->dir);
    assert_unchanged(input);
}

static void id__of_a_mebibyte_is_an_error_and_is_not_repeated(void **state)
{
    static const char fillers[] = "09@/ \xff";
    static char text[1024 * 1024 + 1];
    struct input *input = *state;
    void *data;
    size_t size;

    for (const char *filler = fillers; *filler; filler++) {
        memset(text, *filler, sizeof(text) - 1);
        ASSERT_REFUSED(cairn_load(input->op, NULL, text, &data, &size), CAIRN_EINVAL, input->dir);
        assert_true(strlen(cairn_message()) < 600);
    }
    assert_unchanged(input);
}

/* --- labels and data ---------------------------------------------------------------------------------- */

/* refuse_label -- neither call that takes a label takes this one. */
static void refuse_label(struct input *input, const char *label, int error)
{
    struct cairn_id id = {"untouched"};

    ASSERT_REFUSED(cairn_checkpoint(input->op, NULL, label, "data", 4, &id), error, input->dir);
    assert_string_equal(id.text, "untouched");
    ASSERT_REFUSED(cairn_compact(input->op, NULL, label), error, input->dir);
}

static void label__too_long_is_an_error(void **state)
{
    struct input *input = *state;
    const size_t sizes[] = {CAIRN_JOURNAL_LABEL_MAX + 1, CAIRN_JOURNAL_LABEL_MAX + 2, 1024 * 1024};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *label = calloc(1, sizes[i] + 1);
        memset(label, 'a', sizes[i]);
        refuse_label(input, label, CAIRN_E2BIG);
        free(label);
    }
    assert_unchanged(input);
}

static void label__that_is_not_utf8_is_an_error(void **state)
{
    static const char *const labels[] = {
        "\x80", /* goes on with nothing */
        "\xbf",
        "\xc2", /* ends too early */
        "\xe2\x82",
        "\xf0\x9f\x98",
        "a\xe2\x82z", /* 'b' would be part of the number */
        "\xe2\x28\xa1",
        "\xf0\x28\x8c\xbc",
        "\xf0\x90\x28\xbc",
        "\xf0\x90\x8c\x28",
        "\xc0\x80", /* longer than need be */
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", /* surrogates */
        "\xed\xbf\xbf",
        "\xed\xa0\xbd\xed\xb8\x80",
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xfe",
        "\xff",
        "good, and then \xff",
    };
    struct input *input = *state;

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        refuse_label(input, labels[i], CAIRN_EINVAL);
    assert_unchanged(input);
}

static int take_label(void *arg, const struct cairn_entry *entry)
{
    char **label = arg;

    free(*label);
    *label = strdup(entry->label);
    return 0;
}

static void label__at_the_edge_of_what_is_allowed_is_kept(void **state)
{
    static char longest[CAIRN_JOURNAL_LABEL_MAX + 1];
    const char *const labels[] = {
        "",
        "/../../\n\t\x01",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        longest,
    };
    struct input *input = *state;
    char *label = NULL;

    memset(longest, 'x', sizeof(longest) - 1);
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        ASSERT_DONE(cairn_checkpoint(input->op, NULL, labels[i], "", 0, NULL));
        ASSERT_DONE(cairn_list(input->op, NULL, take_label, &label));
        assert_string_equal(label, labels[i]);
        ASSERT_DONE(cairn_compact(input->op, NULL, labels[i]));
        ASSERT_DONE(cairn_list(input->op, NULL, take_label, &label));
        assert_string_equal(label, labels[i]);
    }
    free(label);
}

static void data__too_large_is_an_error_and_is_not_read(void **state)
{
    const size_t sizes[] = {(size_t)CAIRN_JOURNAL_DATA_MAX + 1, (size_t)1 << 40, SIZE_MAX - 200, SIZE_MAX};
    struct input *input = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        ASSERT_REFUSED(cairn_checkpoint(input->op, NULL, "", "x", sizes[i], NULL), CAIRN_E2BIG, input->dir);
    assert_unchanged(input);
}

static void data__of_no_bytes_is_a_checkpoint(void **state)
{
    struct input *input = *state;
    struct cairn_id id;
    void *data = NULL;
    size_t size = 7;

    ASSERT_DONE(cairn_checkpoint(input->op, NULL, NULL, NULL, 0, &id));
    ASSERT_DONE(cairn_latest(input->op, NULL, &data, &size));
    assert_non_null(data);
    assert_int_equal(size, 0);
    cairn_free(data);
    ASSERT_DONE(cairn_load(input->op, NULL, id.text, &data, &size));
    assert_non_null(data);
    cairn_free(data);
}

/* --- every method ------------------------------------------------------------------------------------- */

static int list_nothing(void *arg, const struct cairn_entry *entry)
{
    (void)arg;
    (void)entry;
    return 0;
}

/* refuse_all -- every method gives this error and leaves alone what it was given. */
static void refuse_all(struct cairn_op *op, const struct cairn_ctx *ctx, int error)
{
    struct cairn_id id = {"untouched"};
    struct cairn_stat stat = {.count = 77};
    void *data = &stat;
    size_t size = 7;

    ASSERT_REFUSED(cairn_checkpoint(op, ctx, "label", "data", 4, &id), error, "");
    ASSERT_REFUSED(cairn_latest(op, ctx, &data, &size), error, "");
    ASSERT_REFUSED(cairn_latest_intact(op, ctx, &id, &data, &size), error, "");
    ASSERT_REFUSED(cairn_load(op, ctx, "00000000@1", &data, &size), error, "");
    ASSERT_REFUSED(cairn_compact(op, ctx, "label"), error, "");
    ASSERT_REFUSED(cairn_clear(op, ctx), error, "");
    ASSERT_REFUSED(cairn_complete(op, ctx), error, "");
    ASSERT_REFUSED(cairn_list(op, ctx, list_nothing, NULL), error, "");
    ASSERT_REFUSED(cairn_stat(op, ctx, &stat), error, "");
    ASSERT_REFUSED(cairn_verify(op, ctx, NULL), error, "");
    ASSERT_REFUSED(cairn_repair(op, ctx, NULL), error, "");
    assert_string_equal(id.text, "untouched");
    assert_ptr_equal(data, &stat);
    assert_int_equal(size, 7);
    assert_int_equal(stat.count, 77);
}

static void method__before_init_is_an_error(void **state)
{
    struct input *input = *state;
    struct cairn_op *op;

    ASSERT_DONE(cairn_new(&op, NULL));
    refuse_all(op, NULL, CAIRN_ESTATE);
    ASSERT_DONE(cairn_init(op, NULL, input->dir, CAIRN_READONLY));
    cairn_close(op);
    ASSERT_DONE(cairn_new(&op, "journal"));
    cairn_close(op);
    assert_unchanged(input);
}

static void method__without_a_handle_is_an_error(void **state)
{
    struct input *input = *state;

    refuse_all(NULL, NULL, CAIRN_EINVAL);
    ASSERT_REFUSED(cairn_init(NULL, NULL, input->dir, 0), CAIRN_EINVAL, "");
    cairn_close(NULL);
    cairn_free(NULL);
}

static void method__with_an_expired_context_does_nothing(void **state)
{
    struct input *input = *state;
    const int64_t timeouts[] = {0, -1, INT64_MIN};
    struct cairn_ctx ctx;
    struct cairn_op *op = input->op;

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        cairn_ctx_with_timeout(&ctx, timeouts[i]);
        refuse_all(input->op, &ctx, CAIRN_ETIMEDOUT);
        ASSERT_REFUSED(cairn_open(&op, &ctx, input->dir, 0), CAIRN_ETIMEDOUT, "");
        assert_null(op);
    }
    assert_unchanged(input);
}

static void method__with_a_cancelled_context_does_nothing(void **state)
{
    struct input *input = *state;
    struct cairn_ctx ctx = CAIRN_CTX_INIT;
    struct cairn_op *op = input->op;

    cairn_ctx_cancel(&ctx);
    cairn_ctx_cancel(&ctx);
    refuse_all(input->op, &ctx, CAIRN_ECANCELED);
    ASSERT_REFUSED(cairn_open(&op, &ctx, input->dir, 0), CAIRN_ECANCELED, "");
    assert_null(op);
    assert_unchanged(input);
}

static void method__with_a_context_that_has_time_left_goes_through(void **state)
{
    struct input *input = *state;
    struct cairn_ctx contexts[3] = {CAIRN_CTX_INIT};
    void *data;
    size_t size;

    cairn_ctx_with_timeout(&contexts[1], (int64_t)3600 * 1000000000);
    cairn_ctx_with_timeout(&contexts[2], INT64_MAX); /* past the end of the clock: no deadline */
    assert_int_equal(contexts[2].deadline_ns, 0);
    for (int i = 0; i < 3; i++) {
        ASSERT_DONE(cairn_checkpoint(input->op, &contexts[i], "", "four", 4, NULL));
        ASSERT_DONE(cairn_latest(input->op, &contexts[i], &data, &size));
        cairn_free(data);
        ASSERT_DONE(cairn_compact(input->op, &contexts[i], ""));
        ASSERT_DONE(cairn_verify(input->op, &contexts[i], NULL));
    }
}

static void argument__that_is_null_is_an_error(void **state)
{
    struct input *input = *state;
    struct cairn_op *op = input->op, *fresh;
    const char *id = input->ids[0].text;
    struct cairn_id latest;
    void *data;
    size_t size;

    ASSERT_REFUSED(cairn_new(NULL, "journal"), CAIRN_EINVAL, "");
    ASSERT_REFUSED(cairn_open(NULL, NULL, input->dir, 0), CAIRN_EINVAL, "");
    ASSERT_REFUSED(cairn_open(&fresh, NULL, NULL, 0), CAIRN_EINVAL, "url");
    ASSERT_DONE(cairn_new(&fresh, NULL));
    ASSERT_REFUSED(cairn_init(fresh, NULL, NULL, 0), CAIRN_EINVAL, "root");
    cairn_close(fresh);
    ASSERT_REFUSED(cairn_checkpoint(op, NULL, "", NULL, 1, NULL), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_latest(op, NULL, NULL, &size), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_latest(op, NULL, &data, NULL), CAIRN_EINVAL, "size");
    ASSERT_REFUSED(cairn_latest_intact(op, NULL, &latest, NULL, &size), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_latest_intact(op, NULL, &latest, &data, NULL), CAIRN_EINVAL, "size");
    ASSERT_REFUSED(cairn_load(op, NULL, NULL, &data, &size), CAIRN_EINVAL, "id");
    ASSERT_REFUSED(cairn_load(op, NULL, id, NULL, &size), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_load(op, NULL, id, &data, NULL), CAIRN_EINVAL, "size");
    ASSERT_REFUSED(cairn_list(op, NULL, NULL, NULL), CAIRN_EINVAL, "fn");
    ASSERT_REFUSED(cairn_stat(op, NULL, NULL), CAIRN_EINVAL, "stat");
    ASSERT_REFUSED(cairn_register(NULL), CAIRN_EINVAL, "");
    assert_unchanged(input);

    /* What may be NULL. */
    ASSERT_DONE(cairn_latest_intact(op, NULL, NULL, &data, &size));
    cairn_free(data);
    ASSERT_DONE(cairn_verify(op, NULL, NULL));
    ASSERT_DONE(cairn_checkpoint(op, NULL, NULL, NULL, 0, NULL));
    ASSERT_DONE(cairn_compact(op, NULL, NULL));
    ASSERT_DONE(cairn_repair(op, NULL, NULL));
}

/* --- opening ------------------------------------------------------------------------------------------ */

static void open__with_an_unknown_flag_is_an_error(void **state)
{
    struct input *input = *state;
    struct cairn_op *op = input->op;
    char missing[SCRATCH_PATH_SIZE];

    scratch_join(missing, input->base, "missing");
    for (unsigned bit = CAIRN_LOSE_UNREAD * 2; bit != 0; bit <<= 1) {
        ASSERT_REFUSED(cairn_open(&op, NULL, missing, bit), CAIRN_EINVAL, "flags");
        ASSERT_REFUSED(cairn_open(&op, NULL, missing, bit | CAIRN_NO_THREAD), CAIRN_EINVAL, "flags");
        assert_null(op);
    }
    assert_null(scratch_read(missing, &(size_t){0}));
}

static void open__of_an_unknown_scheme_is_an_error(void **state)
{
    struct cairn_op *op;

    (void)state;
    ASSERT_REFUSED(cairn_new(&op, "nothing"), CAIRN_ENOTSUP, "nothing");
    assert_null(op);
    ASSERT_REFUSED(cairn_new(&op, ""), CAIRN_ENOTSUP, "");
    ASSERT_REFUSED(cairn_new(&op, "journal:"), CAIRN_ENOTSUP, "");
    ASSERT_REFUSED(cairn_new(&op, "Journal"), CAIRN_ENOTSUP, "");
    ASSERT_REFUSED(cairn_open(&op, NULL, "nothing:/tmp/x", 0), CAIRN_ENOTSUP, "nothing");
    assert_null(op);
    ASSERT_REFUSED(cairn_open(&op, NULL, "journals:/tmp/x", 0), CAIRN_ENOTSUP, "journals");
    ASSERT_REFUSED(cairn_open(&op, NULL, "http://example.org/", 0), CAIRN_ENOTSUP, "http");
    ASSERT_REFUSED(cairn_open(&op, NULL, ":/tmp/x", 0), CAIRN_EINVAL, "");
    ASSERT_REFUSED(cairn_open(&op, NULL, "1st:/tmp/x", 0), CAIRN_EINVAL, "1st");
    ASSERT_REFUSED(cairn_open(&op, NULL, "a b:/tmp/x", 0), CAIRN_EINVAL, "a b");
    ASSERT_REFUSED(cairn_open(&op, NULL, "\xff:x", 0), CAIRN_EINVAL, "");
    assert_null(op);
}

static void open__of_an_empty_root_is_an_error(void **state)
{
    struct cairn_op *op;

    (void)state;
    ASSERT_REFUSED(cairn_open(&op, NULL, "", 0), CAIRN_EINVAL, "empty");
    ASSERT_REFUSED(cairn_open(&op, NULL, "journal:", 0), CAIRN_EINVAL, "empty");
    assert_null(op);
    ASSERT_DONE(cairn_new(&op, NULL));
    ASSERT_REFUSED(cairn_init(op, NULL, "", 0), CAIRN_EINVAL, "empty");
    refuse_all(op, NULL, CAIRN_ESTATE);
    cairn_close(op);
}

static void init__a_second_time_is_an_error_and_changes_nothing(void **state)
{
    struct input *input = *state;
    char other[SCRATCH_PATH_SIZE];
    void *data;
    size_t size;

    scratch_join(other, input->base, "other");
    ASSERT_REFUSED(cairn_init(input->op, NULL, other, 0), CAIRN_ESTATE, "already");
    ASSERT_REFUSED(cairn_init(input->op, NULL, input->dir, 0), CAIRN_ESTATE, "already");
    assert_null(scratch_read(other, &size));
    ASSERT_DONE(cairn_load(input->op, NULL, input->ids[0].text, &data, &size));
    cairn_free(data);
    assert_unchanged(input);
}

static void init__after_a_failed_one_may_succeed(void **state)
{
    struct input *input = *state;
    char missing[SCRATCH_PATH_SIZE];
    struct cairn_op *op;
    struct cairn_ctx ctx;
    void *data;
    size_t size;

    cairn_ctx_with_timeout(&ctx, 0);
    ASSERT_DONE(cairn_new(&op, "journal"));
    ASSERT_REFUSED(cairn_init(op, NULL, scratch_join(missing, input->base, "missing"), CAIRN_READONLY),
                   CAIRN_ENONE, missing);
    ASSERT_REFUSED(cairn_init(op, NULL, "/dev/null", 0), CAIRN_ENOTDIR, "/dev/null");
    ASSERT_REFUSED(cairn_init(op, &ctx, input->dir, 0), CAIRN_ETIMEDOUT, "");
    ASSERT_DONE(cairn_init(op, NULL, input->dir, 0));
    ASSERT_DONE(cairn_latest(op, NULL, &data, &size));
    cairn_free(data);
    cairn_close(op);
}

static void reader__is_refused_what_would_write(void **state)
{
    struct input *input = *state;
    struct cairn_id id = {"untouched"};
    struct cairn_op *op;

    for (int alone = 0; alone < 2; alone++) {
        ASSERT_DONE(cairn_open(&op, NULL, input->dir, CAIRN_READONLY));
        ASSERT_REFUSED(cairn_checkpoint(op, NULL, "", "x", 1, &id), CAIRN_EACCES, input->dir);
        ASSERT_REFUSED(cairn_compact(op, NULL, ""), CAIRN_EACCES, input->dir);
        ASSERT_REFUSED(cairn_clear(op, NULL), CAIRN_EACCES, input->dir);
        ASSERT_REFUSED(cairn_complete(op, NULL), CAIRN_EACCES, input->dir);
        ASSERT_REFUSED(cairn_repair(op, NULL, NULL), CAIRN_EACCES, input->dir);
        assert_string_equal(id.text, "untouched");
        cairn_close(op);
        assert_unchanged(input);
        if (alone == 0) { /* the second time there is no writer beside it */
            cairn_close(input->op);
            input->op = NULL;
            scratch_tree_release(&input->tree);
            scratch_tree_take(&input->tree, input->dir);
        }
    }
}

/* --- what errors say ---------------------------------------------------------------------------------- */

static void error__of_each_number_has_a_sentence(void **state)
{
    (void)state;
    for (int error = CAIRN_ENOTSUP; error <= 0; error++) {
        assert_string_not_equal(cairn_strerror(error), "");
        assert_string_not_equal(cairn_strerror(error), "unknown error");
        for (int other = error + 1; other <= 0; other++)
            assert_string_not_equal(cairn_strerror(error), cairn_strerror(other));
    }
    assert_string_equal(cairn_strerror(1), "unknown error");
    assert_string_equal(cairn_strerror(CAIRN_ENOTSUP - 1), "unknown error");
    assert_string_equal(cairn_strerror(INT32_MIN), "unknown error");
    assert_string_equal(cairn_strerror(INT32_MAX), "unknown error");
}

static void message__is_cut_at_its_limit(void **state)
{
    static char text[5000];

    (void)state;
    memset(text, 'm', sizeof(text) - 1);
    assert_int_equal(cairn_set_message(CAIRN_EBUSY, "%s", text), CAIRN_EBUSY);
    assert_int_equal(strlen(cairn_message()), 1023);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(id__never_given_is_not_found),
        TEST(id__of_what_was_removed_is_not_found),
        TEST(id__that_is_none_is_an_error),
        TEST(id__of_a_mebibyte_is_an_error_and_is_not_repeated),
        TEST(label__too_long_is_an_error),
        TEST(label__that_is_not_utf8_is_an_error),
        TEST(label__at_the_edge_of_what_is_allowed_is_kept),
        TEST(data__too_large_is_an_error_and_is_not_read),
        TEST(data__of_no_bytes_is_a_checkpoint),
        TEST(method__before_init_is_an_error),
        TEST(method__without_a_handle_is_an_error),
        TEST(method__with_an_expired_context_does_nothing),
        TEST(method__with_a_cancelled_context_does_nothing),
        TEST(method__with_a_context_that_has_time_left_goes_through),
        TEST(argument__that_is_null_is_an_error),
        TEST(open__with_an_unknown_flag_is_an_error),
        TEST(open__of_an_unknown_scheme_is_an_error),
        TEST(open__of_an_empty_root_is_an_error),
        TEST(init__a_second_time_is_an_error_and_changes_nothing),
        TEST(init__after_a_failed_one_may_succeed),
        TEST(reader__is_refused_what_would_write),
        cmocka_unit_test(error__of_each_number_has_a_sentence),
        cmocka_unit_test(message__is_cut_at_its_limit),
    };

    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
