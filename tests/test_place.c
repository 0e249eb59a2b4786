/* test_place.c -- places that are not what a caller thinks: each is a clear error with the path in it, and
 * nothing is changed. And places that are opened more than once.
 *
 * Permissions do not bind root. So what is about them is done in a child that is nobody, and what is about a
 * read-only file system on one that a child mounts in a namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "journal/control.h"
#include "journal/segment.h"

#include "child.h"
#include "refuse.h"
#include "scratch.h"

#define NOBODY 65534

static int fstat_fails; /* this call of it from now on; 0 for none */

int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
    if (fstat_fails && --fstat_fails == 0) {
        errno = EIO;
        return -1;
    }
    return __real_fstat(fd, st);
}

struct place {
    char base[SCRATCH_PATH_SIZE];
    char dir[SCRATCH_PATH_SIZE]; /* in it; not there to begin with */
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    scratch_make(place->base, true);
    scratch_join(place->dir, place->base, "journal");
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    scratch_remove(place->base);
    free(place);
    return 0;
}

/* make_journal -- a journal of three checkpoints, closed. */
static void make_journal(const char *dir)
{
    struct cairn_op *op;

    ASSERT_DONE(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD));
    for (int i = 0; i < 3; i++)
        ASSERT_DONE(cairn_checkpoint(op, NULL, "step", "data", 4, NULL));
    cairn_close(op);
}

/* refuse -- cannot be opened in any way; NULL for `tree` if nothing is to be there. */
static void refuse(const char *dir, int write_error, int read_error, const struct scratch_tree *tree)
{
    static const unsigned flags[] = {0, CAIRN_NO_THREAD, CAIRN_EXISTING, CAIRN_READONLY,
                                     CAIRN_READONLY | CAIRN_EXISTING};
    struct cairn_op *op;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int error = flags[i] & CAIRN_READONLY ? read_error : write_error;
        if (error == CAIRN_ENONE && !(flags[i] & (CAIRN_READONLY | CAIRN_EXISTING)))
            continue; /* it would be made */
        op = (struct cairn_op *)&op;
        ASSERT_REFUSED(cairn_open(&op, NULL, dir, flags[i]), error, dir);
        assert_null(op);
        if (tree)
            assert_null(scratch_tree_differs(tree, dir));
    }
}

static void assert_latest(struct cairn_op *op, const char *right)
{
    void *data;
    size_t size;

    ASSERT_DONE(cairn_latest(op, NULL, &data, &size));
    assert_int_equal(size, strlen(right));
    assert_memory_equal(data, right, size);
    cairn_free(data);
}

/* --- nothing, or something else ----------------------------------------------------------------------- */

static void place__missing_is_no_journal_and_is_not_made(void **state)
{
    struct place *place = *state;
    char deep[SCRATCH_PATH_SIZE];

    refuse(place->dir, CAIRN_ENONE, CAIRN_ENONE, NULL);
    refuse(scratch_join(deep, place->dir, "a/b/c"), CAIRN_ENONE, CAIRN_ENONE, NULL);
    assert_int_not_equal(access(place->dir, F_OK), 0);
}

static void place__empty_is_no_journal_and_stays_empty(void **state)
{
    struct place *place = *state;
    struct scratch_tree tree;

    assert_int_equal(mkdir(place->dir, 0755), 0);
    scratch_tree_take(&tree, place->dir);
    refuse(place->dir, CAIRN_ENONE, CAIRN_ENONE, &tree);
    scratch_tree_release(&tree);
}

