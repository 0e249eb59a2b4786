/* test_map.c -- finding the mark for a checkpoint, however the numbers are spread over the marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "journal/map.h"

/* position_of -- where the mark stands that a walk to checkpoint `number` begins at. */
static uint64_t position_of(struct map *map, uint64_t number)
{
    struct stretch **stretch = map_stretch(map, number);

    assert_non_null(stretch);
    assert_non_null(*stretch);
    assert_ptr_equal(map_recall(map, number), *stretch);
    return (*stretch)->position;
}

/* check_all -- each number from `first` to `last` is found from the last mark that is not behind it. */
static void check_all(struct map *map, uint64_t first, uint64_t last)
{
    size_t right = 0;

    for (uint64_t number = first;; number++) {
        while (right + 1 < map->count && map->marks[right + 1].number <= number)
            right++;
        assert_int_equal(position_of(map, number), map->marks[right].position);
        if (number == last)
            break;
    }
}

/* add -- so many marks, each `step` numbers behind the one before. */
static void add(struct map *map, size_t count, uint64_t step)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = map->count ? map->marks[map->count - 1].number + step : 5;
        const struct mark mark = {.position = 8 * (map->count + 1), .segment = 1, .number = number};
        assert_int_equal(map_add_mark(map, &mark), 0);
    }
}

static void map__finds_the_mark_among_equal_steps(void **state)
{
    struct map map;

    (void)state;
    map_init(&map);
    for (size_t count = 1; count < 70; count++) {
        add(&map, 1, 7);
        check_all(&map, 0, map.marks[map.count - 1].number + 10);
    }
    map_release(&map);
}

static void map__finds_the_mark_wherever_the_numbers_are(void **state)
{
    static const uint64_t steps[] = {0, 1, 300, 0, 79, 2, 5000, 1};
    struct map map;

    (void)state;
    map_init(&map);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        add(&map, 1 + i * 11, steps[i]);
        check_all(&map, 0, 500);
        check_all(&map, map.marks[map.count - 1].number, map.marks[map.count - 1].number + 10);
    }
    check_all(&map, 0, map.marks[map.count - 1].number + 10);
    map_release(&map);
}

/* Where numbers were jumped over. */
static void map__finds_the_mark_beside_the_largest_numbers(void **state)
{
    struct map map;

    (void)state;
    map_init(&map);
    add(&map, 100, 79);
    add(&map, 1, UINT64_MAX - 100000);
    add(&map, 100, 79);
    check_all(&map, 0, 100 * 79 + 10);
    check_all(&map, map.marks[100].number - 10, map.marks[200].number + 10);
    assert_int_equal(position_of(&map, UINT64_MAX), map.marks[200].position);
    map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map__finds_the_mark_among_equal_steps),
        cmocka_unit_test(map__finds_the_mark_wherever_the_numbers_are),
        cmocka_unit_test(map__finds_the_mark_beside_the_largest_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
