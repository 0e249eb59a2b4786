/* compare.c -- how many checkpoints a second Cairn, and others, make durable on this disk.
 *
 * Usual path: in a directory of its own below DIR, in each round and for each kind of work, every engine in
 * turn, in an order that is shuffled each time, is made anew, runs untimed for a quarter of the time, then
 * timed; then it must hold as many checkpoints as it took, and is removed. So a disk that is slower for a
 * while is slower for all, and every figure has a floor that was measured near it. After that a log of
 * 100,000 checkpoints is made by a process that ends without closing it; each round opens a copy, closes it
 * and opens it again, with the files in memory.
 *
 * Shown is the median of the rounds, with the lowest and the highest, and the median of the rounds' ratios
 * to the floor; and what other processes took of the cores meanwhile, for where that is much the figures tell
 * more of the scheduler than of the disk. What fails ends the program with status 1. The directory is removed
 * in any case, unless the process is killed.
 */
#include "engines.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <mntent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX  99u
#define ENGINES_MAX 8u
#define THREADS_MAX 128u
#define WORKS       4u
#define LOG_COUNT   100000u
#define LOG_SIZE    100u

static const struct work {
    const char *name, *unit;
    size_t size;
    unsigned threads;
    double per; /* checkpoint, in the unit */
} works[WORKS] = {
    {"100 B, 1 thread", "1/s", 100, 1, 1},
    {"4 KiB, 1 thread", "1/s", 4096, 1, 1},
    {"100 B, 16 threads", "1/s", 100, 16, 1},
    {"1 MiB, 1 thread", "MB/s", 1 << 20, 1, 1.048576},
};

static double rates[WORKS][ENGINES_MAX][ROUNDS_MAX]; /* in the work's unit; 0 if not measured */
static double opens[2][ENGINES_MAX][ROUNDS_MAX];     /* milliseconds: after a kill, after closing */
static char place[4096];                             /* our own directory; "" if there is none */
static char payload[1 << 20];                        /* bytes that do not compress */
static volatile sig_atomic_t interrupted;

/* --- The directory ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static void remove_place(void)
{
    if (place[0] != '\0')
        nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void interrupt(int number)
{
    interrupted = number;
}

/* Leaves nothing to be written that the next to be measured would pay for. */
static void settle(void)
{
    int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || syncfs(fd) != 0)
        die("%s: %s", place, strerror(errno));
    close(fd);
    if (interrupted)
        exit(128 + interrupted);
}

/* Waits for a child made by fork(), which must succeed. */
static void child_wait(pid_t pid, const char *what)
{
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        die("%s failed", what);
}

/* --- Measuring ---------------------------------------------------------------------------------- */

struct run {
    const struct engine *engine;
    void *self;
    size_t size;
    double seconds;
    pthread_barrier_t barrier;
    atomic_uint taken; /* of the LOG_COUNT checkpoints of a long log */
};

struct worker {
    pthread_t thread;
    struct run *run;
    double start, end;
    uint64_t before, timed; /* appends */
};

static double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Returns the seconds that processors have worked so far for others than this process: by /proc/stat, which
 * counts the kernel's threads too. */
static double others_seconds(void)
{
    double t[8] = {0}, busy = 0; /* user, nice, system, idle, iowait, irq, softirq, steal */
    FILE *file = fopen("/proc/stat", "re");

    if (file == NULL || fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4],
                               &t[5], &t[6], &t[7]) != 8)
        die("/proc/stat cannot be read");
    fclose(file);
    busy = (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) / (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < 2; i++) {
        struct rusage usage;
        getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &usage);
        busy -= (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
        busy -= (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    }
    return busy;
}

static void *worker_measure(void *arg)
{
    struct worker *worker = arg;
    struct run *run = worker->run;

    for (double end = clock_seconds() + run->seconds / 4; clock_seconds() < end; worker->before++)
        run->engine->append(run->self, payload, run->size);
    pthread_barrier_wait(&run->barrier);
    worker->start = worker->end = clock_seconds();
    for (; worker->end - worker->start < run->seconds; worker->timed++, worker->end = clock_seconds())
        run->engine->append(run->self, payload, run->size);
    return NULL;
}

