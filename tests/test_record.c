/* test_record.c -- one record: which bytes are believed, how long it is, and what it does to the tail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <xxhash.h>

#include <cairn/journal.h>

#include "journal/tail.h"

#define SALT 0x123456789abcdef0u
#define AT   4096u

static const struct record sample = {
    .kind = RECORD_CHECKPOINT,
    .label_size = 7,
    .data_size = 100,
    .position = AT,
    .sequence = 12,
    .generation = 3,
    .number = 5,
    .time_ns = 1700000000000000000,
    .durable_upto = 4000,
    .body_hash = 0xb0d7,
    .prev = 0x94e5,
};

/* --- the header --------------------------------------------------------------------------------------- */

static void record__sealed_is_believed(void **state)
{
    struct record record = sample;

    (void)state;
    record_seal(&record, SALT);
    assert_int_equal(record.magic, RECORD_MAGIC);
    assert_null(record_check(&record, AT, UINT64_MAX, SALT));
    assert_null(record_check(&record, AT, record_end(&record), SALT));
}

static void record__with_any_bit_flipped_is_none(void **state)
{
    struct record record;

    (void)state;
    for (size_t bit = 0; bit < sizeof(record) * 8; bit++) {
        record = sample;
        record_seal(&record, SALT);
        ((unsigned char *)&record)[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_non_null(record_check(&record, AT, UINT64_MAX, SALT));
    }
}

static void record__of_another_salt_is_none(void **state)
{
    struct record record = sample;

    (void)state;
    record_seal(&record, SALT);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_non_null(record_check(&record, AT, UINT64_MAX, SALT ^ (UINT64_C(1) << bit)));
}

static void record__at_another_place_is_none(void **state)
{
    struct record record = sample;

    (void)state;
    record_seal(&record, SALT);
    assert_non_null(record_check(&record, AT + RECORD_ALIGN, UINT64_MAX, SALT));
    assert_non_null(record_check(&record, AT - RECORD_ALIGN, UINT64_MAX, SALT));
    assert_non_null(record_check(&record, 0, UINT64_MAX, SALT));
}

static void record__that_ends_behind_the_segment_is_none(void **state)
{
    struct record record = sample;

    (void)state;
    record_seal(&record, SALT);
    assert_non_null(record_check(&record, AT, record_end(&record) - 1, SALT));
    assert_non_null(record_check(&record, AT, AT, SALT));
    assert_non_null(record_check(&record, AT, 0, SALT));
}

/* seal_anyway -- as a writer would that does not care, or a newer one. */
static void seal_anyway(struct record *record)
{
    record->magic = RECORD_MAGIC;
    record->hash = XXH3_64bits_withSeed(record, offsetof(struct record, hash), SALT);
}

static void record__whose_hash_is_right_and_whose_fields_cannot_be_is_none(void **state)
{
    struct record record;

    (void)state;
    record = sample;
    seal_anyway(&record);
    assert_null(record_check(&record, AT, UINT64_MAX, SALT)); /* the others differ in one field */
    for (unsigned kind = 0; kind < 256; kind++) {
        record = sample;
        record.kind = (uint8_t)kind;
        record.number = 1; /* a Compact's is no other */
        seal_anyway(&record);
        const bool known = kind >= RECORD_CHECKPOINT && kind <= RECORD_JUMP;
        assert_int_equal(record_check(&record, AT, UINT64_MAX, SALT) == NULL, known);
    }
    const uint64_t sizes[] = {(uint64_t)CAIRN_JOURNAL_DATA_MAX + 1, UINT64_MAX, UINT64_MAX - 103,
                              UINT64_MAX - 8192};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        record = sample;
        record.data_size = sizes[i];
        seal_anyway(&record);
        assert_non_null(record_check(&record, AT, UINT64_MAX, SALT));
    }
    record = sample;
    record.durable_upto = AT + 1;
    seal_anyway(&record);
    assert_non_null(record_check(&record, AT, UINT64_MAX, SALT));
    record = sample;
    record.blob = 1;
    seal_anyway(&record);
    assert_non_null(record_check(&record, AT, UINT64_MAX, SALT));
    for (uint64_t number = 0; number < 4; number++) {
        record = sample;
        record.kind = RECORD_COMPACT;
        record.number = number;
        seal_anyway(&record);
        assert_int_equal(record_check(&record, AT, UINT64_MAX, SALT) == NULL, number == 1);
    }
}

