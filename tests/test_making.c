/* test_making.c -- a spare in the making, and somebody who needs a segment at once: what looks whole at any
 * time is its maker's, above all where the disk is full and it is begun anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/segment.h"
#include "scratch.h"
#include "story.h"

#define LITTLE 20000u
#define FULL   51u /* of these fill the first segment */

static char dir[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE];

static int set_up(void **state)
{
    (void)state;
    scratch_make(dir, true);
    scratch_join(place, dir, "journal");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

#define good(call) good_(call, #call, __LINE__)
static void good_(int error, const char *call, int line)
{
    if (error)
        fail_msg("line %d: %s: %d: %s", line, call, error, cairn_message());
}

/* --- in the place of libc's --------------------------------------------------------------------------- */

/* Where a process waits until it may go on. */
struct stop {
    sem_t is_there, goes_on;
};

/* What both processes have. */
static struct shared {
    struct stop begins, half, anew, named;
    bool fails; /* once */
    struct cairn_id id;
} * shared;

static enum { OTHER, MAKES, HURRIES } who; /* this process is */

static void stop_here(struct stop *stop)
{
    sem_post(&stop->is_there);
    while (sem_wait(&stop->goes_on) != 0)
        ;
}

static void wait_for(struct stop *stop)
{
    while (sem_wait(&stop->is_there) != 0)
        ;
}

/* The maker stops when there are two pieces of zeros. Then there is no space once, and it stops when it
 * begins anew. */
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    static unsigned pieces;

    if (who == MAKES && size > SEGMENT_PAGE) {
        pieces++;
        if (pieces == 3) {
            stop_here(&shared->half);
            errno = ENOSPC;
            return -1;
        }
        if (pieces == 4)
            stop_here(&shared->anew);
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int fdatasync(int fd)
{
    if (who == HURRIES && shared->fails) {
        shared->fails = false;
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int renameat(int from, const char *name, int to, const char *new_name)
{
    if (who == HURRIES && strncmp(name, "spare-", 6) == 0)
        stop_here(&shared->named);
    return (int)syscall(SYS_renameat, from, name, to, new_name);
}

/* --- the two ------------------------------------------------------------------------------------------ */

static char data[LITTLE];

/* hurry -- the other process: its sync fails, and so it needs a segment at once. */
static int hurry(void *arg)
{
    struct cairn_op *op;

    (void)arg;
    stop_here(&shared->begins);
    int error = cairn_open(&op, NULL, place, CAIRN_NO_THREAD);
    if (error == 0) {
        shared->fails = true;
        who = HURRIES;
        error = cairn_checkpoint(op, NULL, "", "in a hurry", 10, &shared->id);
        who = OTHER;
        cairn_close(op);
    }
    return -error;
}

static void *make(void *op)
{
    who = MAKES;
    good(cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL));
    who = OTHER;
    return NULL;
}

static void making__spare_that_is_begun_anew_is_nobody_else_s(void **state)
{
    const pid_t other = process_start(hurry, NULL);
    struct cairn_op *op;
    pthread_t maker;
    void *got;
    size_t size;

    (void)state;
    good(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    for (unsigned i = 0; i < FULL; i++)
        good(cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL));
    assert_int_equal(pthread_create(&maker, NULL, make, op), 0);
    wait_for(&shared->half);
    wait_for(&shared->begins);
    sem_post(&shared->begins.goes_on);
    wait_for(&shared->named); /* he has a file for the next segment */
    sem_post(&shared->half.goes_on);
    wait_for(&shared->anew);
    sem_post(&shared->named.goes_on);
    assert_int_equal(process_end(other), 0);
    sem_post(&shared->anew.goes_on);
    assert_int_equal(pthread_join(maker, NULL), 0);
    assert_false(shared->fails);
    cairn_close(op);

    good(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    good(cairn_load(op, NULL, shared->id.text, &got, &size));
    assert_int_equal(size, 10);
    assert_memory_equal(got, "in a hurry", 10);
    cairn_free(got);
    good(cairn_verify(op, NULL, NULL));
    cairn_close(op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(making__spare_that_is_begun_anew_is_nobody_else_s, set_up, tear_down),
    };

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    struct stop *const stops[] = {&shared->begins, &shared->half, &shared->anew, &shared->named};
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        sem_init(&stops[i]->is_there, 1, 0);
        sem_init(&stops[i]->goes_on, 1, 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
