/* test_directory_stress.c -- processes that record into one directory and are killed at random moments: each
 * id that was returned gives its bytes, no number is there twice, and each writer's own are in order.
 *
 * CAIRN_DIRECTORY_STEPS is how many checkpoints are to be acknowledged, 600 if it is not set.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "refuse.h"
#include "scratch.h"

#define WRITERS   4
#define STEPS_MAX 200000u

struct step {
    _Atomic int known; /* the rest has been written */
    unsigned writer, number;
    struct cairn_id id;
};

/* What was acknowledged, in memory that the processes share; in order for each writer. */
static struct story {
    _Atomic unsigned count;
    _Atomic unsigned next[WRITERS]; /* each one's next step */
    _Atomic int error;
    struct step steps[STEPS_MAX];
} * story;

static char url[SCRATCH_PATH_SIZE + 8], dir[SCRATCH_PATH_SIZE];

static int text_of(char text[64], unsigned writer, unsigned number)
{
    return snprintf(text, 64, "writer %u, step %u", writer, number);
}

/* write_on -- one writer's life, until it is killed. */
static void write_on(unsigned writer)
{
    struct cairn_op *op;
    struct cairn_id id;
    char text[64];

    int error = cairn_open(&op, NULL, url, 0);
    while (error == 0) {
        const unsigned number = atomic_load(&story->next[writer]);
        const int size = text_of(text, writer, number);
        error = cairn_checkpoint(op, NULL, number % 2 ? "odd" : "", text, (size_t)size, &id);
        if (error)
            break;
        const unsigned at = atomic_fetch_add(&story->count, 1);
        if (at >= STEPS_MAX)
            break;
        struct step *step = &story->steps[at];
        step->writer = writer;
        step->number = number;
        step->id = id;
        atomic_store(&step->known, 1);
        atomic_store(&story->next[writer], number + 1);
    }
    if (error)
        fprintf(stderr, "writer %u: %s\n", writer, cairn_message());
    atomic_store(&story->error, error);
    _exit(1);
}

static pid_t start(unsigned writer)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        write_on(writer);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* check_numbers -- none is there twice. */
static void check_numbers(void)
{
    unsigned char *seen = calloc(1, 1u << 20);
    DIR *at = opendir(dir);

    assert_non_null(seen);
    assert_non_null(at);
    for (const struct dirent *entry; (entry = readdir(at)) != NULL;) {
        if (*entry->d_name == '.' || strcmp(entry->d_name, "lock") == 0)
            continue;
        unsigned long number = strtoul(entry->d_name, NULL, 10);
        assert_true(strlen(entry->d_name) >= 12 && number < 1u << 20);
        assert_int_equal(seen[number]++, 0);
    }
    closedir(at);
    free(seen);
}

static void stress__every_id_that_was_returned_is_there(void **state)
{
    const char *wanted = getenv("CAIRN_DIRECTORY_STEPS");
    const unsigned long steps = wanted && *wanted ? strtoul(wanted, NULL, 10) : 600;
    char base[SCRATCH_PATH_SIZE], text[64];
    pid_t writers[WRITERS];
    unsigned kills = 0, last[WRITERS] = {0};
    uint64_t random = (uint64_t)time(NULL);
    struct cairn_op *op;

    (void)state;
    assert_true(steps > 0 && steps < STEPS_MAX - WRITERS);
    story = mmap(NULL, sizeof(*story), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(story, MAP_FAILED);
    scratch_make(base, false);
    snprintf(url, sizeof(url), "dir:%s", scratch_join(dir, base, "steps"));
    for (unsigned i = 0; i < WRITERS; i++)
        writers[i] = start(i);
    while (atomic_load(&story->count) < steps && atomic_load(&story->error) == 0) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const unsigned writer = (unsigned)(random >> 33) % WRITERS;
        /* The moments are as good as any; nothing waits for this to have passed. */
        nanosleep(&(struct timespec){.tv_nsec = (long)(random >> 40) % 30000000}, NULL);
        end(writers[writer]);
        writers[writer] = start(writer);
        kills++;
    }
    for (unsigned i = 0; i < WRITERS; i++)
        end(writers[i]);
    assert_int_equal(atomic_load(&story->error), 0);

    ASSERT_DONE(cairn_open(&op, NULL, url, CAIRN_EXISTING));
    const unsigned count = atomic_load(&story->count);
    unsigned checked = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct step *step = &story->steps[i];
        void *data;
        size_t size;
        if (!atomic_load(&step->known))
            continue; /* killed before it could say so */
        ASSERT_DONE(cairn_load(op, NULL, step->id.text, &data, &size));
        assert_int_equal(size, text_of(text, step->writer, step->number));
        assert_memory_equal(data, text, size);
        cairn_free(data);
        const unsigned number = (unsigned)strtoul(step->id.text, NULL, 10) + 1;
        assert_true(number > last[step->writer]);
        last[step->writer] = number;
        checked++;
    }
    check_numbers();
    ASSERT_DONE(cairn_verify(op, NULL, NULL));
    cairn_close(op);
    print_message("%u acknowledged, %u kills\n", checked, kills);
    assert_true(checked + kills >= steps);
    scratch_remove(base);
    munmap(story, sizeof(*story));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress__every_id_that_was_returned_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