static void record__takes_its_size_up_to_a_multiple_of_eight(void **state)
{
    (void)state;
    assert_int_equal(record_size(0, 0), 96);
    assert_int_equal(record_size(0, 1), 104);
    assert_int_equal(record_size(1, 7), 104);
    assert_int_equal(record_size(0, 8), 104);
    assert_int_equal(record_size(1, 8), 112);
    assert_int_equal(record_size(CAIRN_JOURNAL_LABEL_MAX, CAIRN_JOURNAL_DATA_MAX), 96 + 65536 + (1u << 30));
    for (uint64_t size = 0; size < 1000; size++) {
        assert_int_equal(record_size(0, size) % RECORD_ALIGN, 0);
        assert_true(record_size(3, size) >= 99 + size && record_size(3, size) < 99 + size + RECORD_ALIGN);
    }
}

/* --- the body ----------------------------------------------------------------------------------------- */

static void body__hash_depends_on_each_bit_and_on_where_the_label_ends(void **state)
{
    unsigned char body[64];

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (unsigned char)(i * 7);
    const uint64_t right = record_body_hash(body, 20, body + 20, 44);
    assert_int_equal(record_body_hash(body, 20, body + 20, 44), right);
    for (size_t bit = 0; bit < sizeof(body) * 8; bit++) {
        body[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(record_body_hash(body, 20, body + 20, 44), right);
        body[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t label = 0; label <= sizeof(body); label++) {
        uint64_t hash = record_body_hash(body, label, body + label, sizeof(body) - label);
        assert_int_equal(hash == right, label == 20);
    }
    assert_int_not_equal(record_body_hash(body, 20, body + 20, 43), right);
    assert_int_not_equal(record_body_hash("", 0, "", 0), record_body_hash("\0", 1, "", 0));
    assert_int_not_equal(record_body_hash("", 0, "", 0), record_body_hash("", 0, "\0", 1));
}

/* --- the tail ----------------------------------------------------------------------------------------- */

/* A tail in which no two fields are alike, and each has a place to be mistaken for. */
static const struct tail before = {
    .position = AT,
    .chain = 11,
    .sequence = 12,
    .segment = 13,
    .generation = 3,
    .number = 5,
    .next_number = 5,
    .next_generation = 4,
    .horizon_segment = 2,
    .horizon_position = 22,
    .survivor_segment = 1,
    .survivor_position = 24,
    .survivor_hash = 25,
    .latest_segment = 26,
    .latest_position = 27,
    .latest_hash = 28,
    .latest_number = 4,
    .accepted_segment = 29,
    .accepted_position = 30,
    .completed = 1,
};

static const struct survivor kept = {.segment = 41, .position = 42, .hash = 43};

/* apply -- goes past a record of that kind; `right` is the tail before with what every record changes. */
static struct record apply(struct tail *tail, struct tail *right, enum record_kind kind, uint64_t generation,
                           uint64_t number)
{
    struct record record = sample;

    record.kind = (uint8_t)kind;
    record.generation = generation;
    record.number = number;
    record_seal(&record, SALT);
    *right = *tail;
    right->position = record_end(&record);
    right->chain = record.hash;
    right->sequence = record.sequence + 1;
    right->generation = generation;
    tail_apply(tail, &record, &kept);
    return record;
}

static void assert_tail(const struct tail *tail, const struct tail *right)
{
    const uint64_t *is = (const uint64_t *)tail, *should = (const uint64_t *)right;

    for (size_t i = 0; i < TAIL_WORDS; i++) {
        if (is[i] != should[i])
            print_error("word %zu of the tail\n", i);
        assert_int_equal(is[i], should[i]);
    }
}

static void tail__begins_empty(void **state)
{
    struct tail tail;

    (void)state;
    tail_begin(&tail);
    assert_true(tail_is_empty(&tail));
    assert_int_equal(tail.position, 0);
    assert_int_equal(tail.segment, 1);
    assert_int_equal(tail.generation, 1);
    assert_int_equal(tail.next_generation, 2);
    assert_int_equal(tail.survivor_position, RECORD_NONE);
    assert_int_equal(tail.latest_position, RECORD_NONE);
    assert_int_equal(tail.completed, 0);
}

static void tail__checkpoint_becomes_the_latest(void **state)
{
    struct tail tail = before, right;

    (void)state;
    struct record record = apply(&tail, &right, RECORD_CHECKPOINT, 3, 5);
    right.number = right.next_number = 6;
    right.latest_segment = 13;
    right.latest_position = AT;
    right.latest_hash = record.hash;
    right.latest_number = 5;
    right.completed = 0;
    assert_tail(&tail, &right);
    assert_false(tail_is_empty(&tail));
}

static void tail__checkpoint_behind_a_jump_takes_the_number_with_it(void **state)
{
    struct tail tail = before, right;

    (void)state;
    tail.next_number = 1000;
    struct record record = apply(&tail, &right, RECORD_CHECKPOINT, 3, 1000);
    right.number = right.next_number = 1001;
    right.latest_segment = 13;
    right.latest_position = AT;
    right.latest_hash = record.hash;
    right.latest_number = 1000;
    right.completed = 0;
    assert_tail(&tail, &right);
}

static void tail__compact_keeps_the_survivor_and_nothing_else(void **state)
{
    struct tail tail = before, right;

    (void)state;
    apply(&tail, &right, RECORD_COMPACT, 4, 1);
    right.number = right.next_number = 1;
    right.next_generation = 5;
    right.horizon_segment = 13;
    right.horizon_position = AT;
    right.survivor_segment = right.latest_segment = 41;
    right.survivor_position = right.latest_position = 42;
    right.survivor_hash = right.latest_hash = 43;
    right.latest_number = 0;
    right.accepted_segment = right.accepted_position = 0;
    assert_tail(&tail, &right);
}

static void tail__clear_and_complete_keep_nothing(void **state)
{
    static const enum record_kind kinds[] = {RECORD_CLEAR, RECORD_COMPLETE};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tail tail = before, right;
        apply(&tail, &right, kinds[i], 9, 0); /* generations may jump, too */
        right.number = right.next_number = 0;
        right.next_generation = 10;
        right.horizon_segment = 13;
        right.horizon_position = AT;
        right.survivor_position = right.latest_position = RECORD_NONE;
        right.accepted_segment = right.accepted_position = 0;
        right.completed = kinds[i] == RECORD_COMPLETE;
        assert_tail(&tail, &right);
        assert_true(tail_is_empty(&tail));
    }
}

static void tail__recovered_changes_nothing(void **state)
{
    struct tail tail = before, right;

    (void)state;
    tail.next_number = 1000;
    tail.next_generation = 70;
    apply(&tail, &right, RECORD_RECOVERED, 3, 5);
    assert_tail(&tail, &right);
}

static void tail__accepted_notes_its_own_place(void **state)
{
    struct tail tail = before, right;

    (void)state;
    tail.next_number = 1000;
    apply(&tail, &right, RECORD_ACCEPTED, 3, 5);
    right.accepted_segment = 13;
    right.accepted_position = AT;
    assert_tail(&tail, &right);
}

static void tail__next_generation_is_never_one_that_was(void **state)
{
    (void)state;
    for (int kind = RECORD_CHECKPOINT; kind < RECORD_JUMP;
         kind++) { /* what a jump says comes further below */
        struct tail tail = before, right;
        apply(&tail, &right, (enum record_kind)kind, 7, kind == RECORD_COMPACT ? 1 : 0);
        assert_int_equal(tail.generation, 7);
        assert_int_equal(tail.next_generation, 8);
    }
}

static void tail__jumps_past_what_may_have_been_given(void **state)
{
    const struct jump jump = {.next_number = 1000, .next_generation = 2000};
    struct tail tail = before;
    struct record record = sample;

    (void)state;
    record.kind = RECORD_JUMP;
    record.generation = tail.generation;
    record.number = tail.number;
    tail_apply(&tail, &record, &jump);
    assert_int_equal(tail.number, before.number); /* nothing is known to be lost */
    assert_int_equal(tail.next_number, 1000);
    assert_int_equal(tail.next_generation, 2000);
    assert_int_equal(tail.latest_position, before.latest_position);
    /* Where more is known already than was when the jump was written, that stays. */
    tail.next_number = 5000;
    tail.next_generation = 6000;
    tail_apply(&tail, &record, &jump);
    assert_int_equal(tail.next_number, 5000);
    assert_int_equal(tail.next_generation, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record__sealed_is_believed),
        cmocka_unit_test(record__with_any_bit_flipped_is_none),
        cmocka_unit_test(record__of_another_salt_is_none),
        cmocka_unit_test(record__at_another_place_is_none),
        cmocka_unit_test(record__that_ends_behind_the_segment_is_none),
        cmocka_unit_test(record__whose_hash_is_right_and_whose_fields_cannot_be_is_none),
        cmocka_unit_test(record__takes_its_size_up_to_a_multiple_of_eight),
        cmocka_unit_test(body__hash_depends_on_each_bit_and_on_where_the_label_ends),
        cmocka_unit_test(tail__begins_empty),
        cmocka_unit_test(tail__checkpoint_becomes_the_latest),
        cmocka_unit_test(tail__checkpoint_behind_a_jump_takes_the_number_with_it),
        cmocka_unit_test(tail__compact_keeps_the_survivor_and_nothing_else),
        cmocka_unit_test(tail__clear_and_complete_keep_nothing),
        cmocka_unit_test(tail__recovered_changes_nothing),
        cmocka_unit_test(tail__accepted_notes_its_own_place),
        cmocka_unit_test(tail__next_generation_is_never_one_that_was),
        cmocka_unit_test(tail__jumps_past_what_may_have_been_given),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