static void place__missing_is_made_with_its_parents(void **state)
{
    struct place *place = *state;
    char deep[SCRATCH_PATH_SIZE];
    struct stat st;

    mode_t mask = umask(0);
    make_journal(scratch_join(deep, place->dir, "a//b/./c/"));
    umask(mask);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0755);
    assert_int_equal(stat(place->dir, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

static void place__that_is_a_file_is_refused(void **state)
{
    struct place *place = *state;
    char below[SCRATCH_PATH_SIZE];
    size_t size;

    scratch_write(place->dir, "a file", 6);
    refuse(place->dir, CAIRN_ENOTDIR, CAIRN_ENOTDIR, NULL);
    refuse(scratch_join(below, place->dir, "below"), CAIRN_ENOTDIR, CAIRN_ENOTDIR, NULL);
    unsigned char *data = scratch_read(place->dir, &size);
    assert_int_equal(size, 6);
    free(data);
    refuse("/dev/null", CAIRN_ENOTDIR, CAIRN_ENOTDIR, NULL);
}

static void place__that_is_a_fifo_is_refused_at_once(void **state)
{
    struct place *place = *state;

    assert_int_equal(mkfifo(place->dir, 0644), 0);
    refuse(place->dir, CAIRN_ENOTDIR, CAIRN_ENOTDIR, NULL);
}

static void place__that_is_a_link_to_nowhere_is_refused(void **state)
{
    struct place *place = *state;
    char below[SCRATCH_PATH_SIZE];
    struct scratch_tree tree;
    struct cairn_op *op;

    assert_int_equal(symlink("nowhere", place->dir), 0);
    scratch_join(below, place->dir, "below");
    ASSERT_REFUSED(cairn_open(&op, NULL, place->dir, 0), CAIRN_ENOTDIR, place->dir);
    assert_non_null(strstr(cairn_message(), "link"));
    ASSERT_REFUSED(cairn_open(&op, NULL, below, 0), CAIRN_ENOTDIR, place->dir);
    assert_non_null(strstr(cairn_message(), "link"));
    /* To those who would not make it, it is as if nothing were there. */
    ASSERT_REFUSED(cairn_open(&op, NULL, place->dir, CAIRN_EXISTING), CAIRN_ENONE, place->dir);
    ASSERT_REFUSED(cairn_open(&op, NULL, place->dir, CAIRN_READONLY), CAIRN_ENONE, place->dir);
    scratch_tree_take(&tree, place->base);
    assert_int_equal(tree.count, 1);
    scratch_tree_release(&tree);
}

/* place__where_nothing_can_be_made_is_an_error -- and not CAIRN_ENONE, which is no failure. */
static void place__where_nothing_can_be_made_is_an_error(void **state)
{
    struct cairn_op *op;

    (void)state;
    ASSERT_REFUSED(cairn_open(&op, NULL, "/proc/cairn", 0), CAIRN_EIO, "/proc/cairn");
    ASSERT_REFUSED(cairn_open(&op, NULL, "/proc/cairn", CAIRN_READONLY), CAIRN_ENONE, "/proc/cairn");
}

static void place__removed_while_in_use_is_an_error_once_a_file_is_needed(void **state)
{
    static unsigned char data[900 * 1024];
    struct place *place = *state;
    struct cairn_op *op;
    int error = 0;

    ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD));
    scratch_remove(place->dir);
    for (int i = 0; i < 4 && error == 0; i++) /* each in a segment of its own */
        error = cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL);
    assert_int_equal(error, CAIRN_EIO);
    assert_non_null(strstr(cairn_message(), place->dir));
    cairn_close(op);
}

static void place__with_too_long_a_path_is_refused(void **state)
{
    static char path[8192] = "/";
    struct cairn_op *op;

    (void)state;
    memset(path + 1, 'a', 300);
    ASSERT_REFUSED(cairn_open(&op, NULL, path, 0), CAIRN_EINVAL, "aaa");
    for (size_t i = 0; i < sizeof(path) - 1; i++)
        path[i] = i % 2 ? 'b' : '/';
    ASSERT_REFUSED(cairn_open(&op, NULL, path, 0), CAIRN_EINVAL, "/b/b");
    ASSERT_REFUSED(cairn_open(&op, NULL, path, CAIRN_READONLY), CAIRN_EINVAL, "/b/b");
}

static void place__with_strangers_leaves_them_alone(void **state)
{
    static const char *const strangers[] = {
        "vacation-photos", "seg-1", "seg-00000000", "seg-000000001",    "seg-0000000x",   "spare-",
        "index.mdb-lock",  "lock",  "00000001.chk", "spare-0000000001", "journal.ctl.bak"};
    struct place *place = *state;
    struct cairn_op *op;
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    make_journal(place->dir);
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        scratch_write(scratch_join(path, place->dir, strangers[i]), "strange", 7);
    make_journal(place->dir);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, 0));
    ASSERT_DONE(cairn_clear(op, NULL));
    ASSERT_DONE(cairn_complete(op, NULL));
    ASSERT_DONE(cairn_repair(op, NULL, NULL));
    cairn_close(op);
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        unsigned char *data = scratch_read(scratch_join(path, place->dir, strangers[i]), &size);
        assert_non_null(data);
        assert_int_equal(size, 7);
        assert_memory_equal(data, "strange", 7);
        free(data);
    }
}

