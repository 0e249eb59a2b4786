/* test_memory.c -- a want of memory, at each place where memory is asked for: it is an error and nothing
 * else. It is not taken for damage, nor is anything given up for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairn/cairn.h>

#include "journal/segment.h"
#include "refuse.h"
#include "scratch.h"

/* The `at`-th allocation from now on fails, counted from 1; 0: none. */
static struct {
    unsigned at, met;
} want;

static bool fails(void)
{
    return want.at && ++want.met == want.at;
}

extern void *__real_malloc(size_t size);
extern void *__wrap_malloc(size_t size);
extern void *__real_calloc(size_t count, size_t size);
extern void *__wrap_calloc(size_t count, size_t size);
extern void *__real_realloc(void *old, size_t size);
extern void *__wrap_realloc(void *old, size_t size);
extern char *__real_strdup(const char *text);
extern char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* --- a journal -------------------------------------------------------------------------------------------
 */

#define COUNT 3

static char base[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE];
static struct cairn_id ids[COUNT];

static int setup(void **state)
{
    (void)state;
    want.at = 0;
    scratch_make(base, true);
    scratch_join(place, base, "journal");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    want.at = 0;
    scratch_remove(base);
    return 0;
}

/* record_all -- some checkpoints, and closes: so there is an index. */
static void record_all(void)
{
    struct cairn_op *op;

    ASSERT_DONE(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    for (int i = 0; i < COUNT; i++)
        ASSERT_DONE(cairn_checkpoint(op, NULL, "a step", "some data", 9, &ids[i]));
    cairn_close(op);
}

/* damage_last -- flips a bit in the header of the last record. */
static void damage_last(void)
{
    char path[SCRATCH_PATH_SIZE];
    unsigned char byte;
    const long at = (long)(SEGMENT_PAGE + (COUNT - 1) * record_size(6, 9) + 20);

    FILE *file = fopen(scratch_join(path, place, "seg-00000001"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fread(&byte, 1, 1, file), 1);
    byte ^= 1;
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(&byte, 1, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static int load(struct cairn_op *op, int i)
{
    void *data;
    size_t size;
    int error = cairn_load(op, NULL, ids[i].text, &data, &size);

    if (error == 0) {
        assert_int_equal(size, 9);
        assert_memory_equal(data, "some data", 9);
        cairn_free(data);
    }
    return error;
}

/* --- the tests -------------------------------------------------------------------------------------------
 */

/* The index tells that the last record was durable. Who cannot load it for want of memory does not take the
 * damage for the log's end. */
static void want__of_memory_for_the_index_loses_nothing(void **state)
{
    (void)state;
    bool fired = true;
    for (unsigned nth = 1; fired; nth++) {
        struct cairn_op *op;
        record_all();
        damage_last();
        want.met = 0;
        want.at = nth;
        int error = cairn_open(&op, NULL, place, CAIRN_NO_THREAD);
        fired = want.met >= nth;
        want.at = 0;
        assert_true(error == 0 || error == CAIRN_ENOMEM);
        if (error == 0)
            cairn_close(op);
        ASSERT_DONE(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
        assert_int_equal(load(op, 0), 0);
        assert_int_equal(load(op, 1), 0);
        assert_int_equal(load(op, 2), CAIRN_ECORRUPT);
        cairn_close(op);
        scratch_remove(place);
    }
}

/* Losses that were accepted stay so. */
static void want__of_memory_for_accepted_losses_is_no_damage(void **state)
{
    struct cairn_op *op;

    (void)state;
    record_all();
    damage_last();
    ASSERT_DONE(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_repair(op, NULL, NULL));
    cairn_close(op);
    bool fired = true;
    for (unsigned nth = 1; fired; nth++) {
        void *data;
        size_t size;
        ASSERT_DONE(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
        want.met = 0;
        want.at = nth;
        int error = cairn_latest(op, NULL, &data, &size);
        fired = want.met >= nth;
        want.at = 0;
        assert_true(error == 0 || error == CAIRN_ENOMEM);
        if (error == 0)
            cairn_free(data);
        want.met = 0;
        want.at = nth;
        error = cairn_verify(op, NULL, NULL);
        fired |= want.met >= nth;
        want.at = 0;
        assert_true(error == 0 || error == CAIRN_ENOMEM);
        cairn_close(op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(want__of_memory_for_the_index_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(want__of_memory_for_accepted_losses_is_no_damage, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
