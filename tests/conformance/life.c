/* life.c -- the contract of a handle's life: opening, reading only, contexts, closing. */
#include "contract.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void init__before_it_every_method_is_refused(struct test *test)
{
    struct cairn_op *op = NULL;
    struct cairn_id id = {"untouched"};
    void *data = &data;
    size_t size = 4711;

    if (!check_result(test, "new", cairn_new(&op, test->suite->scheme), 0))
        return;
    check_result(test, "checkpoint", cairn_checkpoint(op, NULL, "", "x", 1, &id), CAIRN_ESTATE);
    check_result(test, "latest", cairn_latest(op, NULL, &data, &size), CAIRN_ESTATE);
    check_result(test, "load", cairn_load(op, NULL, "00000000@1", &data, &size), CAIRN_ESTATE);
    check_result(test, "compact", cairn_compact(op, NULL, ""), CAIRN_ESTATE);
    check_result(test, "clear", cairn_clear(op, NULL), CAIRN_ESTATE);
    check_result(test, "complete", cairn_complete(op, NULL), CAIRN_ESTATE);
    CHECK(strcmp(id.text, "untouched") == 0);
    CHECK(data == &data && size == 4711);
    cairn_close(op);
}

static void init__a_second_one_is_refused(struct test *test)
{
    struct cairn_op *op = NULL;

    if (!check_result(test, "new", cairn_new(&op, test->suite->scheme), 0))
        return;
    check_result(test, "init", cairn_init(op, NULL, test->root, 0), 0);
    check_result(test, "init", cairn_init(op, NULL, test->root, 0), CAIRN_ESTATE);
    check_record(test, op, "", "still works", NULL);
    check_latest(test, op, "still works");
    cairn_close(op);
}

static void init__empty_root_is_refused(struct test *test)
{
    struct cairn_op *op = NULL;

    if (!check_result(test, "new", cairn_new(&op, test->suite->scheme), 0))
        return;
    check_result(test, "init", cairn_init(op, NULL, "", 0), CAIRN_EINVAL);
    /* After a failure it may be tried again. */
    check_result(test, "init", cairn_init(op, NULL, test->root, 0), 0);
    check_none(test, op);
    cairn_close(op);
}

static void init__creates_what_is_missing(struct test *test)
{
    const size_t size = strlen(test->url), root = strlen(test->root);
    struct stat st;

    snprintf(test->url + size, sizeof(test->url) - size, "/above/it");
    snprintf(test->root + root, sizeof(test->root) - root, "/above/it");
    mode_t mask = umask(0022);
    struct cairn_op *op = check_open(test, 0);
    umask(mask);
    if (op == NULL)
        return;
    if (stat(test->root, &st) == 0)
        CHECK((st.st_mode & 07777) == 0755); /* not all implementations live in a directory */
    check_none(test, op);
    check_record(test, op, "", "one", NULL);
    check_latest(test, op, "one");
    cairn_close(op);
}

static void init__existing_only_creates_nothing(struct test *test)
{
    struct cairn_op *op = (struct cairn_op *)test;

    check_result(test, "open", cairn_open(&op, NULL, test->url, CAIRN_EXISTING), CAIRN_ENONE);
    CHECK(op == NULL);
    check_result(test, "open", cairn_open(&op, NULL, test->url, CAIRN_READONLY), CAIRN_ENONE);
    CHECK(op == NULL);
    CHECK(access(test->root, F_OK) != 0);
    cairn_close(check_open(test, 0));
    op = check_open(test, CAIRN_EXISTING);
    if (op)
        check_none(test, op);
    cairn_close(op);
}

static void init__unknown_flag_is_refused(struct test *test)
{
    struct cairn_op *op = NULL;

    check_result(test, "open", cairn_open(&op, NULL, test->url, 1u << 30), CAIRN_EINVAL);
    CHECK(op == NULL);
    CHECK(access(test->root, F_OK) != 0);
}