/* make_stranger -- something of that kind at `path`. */
static void make_stranger(const char *path, int kind)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    switch (kind) {
    case 0:
        assert_int_equal(mkdir(path, 0755), 0);
        break;
    case 1:
        assert_int_equal(mkfifo(path, 0644), 0);
        break;
    case 2:
        assert_int_equal(symlink("../elsewhere", path), 0);
        break;
    case 3:
        assert_int_equal(symlink("nowhere", path), 0);
        break;
    case 4:
        scratch_write(path, "no segment", 10);
        break;
    case 5:
        snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        close(fd);
        break;
    default:
        fail();
    }
}
#define STRANGERS 6

/* refuse_something_else -- it is refused for what it has in it by that name. */
static void refuse_something_else(const char *dir, const char *name)
{
    struct scratch_tree tree;

    scratch_tree_take(&tree, dir);
    refuse(dir, CAIRN_ENOTDIR, CAIRN_ENOTDIR, &tree);
    assert_non_null(strstr(cairn_message(), name));
    scratch_tree_release(&tree);
}

/* place__of_something_else_is_refused -- also if the names are those that a journal has. */
static void place__of_something_else_is_refused(void **state)
{
    static const char *const names[] = {
        "thesis.tex",         "seg-1",       "spare-",        "index.mdb",      "index.mdb-lock",
        "damaged-00000001-1", "journal.ctl", "spare-reserve", "spare-00000001", "journal.ctl.bak"};
    struct place *place = *state;
    char path[SCRATCH_PATH_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int kind = 0; kind < STRANGERS; kind++) {
            assert_int_equal(mkdir(place->dir, 0755), 0);
            make_stranger(scratch_join(path, place->dir, names[i]), kind);
            refuse_something_else(place->dir, names[i]);
            scratch_remove(place->dir);
        }
    }
}

static void place__with_what_does_not_matter_becomes_a_journal(void **state)
{
    struct place *place = *state;
    char path[SCRATCH_PATH_SIZE];
    struct stat st;
    size_t size;

    assert_int_equal(mkdir(place->dir, 0755), 0);
    scratch_write(scratch_join(path, place->dir, ".keep"), "a mark", 6);
    assert_int_equal(mkdir(scratch_join(path, place->dir, "lost+found"), 0700), 0);
    refuse(place->dir, CAIRN_ENONE, CAIRN_ENONE, NULL);
    make_journal(place->dir);
    make_journal(place->dir);
    assert_int_equal(stat(path, &st), 0);
    free(scratch_read(scratch_join(path, place->dir, ".keep"), &size));
    assert_int_equal(size, 6);
}

/* place__left_by_a_killed_creation_becomes_a_journal -- each file in each state that it goes through. */
static void place__left_by_a_killed_creation_becomes_a_journal(void **state)
{
    static const struct {
        const char *name;
        uint64_t magic;
    } files[] = {{"journal.ctl", CONTROL_MAGIC},
                 {"spare-00000001", SEGMENT_MAGIC},
                 {"spare-00000002", SEGMENT_MAGIC},
                 {"spare-reserve", SEGMENT_MAGIC}};
    static unsigned char data[8192];
    static const size_t sizes[] = {0, 3, sizeof(data)};
    struct place *place = *state;
    char path[SCRATCH_PATH_SIZE];

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(mkdir(place->dir, 0755), 0);
            memset(data, 0, sizeof(data));
            if (k == 3)
                memcpy(data, &files[i].magic, sizeof(files[i].magic));
            scratch_write(scratch_join(path, place->dir, files[i].name), data,
                          k < 3 ? sizes[k] : sizeof(data));
            refuse(place->dir, CAIRN_ENONE, CAIRN_ENONE, NULL);
            make_journal(place->dir);
            scratch_remove(place->dir);
        }
    }
}

/* place__with_no_good_segment_is_corrupt -- row 15 of the table in docs/protocol.md. */
static void place__with_no_good_segment_is_corrupt(void **state)
{
    struct place *place = *state;
    struct scratch_tree tree;
    char path[SCRATCH_PATH_SIZE];

    for (int kind = 0; kind < STRANGERS; kind++) {
        assert_int_equal(mkdir(place->dir, 0755), 0);
        make_stranger(scratch_join(path, place->dir, "seg-00000001"), kind);
        scratch_tree_take(&tree, place->dir);
        refuse(place->dir, CAIRN_ECORRUPT, CAIRN_ECORRUPT, &tree);
        scratch_tree_release(&tree);
        scratch_remove(place->dir);
    }
}

