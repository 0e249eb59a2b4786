/* test_full_disk.c -- a journal on a disk with no space left: a tmpfs of 8 MiB, filled by the journal itself
 * or by a stranger's file.
 *
 * Mounting one needs root, or a user namespace; without either the cases are skipped. Each case is run with
 * the background thread and without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "child.h"
#include "journal/control.h"
#include "journal/files.h"
#include "scratch.h"

#define KEPT_MAX 65536

static char disk[SCRATCH_PATH_SIZE]; /* where it is mounted */
static char journal[SCRATCH_PATH_SIZE];
static const char *no_disk; /* why there is none */
static bool mounted;

/* --- the disk ------------------------------------------------------------------------------------ */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return good;
}

/* may_mount -- makes a mount namespace of our own, if need be within a user namespace. */
static bool may_mount(void)
{
    const unsigned uid = getuid(), gid = getgid();
    char map[64];

    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        snprintf(map, sizeof(map), "0 %u 1", uid);
        if (!write_file("/proc/self/uid_map", map))
            return false;
        write_file("/proc/self/setgroups", "deny");
        snprintf(map, sizeof(map), "0 %u 1", gid);
        if (!write_file("/proc/self/gid_map", map))
            return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* disk_new -- an empty one. Ends the case if there can be none. */
static void disk_new(void)
{
    if (mounted && umount2(disk, MNT_DETACH) == 0)
        mounted = false;
    if (no_disk == NULL && !mounted && mount("tmpfs", disk, "tmpfs", 0, "size=8m,mode=0755") != 0)
        no_disk = "a tmpfs cannot be mounted here";
    if (no_disk) {
        print_message("SKIP: %s\n", no_disk);
        skip();
    }
    mounted = true;
}

static uint64_t disk_free(void)
{
    struct statvfs vfs;
    assert_int_equal(statvfs(disk, &vfs), 0);
    return (uint64_t)vfs.f_bavail * vfs.f_frsize;
}

/* ballast -- a stranger's file takes all space but `left` bytes. */
static void ballast(uint64_t left)
{
    static const char page[4096] = {1};
    char path[SCRATCH_PATH_SIZE];

    int fd = open(scratch_join(path, disk, "ballast"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    while (disk_free() > left) {
        if (write(fd, page, sizeof(page)) != sizeof(page)) {
            assert_int_equal(errno, ENOSPC);
            break;
        }
    }
    close(fd);
}

static void ballast_off(void)
{
    char path[SCRATCH_PATH_SIZE];
    assert_int_equal(unlink(scratch_join(path, disk, "ballast")), 0);
}

/* --- what is recorded ---------------------------------------------------------------------------- */

struct kept {
    struct cairn_id id;
    uint64_t seed;
    size_t size;
};

static struct kept kept[KEPT_MAX];
static size_t kept_count;
static uint64_t seeds;

static unsigned char *data_of(uint64_t seed, size_t size)
{
    unsigned char *data = malloc(size + 1);
    uint64_t state = seed;

    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0)
            state = state * 6364136223846793005u + 1442695040888963407u;
        data[i] = (unsigned char)(state >> (i % 8 * 8));
    }
    return data;
}

/* record -- one checkpoint; 0, or CAIRN_ENOSPC and nothing else. */
static int record(struct cairn_op *op, size_t size)
{
    struct kept *next = &kept[kept_count];
    struct cairn_id id = {"unset"};

    assert_true(kept_count < KEPT_MAX);
    next->seed = ++seeds;
    next->size = size;
    unsigned char *data = data_of(next->seed, size);
    int error = cairn_checkpoint(op, NULL, "step", data, size, &id);
    free(data);
    if (error == 0) {
        next->id = id;
        kept_count++;
        return 0;
    }
    if (error != CAIRN_ENOSPC)
        fail_msg("checkpoint: %d: %s", error, cairn_message());
    assert_string_equal(id.text, "unset");
    return error;
}

/* fill -- records until there is no space for one more of `size` bytes, again and again: the thread may still
 * have given back some that it had tried to make a segment of. */
static void fill(struct cairn_op *op, size_t size)
{
    for (int refused = 0; refused < 5;)
        refused = record(op, size) == 0 ? 0 : refused + 1;
}

/* fill_tight -- the same, and leaves no space in the segment for even the smallest one. */
static void fill_tight(struct cairn_op *op)
{
    fill(op, 30000);
    fill(op, 1000);
    fill(op, 0);
}

static struct cairn_op *open_journal(unsigned flags)
{
    struct cairn_op *op;
    int error = cairn_open(&op, NULL, journal, flags);
    if (error)
        fail_msg("open: %d: %s", error, cairn_message());
    return op;
}

static void load_is(struct cairn_op *op, const char *id, const struct kept *what)
{
    void *data;
    size_t size;
    int error = id ? cairn_load(op, NULL, id, &data, &size) : cairn_latest(op, NULL, &data, &size);
    if (error)
        fail_msg("load of %s: %d: %s", id ? id : "the latest", error, cairn_message());
    assert_int_equal(size, what->size);
    unsigned char *wanted = data_of(what->seed, what->size);
    assert_memory_equal(data, wanted, size);
    free(wanted);
    cairn_free(data);
}

static int count_entry(void *arg, const struct cairn_entry *entry)
{
    assert_int_equal(entry->error, 0);
    assert_int_equal(entry->number, *(uint64_t *)arg);
    ++*(uint64_t *)arg;
    return 0;
}

static uint64_t list_count(struct cairn_op *op)
{
    uint64_t count = 0;
    int error = cairn_list(op, NULL, count_entry, &count);
    if (error)
        fail_msg("list: %d: %s", error, cairn_message());
    return count;
}

/* all_there -- all that was kept and nothing more, byte for byte. */
static void all_there(struct cairn_op *op)
{
    assert_int_equal(list_count(op), kept_count);
    for (size_t i = 0; i < kept_count; i++)
        load_is(op, kept[i].id.text, &kept[i]);
    if (kept_count)
        load_is(op, NULL, &kept[kept_count - 1]);
    int error = cairn_verify(op, NULL, NULL);
    if (error)
        fail_msg("verify: %d: %s", error, cairn_message());
}

/* all_gone -- nothing, as Clear and Complete leave it. */
static void all_gone(struct cairn_op *op)
{
    void *data;
    size_t size;

    assert_int_equal(cairn_latest(op, NULL, &data, &size), CAIRN_ENONE);
    for (size_t i = 0; i < kept_count; i++)
        assert_int_equal(cairn_load(op, NULL, kept[i].id.text, &data, &size), CAIRN_ENOTFOUND);
    assert_int_equal(list_count(op), 0);
    kept_count = 0;
}

static void begin(void)
{
    disk_new();
    kept_count = 0;
}

/* --- the cases ----------------------------------------------------------------------------------- */

static const unsigned ways[] = {0, CAIRN_NO_THREAD};
#define FOR_EACH_WAY(flags) for (unsigned way_ = 0, flags = ways[0]; way_ < 2; flags = ways[++way_ % 2])

static void full_disk__checkpoint_says_so_and_the_rest_stays(void **state)
{
    static const size_t sizes[] = {20, 1000, 30000, 300000, 1500000};

    (void)state;
    FOR_EACH_WAY(flags)
    {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            begin();
            struct cairn_op *op = open_journal(flags);
            /* What 20 bytes each leave over is of no interest, and takes long. */
            if (sizes[i] < 1000)
                ballast(3u << 20);
            fill(op, sizes[i]);
            assert_true(kept_count > 0);
            all_there(op);
            assert_int_equal(record(op, 9u << 20), CAIRN_ENOSPC);
            all_there(op);
            cairn_close(op);
            op = open_journal(CAIRN_READONLY);
            all_there(op);
            cairn_close(op);
        }
    }
}

