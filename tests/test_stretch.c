/* test_stretch.c -- what is remembered of where checkpoints are: all that a walk has met in one segment, in
 * order and without a gap, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "journal/stretch.h"

#define SEGMENT 3
#define MARK    (UINT64_C(1) << 40)

/* met -- a checkpoint of `size` bytes of data at `position`. */
static void met(struct stretch **stretch, uint64_t number, uint64_t position, uint64_t size, uint64_t segment)
{
    const struct record record = {
        .kind = RECORD_CHECKPOINT, .position = position, .number = number, .data_size = size};
    stretch_add(stretch, &record, segment);
}

static void assert_at(const struct stretch *stretch, uint64_t number, uint64_t position, uint64_t room)
{
    uint64_t found, found_room;

    assert_true(stretch_find(stretch, number, &found, &found_room));
    assert_int_equal(found, position);
    assert_int_equal(found_room, room);
}

static void assert_unknown(const struct stretch *stretch, uint64_t number)
{
    uint64_t position, room;
    assert_false(stretch_find(stretch, number, &position, &room));
}

static void stretch__knows_what_was_met(void **state)
{
    struct stretch *stretch = NULL;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    assert_unknown(stretch, 0);
    for (uint64_t i = 0; i < 1000; i++)
        met(&stretch, 7 + i, MARK + 200 * i, 100, SEGMENT);
    assert_unknown(stretch, 6);
    for (uint64_t i = 0; i < 1000; i++)
        assert_at(stretch, 7 + i, MARK + 200 * i, 200);
    assert_unknown(stretch, 1007);
    assert_unknown(stretch, UINT64_MAX);
    stretch_begin(&stretch, MARK, SEGMENT);
    assert_unknown(stretch, 7);
    free(stretch);
}

/* Between two checkpoints other records may stand: these belong to the room of the first. */
static void stretch__room_reaches_to_the_next(void **state)
{
    struct stretch *stretch = NULL;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    met(&stretch, 1, MARK, 1, SEGMENT);
    met(&stretch, 2, MARK + 400, 1, SEGMENT);
    assert_at(stretch, 1, MARK, 400);
    assert_at(stretch, 2, MARK + 400, 104);
    free(stretch);
}

static void stretch__remembers_nothing_behind_a_gap(void **state)
{
    struct stretch *stretch = NULL;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    met(&stretch, 1, MARK, 1, SEGMENT);
    met(&stretch, 3, MARK + 400, 1, SEGMENT);
    met(&stretch, 4, MARK + 800, 1, SEGMENT);
    assert_at(stretch, 1, MARK, 104);
    for (uint64_t number = 2; number <= 4; number++)
        assert_unknown(stretch, number);
    free(stretch);
}

static void stretch__remembers_nothing_in_another_segment(void **state)
{
    struct stretch *stretch = NULL;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    met(&stretch, 1, MARK, 1, SEGMENT + 1);
    assert_unknown(stretch, 1);
    met(&stretch, 2, MARK + 400, 1, SEGMENT);
    met(&stretch, 3, MARK + 800, 1, SEGMENT + 1);
    assert_at(stretch, 2, MARK + 400, 104);
    assert_unknown(stretch, 3);
    free(stretch);
}

static void stretch__remembers_nothing_too_far_off(void **state)
{
    struct stretch *stretch = NULL;
    const uint64_t reach = (uint64_t)UINT16_MAX * RECORD_ALIGN;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    met(&stretch, 1, MARK + reach - 104, 1, SEGMENT);
    assert_at(stretch, 1, MARK + reach - 104, 104);
    met(&stretch, 2, MARK + reach, 1, SEGMENT);
    assert_at(stretch, 1, MARK + reach - 104, 104);
    assert_at(stretch, 2, MARK + reach, 0);
    met(&stretch, 3, MARK + reach + 8, 1, SEGMENT);
    assert_unknown(stretch, 3);
    assert_at(stretch, 2, MARK + reach, 0);
    free(stretch);
}

/* A large one is remembered, if not how large it is. */
static void stretch__remembers_a_large_one(void **state)
{
    struct stretch *stretch = NULL;
    const uint64_t reach = (uint64_t)UINT16_MAX * RECORD_ALIGN;

    (void)state;
    stretch_begin(&stretch, MARK, SEGMENT);
    met(&stretch, 1, MARK + 800, UINT64_C(1) << 30, SEGMENT);
    assert_at(stretch, 1, MARK + 800, reach - 800);
    free(stretch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretch__knows_what_was_met),
        cmocka_unit_test(stretch__room_reaches_to_the_next),
        cmocka_unit_test(stretch__remembers_nothing_behind_a_gap),
        cmocka_unit_test(stretch__remembers_nothing_in_another_segment),
        cmocka_unit_test(stretch__remembers_nothing_too_far_off),
        cmocka_unit_test(stretch__remembers_a_large_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
