/* test_directory.c -- what is the directory operation's own: its names, its lock, its memo, and what it makes
 * of things that stand in its directory. What it shares with other implementations is tests/conformance's
 * matter.
 *
 * A Go program is played by go_write(): it takes the flock and writes the file in place. (No test needs a Go
 * compiler; the rules are those of the package's source.)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "child.h"
#include "directory/file.h"
#include "directory/names.h"
#include "refuse.h"
#include "scratch.h"

/* --- what is called, and fails ------------------------------------------------------------------------- */

/* A call of one kind that fails: the `at`-th from now on, counted from 1; 0 for none. */
static struct failing {
    const char *call;
    int at, number;
    int met; /* how many have been made */
} failing, failing_too;

static unsigned readings;     /* of the whole directory */
static bool no_unnamed;       /* the file system knows no files without a name */
static bool no_types;         /* nor tells the types of what it lists */
static void (*between)(void); /* called once, before a file gets its name */

static bool fails_by(struct failing *planned, const char *call)
{
    if (planned->call == NULL || strcmp(planned->call, call) != 0 || ++planned->met != planned->at)
        return false;
    errno = planned->number;
    return true;
}

static bool fails(const char *call)
{
    const bool first = fails_by(&failing, call), second = fails_by(&failing_too, call); /* both count */

    return first || second;
}

extern int __real_names_read(struct names *names, const struct directory *directory,
                             const struct cairn_ctx *ctx);
extern int __wrap_names_read(struct names *names, const struct directory *directory,
                             const struct cairn_ctx *ctx);
extern int __real_file_name(struct file *file, const struct directory *directory, const char *to);
extern int __wrap_file_name(struct file *file, const struct directory *directory, const char *to);
extern int __real_openat(int dir, const char *path, int flags, mode_t mode);
extern int __wrap_openat(int dir, const char *path, int flags, ...);
extern int __real_fsync(int fd);
extern int __wrap_fsync(int fd);
extern ssize_t __real_write(int fd, const void *data, size_t size);
extern ssize_t __wrap_write(int fd, const void *data, size_t size);
extern int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
extern int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
extern int __real_unlinkat(int dir, const char *path, int flags);
extern int __wrap_unlinkat(int dir, const char *path, int flags);
extern int __real_futimens(int fd, const struct timespec times[2]);
extern int __wrap_futimens(int fd, const struct timespec times[2]);
extern int __real_fstatat(int dir, const char *path, struct stat *st, int flags);
extern int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags);
extern int __real_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount,
                                    int flags);
extern int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount,
                                    int flags);
extern struct dirent *__real_readdir(DIR *dir);
extern struct dirent *__wrap_readdir(DIR *dir);

int __wrap_names_read(struct names *names, const struct directory *directory, const struct cairn_ctx *ctx)
{
    readings++;
    int error = __real_names_read(names, directory, ctx);
    return fails("names_read") ? cairn_set_message(CAIRN_ENOMEM, "no memory for the rest") : error;
}

