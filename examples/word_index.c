/* word_index.c -- a job of many steps over real files that survives being killed at any moment.
 *
 * It counts, for every word in the files below some directories, how often it occurs and in how many
 * files. The happy path:
 *
 *   1. Walk the directories in sorted order and fix the plan: which files, and which of them in which step.
 *   2. Take the latest checkpoint, if there is one, and go on behind it; else begin.
 *   3. For each step: index its files, then record the whole state as a checkpoint, then say so on stdout.
 *   4. Write the result beside its place, sync it, rename it into place; then tell Cairn it is complete.
 *
 * Killed in 1 or 2, it has changed nothing. Killed in 3, it does one step again at most. Killed in 4, it
 * finds the last step's checkpoint and writes the same result once more, for Complete comes after it.
 *
 * A checkpoint of other files, or of the same files in another number of steps, is passed over and the job
 * begins again. Data that is no state of this program is refused, and every count and length in it is
 * checked before it is used. What fails is named on stderr, with exit status 1 (2 for a wrong argument).
 */
#include "word_table.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STEPS_MAX   1000000u    /* more than anybody wants */
#define FILES_MAX   0x7fffffffu /* file numbers and the number behind the last fit 32 bits */
#define FILE_WEIGHT 4096u       /* what opening a file costs, in bytes of reading */

