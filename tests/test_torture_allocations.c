/* test_torture_allocations.c -- what cairn-torture preloads into a workload: it counts each allocation once,
 * of all processes and threads, has the one fail that is to, and otherwise changes nothing.
 *
 * The workload of each test is this program, run anew with the name of what it is to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "torture/allocations.h"
#include "torture/preload/counter.h"

#define THREADS 4
#define EACH    2000000 /* so many that they come in each other's way even on a busy machine */

static char base[SCRATCH_PATH_SIZE], program[4096];

/* --- the workloads ------------------------------------------------------------------------------------ */

static void *volatile block; /* so that the compiler leaves no allocation out */

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    _exit(1);
}

/* refused -- an allocation has failed as it should. */
static void refused(void *got)
{
    must(got == NULL && errno == ENOMEM, "it did not fail");
}

static void do_nothing(void) {}

static void do_malloc(void)
{
    block = malloc(10);
    must(block != NULL, "malloc");
    free(block);
}

static void do_each(void)
{
    errno = 7;
    block = malloc(100);
    must(block && malloc_usable_size(block) >= 100, "malloc");
    memset(block, 'x', 100);
    block = realloc(block, 5000);
    must(block && memcmp(block, "xxxx", 4) == 0, "realloc");
    block = reallocarray(block, 1000, 10);
    must(block && memcmp(block, "xxxx", 4) == 0, "reallocarray");
    free(block);
    block = calloc(1000, 10);
    must(block && memcmp(block, "\0\0\0\0", 4) == 0, "calloc");
    free(block);
    block = aligned_alloc(256, 256);
    must(block && (uintptr_t)block % 256 == 0, "aligned_alloc");
    free(block);
    block = memalign(512, 10);
    must(block && (uintptr_t)block % 512 == 0, "memalign");
    free(block);
    void *aligned;
    must(posix_memalign(&aligned, 1024, 10) == 0 && (uintptr_t)aligned % 1024 == 0, "posix_memalign");
    free(aligned);
    free(NULL);
    must(errno == 7, "errno is another");
}

static void do_too_much(void)
{
    volatile size_t much = SIZE_MAX / 2 + 1;

    refused(reallocarray(NULL, much, 2));
    errno = 0;
    refused(calloc(much, 2));
    errno = 0;
    refused(malloc(much));
}

static void do_free_by_realloc(void)
{
    volatile size_t none = 0;

    block = malloc(10);
    block = realloc(block, none);
}

static void do_malloc_fails(void)
{
    refused(malloc(10));
    do_malloc();
}

static void do_calloc_fails(void)
{
    refused(calloc(1, 10));
}

static void do_realloc_fails(void)
{
    static char old[] = "old";

    block = malloc(sizeof(old));
    memcpy(block, old, sizeof(old));
    refused(realloc(block, 100000));
    must(memcmp(block, old, sizeof(old)) == 0, "the old block is another");
    free(block);
}

static void do_reallocarray_fails(void)
{
    refused(reallocarray(NULL, 10, 10));
}

static void do_posix_memalign_fails(void)
{
    void *aligned = program;

    must(posix_memalign(&aligned, 64, 10) == ENOMEM && aligned == program, "it did not fail");
}

static void do_aligned_alloc_fails(void)
{
    refused(aligned_alloc(64, 64));
}

static void do_memalign_fails(void)
{
    refused(memalign(64, 64));
}

static void do_valloc_fails(void)
{
    refused(valloc(64));
}

static void do_pvalloc_fails(void)
{
    refused(pvalloc(64));
}

static void do_all_fail(void)
{
    refused(malloc(10));
    refused(calloc(1, 10));
    refused(realloc(NULL, 10));
}

static pthread_barrier_t all_run;

static void *in_thread(void *arg)
{
    const unsigned count = *(const unsigned *)arg;

    pthread_barrier_wait(&all_run); /* until then each of them has what it needs itself */
    for (unsigned i = 0; i < count; i++) {
        void *volatile own = malloc(16);
        must(own != NULL, "malloc");
        free(own);
    }
    return NULL;
}