static void full_disk__clear_and_complete_work(void **state)
{
    struct cairn_stat stat;

    (void)state;
    FOR_EACH_WAY(flags)
    {
        for (int complete = 0; complete < 2; complete++) {
            begin();
            struct cairn_op *op = open_journal(flags);
            fill_tight(op);
            ballast(0);
            assert_int_equal(complete ? cairn_complete(op, NULL) : cairn_clear(op, NULL), 0);
            all_gone(op);
            assert_int_equal(cairn_stat(op, NULL, &stat), 0);
            assert_int_equal(stat.completed, complete);
            /* The space of the segments that died with it has come back. */
            for (int i = 0; i < 20; i++)
                assert_int_equal(record(op, 30000), 0);
            all_there(op);
            cairn_close(op);
        }
    }
}

static void full_disk__compact_works(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        fill_tight(op);
        ballast(0);
        assert_int_equal(cairn_compact(op, NULL, "all that is left"), 0);
        kept[0] = kept[kept_count - 1];
        kept_count = 1;
        snprintf(kept[0].id.text, sizeof(kept[0].id.text), "00000000@2");
        all_there(op);
        cairn_close(op);
        op = open_journal(flags);
        all_there(op);
        for (int i = 0; i < 20; i++)
            assert_int_equal(record(op, 30000), 0);
        all_there(op);
        cairn_close(op);
    }
}