static uint64_t random_next(void)
{
    static uint64_t state = 1;

    return state = state * 6364136223846793005u + 1442695040888963407u;
}

static void *worker_fill(void *arg)
{
    struct run *run = ((struct worker *)arg)->run;

    while (atomic_fetch_add(&run->taken, 1) < LOG_COUNT)
        run->engine->append(run->self, payload, run->size);
    return NULL;
}

static void workers_run(struct worker *workers, unsigned count, struct run *run, void *(*body)(void *))
{
    pthread_barrier_init(&run->barrier, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        workers[i] = (struct worker){.run = run};
        if (pthread_create(&workers[i].thread, NULL, body, &workers[i]) != 0)
            die("cannot start a thread");
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&run->barrier);
}

/* Returns what the engine takes in the fresh directory `dir`, in the unit of the work. */
static double measure(const struct engine *engine, const struct work *work, const char *dir, double seconds)
{
    unsigned threads = engine->batches ? 1 : work->threads, each = work->threads / threads;
    struct run run = {.engine = engine, .size = work->size * each, .seconds = seconds};
    struct worker workers[THREADS_MAX];
    uint64_t all = 0, timed = 0;

    assert(run.size <= sizeof payload && threads <= THREADS_MAX);
    if (mkdir(dir, 0755) != 0)
        die("%s: %s", dir, strerror(errno));
    run.self = engine->open(dir, run.size, ENGINE_NEW);
    settle();
    workers_run(workers, threads, &run, worker_measure);

    double start = workers[0].start, end = workers[0].end;
    for (unsigned i = 0; i < threads; i++) {
        start = workers[i].start < start ? workers[i].start : start;
        end = workers[i].end > end ? workers[i].end : end;
        timed += workers[i].timed;
        all += workers[i].timed + workers[i].before;
    }
    if (engine->count != NULL && engine->count(run.self) != all)
        die("%s: it has not as many checkpoints as it took", engine->name);
    engine->close(run.self);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    settle();
    return (double)(timed * each) * work->per / (end - start);
}

/* Measures every engine at one kind of work, in an order of chance, so that none has always the same before
 * it. */
static void measure_round(unsigned round, unsigned w, const char *dir, double seconds)
{
    unsigned order[ENGINES_MAX] = {0};

    for (unsigned e = 0; e < engines_count; e++) {
        unsigned other = (unsigned)(random_next() >> 33) % (e + 1);
        order[e] = order[other];
        order[other] = e;
    }
    for (unsigned i = 0; i < engines_count; i++) {
        const struct engine *engine = &engines[order[i]];
        if (!engine->threads_only || works[w].threads > 1)
            rates[w][order[i]][round] = measure(engine, &works[w], dir, seconds);
    }
}

/* Makes a long log in `dir` by a process that ends without closing it, as by a kill. */
static void log_make(const struct engine *engine, const char *dir)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct run run = {.engine = engine, .size = LOG_SIZE};
        struct worker workers[THREADS_MAX];
        place[0] = '\0'; /* it is the parent's to remove */
        if (mkdir(dir, 0755) != 0)
            die("%s: %s", dir, strerror(errno));
        run.self = engine->open(dir, LOG_SIZE, ENGINE_FILL);
        workers_run(workers, engine->fill_threads, &run, worker_fill);
        _exit(0);
    }
    child_wait(pid, engine->name);
}

/* Returns the milliseconds to open the log in `dir` and to have its latest checkpoint. */
static double log_resume(const struct engine *engine, const char *dir)
{
    char latest[LOG_SIZE];

    settle();
    double start = clock_seconds();
    void *self = engine->open(dir, LOG_SIZE, ENGINE_RESUME);
    engine->latest(self, latest, LOG_SIZE);
    double end = clock_seconds();
    if (engine->count(self) != LOG_COUNT || memcmp(latest, payload, LOG_SIZE) != 0)
        die("%s: not what was recorded", engine->name);
    engine->close(self);
    return 1e3 * (end - start);
}

