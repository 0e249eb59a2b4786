/* test_fork.c -- handles that came into a process by fork(): they do nothing there, and closing them there
 * does nothing to the parent. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "child.h"
#include "refuse.h"
#include "scratch.h"

struct forked {
    char base[SCRATCH_PATH_SIZE];
    char dir[SCRATCH_PATH_SIZE];
    struct cairn_op *op;     /* on it, opened by the parent */
    struct cairn_op *reader; /* likewise */
};

static int setup(void **state)
{
    struct forked *forked = calloc(1, sizeof(*forked));

    scratch_make(forked->base, true);
    scratch_join(forked->dir, forked->base, "journal");
    *state = forked;
    return cairn_open(&forked->op, NULL, forked->dir, child_flags()) == 0 &&
                   cairn_checkpoint(forked->op, NULL, "", "first", 5, NULL) == 0 &&
                   cairn_open(&forked->reader, NULL, forked->dir, CAIRN_READONLY) == 0
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct forked *forked = *state;

    cairn_close(forked->reader);
    cairn_close(forked->op);
    scratch_remove(forked->base);
    free(forked);
    return 0;
}

/* CHECK -- for children: ends the function with 1 if it is not so. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "test_fork.c:%d: %s; %s\n", __LINE__, #condition, cairn_message());              \
            return 1;                                                                                        \
        }                                                                                                    \
    } while (0)

static int list_nothing(void *arg, const struct cairn_entry *entry)
{
    (void)arg;
    (void)entry;
    return 0;
}

/* all_refuse -- every method on an inherited handle. */
static int all_refuse(struct cairn_op *op, const char *dir)
{
    struct cairn_id id;
    struct cairn_stat stat;
    void *data;
    size_t size;

    cairn_set_message(0, "stale");
    CHECK(cairn_checkpoint(op, NULL, "", "child", 5, &id) == CAIRN_EFORKED);
    CHECK(strstr(cairn_message(), dir) && strstr(cairn_message(), "fork"));
    CHECK(cairn_latest(op, NULL, &data, &size) == CAIRN_EFORKED);
    CHECK(cairn_latest_intact(op, NULL, &id, &data, &size) == CAIRN_EFORKED);
    CHECK(cairn_load(op, NULL, "00000000@1", &data, &size) == CAIRN_EFORKED);
    CHECK(cairn_compact(op, NULL, "") == CAIRN_EFORKED);
    CHECK(cairn_clear(op, NULL) == CAIRN_EFORKED);
    CHECK(cairn_complete(op, NULL) == CAIRN_EFORKED);
    CHECK(cairn_list(op, NULL, list_nothing, NULL) == CAIRN_EFORKED);
    CHECK(cairn_stat(op, NULL, &stat) == CAIRN_EFORKED);
    CHECK(cairn_verify(op, NULL, NULL) == CAIRN_EFORKED);
    CHECK(cairn_repair(op, NULL, NULL) == CAIRN_EFORKED);
    return 0;
}

static void assert_goes_on(struct forked *forked, const char *text)
{
    void *data;
    size_t size;

    ASSERT_DONE(cairn_checkpoint(forked->op, NULL, "", text, strlen(text), NULL));
    ASSERT_DONE(cairn_latest(forked->reader, NULL, &data, &size));
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    cairn_free(data);
}

static int use_it(void *arg)
{
    struct forked *forked = arg;

    return all_refuse(forked->op, forked->dir) || all_refuse(forked->reader, forked->dir);
}

static void fork__inherited_handle_refuses_every_method(void **state)
{
    struct forked *forked = *state;

    assert_int_equal(child_run(use_it, forked), 0);
    assert_goes_on(forked, "parent");
}

static int close_it(void *arg)
{
    struct forked *forked = arg;

    cairn_close(forked->op);
    cairn_close(forked->reader);
    return 0;
}

static void fork__closing_an_inherited_handle_leaves_the_parent_alone(void **state)
{
    struct forked *forked = *state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(child_run(close_it, forked), 0);
        assert_goes_on(forked, "parent");
    }
}

