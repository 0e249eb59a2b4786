/* test_index.c -- the index file: what was saved is loaded, and whatever has become of the file, LMDB does
 * not stumble over it, nobody believes what is not so, and the next save makes it whole.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "journal/index.h"
#include "journal/journal.h"
#include "refuse.h"
#include "scratch.h"

struct index {
    char base[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE]; /* of the file */
    struct journal journal;       /* as much of one as index_save() asks for */
    char what[200];               /* has been done to the file */
};

static const char *at_work = "";

static void on_death(int number)
{
    ssize_t n = write(STDERR_FILENO, at_work, strlen(at_work));

    (void)n;
    signal(number, SIG_DFL);
    raise(number);
}

static int setup(void **state)
{
    struct index *index = calloc(1, sizeof(*index));

    scratch_make(index->base, true);
    scratch_join(index->path, index->base, INDEX_NAME);
    index->journal.path = index->base;
    index->journal.dir = open(index->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    memset(index->journal.uuid, 'u', sizeof(index->journal.uuid));
    at_work = index->what;
    *state = index;
    return index->journal.dir < 0;
}

static int teardown(void **state)
{
    struct index *index = *state;

    at_work = "";
    close(index->journal.dir);
    scratch_remove(index->base);
    free(index);
    return 0;
}

/* make_map -- a map of `count` marks that nobody else's is like, in some generation. */
static void make_map(struct map *map, size_t count, uint64_t generation)
{
    struct tail at;

    map_init(map);
    tail_begin(&at);
    at.generation = generation;
    at.horizon_position = generation * 8;
    at.position = generation * 1000000000;
    at.chain = generation;
    assert_int_equal(map_begin(map, &at), 0);
    for (size_t i = 1; i < count; i++) {
        const struct mark mark = {.position = at.position + i * MARK_BYTES,
                                  .chain = i * 0x9e3779b97f4a7c15u,
                                  .sequence = i * 100,
                                  .segment = 1 + i / 60,
                                  .number = i * 90};
        assert_int_equal(map_add_mark(map, &mark), 0);
    }
    map->at.position = at.position + count * MARK_BYTES;
    map->at.number = map->at.next_number = count * 90;
    map->at.latest_position = map->at.position - 200;
}

static bool same_map(const struct map *a, const struct map *b)
{
    return a->count == b->count && memcmp(&a->at, &b->at, sizeof(a->at)) == 0 &&
           memcmp(a->marks, b->marks, a->count * sizeof(a->marks[0])) == 0;
}

static void save(struct index *index, size_t count, uint64_t generation)
{
    struct map map;

    make_map(&map, count, generation);
    ASSERT_DONE(index_save(&index->journal, &map));
    map_release(&map);
}

/* loads -- whether the index is that of make_map(count, generation). */
static bool loads(struct index *index, size_t count, uint64_t generation)
{
    struct map map, right;
    uint8_t uuid[16];
    const char *why;

    map_init(&map);
    make_map(&right, count, generation);
    bool loaded = index_load(index->journal.dir, &map, uuid, &why);
    bool same = loaded && same_map(&map, &right) && memcmp(uuid, index->journal.uuid, sizeof(uuid)) == 0;
    map_release(&map);
    map_release(&right);
    return same;
}

static const char *check(struct index *index)
{
    int fd = open(index->path, O_RDONLY | O_CLOEXEC);
    const char *why = fd < 0 ? "there is none" : index_check(fd, true);

    if (fd >= 0)
        close(fd);
    return why;
}

/* --- what was saved is loaded -------------------------------------------------------------------------- */

static void index__saved_map_is_loaded(void **state)
{
    static const size_t counts[] = {1, 2, 3, 39, 40, 100, 1000, 5000, 20000};
    struct index *index = *state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        save(index, counts[i], 1);
        assert_null(check(index));
        assert_true(loads(index, counts[i], 1));
    }
}

static void index__saved_map_of_another_generation_replaces_all(void **state)
{
    static const size_t counts[] = {1, 700, 1, 30, 2000, 2, 2000, 1999, 1};
    struct index *index = *state;

    for (uint64_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        save(index, counts[i], i + 1);
        assert_null(check(index));
        assert_true(loads(index, counts[i], i + 1));
    }
}

static void index__of_another_journal_is_replaced(void **state)
{
    struct index *index = *state;

    save(index, 100, 1);
    memset(index->journal.uuid, 'v', sizeof(index->journal.uuid));
    assert_false(loads(index, 100, 1));
    save(index, 50, 1);
    assert_true(loads(index, 50, 1));
}