struct options {
    const char *journal; /* a URL; NULL to run without checkpoints */
    const char *output;
    char **roots; /* ended by NULL */
    uint32_t steps;
    uint32_t stop_at;       /* wait for ever after this step; 0 never */
    uint32_t compact_every; /* so many steps; 0 never */
    uint64_t bytes_max;     /* of input */
    bool quiet;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("word_index: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* check -- ends the program if a Cairn call has failed, with what Cairn says about it. */
static void check(const char *call, int error)
{
    if (error != 0)
        die("%s: %s: %s", call, cairn_strerror(error), cairn_message());
}

/* say -- one line of progress on stdout, there before anything else happens. */
__attribute__((format(printf, 2, 3))) static void say(const struct options *options, const char *format, ...)
{
    va_list args;

    if (options->quiet)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    fflush(stdout);
}

/* grown -- makes room for `need` items of `item_size` bytes, at least doubling it. */
static void *grown(void *items, size_t *room, size_t need, size_t item_size)
{
    if (need <= *room)
        return items;
    size_t more = *room > need / 2 ? *room * 2 : need;
    if (more > SIZE_MAX / 2 / item_size || (items = realloc(items, more * item_size)) == NULL)
        die("no memory for %zu items of %zu bytes", more, item_size);
    *room = more;
    return items;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return word_hash(hash, &number, sizeof number);
}

/* --- The plan: which files, in which order, in which step --- */

struct file {
    char *path;
    size_t size; /* bytes */
    struct timespec mtime;
    uint64_t behind; /* weight of this file and all before it */
};

struct plan {
    struct file *files;
    size_t room;
    uint32_t file_count;
    uint32_t steps;
    uint64_t bytes;
    uint64_t fingerprint; /* of all that the result depends on, as far as a walk can see */
};

static int compare_names(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_wanted(const FTSENT *entry)
{
    size_t size = entry->fts_namelen;

    return entry->fts_info == FTS_F && entry->fts_statp->st_size > 0 &&
           !(size > 3 && memcmp(entry->fts_name + size - 3, ".gz", 3) == 0);
}

static void plan_add(struct plan *plan, const FTSENT *entry)
{
    const struct stat *st = entry->fts_statp;
    uint64_t before = plan->file_count > 0 ? plan->files[plan->file_count - 1].behind : 0;

    if (plan->file_count == FILES_MAX)
        die("%s: more files than %u", entry->fts_path, FILES_MAX);
    plan->files = grown(plan->files, &plan->room, (size_t)plan->file_count + 1, sizeof *plan->files);
    struct file *file = &plan->files[plan->file_count++];
    file->path = strdup(entry->fts_path);
    if (file->path == NULL)
        die("no memory for a path");
    file->size = (size_t)st->st_size;
    file->mtime = st->st_mtim;
    file->behind = before + file->size + FILE_WEIGHT;
    plan->bytes += file->size;
    plan->fingerprint = word_hash(plan->fingerprint, file->path, strlen(file->path) + 1);
    plan->fingerprint = hash_number(plan->fingerprint, file->size);
    plan->fingerprint = hash_number(plan->fingerprint, (uint64_t)file->mtime.tv_sec);
    plan->fingerprint = hash_number(plan->fingerprint, (uint64_t)file->mtime.tv_nsec);
}

static bool file_is_as_planned(const struct file *file, const struct stat *st)
{
    return S_ISREG(st->st_mode) && (uint64_t)st->st_size == file->size &&
           st->st_mtim.tv_sec == file->mtime.tv_sec && st->st_mtim.tv_nsec == file->mtime.tv_nsec;
}

/* plan_walk -- adds the regular files below `root`; symbolic links, the root too, are not followed. A file
 * that would exceed the allowance is passed over, and a directory that cannot be read adds nothing. */
static void plan_walk(struct plan *plan, char *root, uint64_t bytes_max)
{
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
    FTSENT *entry;

    if (walk == NULL)
        die("%s: %s", root, strerror(errno));
    for (; (errno = 0, entry = fts_read(walk)) != NULL;) {
        if (entry->fts_level == FTS_ROOTLEVEL && entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
            die("%s: %s", root, strerror(entry->fts_errno != 0 ? entry->fts_errno : ENOTDIR));
        if (entry->fts_info == FTS_ERR)
            die("%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (is_wanted(entry) && (uint64_t)entry->fts_statp->st_size <= bytes_max - plan->bytes)
            plan_add(plan, entry);
    }
    if (errno != 0)
        die("%s: %s", root, strerror(errno));
    fts_close(walk);
}

/* plan_step_end -- the number of the first file that comes after `step` steps, the steps being about even
 * in weight; the number of files after the last one. */
static uint32_t plan_step_end(const struct plan *plan, uint32_t step)
{
    uint32_t low = 0;
    uint32_t high = plan->file_count;

    if (step == plan->steps || high == 0)
        return high;
    double goal = (double)plan->files[high - 1].behind * step / plan->steps;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((double)plan->files[middle].behind <= goal)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void plan_free(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->file_count; i++)
        free(plan->files[i].path);
    free(plan->files);
}

/* --- The index --- */

struct index {
    struct word_table table;
    uint32_t step;       /* steps done */
    uint32_t unreadable; /* files passed over */
    uint64_t words;      /* occurrences of all words together */
    uint64_t order;      /* hash of all words in the order in which they were read */
};

/* index_text -- counts the words of one file, whose number is `file`. A word longer than WORD_SIZE_MAX
 * counts by its first bytes. */
static void index_text(struct index *index, uint32_t file, const uint8_t *text, size_t size)
{
    char bytes[256]; /* word_byte() of every byte */
    char word_bytes[WORD_SIZE_MAX];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = word_byte((uint8_t)i);
    for (size_t i = 0; i < size;) {
        if (!word_begins(bytes[text[i]])) {
            i++;
            continue;
        }
        uint8_t length = 0;
        uint64_t hash = WORD_HASH_BEGIN;
        char byte;
        for (; i < size && (byte = bytes[text[i]]) != 0; i++) {
            if (length == WORD_SIZE_MAX)
                continue;
            word_bytes[length++] = byte;
            hash = (hash ^ (uint8_t)byte) * WORD_HASH_PRIME;
        }
        struct word *word = word_table_get(&index->table, word_bytes, length, hash);
        if (word == NULL)
            die("no memory for one word more than %" PRIu32, index->table.count);
        word->count++;
        word->files += word->last_file != file + 1;
        word->last_file = file + 1;
        index->words++;
        index->order = (index->order ^ hash) * WORD_HASH_PRIME;
    }
}

/* index_file -- reads a file whole, then counts its words. A file that may not be read counts for nothing;
 * one that is no longer what it was when the plan was made ends the job, for the plan is void. */
static void index_file(struct index *index, const struct plan *plan, uint32_t number)
{
    static uint8_t *text;
    static size_t room;
    const struct file *file = &plan->files[number];
    struct stat st;
    size_t size = 0;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    index->order = hash_number(index->order, number);
    if (fd < 0 && (errno == EACCES || errno == EPERM)) {
        index->unreadable++;
        return;
    }
    if (fd < 0 || fstat(fd, &st) != 0)
        die("%s: %s", file->path, strerror(errno));
    if (!file_is_as_planned(file, &st))
        die("%s: changed since the job began: run it again", file->path);
    text = grown(text, &room, file->size, 1);
    while (size < file->size) {
        ssize_t got = read(fd, text + size, file->size - size);
        if (got == 0 || (got < 0 && errno != EINTR))
            die("%s: %s", file->path, got == 0 ? "shorter than it was" : strerror(errno));
        size += got < 0 ? 0 : (size_t)got;
    }
    close(fd);
    index_text(index, number, text, size);
}

/* --- The state: what a checkpoint holds ---
 *
 * All numbers are little-endian. The words stand in the order of their first occurrence, so that a resumed
 * job continues with the very table that an uninterrupted one would have.
 *
 *   8  magic             8  fingerprint       4  steps done      4  next file       4  unreadable files
 *   8  words             8  order             4  words, each:
 *                                                8  count   4  files   1  size   size bytes of text
 */

static const char state_magic[8] = {'W', 'O', 'R', 'D', 'I', 'D', 'X', '1'};

#define STATE_HEADER_SIZE 48u
#define STATE_WORD_SIZE   13u /* and the text */

static uint8_t *put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

/* state_write -- serialises into a buffer that is kept for the next time. */
static const uint8_t *state_write(const struct index *index, const struct plan *plan, size_t *size)
{
    static uint8_t *state;
    static size_t room;
    size_t need = STATE_HEADER_SIZE + (size_t)index->table.count * STATE_WORD_SIZE + index->table.text_size;

    state = grown(state, &room, need, 1);
    memcpy(state, state_magic, sizeof state_magic);
    uint8_t *at = put(state + sizeof state_magic, plan->fingerprint, 8);
    at = put(at, index->step, 4);
    at = put(at, plan_step_end(plan, index->step), 4);
    at = put(at, index->unreadable, 4);
    at = put(at, index->words, 8);
    at = put(at, index->order, 8);
    at = put(at, index->table.count, 4);
    for (uint32_t i = 0; i < index->table.count; i++) {
        const struct word *word = &index->table.words[i];
        at = put(at, word->count, 8);
        at = put(at, word->files, 4);
        at = put(at, word->size, 1);
        memcpy(at, word_text(&index->table, word), word->size);
        at += word->size;
    }
    *size = (size_t)(at - state);
    return state;
}

static uint64_t take(const uint8_t **at, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t) * (*at)++ << (8 * i);
    return value;
}

/* state_read_word -- reads one word, which must be one that index_text() could have counted. */
static const char *state_read_word(struct index *index, uint32_t file_count, const uint8_t **at,
                                   const uint8_t *end)
{
    if ((size_t)(end - *at) < STATE_WORD_SIZE)
        return "ends within a word";
    uint64_t count = take(at, 8);
    uint32_t files = (uint32_t)take(at, 4);
    uint8_t size = (uint8_t)take(at, 1);
    const char *text = (const char *)*at;
    if (size == 0 || (size_t)(end - *at) < size)
        return "has a word of a wrong size";
    if (files == 0 || files > file_count || files > count)
        return "has a word in a wrong number of files";
    for (uint8_t i = 0; i < size; i++)
        if (text[i] == '\0' || word_byte((uint8_t)text[i]) != text[i])
            return "has a word with a wrong character";
    if (!word_begins(text[0]))
        return "has a word that begins with a digit";
    struct word *word = word_table_get(&index->table, text, size, word_hash(WORD_HASH_BEGIN, text, size));
    if (word == NULL)
        die("no memory for the words of a checkpoint");
    if (word->count != 0)
        return "has a word twice";
    word->count = count;
    word->files = files;
    index->words += count;
    *at += size;
    return index->words < count ? "counts more words than there can be" : NULL;
}

/* state_read -- reads a state into an empty index. Returns NULL, or what is wrong; *is_other says that
 * nothing is wrong with it, but that it belongs to another plan. */
static const char *state_read(struct index *index, const struct plan *plan, const uint8_t *state, size_t size,
                              bool *is_other)
{
    const uint8_t *at = state + sizeof state_magic;
    const uint8_t *end = state + size;
    const char *wrong = NULL;

    *is_other = false;
    if (size < STATE_HEADER_SIZE || memcmp(state, state_magic, sizeof state_magic) != 0)
        return "was not written by this program";
    *is_other = take(&at, 8) != plan->fingerprint;
    if (*is_other)
        return "is of other files or another number of steps";
    index->step = (uint32_t)take(&at, 4);
    uint32_t next_file = (uint32_t)take(&at, 4);
    if (index->step > plan->steps || next_file != plan_step_end(plan, index->step))
        return "is of a step that does not exist";
    index->unreadable = (uint32_t)take(&at, 4);
    uint64_t words = take(&at, 8);
    index->order = take(&at, 8);
    uint32_t word_count = (uint32_t)take(&at, 4);
    if (word_count > (size_t)(end - at) / (STATE_WORD_SIZE + 1))
        return "has more words than it has room for";
    for (uint32_t i = 0; i < word_count && wrong == NULL; i++)
        wrong = state_read_word(index, next_file, &at, end);
    if (wrong == NULL && (at != end || words != index->words || index->unreadable > next_file))
        wrong = "does not add up";
    return wrong;
}

/* --- The job --- */

/* job_resume -- takes the state from the latest checkpoint, or begins if there is none. */
static void job_resume(const struct options *options, struct cairn_op *op, const struct plan *plan,
                       struct index *index)
{
    void *state;
    size_t size;
    int error = op == NULL ? CAIRN_ENONE : cairn_latest(op, NULL, &state, &size);

    if (error == CAIRN_ENONE) {
        say(options, "begin step 0/%" PRIu32 "\n", plan->steps);
        return;
    }
    check("latest", error);
    bool is_other;
    const char *wrong = state_read(index, plan, state, size, &is_other);
    cairn_free(state);
    if (wrong == NULL) {
        say(options, "resume step %" PRIu32 "/%" PRIu32 " file %" PRIu32 "/%" PRIu32 "\n", index->step,
            plan->steps, plan_step_end(plan, index->step), plan->file_count);
        return;
    }
    if (!is_other)
        die("%s: the latest checkpoint %s", options->journal, wrong);
    fprintf(stderr, "word_index: %s: the latest checkpoint %s: beginning again\n", options->journal, wrong);
    say(options, "begin step 0/%" PRIu32 " again\n", plan->steps);
}

/* job_checkpoint -- records the state, and says the id only when Cairn has given it. */
static void job_checkpoint(const struct options *options, struct cairn_op *op, const struct plan *plan,
                           const struct index *index)
{
    char label[64];
    struct cairn_id id;
    size_t size;
    const uint8_t *state = state_write(index, plan, &size);

    snprintf(label, sizeof label, "step %" PRIu32 " of %" PRIu32, index->step, plan->steps);
    check("checkpoint", cairn_checkpoint(op, NULL, label, state, size, &id));
    say(options, "step %" PRIu32 "/%" PRIu32 " id %s\n", index->step, plan->steps, id.text);

    /* Only the latest state is ever needed: give back the space of the others now and then. */
    if (options->compact_every != 0 && index->step % options->compact_every == 0)
        check("compact", cairn_compact(op, NULL, label));
}

static void job_run(const struct options *options, struct cairn_op *op, const struct plan *plan,
                    struct index *index)
{
    for (;;) {
        if (options->stop_at != 0 && index->step >= options->stop_at) {
            say(options, "wait step %" PRIu32 "/%" PRIu32 "\n", index->step, plan->steps);
            for (;;)
                pause();
        }
        if (index->step == plan->steps)
            return;
        uint32_t end = plan_step_end(plan, index->step + 1);
        for (uint32_t i = plan_step_end(plan, index->step); i < end; i++)
            index_file(index, plan, i);
        index->step++;
        if (op != NULL)
            job_checkpoint(options, op, plan, index);
        else
            say(options, "step %" PRIu32 "/%" PRIu32 "\n", index->step, plan->steps);
    }
}

/* --- The result --- */

struct row {
    const char *text;
    const struct word *word;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    size_t size = x->word->size < y->word->size ? x->word->size : y->word->size;
    int order = memcmp(x->text, y->text, size);

    return order != 0 ? order : x->word->size - y->word->size;
}

static void result_print(FILE *out, const struct plan *plan, const struct index *index)
{
    struct row *rows = calloc((size_t)index->table.count + 1, sizeof *rows);

    if (rows == NULL)
        die("no memory for the result");
    for (uint32_t i = 0; i < index->table.count; i++)
        rows[i] = (struct row){word_text(&index->table, &index->table.words[i]), &index->table.words[i]};
    qsort(rows, index->table.count, sizeof *rows, compare_rows);
    fprintf(out, "# files %" PRIu32 " unreadable %" PRIu32 " words %" PRIu64 " order %016" PRIx64 "\n",
            plan->file_count, index->unreadable, index->words, index->order);
    fputs("# word\tcount\tfiles\n", out);
    for (uint32_t i = 0; i < index->table.count; i++)
        fprintf(out, "%.*s\t%" PRIu64 "\t%" PRIu32 "\n", rows[i].word->size, rows[i].text,
                rows[i].word->count, rows[i].word->files);
    free(rows);
}

/* sync_directory -- makes the name of the file at `path` durable. */
static int sync_directory(const char *path)
{
    char *copy = strdup(path);
    int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0)
        close(fd);
    free(copy);
    return failed ? -1 : 0;
}

/* result_write -- puts the result at the output path, whole and durable, or leaves there what was. */
static void result_write(const struct options *options, const struct plan *plan, const struct index *index)
{
    size_t size = strlen(options->output) + sizeof ".tmp";
    char *temporary = malloc(size);

    if (temporary == NULL)
        die("no memory for a path");
    snprintf(temporary, size, "%s.tmp", options->output);
    FILE *out = fopen(temporary, "we");
    if (out == NULL)
        die("%s: %s", temporary, strerror(errno));
    result_print(out, plan, index);
    if (ferror(out) || fflush(out) != 0 || fsync(fileno(out)) != 0)
        die("%s: %s", temporary, strerror(errno));
    if (fclose(out) != 0 || rename(temporary, options->output) != 0 || sync_directory(options->output) != 0)
        die("%s: %s", options->output, strerror(errno));
    free(temporary);
    say(options, "result words %" PRIu64 " distinct %" PRIu32 " unreadable %" PRIu32 "\n", index->words,
        index->table.count, index->unreadable);
}

/* --- The command line --- */

static const char help[] =
    "usage: word_index [OPTION...] JOURNAL OUTPUT DIR...\n"
    "       word_index --no-checkpoint [OPTION...] OUTPUT DIR...\n"
    "\n"
    "Counts the words in the files below DIR... and writes the result to OUTPUT. Records a checkpoint in\n"
    "JOURNAL after every step; run again after a crash, it goes on from there.\n"
    "\n"
    "  --steps N          in how many steps (200)\n"
    "  --max-bytes N      pass over files once their sizes would exceed N together\n"
    "  --compact-every N  keep only the latest checkpoint after every N steps (20; 0 for never)\n"
    "  --no-checkpoint    run without a journal\n"
    "  --stop-at N        after step N, wait to be killed\n"
    "  --quiet            no progress on stdout\n"
    "  --help             this text\n"
    "\n"
    "Files ending in .gz and symbolic links are passed over.\n";

static uint64_t parse_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < min || value > max) {
        fprintf(stderr, "word_index: --%s takes a number from %" PRIu64 " to %" PRIu64 "\n", name, min, max);
        exit(2);
    }
    return value;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"steps", required_argument, NULL, 's'},
        {"max-bytes", required_argument, NULL, 'b'},
        {"compact-every", required_argument, NULL, 'c'},
        {"no-checkpoint", no_argument, NULL, 'n'},
        {"stop-at", required_argument, NULL, 'w'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool no_checkpoint = false;
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 's')
            options->steps = (uint32_t)parse_number("steps", optarg, 1, STEPS_MAX);
        else if (option == 'b')
            options->bytes_max = parse_number("max-bytes", optarg, 0, SIZE_MAX / 4);
        else if (option == 'c')
            options->compact_every = (uint32_t)parse_number("compact-every", optarg, 0, STEPS_MAX);
        else if (option == 'w')
            options->stop_at = (uint32_t)parse_number("stop-at", optarg, 1, STEPS_MAX);
        else if (option == 'n')
            no_checkpoint = true;
        else if (option == 'q')
            options->quiet = true;
        else {
            fputs(help, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
    }
    if (argc - optind < (no_checkpoint ? 2 : 3)) {
        fputs(help, stderr);
        exit(2);
    }
    options->journal = no_checkpoint ? NULL : argv[optind++];
    options->output = argv[optind++];
    options->roots = argv + optind;
}

int main(int argc, char **argv)
{
    struct options options = {.steps = 200, .compact_every = 20, .bytes_max = SIZE_MAX / 4};
    struct plan plan = {.fingerprint = WORD_HASH_BEGIN};
    struct index index = {0};
    struct cairn_op *op = NULL;

    parse_options(&options, argc, argv);
    plan.steps = options.steps;
    plan.fingerprint = hash_number(plan.fingerprint, plan.steps);
    for (char **root = options.roots; *root != NULL; root++)
        plan_walk(&plan, *root, options.bytes_max);
    say(&options, "plan %016" PRIx64 " files %" PRIu32 " bytes %" PRIu64 " steps %" PRIu32 "\n",
        plan.fingerprint, plan.file_count, plan.bytes, plan.steps);

    if (options.journal != NULL)
        check("open", cairn_open(&op, NULL, options.journal, 0));
    job_resume(&options, op, &plan, &index);
    job_run(&options, op, &plan, &index);
    result_write(&options, &plan, &index);
    if (op != NULL) {
        check("complete", cairn_complete(op, NULL));
        cairn_close(op);
    }
    word_table_free(&index.table);
    plan_free(&plan);
    if (ferror(stdout) || fclose(stdout) != 0)
        die("stdout: %s", strerror(errno));
    return 0;
}