static void full_disk__removals_work_without_the_reserve(void **state)
{
    char path[SCRATCH_PATH_SIZE];

    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        fill_tight(op);
        /* Each segment has some space that is held back, too. */
        assert_int_equal(unlink(scratch_join(path, journal, "spare-reserve")), 0);
        ballast(0);
        for (int i = 0; i < 10; i++)
            assert_int_equal(cairn_compact(op, NULL, "kept"), 0);
        assert_int_equal(cairn_clear(op, NULL), 0);
        all_gone(op);
        cairn_close(op);
    }
}

static void full_disk__removals_work_over_and_over(void **state)
{
    char label[6000];

    (void)state;
    memset(label, 'x', sizeof(label));
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        fill_tight(op);
        /* More of them than the space held back in a segment takes; and what they free is taken at once. */
        for (int i = 0; i < 200; i++) {
            label[sizeof(label) - 1] = '\0';
            ballast(0);
            int error = cairn_compact(op, NULL, label + (i % 20 == 0 ? 0 : 5990));
            if (error)
                fail_msg("compact %d: %d: %s", i, error, cairn_message());
        }
        kept[0] = kept[kept_count - 1];
        kept_count = 1;
        snprintf(kept[0].id.text, sizeof(kept[0].id.text), "00000000@201");
        all_there(op);
        for (int i = 0; i < 200; i++) {
            ballast(0);
            int error = i % 2 ? cairn_clear(op, NULL) : cairn_complete(op, NULL);
            if (error)
                fail_msg("removal %d: %d: %s", i, error, cairn_message());
        }
        all_gone(op);
        ballast_off();
        assert_int_equal(record(op, 1000), 0);
        all_there(op);
        cairn_close(op);
    }
}

static void full_disk__same_handle_goes_on_when_there_is_space(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        assert_int_equal(record(op, 1000), 0);
        for (int i = 0; i < 2; i++) {
            ballast(0);
            fill(op, 20000);
            all_there(op);
            ballast_off();
            for (int k = 0; k < 10; k++)
                assert_int_equal(record(op, 20000), 0);
            all_there(op);
        }
        cairn_close(op);
    }
}

/* reopen_full -- the journal on its full disk, without some of its files. */
static void reopen_full(unsigned flags, const char *without, const char *without_too, bool taken)
{
    char path[SCRATCH_PATH_SIZE];

    begin();
    struct cairn_op *op = open_journal(flags);
    fill(op, 30000);
    ballast(0);
    cairn_close(op);
    ballast(0);
    if (without)
        assert_int_equal(unlink(scratch_join(path, journal, without)), 0);
    if (without_too)
        assert_int_equal(unlink(scratch_join(path, journal, without_too)), 0);
    if (taken)
        ballast(0);
    op = open_journal(CAIRN_READONLY);
    all_there(op);
    cairn_close(op);
    op = open_journal(flags);
    all_there(op);
    assert_int_equal(record(op, 100000), CAIRN_ENOSPC);
    all_there(op);
    assert_int_equal(cairn_clear(op, NULL), 0);
    all_gone(op);
    assert_int_equal(record(op, 30000), 0);
    all_there(op);
    cairn_close(op);
}

static void full_disk__opens_again(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        reopen_full(flags, NULL, NULL, true);
    }
}

static void full_disk__opens_again_without_control_page_or_index(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        for (int taken = 0; taken < 2; taken++) {
            reopen_full(flags, "journal.ctl", NULL, taken);
            reopen_full(flags, "index.mdb", NULL, taken);
            reopen_full(flags, "journal.ctl", "index.mdb", taken);
            reopen_full(flags, "journal.ctl", RESERVE_NAME, taken);
        }
    }
}

/* open_elsewhere -- what another process gets. */
static int open_elsewhere(void *arg)
{
    struct cairn_op *op;
    int error = cairn_open(&op, NULL, journal, *(unsigned *)arg);

    cairn_close(op);
    return -error;
}