int __wrap_file_name(struct file *file, const struct directory *directory, const char *to)
{
    void (*now)(void) = between;

    between = NULL;
    if (now)
        now();
    return __real_file_name(file, directory, to);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode = 0;

    if (flags & (O_CREAT | O_TMPFILE)) {
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    if (no_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return fails("openat") ? -1 : __real_openat(dir, path, flags, mode);
}

int __wrap_fsync(int fd)
{
    return fails("fsync") ? -1 : __real_fsync(fd);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    return fails("write") ? -1 : __real_write(fd, data, size);
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return fails("linkat") ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    return fails("unlinkat") ? -1 : __real_unlinkat(dir, path, flags);
}

int __wrap_futimens(int fd, const struct timespec times[2])
{
    return fails("futimens") ? -1 : __real_futimens(fd, times);
}

int __wrap_fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return fails("fstatat") ? -1 : __real_fstatat(dir, path, st, flags);
}

int __wrap_name_to_handle_at(int dir, const char *path, struct file_handle *handle, int *mount, int flags)
{
    return fails("name_to_handle_at") ? -1 : __real_name_to_handle_at(dir, path, handle, mount, flags);
}

struct dirent *__wrap_readdir(DIR *dir)
{
    struct dirent *entry = __real_readdir(dir);

    if (entry && no_types)
        entry->d_type = DT_UNKNOWN;
    return entry;
}

/* --- a directory --------------------------------------------------------------------------------------- */

static struct {
    char base[SCRATCH_PATH_SIZE];
    char dir[SCRATCH_PATH_SIZE];
    char url[SCRATCH_PATH_SIZE + 8];
    struct cairn_op *op;
} at;

static int setup(void **state)
{
    (void)state;
    failing = failing_too = (struct failing){0};
    readings = 0;
    no_unnamed = no_types = false;
    between = NULL;
    scratch_make(at.base, false);
    scratch_join(at.dir, at.base, "steps");
    snprintf(at.url, sizeof(at.url), "dir:%s", at.dir);
    return cairn_open(&at.op, NULL, at.url, 0);
}

static int teardown(void **state)
{
    (void)state;
    failing = failing_too = (struct failing){0};
    cairn_close(at.op);
    scratch_remove(at.base);
    return 0;
}

/* record -- records text, and gives the id. */
static const char *record(struct cairn_op *op, const char *label, const char *text)
{
    static struct cairn_id id;
    ASSERT_DONE(cairn_checkpoint(op, NULL, label, text, strlen(text), &id));
    return id.text;
}

static void assert_latest(struct cairn_op *op, const char *text)
{
    void *data;
    size_t size;

    ASSERT_DONE(cairn_latest(op, NULL, &data, &size));
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    cairn_free(data);
}

static void assert_none(struct cairn_op *op)
{
    void *data;
    size_t size;

    assert_int_equal(cairn_latest(op, NULL, &data, &size), CAIRN_ENONE);
}

static char *path_of(const char *name)
{
    static char path[SCRATCH_PATH_SIZE];
    return scratch_join(path, at.dir, name);
}

/* put -- a file of somebody who does not care. */
static void put(const char *name, const char *text)
{
    scratch_write(path_of(name), text, strlen(text));
}

/* go_write -- what a Go program does to record a checkpoint under a number that it has found. */
static void go_write(const char *name, const char *text)
{
    int lock = open(path_of("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    put(name, text);
    close(lock);
}

static bool is_there(const char *name)
{
    struct stat st;
    return lstat(path_of(name), &st) == 0;
}

/* count_names -- how many names are in the directory, "lock" among them. */
static size_t count_names(void)
{
    DIR *dir = opendir(at.dir);
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

/* --- names --------------------------------------------------------------------------------------------- */

static void name__is_number_label_suffix(void **state)
{
    struct stat st;

    (void)state;
    assert_string_equal(record(at.op, "", "zero"), "00000000.chk");
    assert_string_equal(record(at.op, "-1-of-3", "one"), "00000001-1-of-3.chk");
    assert_string_equal(record(at.op, ".chk", "two"), "00000002.chk.chk");
    assert_string_equal(record(at.op, "99", "three"), "0000000399.chk");
    assert_string_equal(record(at.op, "a b\nc", "four"), "00000004a b\nc.chk");
    assert_int_equal(stat(path_of("00000001-1-of-3.chk"), &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(st.st_mode & 0133, 0);
    assert_int_equal(stat(path_of("lock"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(count_names(), 6);
    assert_latest(at.op, "four");
}

static void name__number_is_the_highest_and_one(void **state)
{
    (void)state;
    put("00000007seven.chk", "seven");
    put("00000003.chk", "three");
    assert_string_equal(record(at.op, "x", "eight"), "00000008x.chk");
    /* By the number alone: the label says nothing. */
    put("00000010a.chk", "ten");
    put("00000009zzz.chk", "nine");
    assert_latest(at.op, "ten");
    assert_string_equal(record(at.op, "", "eleven"), "00000011.chk");
}

static void name__others_are_ignored(void **state)
{
    static const char *const names[] = {"1234567.chk", "00000009.chK", "00000009.chk.tmp",
                                        "00000009",    "notes",        "tmp-00000000000000",
                                        ".chk",        "0000009.chk",  "00000009.chk~"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        put(names[i], "foreign");
    assert_none(at.op);
    assert_string_equal(record(at.op, "", "zero"), "00000000.chk");
    ASSERT_DONE(cairn_verify(at.op, NULL, NULL));
    ASSERT_DONE(cairn_compact(at.op, NULL, "first"));
    ASSERT_DONE(cairn_complete(at.op, NULL));
    assert_none(at.op);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_true(is_there(names[i]));
}

static void name__numbers_end(void **state)
{
    struct cairn_id id = {"untouched"};

    (void)state;
    put("99999998.chk", "before");
    assert_string_equal(record(at.op, "", "last"), "99999999.chk");
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "", "x", 1, &id), CAIRN_ENOSPC, "no number is left");
    assert_string_equal(id.text, "untouched");
    assert_int_equal(count_names(), 3);
    assert_latest(at.op, "last");
    ASSERT_DONE(cairn_compact(at.op, NULL, ""));
    assert_latest(at.op, "last");
    assert_string_equal(record(at.op, "", "one"), "00000001.chk");
}

static void label__may_not_lead_anywhere(void **state)
{
    char label[CAIRN_DIRECTORY_LABEL_MAX + 2];

    (void)state;
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "/../../x", "x", 1, NULL), CAIRN_EINVAL, "slash");
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "a/b", "x", 1, NULL), CAIRN_EINVAL, "slash");
    ASSERT_REFUSED(cairn_compact(at.op, NULL, "/"), CAIRN_EINVAL, "slash");
    memset(label, 'l', sizeof(label));
    label[sizeof(label) - 1] = '\0';
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, label, "x", 1, NULL), CAIRN_E2BIG, "longer than 243");
    ASSERT_REFUSED(cairn_compact(at.op, NULL, label), CAIRN_E2BIG, "longer than 243");
    label[sizeof(label) - 2] = '\0';
    assert_int_equal(strlen(record(at.op, label, "x")), 255);
    assert_int_equal(count_names(), 2);
    record(at.op, "..", "dots");
    assert_true(is_there("00000001...chk"));
}

static void id__may_not_lead_anywhere(void **state)
{
    static const char *const ids[] = {"../00000000.chk",
                                      "/00000000.chk",
                                      "00000000/.chk",
                                      "00000000.chk/",
                                      "lock",
                                      "00000000",
                                      "0000000.chk",
                                      "vacation-photos.chk",
                                      "00000000/../00000000.chk",
                                      "..",
                                      "."};
    void *data;
    size_t size;

    (void)state;
    record(at.op, "", "zero");
    scratch_write(scratch_join((char[SCRATCH_PATH_SIZE]){0}, at.base, "00000000.chk"), "outside", 7);
    put("vacation-photos.chk", "photos");
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        ASSERT_REFUSED(cairn_load(at.op, NULL, ids[i], &data, &size), CAIRN_EINVAL, "no id");
    ASSERT_REFUSED(cairn_load(at.op, NULL, "00000001.chk", &data, &size), CAIRN_ENOTFOUND, "00000001.chk");
}

/* --- what stands in the way ---------------------------------------------------------------------------- */

static int note_damage(void *arg, const struct cairn_damage *damage)
{
    char *text = arg;

    snprintf(text + strlen(text), 1024 - strlen(text), "%s: %s\n", strrchr(damage->path, '/') + 1,
             damage->reason);
    assert_int_equal(damage->count, 0);
    return 0;
}

static void stranger__numberless_file_is_let_be_and_named(void **state)
{
    char text[1024] = "";
    const struct cairn_watch watch = {.damage = note_damage, .arg = text};

    (void)state;
    put("vacation-photos.chk", "photos");
    assert_none(at.op);
    record(at.op, "", "zero");
    assert_latest(at.op, "zero");
    ASSERT_REFUSED(cairn_verify(at.op, NULL, &watch), CAIRN_ECORRUPT, "");
    assert_non_null(strstr(text, "vacation-photos.chk: no checkpoint"));
    ASSERT_DONE(cairn_compact(at.op, NULL, ""));
    ASSERT_DONE(cairn_clear(at.op, NULL));
    assert_none(at.op);
    assert_true(is_there("vacation-photos.chk"));
}

static void stranger__what_is_no_regular_file_is_passed_over(void **state)
{
    char text[1024] = "", outside[SCRATCH_PATH_SIZE];
    const struct cairn_watch watch = {.damage = note_damage, .arg = text};
    void *data;
    size_t size;

    (void)state;
    scratch_write(scratch_join(outside, at.base, "outside"), "secret", 6);
    record(at.op, "", "zero");
    assert_int_equal(mkdir(path_of("00000001.chk"), 0755), 0);
    assert_int_equal(mkfifo(path_of("00000005.chk"), 0644), 0);
    assert_int_equal(symlink("../outside", path_of("00000009.chk")), 0);
    assert_latest(at.op, "zero");
    ASSERT_REFUSED(cairn_load(at.op, NULL, "00000001.chk", &data, &size), CAIRN_ENOTFOUND, "no regular file");
    ASSERT_REFUSED(cairn_load(at.op, NULL, "00000005.chk", &data, &size), CAIRN_ENOTFOUND, "no regular file");
    ASSERT_REFUSED(cairn_load(at.op, NULL, "00000009.chk", &data, &size), CAIRN_ENOTFOUND, "no regular file");
    /* They do not count, and where one has the very name it is stepped over. */
    assert_string_equal(record(at.op, "x", "one"), "00000001x.chk");
    assert_string_equal(record(at.op, "", "two"), "00000002.chk");
    for (int i = 3; i < 5; i++)
        record(at.op, "", "more");
    assert_string_equal(record(at.op, "", "six"), "00000006.chk");
    ASSERT_REFUSED(cairn_verify(at.op, NULL, &watch), CAIRN_ECORRUPT, "");
    assert_non_null(strstr(text, "00000001.chk: "));
    assert_non_null(strstr(text, "00000005.chk: "));
    assert_non_null(strstr(text, "00000009.chk: "));
    ASSERT_DONE(cairn_clear(at.op, NULL));
    assert_true(is_there("00000001.chk") && is_there("00000005.chk") && is_there("00000009.chk"));
    assert_int_equal(access(outside, F_OK), 0);
    assert_int_equal(mkdir(path_of("00000000taken.chk"), 0755), 0);
    record(at.op, "", "zero");
    ASSERT_REFUSED(cairn_compact(at.op, NULL, "taken"), CAIRN_EBUSY, "stands in the way");
    assert_latest(at.op, "zero");
}

static void stranger__equal_numbers_are_named(void **state)
{
    char text[1024] = "";
    const struct cairn_watch watch = {.damage = note_damage, .arg = text};

    (void)state;
    put("00000000a.chk", "a");
    put("00000000b.chk", "b");
    ASSERT_REFUSED(cairn_verify(at.op, NULL, &watch), CAIRN_ECORRUPT, "");
    assert_non_null(strstr(text, "same number"));
    assert_string_equal(record(at.op, "", "next"), "00000001.chk");
}

/* One that cannot be looked at just now may be the latest: it is not passed over, nor is its number given
 * again. */
static void names__one_that_cannot_be_looked_at_is_not_passed_over(void **state)
{
    void *data;
    size_t size;
    struct cairn_id id;

    (void)state;
    no_types = true;
    record(at.op, "", "zero");
    for (int nth = 1;; nth++) {
        unlink(path_of("00000001.chk"));
        put("00000001.chk", "one"); /* the memo is no longer true */
        failing = (struct failing){.call = "fstatat", .at = nth, .number = EIO};
        int error = cairn_latest(at.op, NULL, &data, &size);
        const bool fired = failing.met >= nth;
        failing = (struct failing){0};
        if (error == 0) {
            assert_int_equal(size, 3);
            assert_memory_equal(data, "one", 3);
            cairn_free(data);
        }
        if (!fired)
            break;
        assert_latest(at.op, "one");
    }
    for (int nth = 1;; nth++) {
        ASSERT_DONE(cairn_clear(at.op, NULL));
        put("00000001.chk", "one");
        failing = (struct failing){.call = "fstatat", .at = nth, .number = EIO};
        int error = cairn_checkpoint(at.op, NULL, "", "two", 3, &id);
        const bool fired = failing.met >= nth;
        failing = (struct failing){0};
        if (error == 0)
            assert_string_equal(id.text, "00000002.chk");
        if (!fired)
            break;
    }
}

static void stranger__lock_that_is_none_is_refused(void **state)
{
    (void)state;
    scratch_remove(path_of("lock"));
    assert_int_equal(symlink("../elsewhere", path_of("lock")), 0);
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "", "x", 1, NULL), CAIRN_EBUSY, "no regular file");
    scratch_remove(path_of("lock"));
    assert_int_equal(mkdir(path_of("lock"), 0755), 0);
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "", "x", 1, NULL), CAIRN_EBUSY, "no regular file");
    scratch_remove(path_of("lock"));
    assert_int_equal(mkfifo(path_of("lock"), 0644), 0);
    ASSERT_REFUSED(cairn_checkpoint(at.op, NULL, "", "x", 1, NULL), CAIRN_EBUSY, "no regular file");
    scratch_remove(path_of("lock"));
    record(at.op, "", "zero");
    assert_int_equal(count_names(), 2);
}