static void in_threads(unsigned count)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&all_run, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        must(pthread_create(&threads[i], NULL, in_thread, &count) == 0, "pthread_create");
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void do_threads_that_do_nothing(void)
{
    in_threads(0);
}

static void do_threads(void)
{
    in_threads(EACH);
}

static void do_processes(void)
{
    int status;

    for (int i = 0; i < 2; i++) {
        const pid_t child = fork();
        if (child == 0) {
            do_malloc();
            if (i == 1)
                execl(program, program, "--workload", "malloc", (char *)NULL);
            _exit(i);
        }
        must(waitpid(child, &status, 0) == child && status == 0, "a child");
    }
    do_malloc();
}

static const struct {
    const char *name;
    void (*run)(void);
} workloads[] = {
    {"nothing", do_nothing},
    {"malloc", do_malloc},
    {"each", do_each},
    {"too_much", do_too_much},
    {"free_by_realloc", do_free_by_realloc},
    {"malloc_fails", do_malloc_fails},
    {"calloc_fails", do_calloc_fails},
    {"realloc_fails", do_realloc_fails},
    {"reallocarray_fails", do_reallocarray_fails},
    {"posix_memalign_fails", do_posix_memalign_fails},
    {"aligned_alloc_fails", do_aligned_alloc_fails},
    {"memalign_fails", do_memalign_fails},
    {"valloc_fails", do_valloc_fails},
    {"pvalloc_fails", do_pvalloc_fails},
    {"all_fail", do_all_fail},
    {"threads", do_threads},
    {"threads_that_do_nothing", do_threads_that_do_nothing},
    {"processes", do_processes},
};

static int be_workload(const char *name)
{
    for (size_t i = 0; i < sizeof(workloads) / sizeof(*workloads); i++) {
        if (strcmp(workloads[i].name, name) == 0) {
            workloads[i].run();
            return 0;
        }
    }
    return 1;
}

/* --- the tests ---------------------------------------------------------------------------------------- */