static void index__missing_is_not_loaded(void **state)
{
    struct index *index = *state;
    struct map map;
    uint8_t uuid[16];
    const char *why = NULL;

    map_init(&map);
    assert_false(index_load(index->journal.dir, &map, uuid, &why));
    assert_non_null(why);
    assert_int_equal(map.count, 0);
    assert_int_not_equal(access(index->path, F_OK), 0);
    map_release(&map);
}

/* --- damage -------------------------------------------------------------------------------------------- */

/* An index with all that a small one has: a branch page, free pages, two generations behind it. */
struct sample {
    unsigned char *data;
    size_t size;
    size_t counts[3]; /* of marks: as it is, as it was before, as it will be */
    unsigned long tried, refused, believed, older;
};

static void make_sample(struct index *index, struct sample *sample, size_t count)
{
    *sample = (struct sample){.counts = {count, count - 2, count + 45}};
    save(index, 120, 1);
    save(index, 3, 2);
    save(index, count - 2, 3);
    save(index, count, 3);
    assert_null(check(index));
    sample->data = scratch_read(index->path, &sample->size);
    assert_non_null(sample->data);
}

/* try -- the file has these bytes now: what is loaded is right or nothing, and a save makes it whole. */
static void try(struct index *index, struct sample *sample, const unsigned char *data, size_t size)
{
    struct map map;
    uint8_t uuid[16];
    const char *why = NULL;

    alarm(300);
    sample->tried++;
    scratch_write(index->path, data, size);
    map_init(&map);
    if (index_load(index->journal.dir, &map, uuid, &why)) {
        /* The snapshot before is as good as none: it is behind, and says so. */
        bool now = loads(index, sample->counts[0], 3), before = loads(index, sample->counts[1], 3);
        sample->believed += now;
        sample->older += before;
        if (!now && !before)
            fail_msg("%s: what was loaded was never saved", index->what);
    } else {
        sample->refused++;
        if (why == NULL || *why == '\0' || map.count != 0 || map.loaded)
            fail_msg("%s: it was refused, and not said why", index->what);
    }
    map_release(&map);
    make_map(&map, sample->counts[2], 3);
    if (index_save(&index->journal, &map) != 0)
        fail_msg("%s: cannot be saved: %s", index->what, cairn_message());
    map_release(&map);
    if (check(index) != NULL || !loads(index, sample->counts[2], 3))
        fail_msg("%s: what was saved then is not there: %s", index->what, check(index));
    alarm(0);
}

static void end_sample(const char *name, struct sample *sample)
{
    print_message("index: %s: %lu tried, %lu refused, %lu as if nothing was, %lu an older snapshot\n", name,
                  sample->tried, sample->refused, sample->believed, sample->older);
    assert_int_equal(sample->tried, sample->refused + sample->believed + sample->older);
    free(sample->data);
}

/* sparse -- under a sanitizer all takes longer, and less is tried. */
static size_t sparse(size_t step)
{
    const char *sanitize = getenv("CAIRN_SANITIZE");

    return sanitize && *sanitize ? step * 16 + 1 : step;
}

static void index__flipped_byte_is_harmless(void **state)
{
    static const unsigned char masks[] = {0xff, 0x01, 0x80, 0x10};
    struct index *index = *state;
    struct sample sample;

    make_sample(index, &sample, 70);
    for (size_t m = 0; m < sizeof(masks); m++) {
        for (size_t at = m; at < sample.size; at += sparse(m == 0 ? 1 : 7)) {
            unsigned char was = sample.data[at];
            sample.data[at] ^= masks[m];
            snprintf(index->what, sizeof(index->what), "byte %zu of %zu ^ 0x%02x", at, sample.size, masks[m]);
            try(index, &sample, sample.data, sample.size);
            sample.data[at] = was;
        }
    }
    assert_true(sample.refused > 1000 || sparse(1) > 1);
    end_sample("bytes flipped", &sample);
}

static void index__every_bit_of_the_page_headers_is_harmless(void **state)
{
    struct index *index = *state;
    struct sample sample;

    make_sample(index, &sample, 70);
    for (size_t page = 0; page < sample.size; page += 4096) {
        for (size_t bit = 0; bit < (page < 8192 ? 160 : 40) * 8; bit += sparse(1)) {
            size_t at = page + bit / 8;
            unsigned char was = sample.data[at];
            sample.data[at] ^= (unsigned char)(1u << bit % 8);
            snprintf(index->what, sizeof(index->what), "byte %zu of %zu, bit %zu", at, sample.size, bit % 8);
            try(index, &sample, sample.data, sample.size);
            sample.data[at] = was;
        }
    }
    end_sample("page headers", &sample);
}