static void place__journal_is_refused(void **state)
{
    char journal[SCRATCH_PATH_SIZE], url[SCRATCH_PATH_SIZE + 8];
    struct cairn_op *op;

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, scratch_join(journal, at.base, "journal"), CAIRN_NO_THREAD));
    cairn_close(op);
    snprintf(url, sizeof(url), "dir:%s", journal);
    ASSERT_REFUSED(cairn_open(&op, NULL, url, 0), CAIRN_ENOTDIR, "this is a journal");
    record(at.op, "", "zero");
    ASSERT_REFUSED(cairn_open(&op, NULL, at.dir, 0), CAIRN_ENOTDIR, "no journal");
}

/* --- Go programs beside --------------------------------------------------------------------------------- */

static void go__its_checkpoints_are_seen_at_once(void **state)
{
    char name[32], text[32];

    (void)state;
    /* Within one tick of the clock that stamps directories, too. */
    for (int i = 0; i < 300; i += 3) {
        snprintf(text, sizeof(text), "%08d.chk", i);
        assert_string_equal(record(at.op, "", "cairn"), text);
        snprintf(name, sizeof(name), "%08dgo.chk", i + 1);
        go_write(name, name);
        assert_latest(at.op, name);
        snprintf(name, sizeof(name), "%08dgo.chk", i + 2);
        go_write(name, name);
    }
    assert_latest(at.op, "00000299go.chk");
    /* It has cleared, and begun anew. */
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%08d%s.chk", i, i % 3 ? "go" : "");
        scratch_remove(path_of(name));
    }
    assert_none(at.op);
    go_write("00000000.chk", "anew");
    assert_latest(at.op, "anew");
    assert_string_equal(record(at.op, "", "next"), "00000001.chk");
}