static void measure_opens(unsigned rounds, const char *dir)
{
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned e = 0; e < engines_count; e++) {
            char log[4200];
            if (engines[e].latest == NULL)
                continue;
            snprintf(log, sizeof log, "%s/log.%u", place, e);
            if (round == 0)
                log_make(&engines[e], log);
            pid_t pid = fork();
            if (pid == 0) {
                execlp("cp", "cp", "-a", log, dir, (char *)NULL);
                _exit(127);
            }
            child_wait(pid, "cp");
            opens[0][e][round] = log_resume(&engines[e], dir);
            opens[1][e][round] = log_resume(&engines[e], dir);
            nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        }
}

/* --- Telling ------------------------------------------------------------------------------------ */

static void print_place(void)
{
    char type[64] = "unknown", device[256] = "?", options[256] = "", path[96], cache[32] = "unknown";
    struct utsname kernel;
    struct stat info;
    cpu_set_t cpus;
    size_t longest = 0;

    /* Of the mount points that lead to our directory the longest is the one; of equal ones, the last. */
    FILE *file = setmntent("/proc/self/mounts", "r");
    for (const struct mntent *mount; file != NULL && (mount = getmntent(file)) != NULL;) {
        size_t n = strlen(mount->mnt_dir);
        if (strncmp(place, mount->mnt_dir, n) != 0 || (n > 1 && place[n] != '/') || n < longest)
            continue;
        longest = n;
        snprintf(type, sizeof type, "%s", mount->mnt_type);
        snprintf(device, sizeof device, "%s", mount->mnt_fsname);
        snprintf(options, sizeof options, "%s", mount->mnt_opts);
    }
    if (file != NULL)
        endmntent(file);

    /* A disk that says "write back" must be told to flush at each sync. A partition has its disk's queue. */
    for (int i = 0; i < 2 && stat(place, &info) == 0; i++) {
        snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%squeue/write_cache", major(info.st_dev),
                 minor(info.st_dev), i == 0 ? "" : "../");
        if ((file = fopen(path, "re")) == NULL)
            continue;
        if (fgets(cache, sizeof cache, file) != NULL)
            cache[strcspn(cache, "\n")] = '\0';
        fclose(file);
    }
    uname(&kernel);
    printf("- %s %s %s, %d cores\n", kernel.sysname, kernel.release, kernel.machine,
           sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 0);
    printf("- %s on %s (%s), the disk's write cache: %s\n- %s\n", type, device, options, cache,
           engines_versions);
    if (strcmp(type, "tmpfs") == 0 || strcmp(type, "ramfs") == 0)
        printf("- **%s is memory: nothing is durable here, and no figure tells anything about a disk.**\n",
               type);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Prints the median and the spread; or, if there is something to divide by, the median of the quotients. */
static void print_values(const double *values, const double *by, unsigned rounds)
{
    double sorted[ROUNDS_MAX];

    for (unsigned i = 0; i < rounds; i++)
        sorted[i] = by != NULL ? values[i] / by[i] : values[i];
    qsort(sorted, rounds, sizeof sorted[0], compare_doubles);
    double median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
    int digits = by != NULL || median < 10 ? 2 : median < 100 ? 1 : 0;
    if (by != NULL)
        printf(", **%.2f** ", median);
    else
        printf("| %.*f (%.*f–%.*f)", digits, median, digits, sorted[0], digits, sorted[rounds - 1]);
}

static void print_tables(unsigned rounds)
{
    printf("\n| checkpoints a second, **ratio to the floor** ");
    for (unsigned w = 0; w < WORKS; w++)
        printf("| %s%s ", works[w].name, strcmp(works[w].unit, "MB/s") == 0 ? ", MB/s" : "");
    printf("|\n| --- | --- | --- | --- | --- |\n");
    for (unsigned e = 0; e < engines_count; e++) {
        printf("| %s ", engines[e].name);
        for (unsigned w = 0; w < WORKS; w++)
            if (rates[w][e][0] > 0) {
                print_values(rates[w][e], NULL, rounds);
                print_values(rates[w][e], rates[w][0], rounds);
            } else {
                printf("| ");
            }
        printf("|\n");
    }
    printf("\n| open %u checkpoints of %u B and read the latest, ms | after a kill | after closing |\n"
           "| --- | --- | --- |\n",
           LOG_COUNT, LOG_SIZE);
    for (unsigned e = 0; e < engines_count; e++)
        if (engines[e].latest != NULL) {
            printf("| %s ", engines[e].name);
            print_values(opens[0][e], NULL, rounds);
            printf(" ");
            print_values(opens[1][e], NULL, rounds);
            printf(" |\n");
        }
}