static void place__with_a_stranger_behind_the_last_segment_goes_on_behind_it(void **state)
{
    struct place *place = *state;
    struct cairn_op *op;
    struct cairn_id id;
    char path[SCRATCH_PATH_SIZE], other[SCRATCH_PATH_SIZE];
    void *data;
    size_t size;

    scratch_write(scratch_join(other, place->base, "elsewhere"), "untouched", 9);
    for (int kind = 0; kind < STRANGERS; kind++) {
        make_journal(place->dir);
        make_stranger(scratch_join(path, place->dir, "seg-00000002"), kind);
        for (int round = 0; round < 2; round++) {
            ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD));
            ASSERT_DONE(cairn_load(op, NULL, "00000002@1", &data, &size));
            cairn_free(data);
            ASSERT_DONE(cairn_checkpoint(op, NULL, "", "new", 3, &id));
            assert_latest(op, "new");
            cairn_close(op);
            ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_READONLY));
            ASSERT_DONE(cairn_load(op, NULL, id.text, &data, &size));
            cairn_free(data);
            assert_latest(op, "new");
            cairn_close(op);
        }
        scratch_remove(place->dir);
    }
    unsigned char *untouched = scratch_read(other, &size);
    assert_int_equal(size, 9);
    assert_memory_equal(untouched, "untouched", 9);
    free(untouched);
}

static void place__with_strange_spares_can_be_used(void **state)
{
    struct place *place = *state;
    struct cairn_op *op;
    char path[SCRATCH_PATH_SIZE];
    static unsigned char data[900 * 1024];

    for (int kind = 0; kind < STRANGERS; kind++) {
        make_journal(place->dir);
        make_stranger(scratch_join(path, place->dir, "spare-00000008"), kind);
        make_stranger(scratch_join(path, place->dir, "spare-00000009"), kind);
        scratch_remove(scratch_join(path, place->dir, "spare-reserve"));
        make_stranger(path, kind);
        ASSERT_DONE(cairn_open(&op, NULL, place->dir, kind % 2 ? CAIRN_NO_THREAD : 0));
        for (int i = 0; i < 4; i++) /* each in a segment of its own */
            ASSERT_DONE(cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL));
        ASSERT_DONE(cairn_compact(op, NULL, ""));
        cairn_close(op);
        scratch_remove(place->dir);
    }
}

static void place__with_a_cut_reserve_gets_a_new_one(void **state)
{
    struct place *place = *state;
    struct cairn_op *op;
    char path[SCRATCH_PATH_SIZE];
    struct stat st;

    make_journal(place->dir);
    scratch_join(path, place->dir, "spare-reserve");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 128 * 1024);
    assert_int_equal(truncate(path, 4096), 0);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD));
    cairn_close(op);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 128 * 1024);
}

/* --- not permitted ------------------------------------------------------------------------------------ */

/* CHECK -- for children: ends the function with 1 if it is not so. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "test_place.c:%d: %s; %s\n", __LINE__, #condition, cairn_message());             \
            return 1;                                                                                        \
        }                                                                                                    \
    } while (0)
#define CANNOT 77 /* a child's result: what it needs for its test is not to be had */

/* refused -- for children, as ASSERT_REFUSED(cairn_open()). */
static bool refused(const char *dir, unsigned flags, int error)
{
    struct cairn_op *op = NULL;

    cairn_set_message(0, "stale");
    int result = cairn_open(&op, NULL, dir, flags);
    if (result == 0)
        cairn_close(op);
    return result == error && op == NULL && strstr(cairn_message(), dir);
}

static int be_nobody(void)
{
    return geteuid() != 0 ||
           (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

/* read_only_works -- a reader may read what it may not write. */
static int read_only_works(const char *dir)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    CHECK(cairn_open(&op, NULL, dir, CAIRN_READONLY) == 0);
    CHECK(cairn_latest(op, NULL, &data, &size) == 0 && size == 4);
    cairn_free(data);
    CHECK(cairn_verify(op, NULL, NULL) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "x", 1, NULL) == CAIRN_EACCES);
    cairn_close(op);
    return 0;
}