static void go__is_locked_out(void **state)
{
    struct cairn_ctx ctx;
    struct cairn_id id = {"untouched"};
    void *data;
    size_t size;

    (void)state;
    record(at.op, "", "zero");
    int lock = open(path_of("lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0); /* nobody keeps it between calls */
    const size_t names = count_names();
    cairn_ctx_with_timeout(&ctx, 30000000);
    ASSERT_REFUSED(cairn_checkpoint(at.op, &ctx, "", "x", 1, &id), CAIRN_ETIMEDOUT, "");
    cairn_ctx_with_timeout(&ctx, 1000000);
    ASSERT_REFUSED(cairn_latest(at.op, &ctx, &data, &size), CAIRN_ETIMEDOUT, "");
    cairn_ctx_with_timeout(&ctx, 1000000);
    ASSERT_REFUSED(cairn_compact(at.op, &ctx, ""), CAIRN_ETIMEDOUT, "");
    cairn_ctx_with_timeout(&ctx, 1000000);
    ASSERT_REFUSED(cairn_clear(at.op, &ctx), CAIRN_ETIMEDOUT, "");
    assert_string_equal(id.text, "untouched");
    assert_int_equal(count_names(), names);
    ASSERT_DONE(cairn_load(at.op, NULL, "00000000.chk", &data, &size)); /* waits for nobody */
    cairn_free(data);
    close(lock);
    assert_string_equal(record(at.op, "", "one"), "00000001.chk");
}

static void *checkpoint_in_thread(void *arg)
{
    struct cairn_ctx ctx;

    cairn_ctx_with_timeout(&ctx, 30000000000);
    *(int *)arg = cairn_checkpoint(at.op, &ctx, "", "x", 1, NULL);
    return NULL;
}

/* somebody_sleeps -- whether a process sleeps in flock() of the file, as /proc/locks has it. */
static bool somebody_sleeps(int fd)
{
    char line[256], wanted[64];
    struct stat st;
    bool found = false;

    assert_int_equal(fstat(fd, &st), 0);
    snprintf(wanted, sizeof(wanted), ":%ju ", (uintmax_t)st.st_ino);
    FILE *locks = fopen("/proc/locks", "re");
    while (locks && fgets(line, sizeof(line), locks))
        found |= strstr(line, "-> FLOCK") && strstr(line, wanted);
    if (locks)
        fclose(locks);
    return found;
}

/* Whoever asks again and again is overtaken by those who sleep in the kernel's queue. */
static void lock__is_slept_for_also_with_a_context(void **state)
{
    pthread_t thread;
    int error = CAIRN_OK + 1;

    (void)state;
    int lock = open(path_of("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(pthread_create(&thread, NULL, checkpoint_in_thread, &error), 0);
    bool slept = false;
    while (!slept && pthread_tryjoin_np(thread, NULL) != 0)
        slept = somebody_sleeps(lock);
    assert_true(slept);
    close(lock);
    pthread_join(thread, NULL);
    assert_int_equal(error, 0);
}

static size_t count_in(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* Nor is it kept by who had waited for it no longer. */
static void lock__is_let_go_by_who_gave_up(void **state)
{
    struct cairn_ctx ctx;

    (void)state;
    int lock = open(path_of("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int other = open(path_of("lock"), O_RDWR | O_CLOEXEC);
    const size_t threads = count_in("/proc/self/task"), descriptors = count_in("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(flock(lock, LOCK_EX), 0);
        cairn_ctx_with_timeout(&ctx, 1000000);
        ASSERT_REFUSED(cairn_checkpoint(at.op, &ctx, "", "x", 1, NULL), CAIRN_ETIMEDOUT, "");
        assert_int_equal(count_in("/proc/self/task"), threads); /* nor is anything left that waits for it */
        assert_int_equal(count_in("/proc/self/fd"), descriptors);
        assert_int_equal(flock(lock, LOCK_UN), 0);
        assert_int_equal(flock(other, LOCK_EX), 0); /* would sleep for ever */
        assert_int_equal(flock(other, LOCK_UN), 0);
    }
    assert_string_equal(record(at.op, "", "x"), "00000000.chk");
    close(lock);
    close(other);
}

static int be_nobody_and_record(void *arg)
{
    struct cairn_op *op;

    (void)arg;
    if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0 ||
        cairn_open(&op, NULL, at.url, 0) != 0)
        return 1;
    if (cairn_checkpoint(op, NULL, "", "mine", 4, NULL) != 0)
        return 2;
    return cairn_compact(op, NULL, "") == 0 ? 0 : 3;
}

/* The latest is somebody else's, and not to be read: one can go on behind it all the same, as a Go program
 * does. */
static void stranger__whose_file_is_closed_holds_up_nobody(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("SKIP: being somebody else needs root\n");
        skip();
    }
    go_write("00000000.chk", "closed");
    assert_int_equal(chmod(path_of("00000000.chk"), 0600), 0);
    assert_int_equal(chmod(path_of("lock"), 0666), 0);
    assert_int_equal(chmod(at.dir, 0777), 0);
    assert_int_equal(chmod(at.base, 0755), 0);
    assert_int_equal(child_run(be_nobody_and_record, NULL), 0);
    assert_true(is_there("00000000.chk"));
    assert_false(is_there("00000001.chk"));
}

static int count_shown(void *arg, const struct cairn_entry *entry)
{
    (void)entry;
    ++*(unsigned *)arg;
    return 0;
}

/* A handle that cannot be had just now is not the same as none. */
static void since__a_handle_that_cannot_be_had_once_shows_nothing_twice(void **state)
{
    struct cairn_mark mark = {0};
    unsigned shown = 0;

    (void)state;
    record(at.op, "", "zero");
    bool fired = true;
    for (int nth = 1; fired; nth++) {
        memset(&mark, 0, sizeof(mark));
        shown = 0;
        failing = (struct failing){.call = "name_to_handle_at", .at = nth, .number = ENOMEM};
        int error = cairn_list_since(at.op, NULL, &mark, count_shown, &shown);
        fired = failing.met >= nth;
        failing = (struct failing){0};
        assert_true(error == 0 || error == CAIRN_ENOMEM);
        for (int i = 0; i < 2; i++)
            ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, count_shown, &shown));
        assert_int_equal(shown, 1);
    }
}

static int compact_once(void *arg, const struct cairn_entry *entry)
{
    unsigned *shown = arg;

    (void)entry;
    if (++*shown == 2)
        ASSERT_DONE(cairn_compact(at.op, NULL, "kept"));
    return 0;
}

/* What is shown gets another name meanwhile. */
static void mark__holds_though_a_compact_comes_in_between(void **state)
{
    struct cairn_mark mark = {{0}};
    unsigned shown = 0;

    (void)state;
    record(at.op, "", "one");
    record(at.op, "", "two");
    record(at.op, "", "three");
    ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, compact_once, &shown));
    assert_int_equal(shown, 3);
    ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, count_shown, &shown));
    assert_int_equal(shown, 3);
}

