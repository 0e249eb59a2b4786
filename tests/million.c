/* million.c -- see million.h.
 *
 * The journal is written by many threads of a process of its own, which is killed when all is recorded. So
 * what the tests open has an index that is somewhat behind, and nobody has closed it.
 */
#include "million.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "scratch.h"

#define THREADS   64
#define DATA_SIZE 100

static unsigned total;
static char base[SCRATCH_PATH_SIZE];
static char journal[SCRATCH_PATH_SIZE];

/* What a checkpoint holds: whose it is, and bytes that follow from that. */
struct body {
    uint32_t thread, step;
    uint64_t words[(DATA_SIZE - 8) / 8];
};

static void body_fill(struct body *body, uint32_t thread, uint32_t step)
{
    uint64_t word = (uint64_t)thread << 32 | step;

    body->thread = thread;
    body->step = step;
    for (size_t i = 0; i < sizeof(body->words) / sizeof(body->words[0]); i++)
        body->words[i] = word = word * 6364136223846793005u + 1442695040888963407u;
}

static bool body_is_whole(const void *data, size_t size)
{
    struct body body, right;

    if (size != sizeof(body))
        return false;
    memcpy(&body, data, sizeof(body));
    body_fill(&right, body.thread, body.step);
    return memcmp(&body, &right, sizeof(body)) == 0;
}

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* --- making it ----------------------------------------------------------------------------------- */

static struct cairn_op *writer;

static void *write_share(void *arg)
{
    const uint32_t thread = (uint32_t)(uintptr_t)arg;
    const uint32_t share = total / THREADS + (thread < total % THREADS);
    struct body body;
    char label[32];

    snprintf(label, sizeof(label), "thread %u", thread);
    for (uint32_t step = 0; step < share; step++) {
        body_fill(&body, thread, step);
        int error = cairn_checkpoint(writer, NULL, label, &body, sizeof(body), NULL);
        if (error) {
            fprintf(stderr, "checkpoint: %d: %s\n", error, cairn_message());
            _exit(1);
        }
    }
    return NULL;
}

static void write_all(int done)
{
    pthread_t threads[THREADS];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cairn_open(&writer, NULL, journal, 0) != 0)
        _exit(1);
    for (uintptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, write_share, (void *)i) != 0)
            _exit(1);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (write(done, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static int set_up(void **state)
{
    int done[2], status;
    char byte;

    (void)state;
    scratch_make(base, false);
    scratch_join(journal, base, "journal");
    if (pipe(done) != 0)
        return -1;
    const double begin = now_ms();
    pid_t pid = fork();
    if (pid == 0)
        write_all(done[1]);
    close(done[1]);
    bool good = pid > 0 && read(done[0], &byte, 1) == 1;
    close(done[0]);
    print_message("%u checkpoints recorded in %.0f ms\n", total, now_ms() - begin);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(base);
    return 0;
}

/* --- counting ------------------------------------------------------------------------------------ */

/* What a thread, or a process, has read and written, as the kernel counts it. */
struct io {
    uint64_t read_bytes, written_bytes, reads, writes;
};

/* io_now -- as of now, without what asking costs; ends the case where the kernel does not count. */
static struct io io_now(const char *path)
{
    static uint64_t asked_bytes, asked;
    char text[512];
    struct io io;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (size < 0) {
        print_message("SKIP: the kernel does not count what is read (%s)\n", path);
        skip();
    }
    close(fd);
    text[size] = '\0';
    assert_int_equal(sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64 " syscr: %" SCNu64 " syscw: %" SCNu64,
                            &io.read_bytes, &io.written_bytes, &io.reads, &io.writes),
                     4);
    io.read_bytes -= asked_bytes;
    io.reads -= asked;
    asked_bytes += (uint64_t)size;
    asked++;
    return io;
}

static uint64_t file_size(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    unsigned char *data = scratch_read(scratch_join(path, journal, name), &size);
    assert_non_null(data);
    free(data);
    return size;
}

/* --- the tests ----------------------------------------------------------------------------------- */

static void open_and_look(const char *what)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    const struct io before = io_now("/proc/self/io");
    const double begin = now_ms();
    assert_int_equal(cairn_open(&op, NULL, journal, CAIRN_NO_THREAD), 0);
    assert_int_equal(cairn_latest(op, NULL, &data, &size), 0);
    const double took = now_ms() - begin;
    const struct io after = io_now("/proc/self/io");
    assert_true(body_is_whole(data, size));
    cairn_free(data);
    const uint64_t index = file_size("index.mdb");
    struct cairn_stat stat;
    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    assert_int_equal(stat.count, total);
    cairn_close(op);

    const uint64_t bytes = after.read_bytes - before.read_bytes;
    print_message("%s: open and latest: %.2f ms, %" PRIu64 " KiB read of a log of %" PRIu64
                  " KiB, index %" PRIu64 " KiB\n",
                  what, took, bytes >> 10, stat.log_end >> 10, index >> 10);
    /* The index, checked and then read again; a segment at most; and what the index is behind, a few times.
     */
    assert_true(bytes <= 2 * index + (16u << 20) + (4u << 20));
    if (total >= 1000000)
        assert_true(bytes < stat.log_end / 8);
}