static void full_disk__one_without_a_page_is_alone(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    unsigned reading = CAIRN_READONLY;
    void *data;
    size_t size;

    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        fill(op, 30000);
        cairn_close(op);
        ballast(0);
        assert_int_equal(unlink(scratch_join(path, journal, "journal.ctl")), 0);
        ballast(0);
        struct cairn_op *reader = open_journal(CAIRN_READONLY);
        assert_int_equal(cairn_latest(reader, NULL, &data, &size), 0);
        cairn_free(data);
        op = open_journal(flags);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(child_run(open_elsewhere, &flags), -CAIRN_EBUSY);
        assert_int_equal(child_run(open_elsewhere, &reading), -CAIRN_EBUSY);
        assert_int_equal(cairn_complete(op, NULL), 0);
        /* What it did must not be missed by one who had looked before. */
        assert_int_equal(cairn_latest(reader, NULL, &data, &size), CAIRN_EBUSY);
        cairn_close(op);
        assert_int_equal(cairn_latest(reader, NULL, &data, &size), CAIRN_ENONE);
        cairn_close(reader);
        ballast_off();
        op = open_journal(flags);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(child_run(open_elsewhere, &flags), 0);
        cairn_close(op);
    }
}

static void full_disk__opens_again_after_a_kill(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            struct cairn_op *op = open_journal(flags);
            fill(op, 30000);
            ballast(0);
            kill(getpid(), SIGKILL);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct cairn_op *op = open_journal(CAIRN_READONLY);
        uint64_t count = list_count(op);
        assert_true(count > 100);
        assert_int_equal(cairn_verify(op, NULL, NULL), 0);
        cairn_close(op);
        op = open_journal(flags);
        assert_int_equal(list_count(op), count);
        assert_int_equal(cairn_verify(op, NULL, NULL), 0);
        assert_int_equal(cairn_complete(op, NULL), 0);
        assert_int_equal(list_count(op), 0);
        assert_int_equal(record(op, 30000), 0);
        all_there(op);
        cairn_close(op);
    }
}

static void full_disk__a_journal_is_made_whole_or_not_at_all(void **state)
{
    struct cairn_op *op;

    (void)state;
    FOR_EACH_WAY(flags)
    {
        int refused = 0, made = 0;
        for (uint64_t left = 0; left <= 1700u << 10; left += 28u << 10) {
            begin();
            ballast(left);
            int error = cairn_open(&op, NULL, journal, flags);
            if (error) {
                if (error != CAIRN_ENOSPC)
                    fail_msg("%" PRIu64 " bytes left: open: %d: %s", left, error, cairn_message());
                refused++;
                ballast_off();
                op = open_journal(flags);
            } else {
                made++;
                record(op, 300000);
                record(op, 3000);
                record(op, 3000);
                all_there(op);
                assert_int_equal(cairn_clear(op, NULL), 0);
                all_gone(op);
                ballast_off();
            }
            assert_int_equal(record(op, 300000), 0);
            assert_int_equal(record(op, 3000), 0);
            all_there(op);
            cairn_close(op);
        }
        assert_true(refused > 0 && made > 0);
    }
}

static void full_disk__opening_gets_by_with_what_there_is(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        /* A journal with some space in its segment, and any little space beside it. */
        for (uint64_t left = 0; left <= 300u << 10; left += 12u << 10) {
            begin();
            struct cairn_op *op = open_journal(flags);
            assert_int_equal(record(op, 1000), 0);
            cairn_close(op);
            ballast(left);
            op = open_journal(flags);
            all_there(op);
            for (int i = 0; i < 100 && record(op, 20000) == 0; i++)
                ;
            all_there(op);
            ballast(0);
            assert_int_equal(cairn_compact(op, NULL, "kept"), 0);
            kept[0] = kept[kept_count - 1];
            kept_count = 1;
            snprintf(kept[0].id.text, sizeof(kept[0].id.text), "00000000@2");
            all_there(op);
            cairn_close(op);
        }
    }
}

/* record_where_a_spare_was -- on a full disk; a killed process has left a spare with all its space, and there
 * is no reserve. */
static void record_where_a_spare_was(unsigned flags, size_t size)
{
    static const unsigned char zeros[1024 * 1024];
    char path[SCRATCH_PATH_SIZE];

    scratch_write(scratch_join(path, journal, "spare-00000007"), zeros, sizeof(zeros));
    unlink(scratch_join(path, journal, "spare-reserve"));
    ballast(0);
    struct cairn_op *op = open_journal(flags);
    for (int i = 0; i < 20; i++)
        assert_int_equal(record(op, size), 0);
    for (size_t i = 0; i < kept_count; i++)
        load_is(op, kept[i].id.text, &kept[i]);
    assert_int_not_equal(access(scratch_join(path, journal, "spare-00000007"), F_OK), 0);
    cairn_close(op);
}

