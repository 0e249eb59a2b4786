/* rot.c -- see rot.h.
 *
 * Each test damages the files of a journal of 200 checkpoints, one place at a time, and looks at it
 * (rot_look.h) by a reader; by a writer, who records one more and comes back; and after a repair. Which
 * checkpoints were hit is known (rot_journal.h): those must be lost, and no others.
 *
 * A call that hangs is ended by an alarm, as a crash is by itself; either says at which damage it was.
 */
#include "rot.h"

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

#include "journal/segment.h"
#include "rot_journal.h"
#include "rot_look.h"

#define SECTOR       512u
#define HANG_SECONDS 300

/* A journal, which the tests share: each leaves it as it was. */
struct rot {
    struct rot_journal journal;
    struct rot_look look;
    bool every;
    unsigned sparse;       /* of a sample, only each such one is taken */
    unsigned share, of;    /* of all changes, this process makes the share-th of each `of` */
    unsigned long counted; /* changes, those of other shares among them */

    /* This test's: */
    unsigned long tried, harmless, reported, costly; /* changes; of these: nothing to tell, damage, loss */
    unsigned long lost;                              /* checkpoints, of all changes */
};

/* --- a crash or a hang says what it was at ------------------------------------------------------------ */

extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const char *at_work = "nothing";

static void tell(void)
{
    static const char before[] = "\nrot: at ";
    ssize_t n = write(STDERR_FILENO, before, sizeof(before) - 1);
    n += write(STDERR_FILENO, at_work, strlen(at_work));
    n += write(STDERR_FILENO, "\n", 1);
    (void)n;
}

static void on_death(int number)
{
    tell();
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

static void watch_for_death(void)
{
    signal(SIGALRM, on_death);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell);
        return;
    }
    signal(SIGSEGV, on_death);
    signal(SIGBUS, on_death);
    signal(SIGABRT, on_death);
}

/* --- shares: several processes may divide the work ---------------------------------------------------- */

#define PROGRESS 1000 /* changes from one line to the next */

/* is_ours -- whether the next change is one of this process's share. */
static bool is_ours(struct rot *rot)
{
    return rot->counted++ % rot->of == rot->share;
}

/* read_share -- CAIRN_ROT_SHARE is "K/N", 1/N to N/N. */
static bool read_share(struct rot *rot)
{
    const char *wanted = getenv("CAIRN_ROT_SHARE");
    char end;

    rot->share = 0;
    rot->of = 1;
    if (wanted == NULL || *wanted == '\0')
        return true;
    if (sscanf(wanted, "%u/%u%c", &rot->share, &rot->of, &end) != 2 || rot->share < 1 ||
        rot->share-- > rot->of) {
        fprintf(stderr, "rot: CAIRN_ROT_SHARE=%s: not K/N with K from 1 to N\n", wanted);
        return false;
    }
    return true;
}

static void tell_progress(const struct rot *rot)
{
    if (rot->every && rot->tried % PROGRESS == 0) {
        print_message("rot: %lu changes of %lu: %s\n", rot->tried, rot->counted, rot->look.what);
        fflush(stdout);
    }
}

/* --- changes ------------------------------------------------------------------------------------------ */

/* look_at_it -- the files have been changed, and look.what and look.cost are set: looks, counts, and unmakes
 * the change. */
static void look_at_it(struct rot *rot)
{
    struct rot_look *look = &rot->look;

    rot->tried++;
    tell_progress(rot);
    rot->harmless += !look->cost.damage;
    rot->reported += look->cost.damage && look->cost.count == 0;
    rot->costly += look->cost.count != 0;
    rot->lost += look->cost.count;
    rot_look_begin(look);
    alarm(HANG_SECONDS);
    rot_look_read(look, "reading");
    if (look->round % 2) {
        rot_look_write(look);
        if (look->all)
            rot_look_repair(look);
    } else {
        rot_look_repair(look);
        if (look->all)
            rot_look_write(look);
    }
    alarm(0);
    scratch_tree_restore(&rot->journal.tree, rot->journal.dir);
}

