/* file.c -- ways to keep a state in plain files, most of them wrong. The state is a number and as many bytes
 * as fill more than one page; each step that is acknowledged must be there afterwards, and never half of one.
 *
 *     file HOW work|check|read DIR
 *
 * - inplace: writes over the file, and never syncs: any half of it may be there
 * - inplace-sync: the same with fsync: each step is durable, but a cut in the middle of a write is not
 * survived
 * - rename: a temporary file, renamed: without fsync the new one may be empty
 * - rename-fsync: the same with fsync of the file: never half a state, but the last one may be missing
 * - rename-right: and with fsync of the directory: right
 * - append: a record behind the other, each with a checksum, and fdatasync: right
 * - append-unsynced: the same without
 * - append-retry: tries an fsync again that has failed
 * - append-skips: leaves out a record that there is no memory for, and acknowledges it
 * - append-aborts: kills itself when there is no memory: right, as far as the file is concerned
 * - append-waits: waits for memory, and would do so for ever
 * - resume: as append, but goes on where it was stopped, and cuts off what is half there: right
 * - resume-torn: the same without cutting it off: what it writes behind that is never found
 * - go: as the Go package does: a file a step, none synced; compacts by removing first
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS 6
#define BODY  6000
#define RETRY 2 /* in place of a yes to whether to sync */

static int reads; /* whether what is found is printed */

struct state {
    uint32_t step, sum;
    unsigned char body[BODY];
};

static uint32_t sum_of(const struct state *state)
{
    uint32_t sum = state->step + 1;

    for (size_t i = 0; i < BODY; i++)
        sum = sum * 31 + state->body[i];
    return sum;
}

static void fill(struct state *state, uint32_t step)
{
    state->step = step;
    memset(state->body, (int)('a' + step), BODY);
    state->sum = sum_of(state);
}

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

static int is(const char *how, const char *what)
{
    return strcmp(how, what) == 0;
}

static void sync_directory(void)
{
    const int fd = open(".", O_RDONLY | O_DIRECTORY);
    must(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, "sync of the directory");
}

static void write_file(const char *name, int flags, const struct state *state, int sync)
{
    const int fd = open(name, O_WRONLY | O_CREAT | flags, 0644);
    must(fd >= 0 && write(fd, state, sizeof(*state)) == sizeof(*state), name);
    int result = sync ? fsync(fd) : 0;
    for (int tries = 0; sync == RETRY && result != 0 && tries < 10; tries++)
        result = fsync(fd);
    must(result == 0, "fsync");
    close(fd);
}

/* append -- a record, from memory of its own. */
static void append(const char *how, const struct state *state)
{
    struct state *record;

    do
        record = malloc(sizeof(*record));
    while (record == NULL && is(how, "append-waits"));
    if (record == NULL && is(how, "append-skips"))
        return;
    if (record == NULL && is(how, "append-aborts"))
        abort();
    must(record != NULL, "memory");
    *record = *state;
    write_file("log", O_APPEND, record, is(how, "append-retry") ? RETRY : !is(how, "append-unsynced"));
    free(record);
}

/* go_step -- "00000003.chk", and from time to time only the last one stays. */
static void go_step(const struct state *state)
{
    char name[32];

    snprintf(name, sizeof(name), "%08u.chk", state->step);
    write_file(name, O_TRUNC, state, 0);
    if (state->step % 3 != 2)
        return;
    for (uint32_t i = 0; i <= state->step; i++) {
        snprintf(name, sizeof(name), "%08u.chk", i);
        (void)unlink(name);
    }
    write_file(name, O_TRUNC, state, 0);
}

/* found -- the last good state in the file: its step, or -1; exits if it has a bad one that is not behind all
 * others. */