/* A number of an inode is given again, and the time can be the same, too. */
static void mark__is_not_taken_for_a_new_file(void **state)
{
    struct cairn_mark mark = {{0}};
    unsigned shown = 0;
    struct stat st;

    (void)state;
    record(at.op, "", "one");
    ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, count_shown, &shown));
    assert_int_equal(shown, 1);
    assert_int_equal(stat(path_of("00000000.chk"), &st), 0);
    ASSERT_DONE(cairn_clear(at.op, NULL));
    record(at.op, "", "two");
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path_of("00000000.chk"), times, 0), 0);
    ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, count_shown, &shown));
    assert_int_equal(shown, 2);
    ASSERT_DONE(cairn_compact(at.op, NULL, "kept")); /* another name is not another file */
    ASSERT_DONE(cairn_list_since(at.op, NULL, &mark, count_shown, &shown));
    assert_int_equal(shown, 2);
}

/* --- the memo ------------------------------------------------------------------------------------------- */

static void memo__spares_reading_the_directory(void **state)
{
    struct cairn_op *other;

    (void)state;
    record(at.op, "", "zero");
    readings = 0;
    ASSERT_DONE(cairn_open(&other, NULL, at.url, 0));
    for (int i = 0; i < 20; i++) {
        record(at.op, "mine", "mine");
        record(other, "theirs", "theirs");
        assert_latest(at.op, "theirs");
    }
    assert_int_equal(readings, 0);
    cairn_close(other);
    ASSERT_DONE(cairn_compact(at.op, NULL, "c"));
    assert_int_equal(readings, 1);
    assert_string_equal(record(at.op, "", "one"), "00000001.chk");
    ASSERT_DONE(cairn_clear(at.op, NULL));
    assert_int_equal(readings, 2);
    assert_none(at.op);
    assert_string_equal(record(at.op, "", "zero"), "00000000.chk");
    assert_int_equal(readings, 2);
}

static void memo__any_change_ends_it(void **state)
{
    (void)state;
    record(at.op, "", "zero");
    put("00000004.chk", "four");
    assert_string_equal(record(at.op, "", "five"), "00000005.chk");
    scratch_remove(path_of("00000005.chk"));
    assert_latest(at.op, "four");
    assert_int_equal(
        rename(path_of("00000004.chk"), scratch_join((char[SCRATCH_PATH_SIZE]){0}, at.dir, "00000008.chk")),
        0);
    assert_string_equal(record(at.op, "", "nine"), "00000009.chk");
}