/* make_change -- makes the change to the file. False if it would change nothing. */
static bool make_change(struct rot *rot, const struct rot_change *change)
{
    static const char *const kinds[] = {
        [ROT_FLIPPED] = "flipped", [ROT_ZEROED] = "zeroed", [ROT_CUT] = "cut", [ROT_REMOVED] = "removed"};
    const struct scratch_file *file = change->file;
    struct rot_look *look = &rot->look;
    char path[SCRATCH_PATH_SIZE];
    bool changed = change->kind == ROT_REMOVED || change->kind == ROT_CUT;
    unsigned char *data = malloc(file->size + 1);

    assert_non_null(data);
    memcpy(data, file->data, file->size);
    for (size_t i = change->begin; i < change->end; i++) {
        data[i] = change->kind == ROT_FLIPPED ? data[i] ^ (unsigned char)(1u << (i + rot->tried) % 8) : 0;
        changed |= data[i] != file->data[i];
    }
    if (changed) {
        snprintf(look->what, sizeof(look->what), "%.100s: %s, bytes %zu to %zu of %zu, change %lu",
                 file->name, kinds[change->kind], change->begin, change->end, file->size, rot->tried);
        scratch_join(path, rot->journal.dir, file->name);
        if (change->kind == ROT_REMOVED)
            scratch_remove(path);
        else
            scratch_write(path, data, change->kind == ROT_CUT ? change->begin : file->size);
    }
    free(data);
    return changed;
}

/* change_it -- makes the change and looks what has become of the journal. */
static void change_it(struct rot *rot, const struct rot_change *change)
{
    if (!is_ours(rot) || !make_change(rot, change))
        return;
    rot_journal_cost(&rot->journal, change, &rot->look.cost);
    look_at_it(rot);
}

/* begin_test, end_test -- the figures and the verdict. */
static struct rot *begin_test(void **state)
{
    struct rot *rot = *state;

    at_work = rot->look.what;
    rot->look.complaints = 0;
    rot->counted = rot->tried = rot->harmless = rot->reported = rot->costly = rot->lost = 0;
    assert_null(scratch_tree_differs(&rot->journal.tree, rot->journal.dir));
    return rot;
}

static void end_test(struct rot *rot)
{
    print_message("rot: %lu changes: %lu without a trace, %lu reported, %lu cost %lu checkpoints\n",
                  rot->tried, rot->harmless, rot->reported, rot->costly, rot->lost);
    assert_true(rot->tried > 0 || rot->of > 1);
    assert_int_equal(rot->look.complaints, 0);
    assert_null(scratch_tree_differs(&rot->journal.tree, rot->journal.dir));
}

/* step_at -- how far it is to the next byte that is to be flipped. Where nothing is recorded, or only the
 * bytes of one large checkpoint, one is as good as the other. */
static size_t step_at(const struct rot *rot, const struct scratch_file *file, size_t at)
{
    const size_t used = rot_journal_used(&rot->journal, file);
    const size_t sparse = rot->sparse;
    const size_t copy = file->size - SEGMENT_PAGE;

    if (strncmp(file->name, "spare", 5) == 0)
        return rot->every ? 509 : 8191 * sparse;
    if (used == 0)
        return rot->every ? 1 : 37 * sparse;
    if (at >= used && at < copy && copy - at < 16381)
        return copy - at; /* the next one is the first of the header's copy */
    if (at >= copy && at < copy + 256)
        return sparse;
    if (at >= used)
        return !rot->every ? 16381 * sparse : file->size <= 200000 ? 1 : 251;
    if (rot_journal_is_inside_large(&rot->journal, file, at))
        return rot->every ? 509 : 32749 * sparse;
    if (rot->every)
        return 1;
    /* All of the header and of the first and the last records. */
    if (at < 256 || (at >= 4096 && at < 4096 + 300) || at + 300 >= used)
        return sparse;
    return 61 * sparse;
}

