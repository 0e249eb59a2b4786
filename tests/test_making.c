/* test_making.c -- a spare in the making, and a process that needs a segment at once: what looks whole at any
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/files.h"
#include "refuse.h"
#include "scratch.h"
#include "story.h"

#define LITTLE 20000u
#define FULL   51u           /* of these fill the first segment */
#define PIECE  (256u * 1024) /* of zeros, as a spare gets them */

static char dir[SCRATCH_PATH_SIZE], place[SCRATCH_PATH_SIZE];

/* --- in the place of libc's --------------------------------------------------------------------------- */

/* Where a process waits until it may go on. */
struct stop {
    sem_t is_there, goes_on;
};

/* What both processes have. */
static struct shared {
    struct stop begins, half, anew, named;
    bool full;  /* for who is in a hurry; else, once, for the maker */
    bool fails; /* a sync of who is in a hurry, once */
    struct cairn_id id;
} * shared;

static enum { OTHER, MAKES, HURRIES } who; /* this process is */
static unsigned pieces;                    /* that the maker has begun */

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

/* has_space -- for a piece of zeros. The maker stops when there are two, and when it begins anew. */
static bool has_space(void)
{
    if (who == HURRIES)
        return !shared->full;
    if (who == OTHER)
        return true;
    pieces++;
    if (pieces == 3) {
        stop_here(&shared->half);
        return shared->full;
    }
    if (pieces == 4 && !shared->full)
        stop_here(&shared->anew);
    return true;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    if (size > SEGMENT_PAGE && !has_space()) {
        errno = ENOSPC;
        return -1;
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
    if (who == HURRIES && !shared->full && strncmp(name, "spare-", 6) == 0)
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
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", data, sizeof(data), NULL));
    who = OTHER;
    return NULL;
}

/* begin -- the first segment is full, the maker has stopped, and who is in a hurry goes on. */
static pid_t begin(struct cairn_op **op, pthread_t *maker, bool full)
{
    struct stop *const stops[] = {&shared->begins, &shared->half, &shared->anew, &shared->named};

    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        sem_init(&stops[i]->is_there, 1, 0);
        sem_init(&stops[i]->goes_on, 1, 0);
    }
    pieces = 0;
    shared->full = full;
    scratch_make(dir, true);
    scratch_join(place, dir, "journal");
    const pid_t other = process_start(hurry, NULL);
    ASSERT_DONE(cairn_open(op, NULL, place, CAIRN_NO_THREAD));
    for (unsigned i = 0; i < FULL; i++)
        ASSERT_DONE(cairn_checkpoint(*op, NULL, "", data, sizeof(data), NULL));
    assert_int_equal(pthread_create(maker, NULL, make, *op), 0);
    wait_for(&shared->half);
    wait_for(&shared->begins);
    sem_post(&shared->begins.goes_on);
    return other;
}

/* end -- the maker comes to its end, and what was acknowledged is there. */
static void end(struct cairn_op *op, pthread_t maker)
{
    void *got;
    size_t size;

    assert_int_equal(pthread_join(maker, NULL), 0);
    assert_false(shared->fails);
    cairn_close(op);
    ASSERT_DONE(cairn_open(&op, NULL, place, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_load(op, NULL, shared->id.text, &got, &size));
    assert_int_equal(size, 10);
    assert_memory_equal(got, "in a hurry", 10);
    cairn_free(got);
    ASSERT_DONE(cairn_verify(op, NULL, NULL));
    cairn_close(op);
    scratch_remove(dir);
}

static void making__spare_that_is_begun_anew_is_nobody_else_s(void **state)
{
    struct cairn_op *op;
    pthread_t maker;

    (void)state;
    const pid_t other = begin(&op, &maker, false);
    wait_for(&shared->named); /* he has a file for the next segment */
    sem_post(&shared->half.goes_on);
    wait_for(&shared->anew);
    sem_post(&shared->named.goes_on);
    assert_int_equal(process_end(other), 0);
    sem_post(&shared->anew.goes_on);
    end(op, maker);
}

/* made -- the size of the first spare that is not the reserve. */
static off_t made(void)
{
    char path[SCRATCH_PATH_SIZE], name[SEGMENT_NAME_SIZE];
    struct stat st;

    for (uint64_t number = 1; number < 20; number++) {
        spare_name(name, number);
        if (stat(scratch_join(path, place, name), &st) == 0)
            return st.st_size;
    }
    return -1;
}

static void making__spare_is_not_given_back_by_who_needs_space(void **state)
{
    struct cairn_op *op;
    pthread_t maker;

    (void)state;
    const pid_t other = begin(&op, &maker, true);
    assert_int_equal(process_end(other), 0); /* he had the reserve */
    assert_int_equal(made(), 2 * PIECE);
    sem_post(&shared->half.goes_on);
    end(op, maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making__spare_that_is_begun_anew_is_nobody_else_s),
        cmocka_unit_test(making__spare_is_not_given_back_by_who_needs_space),
    };

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