static void memo__of_another_directory_is_not_believed(void **state)
{
    char other[SCRATCH_PATH_SIZE], path[SCRATCH_PATH_SIZE], command[2048];
    struct cairn_op *op;
    struct cairn_id id;

    (void)state;
    for (int i = 0; i < 3; i++)
        record(at.op, "", "copied");
    /* All of it is copied, times and all, into one that has more. */
    scratch_join(other, at.base, "other");
    assert_int_equal(mkdir(other, 0755), 0);
    scratch_write(scratch_join(path, other, "00000007.chk"), "seven", 5);
    snprintf(command, sizeof(command), "cp -a '%.250s/.' '%.250s/'", at.dir, other);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "dir:%.250s", other);
    ASSERT_DONE(cairn_open(&op, NULL, command, 0));
    assert_latest(op, "seven");
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "x", 1, &id));
    assert_string_equal(id.text, "00000008.chk");
    cairn_close(op);
}

static void memo__rotten_one_is_not_believed(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    (void)state;
    record(at.op, "", "zero");
    scratch_join(path, at.dir, "lock");
    unsigned char *memo = scratch_read(path, &size);
    assert_true(size > 0);
    for (size_t i = 0; i < size; i++) {
        unsigned char was = memo[i];
        memo[i] ^= (unsigned char)(1u << i % 8);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, memo, size, 0), size);
        close(fd);
        memo[i] = was;
        readings = 0;
        assert_latest(at.op, "zero");
        assert_int_equal(readings, 1);
        free(scratch_read(path, &size));
    }
    free(memo);
    scratch_write(path, "somebody's own", 14);
    assert_latest(at.op, "zero");
    assert_string_equal(record(at.op, "", "one"), "00000001.chk");
}

/* A copy of the directory is put back over it: what was recorded since is there, and `lock` and the time are
 * as they were. */
static void memo__that_was_put_back_is_not_believed(void **state)
{
    struct stat st;
    size_t size;

    (void)state;
    record(at.op, "", "zero");
    unsigned char *memo = scratch_read(path_of("lock"), &size);
    assert_int_equal(stat(at.dir, &st), 0);
    record(at.op, "", "one");
    scratch_write(path_of("lock"), memo, size);
    free(memo);
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, at.dir, times, 0), 0);
    assert_latest(at.op, "one");
    assert_string_equal(record(at.op, "", "two"), "00000002.chk");
}

static void memo__that_names_what_is_gone_is_dropped(void **state)
{
    struct stat st;

    (void)state;
    record(at.op, "", "zero");
    record(at.op, "", "one");
    assert_int_equal(stat(at.dir, &st), 0);
    scratch_remove(path_of("00000001.chk"));
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, at.dir, times, 0), 0);
    assert_latest(at.op, "zero");
    assert_string_equal(record(at.op, "", "one again"), "00000001.chk");
}

static void memo__is_not_kept_where_it_cannot_be(void **state)
{
    (void)state;
    failing = (struct failing){.call = "futimens", .at = 1, .number = EPERM};
    record(at.op, "", "zero");
    assert_int_equal(failing.met, 2); /* once for what was found, and once for what was done */
    failing = (struct failing){.call = "futimens", .at = 1, .number = EPERM};
    readings = 0;
    assert_latest(at.op, "zero");
    assert_int_equal(readings, 0);
    record(at.op, "", "one");
    assert_int_equal(failing.met, 1);
    put("00000007.chk", "seven");
    assert_latest(at.op, "seven");
    assert_int_equal(readings, 1);
}

static void lock__that_may_not_be_made_is_named_as_refused(void **state)
{
    void *data;
    size_t size;

    (void)state;
    failing = (struct failing){.call = "openat", .at = 1, .number = EROFS};
    assert_int_equal(cairn_latest(at.op, NULL, &data, &size), CAIRN_EACCES);
    assert_non_null(strstr(cairn_message(), strerror(EROFS)));
    assert_none(at.op);
}

/* --- the lock is taken away ----------------------------------------------------------------------------- */

static char meddler_got[64];

static void meddle(void)
{
    struct cairn_op *op;

    scratch_remove(path_of("lock"));
    ASSERT_DONE(cairn_open(&op, NULL, at.url, 0));
    snprintf(meddler_got, sizeof(meddler_got), "%s", record(op, "meddler", "theirs"));
    cairn_close(op);
}

static void lock__removed_while_it_is_held_gives_no_number_twice(void **state)
{
    (void)state;
    record(at.op, "", "zero");
    between = meddle;
    const char *id = record(at.op, "mine", "mine");
    assert_string_equal(meddler_got, "00000001meddler.chk");
    assert_string_equal(id, "00000002mine.chk");
    assert_false(is_there("00000001mine.chk"));
    assert_latest(at.op, "mine");
    assert_string_equal(record(at.op, "", "next"), "00000003.chk");
    assert_int_equal(count_names(), 5);
}

static int lingers[2]; /* a pipe: the child ends when it is closed */
static pid_t lingering;

static void fork_a_child(void)
{
    assert_int_equal(pipe(lingers), 0);
    lingering = fork();
    assert_true(lingering >= 0);
    if (lingering == 0) {
        char byte;
        close(lingers[1]);
        ssize_t n = read(lingers[0], &byte, 1);
        _exit((int)n);
    }
    close(lingers[0]);
}