/* open_own -- opens another handle on the same journal, before or after closing the inherited ones. */
static int open_own(struct forked *forked, bool close_first)
{
    struct cairn_op *op;
    struct cairn_id id;
    void *data;
    size_t size;

    if (close_first && close_it(forked) != 0)
        return 1;
    CHECK(cairn_open(&op, NULL, forked->dir, 0) == 0);
    CHECK(cairn_latest(op, NULL, &data, &size) == 0);
    cairn_free(data);
    CHECK(cairn_checkpoint(op, NULL, "", "child", 5, &id) == 0);
    CHECK(cairn_latest(op, NULL, &data, &size) == 0 && size == 5 && memcmp(data, "child", 5) == 0);
    cairn_free(data);
    if (!close_first) {
        CHECK(cairn_checkpoint(forked->op, NULL, "", "x", 1, NULL) == CAIRN_EFORKED);
        close_it(forked);
        CHECK(cairn_checkpoint(op, NULL, "", "child", 5, &id) == 0);
    }
    cairn_close(op);
    return 0;
}

static int open_own_first(void *arg)
{
    return open_own(arg, false);
}

static int open_own_afterwards(void *arg)
{
    return open_own(arg, true);
}

static void fork__child_opens_a_handle_of_its_own(void **state)
{
    struct forked *forked = *state;
    struct cairn_stat stat;

    assert_int_equal(child_run(open_own_first, forked), 0);
    assert_goes_on(forked, "parent");
    assert_int_equal(child_run(open_own_afterwards, forked), 0);
    assert_goes_on(forked, "parent");
    ASSERT_DONE(cairn_stat(forked->reader, NULL, &stat));
    assert_int_equal(stat.count, 1 + 2 + 1 + 1 + 1);
    assert_int_equal(stat.lost, 0);
}

/* grandchild -- the handle that the child has opened is none of the grandchild's. */
static int grandchild(void *arg)
{
    struct forked *forked = arg;
    struct forked own = *forked;

    CHECK(cairn_open(&own.op, NULL, forked->dir, child_flags()) == 0);
    CHECK(cairn_open(&own.reader, NULL, forked->dir, CAIRN_READONLY) == 0);
    CHECK(child_run(use_it, &own) == 0);
    CHECK(child_run(use_it, forked) == 0);
    CHECK(child_run(open_own_first, &own) == 0);
    CHECK(cairn_checkpoint(own.op, NULL, "", "child", 5, NULL) == 0);
    cairn_close(own.op);
    cairn_close(own.reader);
    return 0;
}

static void fork__grandchild_is_refused_both_handles(void **state)
{
    struct forked *forked = *state;

    assert_int_equal(child_run(grandchild, forked), 0);
    assert_goes_on(forked, "parent");
}

static int init_inherited(void *arg)
{
    struct cairn_op *op = arg;
    char base[SCRATCH_PATH_SIZE], dir[SCRATCH_PATH_SIZE];

    scratch_make(base, true);
    CHECK(cairn_init(op, NULL, scratch_join(dir, base, "own"), 0) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "child", 5, NULL) == 0);
    cairn_close(op);
    scratch_remove(base);
    return 0;
}

static void fork__handle_without_a_place_may_be_used_by_either(void **state)
{
    struct forked *forked = *state;
    struct cairn_op *op;

    ASSERT_DONE(cairn_new(&op, NULL));
    assert_int_equal(child_run(init_inherited, op), 0);
    ASSERT_DONE(cairn_init(op, NULL, forked->dir, 0));
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "parent", 6, NULL));
    cairn_close(op);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* fork__child_that_outlives_the_parents_handles_keeps_nobody_out -- it has the parent's descriptors, and
 * their locks with them. */
static void fork__child_that_outlives_the_parents_handles_keeps_nobody_out(void **state)
{
    struct forked *forked = *state;
    struct child child;

    assert_int_equal(child_hold(&child, do_nothing, NULL, NULL), 0);
    cairn_close(forked->op);
    cairn_close(forked->reader);
    for (int i = 0; i < 2; i++) {
        ASSERT_DONE(cairn_open(&forked->op, NULL, forked->dir, child_flags()));
        ASSERT_DONE(cairn_open(&forked->reader, NULL, forked->dir, CAIRN_READONLY));
        assert_goes_on(forked, "parent");
        if (i == 0) {
            cairn_close(forked->op);
            cairn_close(forked->reader);
        }
    }
    child_kill(&child);
    assert_goes_on(forked, "parent");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fork__inherited_handle_refuses_every_method),
        TEST(fork__closing_an_inherited_handle_leaves_the_parent_alone),
        TEST(fork__child_opens_a_handle_of_its_own),
        TEST(fork__grandchild_is_refused_both_handles),
        TEST(fork__handle_without_a_place_may_be_used_by_either),
        TEST(fork__child_that_outlives_the_parents_handles_keeps_nobody_out),
    };

    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