static void rot__flipped_byte_costs_what_it_hit(void **state)
{
    struct rot *rot = begin_test(state);

    for (size_t i = 0; i < rot->journal.tree.count; i++) {
        const struct scratch_file *file = &rot->journal.tree.files[i];
        for (size_t at = 0; at < file->size; at += step_at(rot, file, at)) {
            const struct rot_change change = {.file = file, .kind = ROT_FLIPPED, .begin = at, .end = at + 1};
            change_it(rot, &change);
        }
    }
    end_test(rot);
}

/* at_sectors -- a change at each sector. */
static void at_sectors(struct rot *rot, enum rot_kind kind)
{
    for (size_t i = 0; i < rot->journal.tree.count; i++) {
        const struct scratch_file *file = &rot->journal.tree.files[i];
        const size_t used = rot_journal_used(&rot->journal, file);
        for (size_t nth = 0; nth * SECTOR < file->size; nth++) {
            size_t at = nth * SECTOR;
            size_t end = kind == ROT_CUT || at + SECTOR > file->size ? file->size : at + SECTOR;
            const struct rot_change change = {.file = file, .kind = kind, .begin = at, .end = end};
            bool alike = file->size > 100000 && nth > 8 && (at > used || used > 200000);
            unsigned step = rot->every ? (alike ? 5 : 1) : (alike ? 131 : 2) * rot->sparse;
            if (nth % step == 0)
                change_it(rot, &change);
        }
    }
}

static void rot__zeroed_sector_costs_what_it_hit(void **state)
{
    struct rot *rot = begin_test(state);

    at_sectors(rot, ROT_ZEROED);
    end_test(rot);
}

static void rot__cut_file_costs_what_was_behind(void **state)
{
    struct rot *rot = begin_test(state);

    at_sectors(rot, ROT_CUT);
    end_test(rot);
}

static void rot__removed_file_costs_what_was_in_it(void **state)
{
    struct rot *rot = begin_test(state);

    for (size_t i = 0; i < rot->journal.tree.count; i++) {
        const struct scratch_file *file = &rot->journal.tree.files[i];
        const struct rot_change change = {.file = file, .kind = ROT_REMOVED, .begin = 0, .end = file->size};
        /* Twice, for what is done first then, recording one more or repairing, is the other thing. */
        change_it(rot, &change);
        change_it(rot, &change);
    }
    end_test(rot);
}

/* --- something else in a file's place ---------------------------------------------------------------- */

enum instead {
    RANDOM_BYTES,
    RANDOM_PAGES,
    NO_BYTES,
    DIRECTORY,
    FIFO,
    LINK_TO_NOTHING,
    LINK_TO_FILE,
    INSTEAD_END
};

/* put_instead -- puts something else under the file's name; `seed` is another one each time. */
static void put_instead(struct rot *rot, const struct scratch_file *file, enum instead instead, unsigned seed)
{
    char path[SCRATCH_PATH_SIZE];
    unsigned char *data = malloc(file->size + 1);

    assert_non_null(data);
    memcpy(data, file->data, file->size);
    srand(seed + 1);
    for (size_t i = 0; i < file->size; i++) {
        /* Of pages, some stay as they were. */
        if (instead != RANDOM_PAGES || (seed >> i / 4096 % 16) & 1)
            data[i] = (unsigned char)(rand() >> 8);
    }
    scratch_join(path, rot->journal.dir, file->name);
    scratch_remove(path);
    switch (instead) {
    case RANDOM_BYTES:
    case RANDOM_PAGES:
        scratch_write(path, data, file->size);
        break;
    case NO_BYTES:
        scratch_write(path, "", 0);
        break;
    case DIRECTORY:
        assert_int_equal(mkdir(path, 0755), 0);
        break;
    case FIFO:
        assert_int_equal(mkfifo(path, 0644), 0);
        break;
    case LINK_TO_NOTHING:
        assert_int_equal(symlink("../nowhere", path), 0);
        break;
    case LINK_TO_FILE:
        assert_int_equal(symlink("../elsewhere", path), 0);
        break;
    case INSTEAD_END:
        break;
    }
    free(data);
}