static int nobody_opens(void *arg)
{
    struct place *place = arg;
    char below[SCRATCH_PATH_SIZE];

    if (!be_nobody())
        return CANNOT;
    scratch_join(below, place->base, "new");
    CHECK(refused(below, 0, CAIRN_EACCES));
    CHECK(access(below, F_OK) != 0);
    CHECK(refused(place->dir, 0, CAIRN_EACCES));
    CHECK(refused(place->dir, CAIRN_EXISTING, CAIRN_EACCES));
    return read_only_works(place->dir);
}

static void place__without_permission_is_refused(void **state)
{
    struct place *place = *state;
    struct scratch_tree tree;

    make_journal(place->dir);
    assert_int_equal(chmod(place->base, 0555), 0);
    assert_int_equal(chmod(place->dir, 0555), 0);
    scratch_tree_take(&tree, place->dir);
    for (size_t i = 0; i < tree.count; i++) {
        char path[SCRATCH_PATH_SIZE];
        assert_int_equal(chmod(scratch_join(path, place->dir, tree.files[i].name), 0444), 0);
    }
    scratch_tree_release(&tree);
    scratch_tree_take(&tree, place->dir);
    int result = child_run(nobody_opens, place);
    const char *differs = scratch_tree_differs(&tree, place->dir);
    scratch_tree_release(&tree);
    assert_int_equal(chmod(place->dir, 0755), 0);
    assert_int_equal(chmod(place->base, 0755), 0);
    if (result == CANNOT) {
        print_message("SKIP: cannot become nobody\n");
        skip();
    }
    assert_int_equal(result, 0);
    assert_null(differs);
}

static int nobody_looks(void *arg)
{
    struct place *place = arg;

    if (!be_nobody())
        return CANNOT;
    CHECK(refused(place->dir, 0, CAIRN_EACCES));
    CHECK(refused(place->dir, CAIRN_READONLY, CAIRN_EACCES));
    return 0;
}

static void place__that_may_not_be_looked_at_is_refused(void **state)
{
    struct place *place = *state;

    make_journal(place->dir);
    assert_int_equal(chmod(place->dir, 0), 0);
    int result = child_run(nobody_looks, place);
    assert_int_equal(chmod(place->dir, 0755), 0);
    if (result == CANNOT) {
        print_message("SKIP: cannot become nobody\n");
        skip();
    }
    assert_int_equal(result, 0);
}

/* on_read_only_medium -- mounts a file system of its own over the base, puts a journal there, and has it
 * read-only. */
static int on_read_only_medium(void *arg)
{
    struct place *place = arg;
    struct cairn_op *op;
    struct scratch_tree tree;
    char below[SCRATCH_PATH_SIZE];

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("cairn-test", place->base, "tmpfs", 0, "size=16m") != 0)
        return CANNOT;
    CHECK(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "data", 4, NULL) == 0);
    cairn_close(op);
    CHECK(mount(NULL, place->base, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
    scratch_tree_take(&tree, place->dir);
    CHECK(refused(place->dir, 0, CAIRN_EACCES));
    CHECK(refused(place->dir, CAIRN_NO_THREAD | CAIRN_EXISTING, CAIRN_EACCES));
    CHECK(refused(scratch_join(below, place->base, "new"), 0, CAIRN_EACCES));
    if (read_only_works(place->dir) != 0)
        return 1;
    CHECK(scratch_tree_differs(&tree, place->dir) == NULL);
    scratch_tree_release(&tree);

    /* It is only the medium that said no. */
    CHECK(mount(NULL, place->base, NULL, MS_REMOUNT, "size=16m") == 0);
    CHECK(cairn_open(&op, NULL, place->dir, 0) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "data", 4, NULL) == 0);
    cairn_close(op);
    return 0;
}

static void place__on_a_read_only_medium_can_be_read(void **state)
{
    struct place *place = *state;

    int result = child_run(on_read_only_medium, place);
    if (result == CANNOT) {
        print_message("SKIP: cannot mount a file system in a namespace\n");
        skip();
    }
    assert_int_equal(result, 0);
}

/* --- not to be looked at ------------------------------------------------------------------------------ */

/* place__with_a_file_that_cannot_be_looked_at_is_an_io_error -- and not a file of another kind, for that
 * would be damage, or no journal at all. What cannot be had is had the next time. */