static int found(const char *name, int log)
{
    struct state state;
    int last = -1;
    FILE *file = fopen(name, "re");

    while (file) {
        const size_t n = fread(&state, 1, sizeof(state), file);
        if (n == 0)
            break;
        if (n == sizeof(state) && sum_of(&state) == state.sum) {
            last = (int)state.step;
            if (reads)
                printf("%d\n", last);
        } else if (!log) {
            printf("garbage in %s\n", name);
            exit(1);
        } else {
            break; /* torn: the log ends before it */
        }
    }
    if (file)
        fclose(file);
    return last;
}

/* resume -- two steps more than there are. */
static void resume(int cuts)
{
    struct state state;
    const int last = found("log", 1);

    if (cuts && last >= 0)
        must(truncate("log", (off_t)sizeof(state) * (last + 1)) == 0, "log");
    else if (cuts)
        (void)unlink("log");
    for (uint32_t step = (uint32_t)(last + 1); step < (uint32_t)last + 3; step++) {
        fill(&state, step);
        write_file("log", O_APPEND, &state, 1);
        sync_directory();
        printf("%u\n", step);
        fflush(stdout);
    }
}

static void work(const char *how)
{
    struct state state;

    if (strncmp(how, "resume", 6) == 0) {
        resume(is(how, "resume"));
        return;
    }
    if (strncmp(how, "append", 6) == 0) {
        write_file("log", 0, (fill(&state, 0), &state), 1);
        sync_directory();
        puts("0");
        fflush(stdout);
    }
    for (uint32_t step = strncmp(how, "append", 6) == 0; step < STEPS; step++) {
        fill(&state, step);
        if (strncmp(how, "inplace", 7) == 0) {
            write_file("state", 0, &state, is(how, "inplace-sync"));
            if (step == 0 && is(how, "inplace-sync"))
                sync_directory();
        } else if (strncmp(how, "rename", 6) == 0) {
            write_file("tmp", O_TRUNC, &state, !is(how, "rename"));
            must(rename("tmp", "state") == 0, "rename");
            if (is(how, "rename-right"))
                sync_directory();
        } else if (strncmp(how, "append", 6) == 0) {
            append(how, &state);
        } else {
            go_step(&state);
        }
        printf("%u\n", step);
        fflush(stdout);
    }
}

/* found_newest -- of the Go package's files, that with the highest number. */
static int found_newest(void)
{
    char newest[256] = "";
    DIR *dir = opendir(".");
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".chk") && strcmp(entry->d_name, newest) > 0)
            snprintf(newest, sizeof(newest), "%s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    return *newest ? found(newest, 0) : -1;
}

/* there_is -- the last state that can be read. */
static int there_is(const char *how)
{
    return is(how, "go")                                                      ? found_newest()
           : strncmp(how, "append", 6) == 0 || strncmp(how, "resume", 6) == 0 ? found("log", 1)
                                                                              : found("state", 0);
}

static int check(const char *how)
{
    FILE *acks = fopen(getenv("TORTURE_ACKED") ? getenv("TORTURE_ACKED") : "", "re");
    int acked = -1;

    while (acks && fscanf(acks, "%d", &acked) == 1)
        ;
    const int there = there_is(how);
    if (there >= acked)
        return 0;
    printf("lost: step %d is there, and step %d was acknowledged\n", there, acked);
    return 1;
}

/* As a library it is the check of CORPUS_HOW. */
int torture_check(const char *dir, const char *acked);
int torture_check(const char *dir, const char *acked)
{
    (void)acked; /* the environment has it, too */
    if (getenv("CORPUS_HOW") == NULL)
        abort();
    return chdir(dir) == 0 ? check(getenv("CORPUS_HOW")) : 2;
}

int main(int argc, char **argv)
{
    if (argc != 4 || chdir(argv[3]) != 0)
        return 2;
    if (is(argv[2], "check"))
        return check(argv[1]);
    if (is(argv[2], "read")) {
        reads = 1;
        there_is(argv[1]);
        return 0;
    }
    work(argv[1]);
    return 0;
}