/* instead_of -- all of them, one after the other, in place of the file of that name. */
static void instead_of(struct rot *rot, const char *name)
{
    static const char *const names[] = {"random bytes", "some random pages", "no bytes",        "a directory",
                                        "a fifo",       "a link to nothing", "a link to a file"};
    const struct scratch_file *file = scratch_tree_find(&rot->journal.tree, name);
    char elsewhere[SCRATCH_PATH_SIZE], nowhere[SCRATCH_PATH_SIZE];
    size_t size;

    assert_non_null(file);
    const struct rot_change change = {.file = file, .kind = ROT_REMOVED, .begin = 0, .end = file->size};
    const bool is_segment = strncmp(name, "seg", 3) == 0;
    scratch_write(scratch_join(elsewhere, rot->journal.base, "elsewhere"), "untouched", 9);
    scratch_join(nowhere, rot->journal.base, "nowhere");
    for (int instead = 0; instead < INSTEAD_END; instead++) {
        unsigned rounds = 2;
        if (instead == RANDOM_BYTES || instead == RANDOM_PAGES)
            rounds = rot->every ? 200 : 10;
        if (instead == RANDOM_PAGES && is_segment)
            rounds = 0; /* not all in it would be lost */
        for (unsigned i = 0; i < rounds; i++) {
            if (!is_ours(rot))
                continue;
            snprintf(rot->look.what, sizeof(rot->look.what), "%s: %s in its place, round %u", name,
                     names[instead], i);
            put_instead(rot, file, (enum instead)instead, i);
            rot_journal_cost(&rot->journal, &change, &rot->look.cost);
            look_at_it(rot);
        }
    }
    unsigned char *data = scratch_read(elsewhere, &size);
    assert_non_null(data);
    assert_int_equal(size, 9);
    assert_memory_equal(data, "untouched", 9);
    free(data);
    scratch_remove(elsewhere);
    assert_int_not_equal(access(nowhere, F_OK), 0);
}

static void rot__index_replaced_by_anything_costs_nothing(void **state)
{
    struct rot *rot = begin_test(state);

    instead_of(rot, "index.mdb");
    assert_int_equal(rot->harmless, rot->tried);
    end_test(rot);
}

static void rot__control_page_replaced_by_anything_costs_nothing(void **state)
{
    struct rot *rot = begin_test(state);

    instead_of(rot, "journal.ctl");
    assert_int_equal(rot->harmless, rot->tried);
    end_test(rot);
}

static void rot__segment_replaced_by_anything_costs_what_was_in_it(void **state)
{
    struct rot *rot = begin_test(state);

    instead_of(rot, "seg-00000001");
    end_test(rot);
}

/* --- damage, and the index is gone, too --------------------------------------------------------------- */

/* is_unknown -- whether the change leaves the newest segment evidently damaged at its end, or as a whole. */
static bool is_unknown(const struct rot *rot, const struct rot_change *change)
{
    char newest[SEGMENT_NAME_SIZE];

    segment_name(newest, rot->journal.checkpoints[ROT_COUNT - 1].segment);
    if (strcmp(change->file->name, newest) != 0)
        return false;
    if (change->kind == ROT_CUT)
        return rot->look.cost.count > 0;
    return change->begin == 0 && change->end == change->file->size;
}

static void without_index(struct rot *rot, const struct rot_change *change)
{
    char path[SCRATCH_PATH_SIZE];

    rot_journal_cost(&rot->journal, change, &rot->look.cost);
    if (rot->look.cost.count == ROT_COUNT)
        return; /* a journal with nothing good in it cannot be opened (test_place.c) */
    if (!is_ours(rot) || !make_change(rot, change))
        return;
    scratch_remove(scratch_join(path, rot->journal.dir, "index.mdb"));
    rot->tried++;
    tell_progress(rot);
    rot_look_begin(&rot->look);
    alarm(HANG_SECONDS);
    rot_look_without_index(&rot->look, is_unknown(rot, change));
    alarm(0);
    scratch_tree_restore(&rot->journal.tree, rot->journal.dir);
}