static void place__with_a_file_that_cannot_be_looked_at_is_an_io_error(void **state)
{
    static const unsigned flags[] = {CAIRN_NO_THREAD, CAIRN_READONLY};
    struct place *place = *state;
    struct cairn_op *op;
    struct cairn_stat stat;

    make_journal(place->dir);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        bool fired = true;
        for (int at = 1; fired; at++) {
            fstat_fails = at;
            int error = cairn_open(&op, NULL, place->dir, flags[i]);
            fired = fstat_fails == 0;
            fstat_fails = 0;
            if (error)
                refuse_check(error, CAIRN_EIO, place->dir, "cairn_open", __FILE__, __LINE__);
            else
                cairn_close(op);
            ASSERT_DONE(cairn_open(&op, NULL, place->dir, flags[i]));
            ASSERT_DONE(cairn_verify(op, NULL, NULL));
            ASSERT_DONE(cairn_stat(op, NULL, &stat));
            assert_int_equal(stat.count, 3);
            assert_int_equal(stat.lost, 0);
            assert_int_equal(stat.segments, 1);
            cairn_close(op);
        }
    }
}

/* --- of another version, on another host -------------------------------------------------------------- */

/* poke -- writes over bytes of a file of the journal; a negative offset counts from its end. */
static void poke(const struct place *place, const char *name, off_t offset, const void *data, size_t size)
{
    char path[SCRATCH_PATH_SIZE];

    int fd = open(scratch_join(path, place->dir, name), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (offset < 0)
        offset += lseek(fd, 0, SEEK_END);
    assert_int_equal(pwrite(fd, data, size, offset), size);
    close(fd);
}

static void place__of_a_newer_format_is_refused(void **state)
{
    const uint32_t newer = 2, newest = UINT32_MAX;
    struct place *place = *state;
    struct scratch_tree tree;
    struct cairn_op *op;

    make_journal(place->dir);
    poke(place, "seg-00000001", 8, &newer, sizeof(newer));
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_READONLY)); /* one copy could be damage */
    assert_latest(op, "data");
    ASSERT_REFUSED(cairn_verify(op, NULL, NULL), CAIRN_ECORRUPT, place->dir);
    cairn_close(op);
    poke(place, "seg-00000001", 8 - 4096, &newer, sizeof(newer));
    scratch_tree_take(&tree, place->dir);
    refuse(place->dir, CAIRN_EVERSION, CAIRN_EVERSION, &tree);
    scratch_tree_release(&tree);
    poke(place, "seg-00000001", 8, &newest, sizeof(newest));
    poke(place, "seg-00000001", 8 - 4096, &newest, sizeof(newest));
    refuse(place->dir, CAIRN_EVERSION, CAIRN_EVERSION, NULL);
}

static int hold_journal(void *arg)
{
    struct place *place = arg;
    struct cairn_op *op;

    return cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD) == 0 ? 0 : 1;
}

/* in_use_with -- another process has the journal open, and the control page has these bytes: nobody gets in,
 * and nothing is changed. When the bytes are as before, everybody does. */
static void in_use_with(struct place *place, off_t offset, const void *bytes, size_t size, int error)
{
    struct scratch_tree before, tree;
    struct cairn_op *op;
    struct child child;

    assert_int_equal(child_hold(&child, hold_journal, NULL, place), 0);
    scratch_tree_take(&before, place->dir);
    poke(place, "journal.ctl", offset, bytes, size);
    scratch_tree_take(&tree, place->dir);
    refuse(place->dir, error, error, &tree);
    scratch_tree_release(&tree);
    const struct scratch_file *page = scratch_tree_find(&before, "journal.ctl");
    poke(place, "journal.ctl", offset, page->data + offset, size);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, 0));
    assert_latest(op, "data");
    cairn_close(op);
    scratch_tree_release(&before);
    child_release(&child);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, 0));
    assert_latest(op, "data");
    cairn_close(op);
}

static void place__in_use_on_another_host_is_refused(void **state)
{
    struct place *place = *state;

    make_journal(place->dir);
    in_use_with(place, 16, "another boot id!", 16, CAIRN_EHOST);
}

static void place__in_use_in_another_pid_namespace_is_refused_by_its_note(void **state)
{
    struct place *place = *state;

    make_journal(place->dir);
    in_use_with(place, offsetof(struct control, pid_namespace), "another container", 16, CAIRN_EHOST);
}