static void million__opening_after_a_kill_reads_the_index_and_the_tail_only(void **state)
{
    (void)state;
    open_and_look("after a kill");
    open_and_look("after a close");
}

struct seen {
    uint64_t next;
    uint32_t of_thread[THREADS];
};

static int see(void *arg, const struct cairn_entry *entry)
{
    struct seen *seen = arg;
    unsigned thread;

    assert_int_equal(entry->error, 0);
    assert_int_equal(entry->number, seen->next);
    assert_int_equal(entry->size, sizeof(struct body));
    assert_int_equal(sscanf(entry->label, "thread %u", &thread), 1);
    assert_true(thread < THREADS);
    seen->of_thread[thread]++;
    seen->next++;
    return 0;
}

static void million__list_shows_all_in_order(void **state)
{
    struct seen seen = {0};
    struct cairn_op *op;

    (void)state;
    assert_int_equal(cairn_open(&op, NULL, journal, CAIRN_READONLY), 0);
    const double begin = now_ms();
    assert_int_equal(cairn_list(op, NULL, see, &seen), 0);
    print_message("list: %.0f ms\n", now_ms() - begin);
    assert_int_equal(seen.next, total);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(seen.of_thread[i], total / THREADS + (i < total % THREADS));
    cairn_close(op);
}

static void million__load_finds_each_by_its_id(void **state)
{
    const unsigned loads = total < 100000 ? total : 100000;
    uint32_t next_step[THREADS] = {0};
    uint64_t chance = 1;
    struct cairn_op *op;
    double took = 0;
    char id[32];
    void *data;
    size_t size;

    (void)state;
    assert_int_equal(cairn_open(&op, NULL, journal, CAIRN_READONLY), 0);
    /* Anywhere. */
    for (unsigned i = 0; i < loads; i++) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        snprintf(id, sizeof(id), "%08" PRIu64 "@1", (chance >> 33) % total);
        const double begin = now_ms();
        assert_int_equal(cairn_load(op, NULL, id, &data, &size), 0);
        took += now_ms() - begin;
        assert_true(body_is_whole(data, size));
        cairn_free(data);
    }
    print_message("load: %.2f us each\n", took * 1e3 / loads);
    /* One after the other: each thread's are in the order in which it recorded them. */
    const unsigned from = total > 200000 ? total - 200000 : 0;
    for (unsigned i = from; i < total; i++) {
        struct body body;
        snprintf(id, sizeof(id), "%08u@1", i);
        assert_int_equal(cairn_load(op, NULL, id, &data, &size), 0);
        assert_true(body_is_whole(data, size));
        memcpy(&body, data, sizeof(body));
        assert_true(body.step >= next_step[body.thread]);
        if (from == 0)
            assert_int_equal(body.step, next_step[body.thread]);
        next_step[body.thread] = body.step + 1;
        cairn_free(data);
    }
    snprintf(id, sizeof(id), "%08u@1", total);
    assert_int_equal(cairn_load(op, NULL, id, &data, &size), CAIRN_ENOTFOUND);
    cairn_close(op);
}