static void rot__damage_without_an_index_costs_at_most_what_came_last(void **state)
{
    struct rot *rot = begin_test(state);

    for (size_t i = 0; i < rot->journal.tree.count; i++) {
        const struct scratch_file *file = &rot->journal.tree.files[i];
        const size_t used = rot_journal_used(&rot->journal, file);
        const unsigned step = rot->every ? 1 : 2;
        if (used == 0)
            continue;
        for (size_t at = 0; at < used; at += step * step_at(rot, file, at)) {
            const struct rot_change flip = {.file = file, .kind = ROT_FLIPPED, .begin = at, .end = at + 1};
            without_index(rot, &flip);
        }
        for (size_t at = 0, nth = 0; at < file->size; at += SECTOR, nth++) {
            struct rot_change change = {.file = file, .kind = ROT_ZEROED, .begin = at, .end = at + SECTOR};
            if (nth % (at < used && used < 200000 ? step : 101 * step * rot->sparse) != 0)
                continue;
            without_index(rot, &change);
            change.kind = ROT_CUT;
            change.end = file->size;
            without_index(rot, &change);
        }
        const struct rot_change page = {.file = file, .kind = ROT_ZEROED, .begin = 0, .end = SEGMENT_PAGE};
        without_index(rot, &page);
        const struct rot_change all = {.file = file, .kind = ROT_ZEROED, .begin = 0, .end = file->size};
        without_index(rot, &all);
    }
    end_test(rot);
}

/* --- damage after a repair --------------------------------------------------------------------------- */

/* A byte of the header's first copy, and of several checkpoints' headers, data and padding. */
enum part { PART_COPY, PART_HEADER, PART_DATA, PART_PADDING };
struct place {
    enum part part;
    int number;
};

static struct rot_change change_at(const struct rot *rot, struct place place)
{
    const struct rot_checkpoint *checkpoint = &rot->journal.checkpoints[place.number];
    const size_t at[] = {[PART_COPY] = 100,
                         [PART_HEADER] = checkpoint->begin + 20,
                         [PART_DATA] = checkpoint->used - 1,
                         [PART_PADDING] = checkpoint->end - 1};

    return (struct rot_change){.file = scratch_tree_find(&rot->journal.tree, "seg-00000001"),
                               .kind = ROT_FLIPPED,
                               .begin = at[place.part],
                               .end = at[place.part] + 1};
}

/* is_covered -- whether one who has accepted what `first` does has accepted all that `second` does. */
static bool is_covered(struct place first, struct place second)
{
    if (first.part == PART_COPY || second.part == PART_COPY)
        return first.part == second.part;
    if (first.number != second.number)
        return false;
    return first.part != PART_PADDING || second.part == PART_PADDING;
}

/* flip_again -- flips the byte, whatever has become of the file meanwhile. */
static void flip_again(struct rot *rot, const struct rot_change *change)
{
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    scratch_join(path, rot->journal.dir, change->file->name);
    unsigned char *data = scratch_read(path, &size);
    assert_non_null(data);
    data[change->begin] ^= 0xff;
    scratch_write(path, data, size);
    free(data);
}