static void full_disk__a_spare_that_was_left_gives_its_space(void **state)
{
    static const unsigned char page[CONTROL_SIZE];
    char path[SCRATCH_PATH_SIZE];

    (void)state;
    FOR_EACH_WAY(flags)
    {
        for (int cut = 0; cut < 2; cut++) {
            begin();
            struct cairn_op *op = open_journal(flags);
            assert_int_equal(record(op, 1000), 0);
            cairn_close(op);
            /* To the opening itself, which needs another segment; or else to the first append that does. */
            if (cut)
                assert_int_equal(truncate(scratch_join(path, journal, "seg-00000001"), 128 * 1024), 0);
            record_where_a_spare_was(flags, cut ? 1000 : 60000);
        }
        begin(); /* or to a journal that was not made yet when its maker was killed */
        assert_int_equal(mkdir(journal, 0777), 0);
        scratch_write(scratch_join(path, journal, CONTROL_NAME), page, sizeof(page));
        record_where_a_spare_was(flags, 1000);
    }
}

/* work_until_killed -- records and removes on the full disk. */
static void work_until_killed(unsigned flags)
{
    struct cairn_op *op;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cairn_open(&op, NULL, journal, flags) != 0)
        _exit(1);
    for (;;) {
        char data[20000] = {0};
        int error = cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL);
        if (error == CAIRN_ENOSPC)
            error = cairn_clear(op, NULL);
        if (error)
            _exit(1);
    }
}

static void full_disk__space_comes_back_though_a_neighbour_has_it_open(void **state)
{
    (void)state;
    FOR_EACH_WAY(flags)
    {
        int ready[2];
        char byte;
        begin();
        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            fill_tight(open_journal(flags));
            if (write(ready[1], "", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        struct cairn_op *op = open_journal(flags);
        ballast(0);
        assert_int_equal(cairn_clear(op, NULL), 0);
        all_gone(op);
        assert_true(disk_free() > 900u << 10);
        assert_int_equal(record(op, 800000), 0);
        all_there(op);
        cairn_close(op);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

static void full_disk__a_killed_neighbour_leaves_it_usable(void **state)
{
    uint64_t chance = (uint64_t)time(NULL);

    (void)state;
    FOR_EACH_WAY(flags)
    {
        begin();
        struct cairn_op *op = open_journal(flags);
        ballast(512u << 10);
        for (int i = 0; i < 60; i++) {
            int status;
            pid_t pid = fork();
            assert_true(pid >= 0);
            if (pid == 0)
                work_until_killed(flags);
            /* Any moment will do. */
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            nanosleep(&(struct timespec){.tv_nsec = (long)(chance >> 40) % 30000000}, NULL);
            kill(pid, SIGKILL);
            assert_int_equal(waitpid(pid, &status, 0), pid);
            if (WIFEXITED(status))
                fail_msg("a process failed that had a full disk");
            list_count(op);
            int error = i % 3 ? cairn_clear(op, NULL) : cairn_verify(op, NULL, NULL);
            if (error)
                fail_msg("after kill %d: %d: %s", i, error, cairn_message());
            error = cairn_checkpoint(op, NULL, "", "x", 1, NULL);
            if (error != 0 && error != CAIRN_ENOSPC)
                fail_msg("after kill %d: checkpoint: %d: %s", i, error, cairn_message());
        }
        cairn_close(op);
    }
}

/* --------------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    scratch_make(disk, false);
    scratch_join(journal, disk, "journal");
    if (!may_mount())
        no_disk = "neither root nor a user namespace to mount a disk with";
    alarm(800);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (mounted)
        umount2(disk, MNT_DETACH);
    scratch_remove(disk);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_disk__checkpoint_says_so_and_the_rest_stays),
        cmocka_unit_test(full_disk__clear_and_complete_work),
        cmocka_unit_test(full_disk__compact_works),
        cmocka_unit_test(full_disk__removals_work_without_the_reserve),
        cmocka_unit_test(full_disk__removals_work_over_and_over),
        cmocka_unit_test(full_disk__same_handle_goes_on_when_there_is_space),
        cmocka_unit_test(full_disk__opens_again),
        cmocka_unit_test(full_disk__opens_again_without_control_page_or_index),
        cmocka_unit_test(full_disk__one_without_a_page_is_alone),
        cmocka_unit_test(full_disk__opens_again_after_a_kill),
        cmocka_unit_test(full_disk__a_journal_is_made_whole_or_not_at_all),
        cmocka_unit_test(full_disk__opening_gets_by_with_what_there_is),
        cmocka_unit_test(full_disk__a_spare_that_was_left_gives_its_space),
        cmocka_unit_test(full_disk__space_comes_back_though_a_neighbour_has_it_open),
        cmocka_unit_test(full_disk__a_killed_neighbour_leaves_it_usable),
    };
    return cmocka_run_group_tests_name("full_disk", tests, set_up, tear_down);
}