/* cost -- what this thread reads and writes for a checkpoint: the least of several, for now and then one has
 * more to do, as one that goes on to the next segment. */
static struct io cost(struct cairn_op *op, double *took)
{
    struct io least = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct body body;

    *took = 1e9;
    body_fill(&body, 0, 0);
    for (int i = 0; i < 10; i++) {
        const struct io before = io_now("/proc/thread-self/io");
        const double begin = now_ms();
        assert_int_equal(cairn_checkpoint(op, NULL, "thread 0", &body, sizeof(body), NULL), 0);
        const double end = now_ms();
        const struct io after = io_now("/proc/thread-self/io");
        if (after.read_bytes - before.read_bytes + after.written_bytes - before.written_bytes <
                least.read_bytes + least.written_bytes ||
            i == 0)
            least =
                (struct io){after.read_bytes - before.read_bytes, after.written_bytes - before.written_bytes,
                            after.reads - before.reads, after.writes - before.writes};
        if (end - begin < *took)
            *took = end - begin;
    }
    return least;
}

static void million__a_checkpoint_costs_what_the_tenth_did(void **state)
{
    char small[SCRATCH_PATH_SIZE];
    double small_took, large_took;
    struct cairn_op *op;

    (void)state;
    assert_int_equal(cairn_open(&op, NULL, scratch_join(small, base, "small"), 0), 0);
    struct io tenth = cost(op, &small_took);
    cairn_close(op);
    assert_int_equal(cairn_open(&op, NULL, journal, 0), 0);
    struct io now = cost(op, &large_took);
    cairn_close(op);
    print_message("a checkpoint: the tenth %.0f us, now %.0f us; %" PRIu64 " bytes written by %" PRIu64
                  " calls\n",
                  small_took * 1e3, large_took * 1e3, now.written_bytes, now.writes);
    assert_int_equal(tenth.read_bytes, 0);
    assert_int_equal(tenth.writes, 1);
    assert_int_equal(now.read_bytes, tenth.read_bytes);
    /* The record, and what there is to the end of its page. */
    assert_in_range(now.written_bytes, sizeof(struct body), sizeof(struct body) + 4096 + 128);
    assert_int_equal(now.reads, tenth.reads);
    assert_int_equal(now.writes, tenth.writes);
}

static void million__compact_and_clear_leave_little(void **state)
{
    struct cairn_stat stat;
    struct cairn_op *op;
    void *data;
    size_t size;

    (void)state;
    assert_int_equal(cairn_open(&op, NULL, journal, 0), 0);
    const double begin = now_ms();
    assert_int_equal(cairn_compact(op, NULL, "kept"), 0);
    print_message("compact: %.1f ms\n", now_ms() - begin);
    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    assert_int_equal(stat.count, 1);
    assert_true(stat.segments <= 2);
    assert_int_equal(cairn_load(op, NULL, "00000000@2", &data, &size), 0);
    assert_true(body_is_whole(data, size));
    cairn_free(data);
    assert_int_equal(cairn_load(op, NULL, "00000000@1", &data, &size), CAIRN_ENOTFOUND);
    cairn_close(op);
}

int million_run(unsigned count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(million__opening_after_a_kill_reads_the_index_and_the_tail_only),
        cmocka_unit_test(million__list_shows_all_in_order),
        cmocka_unit_test(million__load_finds_each_by_its_id),
        cmocka_unit_test(million__a_checkpoint_costs_what_the_tenth_did),
        cmocka_unit_test(million__compact_and_clear_leave_little),
    };

    total = count;
    return cmocka_run_group_tests_name("million", tests, set_up, tear_down);
}