static void rot__damage_after_a_repair_is_new(void **state)
{
    struct rot *rot = begin_test(state);
    struct rot_look *look = &rot->look;
    struct place places[32] = {{PART_COPY, 0}};
    size_t count = rot->journal.compact_segment ? 0 : 1; /* once nothing is left there, nobody looks at it */

    for (int number = 0; number < ROT_COUNT; number += number == 1 ? ROT_COUNT - 4 : 1) {
        const struct rot_checkpoint *checkpoint = &rot->journal.checkpoints[number];
        if (checkpoint->segment != 1)
            continue;
        places[count++] = (struct place){PART_HEADER, number};
        if (checkpoint->size > 0)
            places[count++] = (struct place){PART_DATA, number};
        if (checkpoint->end > checkpoint->used)
            places[count++] = (struct place){PART_PADDING, number};
    }
    for (size_t i = 0; i < count * count; i++) {
        const struct place first = places[i / count], second = places[i % count];
        const struct rot_change changes[] = {change_at(rot, first), change_at(rot, second)};
        if ((first.part == second.part && first.number == second.number) || !is_ours(rot))
            continue;
        rot->tried++;
        alarm(HANG_SECONDS);
        make_change(rot, &changes[0]);
        snprintf(look->what, sizeof(look->what), "part %d of %d, and then part %d of %d", (int)first.part,
                 first.number, (int)second.part, second.number);
        rot_journal_cost(&rot->journal, &changes[0], &look->cost);
        rot_look_begin(look);
        rot_look_repair(look);

        struct rot_cost cost;
        flip_again(rot, &changes[1]);
        rot_journal_cost(&rot->journal, &changes[1], &cost);
        look->fresh = !is_covered(first, second);
        look->cost.damage = true;
        look->cost.count = 0;
        for (int k = 0; k < ROT_COUNT; k++) {
            look->cost.lost[k] |= cost.lost[k];
            look->cost.count += look->cost.lost[k];
        }
        rot_look_read(look, "reading after more damage");
        rot_look_repair(look);
        rot_look_write(look);
        alarm(0);
        scratch_tree_restore(&rot->journal.tree, rot->journal.dir);
    }
    end_test(rot);
}

/* rot__reader_changes_nothing -- the figures for "nothing", for the others to be measured by. */
static void rot__reader_changes_nothing(void **state)
{
    struct rot *rot = begin_test(state);

    snprintf(rot->look.what, sizeof(rot->look.what), "nothing");
    rot->look.cost = (struct rot_cost){0};
    rot_look_begin(&rot->look);
    rot_look_read(&rot->look, "reading");
    rot->tried++;
    end_test(rot);
}

/* --- all of it for each shape ------------------------------------------------------------------------ */

static int run(enum rot_shape shape, bool every)
{
    static const char *const names[] = {"in one segment", "in many segments", "compacted", "as usual"};
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rot__reader_changes_nothing),
        cmocka_unit_test(rot__flipped_byte_costs_what_it_hit),
        cmocka_unit_test(rot__zeroed_sector_costs_what_it_hit),
        cmocka_unit_test(rot__cut_file_costs_what_was_behind),
        cmocka_unit_test(rot__removed_file_costs_what_was_in_it),
        cmocka_unit_test(rot__index_replaced_by_anything_costs_nothing),
        cmocka_unit_test(rot__control_page_replaced_by_anything_costs_nothing),
        cmocka_unit_test(rot__segment_replaced_by_anything_costs_what_was_in_it),
        cmocka_unit_test(rot__damage_after_a_repair_is_new),
        cmocka_unit_test(rot__damage_without_an_index_costs_at_most_what_came_last),
    };
    struct CMUnitTest these[sizeof(tests) / sizeof(tests[0])];
    const char *sanitize = getenv("CAIRN_SANITIZE");
    struct rot *rot = calloc(1, sizeof(*rot));

    if (rot == NULL || !read_share(rot)) {
        free(rot);
        return 1;
    }
    rot_journal_make(&rot->journal, shape);
    rot->look.journal = &rot->journal;
    rot->look.brief = every;
    rot->every = every;
    rot->sparse = (sanitize && *sanitize ? 7u : 1u) * (shape == ROT_ONE_SEGMENT ? 1u : 5u);
    memcpy(these, tests, sizeof(tests));
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        these[i].initial_state = rot;
    print_message("rot: a journal %s\n", names[shape]);
    /* Without an index, a Compact that is lost takes with it what it says of all the others. */
    const size_t count = sizeof(tests) / sizeof(tests[0]) - (shape == ROT_COMPACTED);
    int failed = _cmocka_run_group_tests(names[shape], these, count, NULL, NULL);
    rot_journal_remove(&rot->journal);
    free(rot);
    return failed;
}

int rot_main(bool every)
{
    int failed = 0;

    watch_for_death();
    for (int shape = ROT_ONE_SEGMENT; shape <= ROT_USUAL; shape++)
        failed += run((enum rot_shape)shape, every);
    return failed;
}