static void write_tsv(FILE *file, unsigned rounds)
{
    fprintf(file, "round\twork\tengine\tvalue\tunit\tof_floor\n");
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned e = 0; e < engines_count; e++) {
            for (unsigned w = 0; w < WORKS; w++)
                if (rates[w][e][r] > 0)
                    fprintf(file, "%u\t%s\t%s\t%.3f\t%s\t%.4f\n", r + 1, works[w].name, engines[e].name,
                            rates[w][e][r], works[w].unit, rates[w][e][r] / rates[w][0][r]);
            for (unsigned k = 0; k < 2 && engines[e].latest != NULL; k++)
                fprintf(file, "%u\topen after %s\t%s\t%.3f\tms\t\n", r + 1, k == 0 ? "a kill" : "closing",
                        engines[e].name, opens[k][e][r]);
        }
    if (ferror(file) || fclose(file) != 0)
        die("the TSV cannot be written");
}

/* ------------------------------------------------------------------------------------------------ */

static int usage(int status)
{
    fputs("usage: cairn-bench-compare [--rounds N] [--seconds S] [--tsv FILE] [DIR]\n"
          "  DIR         on the disk to be measured, with some GiB free; by default $TMPDIR, or /var/tmp\n"
          "  --rounds    by default 7\n"
          "  --seconds   how long an engine is timed, for each kind of work in each round; by default 0.35\n"
          "  --tsv FILE  write every single figure there as well\n",
          status == 0 ? stdout : stderr);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"tsv", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    unsigned rounds = 7;
    double seconds = 0.35;
    FILE *tsv = NULL;
    const char *dir = getenv("TMPDIR");
    char parent[PATH_MAX], engine_dir[4200];

    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        char *end = "";
        if (option == 'r')
            rounds = (unsigned)strtoul(optarg, &end, 10);
        else if (option == 's')
            seconds = strtod(optarg, &end);
        else if (option == 't' && (tsv = fopen(optarg, "we")) == NULL)
            die("%s: %s", optarg, strerror(errno));
        else if (option != 't')
            return usage(option == 'h' ? 0 : 2);
        if (*end != '\0' || rounds < 1 || rounds > ROUNDS_MAX || !(seconds > 0 && seconds <= 60))
            return usage(2);
    }
    if (argc - optind > 1)
        return usage(2);
    dir = optind < argc ? argv[optind] : dir != NULL && dir[0] != '\0' ? dir : "/var/tmp";

    if (realpath(dir, parent) == NULL)
        die("%s: %s", dir, strerror(errno));
    if (snprintf(place, sizeof place, "%s/cairn-bench-XXXXXX", parent) > 3900 || mkdtemp(place) == NULL) {
        place[0] = '\0';
        die("%s: no directory can be made there: %s", parent, strerror(errno));
    }
    snprintf(engine_dir, sizeof engine_dir, "%s/engine", place);
    atexit(remove_place);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(random_next() >> 56);
    print_place();
    fflush(stdout);

    double start = clock_seconds(), others = others_seconds();
    for (unsigned round = 0; round < rounds; round++) {
        fprintf(stderr, "round %u of %u\n", round + 1, rounds);
        for (unsigned w = 0; w < WORKS; w++)
            measure_round(round, w, engine_dir, seconds);
    }
    measure_opens(rounds, engine_dir);
    double end = clock_seconds();
    printf("- %u rounds of %.2g s for each engine, %.0f s in all; other processes and the kernel took %.2f "
           "cores\n"
           "- shown: median (lowest–highest)\n",
           rounds, seconds, end - start, (others_seconds() - others) / (end - start));
    print_tables(rounds);
    if (tsv != NULL)
        write_tsv(tsv, rounds);
    return 0;
}