static void index__zeroed_cut_and_exchanged_pieces_are_harmless(void **state)
{
    struct index *index = *state;
    struct sample sample;

    make_sample(index, &sample, 70);
    unsigned char *data = malloc(sample.size * 2);
    assert_non_null(data);
    for (size_t at = 0; at < sample.size; at += 512) {
        memcpy(data, sample.data, sample.size);
        memset(data + at, 0, 512);
        snprintf(index->what, sizeof(index->what), "sector at %zu of %zu zeroed", at, sample.size);
        try(index, &sample, data, sample.size);
        snprintf(index->what, sizeof(index->what), "cut at %zu of %zu", at, sample.size);
        try(index, &sample, sample.data, at);
    }
    for (size_t a = 0; a < sample.size; a += 4096) {
        for (size_t b = 0; b < sample.size; b += 4096) {
            memcpy(data, sample.data, sample.size);
            memcpy(data + a, sample.data + b, 4096);
            snprintf(index->what, sizeof(index->what), "page at %zu in place of the one at %zu", b, a);
            try(index, &sample, data, sample.size);
            memcpy(data + a, &sample.data[a], 8); /* with the right number */
            try(index, &sample, data, sample.size);
        }
    }
    memset(data, 0, sample.size * 2);
    memcpy(data, sample.data, sample.size);
    snprintf(index->what, sizeof(index->what), "twice as long, with zeros");
    try(index, &sample, data, sample.size * 2);
    memcpy(data + sample.size, sample.data, sample.size);
    snprintf(index->what, sizeof(index->what), "twice as long, with itself");
    try(index, &sample, data, sample.size * 2);
    free(data);
    end_sample("pieces", &sample);
}

static void index__random_bytes_are_harmless(void **state)
{
    struct index *index = *state;
    struct sample sample;

    make_sample(index, &sample, 70);
    unsigned char *data = malloc(sample.size);
    assert_non_null(data);
    srand(1);
    for (unsigned round = 0; round < 10000 / sparse(1); round++) {
        unsigned changes = 1u + (unsigned)rand() % 12;
        memcpy(data, sample.data, sample.size);
        snprintf(index->what, sizeof(index->what), "random change %u", round);
        for (unsigned i = 0; i < changes; i++) {
            /* Often in the first bytes of a page, where the structure is; often a small number. */
            size_t page = (size_t)rand() % (sample.size / 4096) * 4096;
            size_t at = page + (size_t)rand() % (rand() % 2 ? 4096 : 200);
            data[at] = (unsigned char)(rand() % 2 ? rand() >> 4 : rand() % 8);
        }
        try(index, &sample, data, sample.size);
    }
    free(data);
    end_sample("random bytes", &sample);
}

static void index__in_whose_place_something_else_stands_is_replaced(void **state)
{
    struct index *index = *state;
    char other[SCRATCH_PATH_SIZE];
    size_t size;

    scratch_write(scratch_join(other, index->base, "other"), "untouched", 9);
    for (int kind = 0; kind < 4; kind++) {
        scratch_remove(index->path);
        if (kind == 0)
            assert_int_equal(mkdir(index->path, 0755), 0);
        else if (kind == 1)
            assert_int_equal(mkfifo(index->path, 0644), 0);
        else if (kind == 2)
            assert_int_equal(symlink("other", index->path), 0);
        else
            assert_int_equal(symlink("nowhere", index->path), 0);
        assert_false(loads(index, 10, 1));
        save(index, 10, 1);
        assert_true(loads(index, 10, 1));
    }
    unsigned char *data = scratch_read(other, &size);
    assert_int_equal(size, 9);
    assert_memory_equal(data, "untouched", 9);
    free(data);
}

static void index__directory_with_something_in_it_is_left_alone(void **state)
{
    struct index *index = *state;
    char inside[SCRATCH_PATH_SIZE];
    struct map map;

    assert_int_equal(mkdir(index->path, 0755), 0);
    scratch_write(scratch_join(inside, index->path, "inside"), "x", 1);
    make_map(&map, 10, 1);
    ASSERT_REFUSED(index_save(&index->journal, &map), CAIRN_EIO, index->path);
    map_release(&map);
    assert_int_equal(access(inside, F_OK), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(index__saved_map_is_loaded),
        TEST(index__saved_map_of_another_generation_replaces_all),
        TEST(index__of_another_journal_is_replaced),
        TEST(index__missing_is_not_loaded),
        TEST(index__flipped_byte_is_harmless),
        TEST(index__every_bit_of_the_page_headers_is_harmless),
        TEST(index__zeroed_cut_and_exchanged_pieces_are_harmless),
        TEST(index__random_bytes_are_harmless),
        TEST(index__in_whose_place_something_else_stands_is_replaced),
        TEST(index__directory_with_something_in_it_is_left_alone),
    };

    signal(SIGSEGV, on_death);
    signal(SIGBUS, on_death);
    signal(SIGABRT, on_death);
    signal(SIGALRM, on_death);
    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