static int is_kept_out(void *arg)
{
    struct place *place = arg;

    CHECK(refused(place->dir, 0, CAIRN_EHOST));
    CHECK(strstr(cairn_message(), "PID namespace"));
    CHECK(refused(place->dir, CAIRN_NO_THREAD | CAIRN_EXISTING, CAIRN_EHOST));
    CHECK(refused(place->dir, CAIRN_READONLY, CAIRN_EHOST));
    return 0;
}

/* we_hold -- it is open here; a child in another namespace comes. */
static int we_hold(void *arg)
{
    struct place *place = arg;
    struct cairn_op *op;

    CHECK(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD) == 0);
    if (unshare(CLONE_NEWPID) != 0)
        return CANNOT;
    CHECK(child_run(is_kept_out, place) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "data", 4, NULL) == 0);
    cairn_close(op);
    return 0;
}

/* they_hold -- a child in another namespace has it open, until it ends. */
static int they_hold(void *arg)
{
    struct place *place = arg;
    struct cairn_op *op;
    struct child child;

    if (unshare(CLONE_NEWPID) != 0)
        return CANNOT;
    CHECK(child_hold(&child, hold_journal, NULL, place) == 0);
    CHECK(is_kept_out(place) == 0);
    child_release(&child);
    CHECK(cairn_open(&op, NULL, place->dir, CAIRN_NO_THREAD) == 0);
    CHECK(cairn_checkpoint(op, NULL, "", "data", 4, NULL) == 0);
    cairn_close(op);
    return 0;
}

static void place__in_use_in_another_pid_namespace_is_refused(void **state)
{
    struct place *place = *state;

    make_journal(place->dir);
    int result = child_run(we_hold, place);
    if (result == 0)
        result = child_run(they_hold, place);
    if (result == CANNOT) {
        print_message("SKIP: cannot make a PID namespace\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static void place__in_use_by_another_version_is_refused(void **state)
{
    const uint32_t newer = CONTROL_VERSION + 1;
    struct place *place = *state;

    make_journal(place->dir);
    in_use_with(place, 8, &newer, sizeof(newer), CAIRN_EVERSION);
}

static void place__in_use_by_another_c_library_is_refused(void **state)
{
    const uint32_t other = 0x4f540028;
    struct place *place = *state;

    make_journal(place->dir);
    in_use_with(place, 12, &other, sizeof(other), CAIRN_EBUSY);
}

static void place__in_use_with_its_page_overwritten_is_refused(void **state)
{
    struct place *place = *state;

    make_journal(place->dir);
    in_use_with(place, 0, "overwritten", 11, CAIRN_EBUSY);
}

static void place__in_use_with_its_page_removed_is_refused_until_all_have_ended(void **state)
{
    struct place *place = *state;
    char path[SCRATCH_PATH_SIZE];
    struct scratch_tree tree;
    struct cairn_op *op;
    struct child child;

    make_journal(place->dir);
    assert_int_equal(child_hold(&child, hold_journal, NULL, place), 0);
    scratch_remove(scratch_join(path, place->dir, "journal.ctl"));
    scratch_tree_take(&tree, place->dir);
    refuse(place->dir, CAIRN_EBUSY, CAIRN_EBUSY, &tree);
    scratch_tree_release(&tree);
    scratch_write(path, "short", 5);
    refuse(place->dir, CAIRN_EBUSY, CAIRN_EBUSY, NULL);
    child_release(&child);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, 0));
    assert_latest(op, "data");
    cairn_close(op);
}

/* place__left_by_another_host_is_taken_over -- when nobody lives, the page means nothing. */
static void place__left_by_another_host_is_taken_over(void **state)
{
    struct place *place = *state;
    struct cairn_op *op;

    make_journal(place->dir);
    poke(place, "journal.ctl", 16, "another boot id!", 16);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, CAIRN_READONLY));
    assert_latest(op, "data");
    cairn_close(op);
    ASSERT_DONE(cairn_open(&op, NULL, place->dir, 0));
    assert_latest(op, "data");
    cairn_close(op);
}

/* --- opened more than once ---------------------------------------------------------------------------- */