static void init__a_file_is_no_place(struct test *test)
{
    struct cairn_op *op = NULL;

    FILE *file = fopen(test->root, "w");
    if (file == NULL || fputs("precious", file) < 0 || fclose(file) != 0) {
        check_fail(test, "cannot write %s", test->root);
        return;
    }
    int result = cairn_open(&op, NULL, test->url, 0);
    if (result == 0)
        check_note(test, "a place is no directory");
    else
        check_result(test, "open", result, CAIRN_ENOTDIR);
    struct stat st;
    CHECK(stat(test->root, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 8);
    cairn_close(op);
}

static void init__what_is_there_is_kept(struct test *test)
{
    struct cairn_id first, second;
    struct cairn_op *op = check_open(test, 0);

    if (op == NULL)
        return;
    check_record(test, op, "a", "one", &first);
    check_record(test, op, "b", "two", &second);
    cairn_close(op);
    for (int i = 0; i < 3; i++) {
        op = check_open(test, i == 1 ? CAIRN_NO_THREAD : 0);
        if (op == NULL)
            return;
        check_latest(test, op, "two");
        check_load(test, op, first.text, "one");
        check_load(test, op, second.text, "two");
        cairn_close(op);
    }
}

static void read_only__reads_and_changes_nothing(struct test *test)
{
    struct cairn_id first, id = {"untouched"};
    struct cairn_op *op = check_open(test, 0);

    if (op == NULL)
        return;
    check_record(test, op, "a", "one", &first);
    struct cairn_op *reader = check_open(test, CAIRN_READONLY);
    if (reader) {
        check_latest(test, reader, "one");
        check_load(test, reader, first.text, "one");
        check_result(test, "checkpoint", cairn_checkpoint(reader, NULL, "", "x", 1, &id), CAIRN_EACCES);
        check_result(test, "compact", cairn_compact(reader, NULL, ""), CAIRN_EACCES);
        check_result(test, "clear", cairn_clear(reader, NULL), CAIRN_EACCES);
        check_result(test, "complete", cairn_complete(reader, NULL), CAIRN_EACCES);
        CHECK(strcmp(id.text, "untouched") == 0);
        check_record(test, op, "b", "two", NULL);
        check_latest(test, reader, "two");
    }
    cairn_close(op);
    if (reader)
        check_latest(test, reader, "two");
    cairn_close(reader);
}

/* every_method -- each with the context, which has ended. */
static void every_method(struct test *test, struct cairn_op *op, const struct cairn_ctx *ctx, const char *id,
                         int wanted)
{
    struct cairn_id new = {"untouched"};
    void *data = &data;
    size_t size = 4711;

    check_result(test, "checkpoint", cairn_checkpoint(op, ctx, "", "x", 1, &new), wanted);
    check_result(test, "latest", cairn_latest(op, ctx, &data, &size), wanted);
    check_result(test, "load", cairn_load(op, ctx, id, &data, &size), wanted);
    check_result(test, "compact", cairn_compact(op, ctx, ""), wanted);
    check_result(test, "clear", cairn_clear(op, ctx), wanted);
    check_result(test, "complete", cairn_complete(op, ctx), wanted);
    CHECK(strcmp(new.text, "untouched") == 0);
    CHECK(data == &data && size == 4711);
}

static void context__one_that_has_ended_changes_nothing(struct test *test)
{
    struct cairn_ctx late, canceled = CAIRN_CTX_INIT, early;
    struct cairn_op *op = check_open(test, 0), *other = NULL;
    struct cairn_id id;

    if (op == NULL)
        return;
    check_record(test, op, "a", "one", NULL);
    check_record(test, op, "b", "two", &id);
    cairn_ctx_with_timeout(&late, 0);
    every_method(test, op, &late, id.text, CAIRN_ETIMEDOUT);
    check_result(test, "open", cairn_open(&other, &late, test->url, 0), CAIRN_ETIMEDOUT);
    CHECK(other == NULL);
    cairn_ctx_cancel(&canceled);
    every_method(test, op, &canceled, id.text, CAIRN_ECANCELED);
    check_latest(test, op, "two");
    check_load(test, op, id.text, "two");

    cairn_ctx_with_timeout(&early, INT64_MAX);
    check_result(test, "checkpoint", cairn_checkpoint(op, &early, "", "three", 5, &id), 0);
    check_latest(test, op, "three");
    cairn_close(op);
}

static void close__null_is_allowed(struct test *test)
{
    (void)test;
    cairn_close(NULL);
    cairn_free(NULL);
}

void contract_life(struct suite *suite)
{
    check_run(suite, "init__before_it_every_method_is_refused", init__before_it_every_method_is_refused);
    check_run(suite, "init__a_second_one_is_refused", init__a_second_one_is_refused);
    check_run(suite, "init__empty_root_is_refused", init__empty_root_is_refused);
    check_run(suite, "init__creates_what_is_missing", init__creates_what_is_missing);
    check_run(suite, "init__existing_only_creates_nothing", init__existing_only_creates_nothing);
    check_run(suite, "init__unknown_flag_is_refused", init__unknown_flag_is_refused);
    check_run(suite, "init__a_file_is_no_place", init__a_file_is_no_place);
    check_run(suite, "init__what_is_there_is_kept", init__what_is_there_is_kept);
    check_run(suite, "read_only__reads_and_changes_nothing", read_only__reads_and_changes_nothing);
    check_run(suite, "context__one_that_has_ended_changes_nothing",
              context__one_that_has_ended_changes_nothing);
    check_run(suite, "close__null_is_allowed", close__null_is_allowed);
}