/* start -- the workload of that name, which must end well. */
static void start(const char *name)
{
    int status;
    const pid_t child = fork();

    if (child == 0) {
        execl(program, program, "--workload", name, (char *)NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* run -- the same while allocation `at` fails. */
static struct injection run(const char *name, uint64_t at, bool from_then_on)
{
    struct injection injection = {.kind = INJECT_ALLOCATION, .at = at, .from_then_on = from_then_on};
    struct allocations allocations;

    assert_true(allocations_begin(&allocations, base, &injection));
    start(name);
    allocations_end(&allocations, &injection);
    return injection;
}

/* count -- how many allocations the workload makes by itself. */
static uint64_t count(const char *name)
{
    return run(name, 0, false).allocations - run("nothing", 0, false).allocations;
}

static void allocations__are_counted_once(void **state)
{
    (void)state;
    assert_int_equal(count("nothing"), 0);
    assert_int_equal(count("malloc"), 1);
    assert_int_equal(count("each"), 7);
    assert_int_equal(count("free_by_realloc"), 1);
    assert_int_equal(count("too_much"), 2); /* of which the first needs nothing asked for */
}

static void allocations__of_threads_are_counted_together(void **state)
{
    (void)state;
    assert_int_equal(count("threads") - count("threads_that_do_nothing"), THREADS * EACH);
}

static void allocations__of_processes_are_counted_together(void **state)
{
    (void)state;
    /* One in each child, one in the parent, and one in the program that a child becomes. */
    assert_int_equal(run("processes", 0, false).allocations, 4 + 2 * run("nothing", 0, false).allocations);
}

static void assert_hit(const char *name, uint64_t at, bool from_then_on, const char *call)
{
    const struct injection injection =
        run(name, at ? at + run("nothing", 0, false).allocations : 0, from_then_on);
    assert_string_equal(injection.call, call);
}

static void allocations__fail_one_at_a_time(void **state)
{
    (void)state;
    assert_hit("malloc_fails", 1, false, "malloc");
    assert_hit("calloc_fails", 1, false, "calloc");
    assert_hit("realloc_fails", 2, false, "realloc");
    assert_hit("reallocarray_fails", 1, false, "realloc");
    assert_hit("posix_memalign_fails", 1, false, "posix_memalign");
    assert_hit("aligned_alloc_fails", 1, false, "aligned_alloc");
    assert_hit("memalign_fails", 1, false, "memalign");
    assert_hit("valloc_fails", 1, false, "memalign");
    assert_hit("pvalloc_fails", 1, false, "memalign");
}

static void allocations__fail_from_then_on(void **state)
{
    (void)state;
    assert_hit("all_fail", 1, true, "malloc");
}

static void allocations__that_do_not_come_are_no_hit(void **state)
{
    (void)state;
    assert_hit("each", 8, true, "");
    assert_hit("each", 0, true, "");
}

/* A file that is none of ours is neither written to nor believed. */
static void allocations__are_passed_on_without_the_page(void **state)
{
    struct injection injection = {.kind = INJECT_ALLOCATION, .at = 1, .from_then_on = true};
    struct allocations allocations;
    struct counter other = {.magic = COUNTER_MAGIC + 1, .at = 1, .from_then_on = 1};
    char path[SCRATCH_PATH_SIZE];
    size_t size;

    (void)state;
    scratch_join(path, base, "other");
    assert_true(allocations_begin(&allocations, base, &injection));
    scratch_write(path, &other, sizeof(other));
    setenv(COUNTER_PATH, path, 1);
    start("each");
    unsigned char *bytes = scratch_read(path, &size);
    assert_int_equal(size, sizeof(other));
    assert_memory_equal(bytes, &other, sizeof(other));
    free(bytes);
    other.magic = COUNTER_MAGIC;
    scratch_write(path, &other, sizeof(other) - 1);
    start("each");
    setenv(COUNTER_PATH, base, 1);
    start("each");
    setenv(COUNTER_PATH, "/nowhere", 1);
    start("each");
    unsetenv(COUNTER_PATH);
    start("each");
    allocations_end(&allocations, &injection);
    assert_int_equal(injection.allocations, 0);
}

static void environment__is_as_it_was(void **state)
{
    (void)state;
    unsetenv("LD_PRELOAD");
    run("nothing", 0, false);
    assert_null(getenv("LD_PRELOAD"));
    assert_null(getenv(COUNTER_PATH));
    setenv("LD_PRELOAD", "libc.so.6", 1);
    run("nothing", 0, false);
    assert_string_equal(getenv("LD_PRELOAD"), "libc.so.6");
    unsetenv("LD_PRELOAD");
}

static int set_up(void **state)
{
    (void)state;
    scratch_make(base, false);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(base);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations__are_counted_once),
        cmocka_unit_test(allocations__of_threads_are_counted_together),
        cmocka_unit_test(allocations__of_processes_are_counted_together),
        cmocka_unit_test(allocations__fail_one_at_a_time),
        cmocka_unit_test(allocations__fail_from_then_on),
        cmocka_unit_test(allocations__that_do_not_come_are_no_hit),
        cmocka_unit_test(allocations__are_passed_on_without_the_page),
        cmocka_unit_test(environment__is_as_it_was),
    };

    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return 1;
    if (argc == 3 && strcmp(argv[1], "--workload") == 0)
        return be_workload(argv[2]);
    const char *sanitize = getenv("CAIRN_SANITIZE");
    if (sanitize && *sanitize) {
        puts("SKIP: a sanitizer has the allocator");
        return 77;
    }
    return cmocka_run_group_tests_name("torture_allocations", tests, set_up, tear_down);
}