static void lock__is_let_go_though_a_forked_child_has_it_open(void **state)
{
    int status;

    (void)state;
    between = fork_a_child;
    record(at.op, "", "zero");
    int lock = open(path_of("lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
    close(lingers[1]);
    assert_int_equal(waitpid(lingering, &status, 0), lingering);
    assert_int_equal(status, 0);
}

static void meddle_and_clear(void)
{
    struct cairn_op *op;

    scratch_remove(path_of("lock"));
    ASSERT_DONE(cairn_open(&op, NULL, at.url, 0));
    ASSERT_DONE(cairn_clear(op, NULL));
    cairn_close(op);
}

static void lock__removed_while_compact_has_it_loses_nothing(void **state)
{
    (void)state;
    record(at.op, "", "zero");
    record(at.op, "", "one");
    between = meddle;
    ASSERT_DONE(cairn_compact(at.op, NULL, "c"));
    assert_latest(at.op, "theirs");
    assert_true(is_there("00000000c.chk"));
    assert_int_equal(count_names(), 2);
    between = meddle_and_clear;
    ASSERT_DONE(cairn_compact(at.op, NULL, "d"));
    assert_none(at.op);
}

/* --- failures ------------------------------------------------------------------------------------------- */

static void failure__leaves_no_id_and_no_trace(void **state)
{
    static const struct {
        const char *call;
        int number, error;
    } cases[] = {
        {"write", ENOSPC, CAIRN_ENOSPC}, {"write", EIO, CAIRN_EIO},        {"fsync", EIO, CAIRN_EIO},
        {"fsync", ENOSPC, CAIRN_ENOSPC}, {"linkat", EIO, CAIRN_EIO},       {"linkat", EDQUOT, CAIRN_ENOSPC},
        {"openat", EMFILE, CAIRN_EIO},   {"openat", EACCES, CAIRN_EACCES},
    };

    (void)state;
    record(at.op, "", "zero");
    for (int named = 0; named < 2; named++) {
        no_unnamed = named;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
            if (named && strcmp(cases[i].call, "linkat") == 0)
                continue;
            struct cairn_id id = {"untouched"};
            failing = (struct failing){.call = cases[i].call, .at = 1, .number = cases[i].number};
            int error = cairn_checkpoint(at.op, NULL, "", "x", 1, &id);
            bool tried = failing.met > 0;
            failing = (struct failing){0};
            assert_true(tried);
            if (error == 0) { /* a file without a name cannot be made, but another can */
                assert_string_equal(cases[i].call, "openat");
                ASSERT_DONE(cairn_clear(at.op, NULL));
                record(at.op, "", "zero");
                continue;
            }
            assert_int_equal(error, cases[i].error);
            assert_string_equal(id.text, "untouched");
            assert_int_equal(count_names(), 2);
            assert_latest(at.op, "zero");
        }
    }
    assert_string_equal(record(at.op, "", "one"), "00000001.chk");
}

static void failure__at_each_sync_acknowledges_nothing(void **state)
{
    (void)state;
    record(at.op, "", "zero");
    for (int nth = 1;; nth++) {
        struct cairn_id id = {"untouched"};
        put("00000000again.chk", "ends the memo");
        failing = (struct failing){.call = "fsync", .at = nth, .number = EIO};
        int error = cairn_checkpoint(at.op, NULL, "", "x", 1, &id);
        int met = failing.met;
        failing = (struct failing){0};
        if (met < nth) {
            assert_int_equal(error, 0);
            assert_int_equal(nth,
                             5); /* the file, the one before it, the directory, and again the directory */
            break;
        }
        assert_int_equal(error, CAIRN_EIO);
        assert_non_null(strstr(cairn_message(), "sync"));
        assert_string_equal(id.text, "untouched");
    }
}

/* Once it has its name it is there, so no error may say that nothing was recorded. */
static void failure__behind_the_name_does_not_say_that_nothing_was_recorded(void **state)
{
    (void)state;
    record(at.op, "", "zero");
    for (int nth = 1; nth <= 2; nth++) { /* the file; the directory */
        failing = (struct failing){.call = "fsync", .at = nth, .number = ENOSPC};
        int error = cairn_checkpoint(at.op, NULL, "", "x", 1, NULL);
        int met = failing.met;
        failing = (struct failing){0};
        assert_int_equal(met, nth);
        assert_int_equal(error, is_there("00000001.chk") ? CAIRN_EIO : CAIRN_ENOSPC);
        assert_int_equal(is_there("00000001.chk"), nth == 2);
    }
}

static void failure__of_space_means_that_nothing_was_recorded(void **state)
{
    int met = 0;

    (void)state;
    record(at.op, "", "zero");
    for (int nth = 1; met >= nth - 1; nth++) {
        const size_t before = count_names();
        failing = (struct failing){.call = "fsync", .at = nth, .number = ENOSPC};
        int error = cairn_checkpoint(at.op, NULL, "", "x", 1, NULL);
        met = failing.met;
        failing = (struct failing){0};
        if (error == CAIRN_ENOSPC)
            assert_int_equal(count_names(), before);
        else
            assert_int_equal(error, met < nth ? 0 : CAIRN_EIO);
    }
}

static void failure__passes_over_nothing_that_may_be_whole(void **state)
{
    struct cairn_id id;
    void *data;
    size_t size;

    (void)state;
    record(at.op, "", "zero");
    record(at.op, "", "one");
    /* The second opening is that of the latest, by the memo; the fifth the one after the directory was read.
     */
    const struct failing latest = {.call = "openat", .at = 2, .number = EIO};
    failing = latest;
    failing_too = (struct failing){.call = "openat", .at = 5, .number = EACCES};
    assert_int_equal(cairn_latest_intact(at.op, NULL, &id, &data, &size), CAIRN_EACCES);
    failing = latest;
    failing_too = (struct failing){.call = "names_read", .at = 1};
    assert_int_equal(cairn_latest_intact(at.op, NULL, &id, &data, &size), CAIRN_ENOMEM);
    failing = latest;
    failing_too = (struct failing){.call = "openat", .at = 5, .number = EIO};
    ASSERT_DONE(cairn_latest_intact(at.op, NULL, &id, &data, &size));
    assert_string_equal(id.text, "00000000.chk");
    cairn_free(data);
}

static void failure__in_compact_keeps_the_latest(void **state)
{
    static const char *const calls[] = {"unlinkat", "fsync"};

    (void)state;
    for (size_t call = 0; call < 2; call++) {
        for (int nth = 1;; nth++) {
            ASSERT_DONE(cairn_clear(at.op, NULL));
            record(at.op, "", "zero");
            record(at.op, "", "one");
            record(at.op, "", "two");
            failing = (struct failing){.call = calls[call], .at = nth, .number = EIO};
            int error = cairn_compact(at.op, NULL, "c");
            int met = failing.met;
            failing = (struct failing){0};
            assert_latest(at.op, "two");
            assert_int_equal(error, met < nth ? 0 : CAIRN_EIO);
            if (met < nth)
                break;
            assert_string_not_equal(record(at.op, "", "three"), "");
            assert_latest(at.op, "three");
        }
    }
}

/* --- files with a temporary name ------------------------------------------------------------------------ */

static void temporary__works_where_there_are_no_unnamed_files(void **state)
{
    (void)state;
    no_unnamed = true;
    for (int i = 0; i < 5; i++)
        record(at.op, "x", "x");
    assert_true(is_there("00000004x.chk"));
    assert_int_equal(count_names(), 6);
    ASSERT_DONE(cairn_compact(at.op, NULL, ""));
    assert_int_equal(count_names(), 2);
}

static void temporary__left_by_a_killed_process_is_removed(void **state)
{
    struct cairn_op *op;

    (void)state;
    put("tmp-0123456789abcdef", "left");
    put("tmp-fedcba9876543210", "being written");
    put("tmp-mine", "a stranger's");
    int fd = open(path_of("tmp-fedcba9876543210"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    ASSERT_DONE(cairn_open(&op, NULL, at.url, CAIRN_READONLY));
    cairn_close(op);
    assert_true(is_there("tmp-0123456789abcdef"));
    ASSERT_DONE(cairn_open(&op, NULL, at.url, 0));
    cairn_close(op);
    assert_false(is_there("tmp-0123456789abcdef"));
    assert_true(is_there("tmp-fedcba9876543210"));
    assert_true(is_there("tmp-mine"));
    close(fd);
}

/* --- reading only --------------------------------------------------------------------------------------- */

static void reader__creates_nothing(void **state)
{
    struct scratch_tree tree;
    struct cairn_op *op;

    (void)state;
    put("00000002go.chk", "two");
    scratch_tree_take(&tree, at.dir);
    ASSERT_DONE(cairn_open(&op, NULL, at.url, CAIRN_READONLY));
    assert_latest(op, "two");
    ASSERT_DONE(cairn_verify(op, NULL, NULL));
    assert_null(scratch_tree_differs(&tree, at.dir));
    scratch_tree_release(&tree);
    record(at.op, "", "three");
    assert_latest(op, "three");
    cairn_close(op);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(name__is_number_label_suffix),
        TEST(name__number_is_the_highest_and_one),
        TEST(name__others_are_ignored),
        TEST(name__numbers_end),
        TEST(label__may_not_lead_anywhere),
        TEST(id__may_not_lead_anywhere),
        TEST(stranger__numberless_file_is_let_be_and_named),
        TEST(stranger__what_is_no_regular_file_is_passed_over),
        TEST(stranger__equal_numbers_are_named),
        TEST(names__one_that_cannot_be_looked_at_is_not_passed_over),
        TEST(since__a_handle_that_cannot_be_had_once_shows_nothing_twice),
        TEST(stranger__lock_that_is_none_is_refused),
        TEST(place__journal_is_refused),
        TEST(go__its_checkpoints_are_seen_at_once),
        TEST(go__is_locked_out),
        TEST(lock__is_slept_for_also_with_a_context),
        TEST(lock__is_let_go_by_who_gave_up),
        TEST(stranger__whose_file_is_closed_holds_up_nobody),
        TEST(mark__is_not_taken_for_a_new_file),
        TEST(mark__holds_though_a_compact_comes_in_between),
        TEST(memo__spares_reading_the_directory),
        TEST(memo__any_change_ends_it),
        TEST(memo__of_another_directory_is_not_believed),
        TEST(memo__rotten_one_is_not_believed),
        TEST(memo__that_was_put_back_is_not_believed),
        TEST(memo__that_names_what_is_gone_is_dropped),
        TEST(memo__is_not_kept_where_it_cannot_be),
        TEST(lock__that_may_not_be_made_is_named_as_refused),
        TEST(lock__removed_while_it_is_held_gives_no_number_twice),
        TEST(lock__is_let_go_though_a_forked_child_has_it_open),
        TEST(lock__removed_while_compact_has_it_loses_nothing),
        TEST(failure__leaves_no_id_and_no_trace),
        TEST(failure__at_each_sync_acknowledges_nothing),
        TEST(failure__behind_the_name_does_not_say_that_nothing_was_recorded),
        TEST(failure__of_space_means_that_nothing_was_recorded),
        TEST(failure__passes_over_nothing_that_may_be_whole),
        TEST(failure__in_compact_keeps_the_latest),
        TEST(temporary__works_where_there_are_no_unnamed_files),
        TEST(temporary__left_by_a_killed_process_is_removed),
        TEST(reader__creates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