static void place__opened_twice_is_one_journal(void **state)
{
    struct place *place = *state;
    char other[SCRATCH_PATH_SIZE];
    struct cairn_op *ops[4];
    struct cairn_id id;
    char right[16];

    assert_int_equal(symlink("journal", scratch_join(other, place->base, "other")), 0);
    ASSERT_DONE(cairn_open(&ops[0], NULL, place->dir, 0));
    ASSERT_DONE(cairn_open(&ops[1], NULL, other, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_open(&ops[2], NULL, scratch_join(other, place->base, "./journal//"), 0));
    ASSERT_DONE(cairn_open(&ops[3], NULL, place->dir, CAIRN_READONLY));
    for (int i = 0; i < 12; i++) {
        snprintf(right, sizeof(right), "%08d@1", i);
        ASSERT_DONE(cairn_checkpoint(ops[i % 3], NULL, "", right, strlen(right), &id));
        assert_string_equal(id.text, right);
        for (int k = 0; k < 4; k++)
            assert_latest(ops[k], right);
    }
    /* Closed in any order, it stays open for the others. */
    cairn_close(ops[0]);
    ASSERT_DONE(cairn_checkpoint(ops[1], NULL, "", "one", 3, NULL));
    assert_latest(ops[2], "one");
    cairn_close(ops[2]);
    ASSERT_DONE(cairn_checkpoint(ops[1], NULL, "", "two", 3, NULL));
    assert_latest(ops[3], "two");
    cairn_close(ops[1]);
    assert_latest(ops[3], "two");
    ASSERT_DONE(cairn_open(&ops[0], NULL, place->dir, 0));
    ASSERT_DONE(cairn_checkpoint(ops[0], NULL, "", "three", 5, NULL));
    assert_latest(ops[3], "three");
    cairn_close(ops[3]);
    assert_latest(ops[0], "three");
    cairn_close(ops[0]);
}

static void place__opened_to_read_first_sees_the_writer_that_comes_later(void **state)
{
    struct place *place = *state;
    struct cairn_op *reader, *writer;

    make_journal(place->dir);
    ASSERT_DONE(cairn_open(&reader, NULL, place->dir, CAIRN_READONLY));
    assert_latest(reader, "data");
    for (int i = 0; i < 3; i++) {
        char right[8];
        snprintf(right, sizeof(right), "new %d", i);
        ASSERT_DONE(cairn_open(&writer, NULL, place->dir, CAIRN_NO_THREAD));
        ASSERT_DONE(cairn_checkpoint(writer, NULL, "", right, strlen(right), NULL));
        if (i != 1)
            assert_latest(reader, right);
        cairn_close(writer);
        assert_latest(reader, right);
    }
    cairn_close(reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(place__missing_is_no_journal_and_is_not_made),
        TEST(place__empty_is_no_journal_and_stays_empty),
        TEST(place__missing_is_made_with_its_parents),
        TEST(place__that_is_a_file_is_refused),
        TEST(place__that_is_a_fifo_is_refused_at_once),
        TEST(place__that_is_a_link_to_nowhere_is_refused),
        TEST(place__where_nothing_can_be_made_is_an_error),
        TEST(place__removed_while_in_use_is_an_error_once_a_file_is_needed),
        TEST(place__with_too_long_a_path_is_refused),
        TEST(place__with_strangers_leaves_them_alone),
        TEST(place__of_something_else_is_refused),
        TEST(place__with_what_does_not_matter_becomes_a_journal),
        TEST(place__left_by_a_killed_creation_becomes_a_journal),
        TEST(place__with_no_good_segment_is_corrupt),
        TEST(place__with_a_stranger_behind_the_last_segment_goes_on_behind_it),
        TEST(place__with_strange_spares_can_be_used),
        TEST(place__with_a_cut_reserve_gets_a_new_one),
        TEST(place__without_permission_is_refused),
        TEST(place__that_may_not_be_looked_at_is_refused),
        TEST(place__on_a_read_only_medium_can_be_read),
        TEST(place__with_a_file_that_cannot_be_looked_at_is_an_io_error),
        TEST(place__of_a_newer_format_is_refused),
        TEST(place__in_use_on_another_host_is_refused),
        TEST(place__in_use_in_another_pid_namespace_is_refused_by_its_note),
        TEST(place__in_use_in_another_pid_namespace_is_refused),
        TEST(place__in_use_by_another_version_is_refused),
        TEST(place__in_use_by_another_c_library_is_refused),
        TEST(place__in_use_with_its_page_overwritten_is_refused),
        TEST(place__in_use_with_its_page_removed_is_refused_until_all_have_ended),
        TEST(place__left_by_another_host_is_taken_over),
        TEST(place__opened_twice_is_one_journal),
        TEST(place__opened_to_read_first_sees_the_writer_that_comes_later),
    };

    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
