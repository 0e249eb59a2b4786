/* stress.c -- see stress.h. */
#include "stress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/control.h"
#include "journal/spares.h"
#include "scratch.h"

#define SIGHTINGS_MAX 65536
#define WRITERS_MAX   32
#define READERS_MAX   8
#define THREADS_MAX   32
#define HANG_SECONDS  600 /* a guard, not a limit: nothing should take a tenth of it */

/* --- what is shared ------------------------------------------------------------------------------ */

struct step {
    _Atomic uint32_t tries;   /* how often it was begun */
    _Atomic uint32_t refused; /* a bit for each of the first 32 tries: refused, so nothing was recorded */
    _Atomic uint32_t acknowledged; /* the try that was, from 1; 0 if none was. Set last. */
    uint64_t number, generation;   /* of its id */
};

/* Whose a checkpoint is. */
struct key {
    uint32_t writer, thread, step, try;
};

struct sighting {
    struct key key;
    bool named; /* the id is known: */
    uint64_t number, generation;
};

struct reader_log {
    _Atomic uint64_t count; /* set behind the sighting */
    struct sighting sightings[SIGHTINGS_MAX];
};

struct shared {
    _Atomic int failed;
    char message[2048];
    _Atomic int stop; /* readers shall end */
    struct reader_log readers[READERS_MAX];
    struct step steps[]; /* by writer, thread, step */
};

struct run {
    const struct stress_plan *plan;
    struct shared *shared;
    size_t shared_size;
    char dir[SCRATCH_PATH_SIZE];
    char journal[SCRATCH_PATH_SIZE];
};

static struct step *step_of(const struct run *run, uint32_t writer, uint32_t thread, uint32_t step)
{
    const struct stress_plan *plan = run->plan;
    return &run->shared->steps[((size_t)writer * plan->threads + thread) * plan->steps + step];
}

/* fail -- notes the first failure of any process; the result is false. */
__attribute__((format(printf, 2, 3))) static bool fail(const struct run *run, const char *format, ...)
{
    int none = 0;
    va_list args;

    if (atomic_compare_exchange_strong(&run->shared->failed, &none, 1)) {
        va_start(args, format);
        vsnprintf(run->shared->message, sizeof(run->shared->message), format, args);
        va_end(args);
        atomic_store(&run->shared->failed, 2);
    }
    return false;
}

/* --- chance, and what is recorded ---------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* chance -- the next of a sequence of numbers; each process and thread has its own. */
static uint64_t chance(uint64_t *state)
{
    return mix(++*state * 0x9e3779b97f4a7c15u);
}

static void nap(uint64_t us)
{
    nanosleep(&(struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)},
              NULL);
}

/* one_in -- true once in `n` times; never for 0. */
static bool one_in(uint64_t *state, uint64_t n)
{
    return n != 0 && chance(state) % n == 0;
}

#define BODY_MAGIC 0x73657274736e7263u

struct body {
    uint64_t magic;
    uint64_t size;
    struct key key;
    uint64_t words[];
};

static uint64_t key_hash(const struct key *key)
{
    return mix(mix((uint64_t)key->writer << 32 | key->thread) ^ ((uint64_t)key->step << 32 | key->try));
}

static size_t body_size(const struct stress_plan *plan, const struct key *key)
{
    uint64_t state = key_hash(key) ^ plan->seed;
    uint64_t dice = chance(&state) % 1000;
    uint64_t most = 264;

    if (one_in(&state, plan->large_in))
        most = 1536u * 1024;
    else if (dice < 8)
        most = 64u * 1024;
    else if (dice < 80)
        most = 4096;
    return sizeof(struct body) + (size_t)(chance(&state) % most);
}

/* body_fill -- the bytes of a checkpoint. `buffer` has room for `size` rounded up to 8. */
static void body_fill(struct body *body, const struct key *key, size_t size)
{
    const uint64_t hash = key_hash(key);

    body->magic = BODY_MAGIC;
    body->size = size;
    body->key = *key;
    for (size_t i = 0; i * 8 < size - sizeof(*body); i++)
        body->words[i] = hash * (2 * i + 1) + (hash >> 7);
}

/* body_key -- whose these bytes are; false if they are not whole. */
static bool body_key(const void *data, size_t size, struct key *key)
{
    struct body head;
    const unsigned char *bytes = data;

    if (size < sizeof(head))
        return false;
    memcpy(&head, bytes, sizeof(head));
    if (head.magic != BODY_MAGIC || head.size != size)
        return false;
    *key = head.key;
    const uint64_t hash = key_hash(key);
    for (size_t at = sizeof(head), i = 0; at < size; at += 8, i++) {
        uint64_t word = hash * (2 * i + 1) + (hash >> 7);
        if (memcmp(bytes + at, &word, size - at < 8 ? size - at : 8) != 0)
            return false;
    }
    return true;
}

static void label_make(char label[96], const struct key *key)
{
    snprintf(label, 96, "w%u t%u s%u try %u", key->writer, key->thread, key->step, key->try);
}

static bool label_key(const char *label, struct key *key)
{
    char again[96];

    if (sscanf(label, "w%u t%u s%u try %u", &key->writer, &key->thread, &key->step, &key->try) != 4)
        return false;
    label_make(again, key);
    return strcmp(label, again) == 0;
}

static bool key_exists(const struct run *run, const struct key *key)
{
    return key->writer < run->plan->writers && key->thread < run->plan->threads &&
           key->step < run->plan->steps && key->try > 0;
}

static bool id_parse(const char *id, uint64_t *number, uint64_t *generation)
{
    char again[64];

    if (sscanf(id, "%" SCNu64 "@%" SCNu64, number, generation) != 2)
        return false;
    snprintf(again, sizeof(again), "%08" PRIu64 "@%" PRIu64, *number, *generation);
    return strcmp(again, id) == 0;
}

/* --- a writer ------------------------------------------------------------------------------------ */

struct writer_thread {
    const struct run *run;
    struct cairn_op *op;
    uint32_t writer, thread;
    unsigned budget; /* steps until the journal is closed and opened again */
    uint64_t state;
};

/* load_back -- reads a checkpoint by the id just given. */
static bool load_back(const struct writer_thread *self, const struct cairn_id *id, const struct key *key)
{
    const struct run *run = self->run;
    struct key seen;
    void *data;
    size_t size;

    int error = cairn_load(self->op, NULL, id->text, &data, &size);
    if (error == CAIRN_ENOTFOUND && run->plan->removals)
        return true;
    if (error)
        return fail(run, "load of %s, just given: %d: %s", id->text, error, cairn_message());
    bool same = body_key(data, size, &seen) && memcmp(&seen, key, sizeof(seen)) == 0;
    cairn_free(data);
    return same || fail(run, "load of %s gives other bytes than were recorded", id->text);
}

static bool remove_some(struct writer_thread *self)
{
    int error;

    switch (chance(&self->state) % 4) {
    case 0:
        error = cairn_clear(self->op, NULL);
        break;
    case 1:
        error = cairn_complete(self->op, NULL);
        break;
    default:
        error = cairn_compact(self->op, NULL, "kept");
        break;
    }
    return error == 0 || fail(self->run, "a removal: %d: %s", error, cairn_message());
}

/* take_step -- one checkpoint. `after_removal`: this thread has removed something since its last one. */
static bool take_step(struct writer_thread *self, uint32_t number, bool after_removal, void *buffer)
{
    const struct run *run = self->run;
    struct step *step = step_of(run, self->writer, self->thread, number);
    struct cairn_ctx ctx;
    struct cairn_id id;
    char label[96];
    int error;

    for (;;) {
        struct key key = {self->writer, self->thread, number, atomic_fetch_add(&step->tries, 1) + 1};
        size_t size = body_size(run->plan, &key);
        bool hurried = key.try <= 32 && one_in(&self->state, 40);
        body_fill(buffer, &key, size);
        label_make(label, &key);
        if (hurried)
            cairn_ctx_with_timeout(&ctx, (int64_t)(chance(&self->state) % 300000));
        error = cairn_checkpoint(self->op, hurried ? &ctx : NULL, label, buffer, size, &id);
        if (error == CAIRN_ETIMEDOUT && hurried) {
            atomic_fetch_or(&step->refused, 1u << (key.try - 1));
            continue;
        }
        if (error)
            return fail(run, "checkpoint: %d: %s", error, cairn_message());
        if (!id_parse(id.text, &step->number, &step->generation))
            return fail(run, "this is no id: \"%s\"", id.text);
        const struct step *before = number > 0 ? step - 1 : NULL;
        if (before && (step->generation < before->generation ||
                       (step->generation == before->generation && (step->number <= before->number))))
            return fail(run, "%s was given after %08" PRIu64 "@%" PRIu64 " to the same thread", id.text,
                        before->number, before->generation);
        if (before && after_removal && step->generation == before->generation)
            return fail(run, "%s was given after a removal", id.text);
        atomic_store(&step->acknowledged, key.try);
        return !one_in(&self->state, 16) || load_back(self, &id, &key);
    }
}

static void *writer_thread(void *arg)
{
    struct writer_thread *self = arg;
    const struct run *run = self->run;
    bool removed = false;
    uint32_t number = 0;

    void *buffer = malloc(2u * 1024 * 1024);
    if (buffer == NULL)
        abort();
    while (number < run->plan->steps &&
           atomic_load(&step_of(run, self->writer, self->thread, number)->acknowledged))
        number++;
    for (unsigned done = 0; number < run->plan->steps && done < self->budget; number++, done++) {
        if (run->plan->removals && one_in(&self->state, 150)) {
            if (!remove_some(self))
                break;
            removed = true;
        }
        if (atomic_load(&run->shared->failed) || !take_step(self, number, removed, buffer))
            break;
        removed = false;
    }
    free(buffer);
    return NULL;
}

static bool writer_is_done(const struct run *run, uint32_t writer)
{
    for (uint32_t thread = 0; thread < run->plan->threads; thread++) {
        if (!atomic_load(&step_of(run, writer, thread, run->plan->steps - 1)->acknowledged))
            return false;
    }
    return true;
}

static void writer_main(const struct run *run, uint32_t writer, uint64_t state)
{
    struct writer_thread threads[THREADS_MAX];
    pthread_t ids[THREADS_MAX];

    while (!atomic_load(&run->shared->failed) && !writer_is_done(run, writer)) {
        struct cairn_op *ops[2] = {NULL, NULL};
        const unsigned flags = chance(&state) % 2 ? CAIRN_NO_THREAD : 0;
        for (int i = 0; i < 2; i++) {
            int error = cairn_open(&ops[i], NULL, run->journal, flags);
            if (error) {
                fail(run, "a writer cannot open: %d: %s", error, cairn_message());
                return;
            }
        }
        for (uint32_t thread = 0; thread < run->plan->threads; thread++) {
            threads[thread] = (struct writer_thread){
                .run = run,
                .op = ops[thread % 2],
                .writer = writer,
                .thread = thread,
                .budget = run->plan->comings ? (unsigned)(chance(&state) % 60 + 1) : UINT32_MAX,
                .state = chance(&state),
            };
            if (pthread_create(&ids[thread], NULL, writer_thread, &threads[thread]) != 0)
                abort();
        }
        for (uint32_t thread = 0; thread < run->plan->threads; thread++)
            pthread_join(ids[thread], NULL);
        for (int i = 0; i < 2; i++)
            cairn_close(ops[i]);
    }
}

/* --- a reader ------------------------------------------------------------------------------------ */

static void note_sighting(struct reader_log *log, const struct sighting *sighting)
{
    uint64_t count = atomic_load(&log->count);
    const struct sighting *last = count ? &log->sightings[count - 1] : NULL;

    if (count == SIGHTINGS_MAX || (last && memcmp(&last->key, &sighting->key, sizeof(last->key)) == 0 &&
                                   last->named == sighting->named && last->number == sighting->number &&
                                   last->generation == sighting->generation))
        return;
    log->sightings[count] = *sighting;
    atomic_store(&log->count, count + 1);
}

struct ascent {
    const struct run *run;
    uint64_t next;
};

static int see_entry(void *arg, const struct cairn_entry *entry)
{
    struct ascent *ascent = arg;

    if (entry->error || entry->number != ascent->next) {
        fail(ascent->run, "list shows %s (%s) where number %" PRIu64 " should be", entry->id, entry->reason,
             ascent->next);
        return 1;
    }
    ascent->next++;
    return 0;
}

/* look_around -- list, stat or verify; false if one of them fails. */
static bool look_around(const struct run *run, struct cairn_op *op, uint64_t *state)
{
    struct ascent ascent = {.run = run};
    struct cairn_stat stat;
    const char *what;
    int error;

    switch (chance(state) % 8) {
    case 0:
        what = "verify";
        error = cairn_verify(op, NULL, NULL);
        break;
    case 1:
    case 2:
        what = "stat";
        error = cairn_stat(op, NULL, &stat);
        if (error == 0 && (stat.lost || stat.damaged))
            return fail(run, "stat says that %" PRIu64 " are lost", stat.lost);
        break;
    default:
        what = "list";
        error = cairn_list(op, NULL, see_entry, &ascent);
        break;
    }
    if (error == 0 || (error == CAIRN_EBUSY && run->plan->removals))
        return true;
    return fail(run, "%s by a reader: %d: %s", what, error, cairn_message());
}

/* look -- one look at the latest checkpoint. */
static bool look(const struct run *run, struct cairn_op *op, struct reader_log *log, bool named)
{
    struct sighting sighting = {.named = named};
    struct cairn_id id;
    void *data;
    size_t size;

    int error =
        named ? cairn_latest_intact(op, NULL, &id, &data, &size) : cairn_latest(op, NULL, &data, &size);
    if (error == CAIRN_ENONE && (run->plan->removals || atomic_load(&log->count) == 0))
        return true;
    if (error)
        return fail(run, "latest: %d: %s", error, cairn_message());
    bool whole = body_key(data, size, &sighting.key) && key_exists(run, &sighting.key);
    cairn_free(data);
    if (!whole)
        return fail(run, "latest gives what nobody has recorded");
    if (named && !id_parse(id.text, &sighting.number, &sighting.generation))
        return fail(run, "latest gives no id: \"%s\"", id.text);
    note_sighting(log, &sighting);
    return true;
}

static void reader_main(const struct run *run, uint32_t reader, uint64_t state)
{
    /* Every second one could write, and never does. */
    const unsigned flags = reader % 2 == 0 ? CAIRN_READONLY : 0;

    while (!atomic_load(&run->shared->stop) && !atomic_load(&run->shared->failed)) {
        struct cairn_op *op;
        int error = cairn_open(&op, NULL, run->journal, flags);
        if (error == CAIRN_ENONE && (flags & CAIRN_READONLY)) {
            sched_yield(); /* there is no journal yet */
            continue;
        }
        if (error) {
            fail(run, "a reader cannot open: %d: %s", error, cairn_message());
            return;
        }
        uint64_t looks = run->plan->comings ? chance(&state) % 40 + 1 : UINT64_MAX;
        for (; looks > 0 && !atomic_load(&run->shared->stop) && !atomic_load(&run->shared->failed); looks--) {
            if (one_in(&state, 200) && !look_around(run, op, &state))
                break;
            if (!look(run, op, &run->shared->readers[reader], chance(&state) % 4 != 0))
                break;
            nap(chance(&state) % 300); /* so that writers get something done, too */
        }
        cairn_close(op);
    }
}

/* --- whether the promise was kept ---------------------------------------------------------------- */

/* A checkpoint that is in the journal. */
struct entry {
    struct key key;
    uint64_t number;
    uint64_t size;
    bool survivor; /* a Compact has kept it */
};

struct entries {
    const struct run *run;
    struct entry *entries; /* by number */
    struct entry **by_key; /* the same, sorted */
    size_t count;
    uint64_t generation;
};

static int collect(void *arg, const struct cairn_entry *shown)
{
    struct entries *all = arg;
    struct entry entry = {.number = shown->number, .size = shown->size};
    uint64_t number;

    if (shown->error) {
        fail(all->run, "%s is shown as lost: %s", shown->id, shown->reason);
        return 1;
    }
    if (!id_parse(shown->id, &number, &all->generation) || number != all->count || shown->number != number) {
        fail(all->run, "list shows %s where number %zu should be", shown->id, all->count);
        return 1;
    }
    entry.survivor = number == 0 && strcmp(shown->label, "kept") == 0;
    if (!entry.survivor && (!label_key(shown->label, &entry.key) || !key_exists(all->run, &entry.key))) {
        fail(all->run, "%s has the label \"%.100s\"", shown->id, shown->label);
        return 1;
    }
    if ((all->count & (all->count - 1)) == 0)
        all->entries = realloc(all->entries, (all->count ? 2 * all->count : 1) * sizeof(entry));
    if (all->entries == NULL)
        abort();
    all->entries[all->count++] = entry;
    return 0;
}

/* check_data -- loads an entry and sees whether it is what its label says. */
static bool check_data(struct entries *all, struct cairn_op *op, struct entry *entry)
{
    struct key key;
    char id[64];
    void *data;
    size_t size;

    snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, entry->number, all->generation);
    int error = cairn_load(op, NULL, id, &data, &size);
    if (error)
        return fail(all->run, "load of %s: %d: %s", id, error, cairn_message());
    bool whole = body_key(data, size, &key) && key_exists(all->run, &key) && size == entry->size;
    cairn_free(data);
    if (whole && entry->survivor)
        entry->key = key;
    if (!whole || memcmp(&key, &entry->key, sizeof(key)) != 0)
        return fail(all->run, "%s is not what was recorded", id);
    return true;
}

static int compare_keys(const struct key *a, const struct key *b)
{
    if (a->writer != b->writer)
        return a->writer < b->writer ? -1 : 1;
    if (a->thread != b->thread)
        return a->thread < b->thread ? -1 : 1;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if (a->try != b->try)
        return a->try < b->try ? -1 : 1;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    int order = compare_keys(&x->key, &y->key);
    if (order)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

static struct entry *find(const struct entries *all, const struct key *key)
{
    size_t low = 0, high = all->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(&all->by_key[middle]->key, key);
        if (order == 0)
            return all->by_key[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* check_entries -- that each was recorded, once, and that they are in the order of each thread's steps. */
static bool check_entries(struct entries *all)
{
    const struct run *run = all->run;

    all->by_key = malloc((all->count + 1) * sizeof(struct entry *));
    if (all->by_key == NULL)
        abort();
    for (size_t i = 0; i < all->count; i++)
        all->by_key[i] = &all->entries[i];
    qsort(all->by_key, all->count, sizeof(struct entry *), compare_entries);
    for (size_t i = 0; i < all->count; i++) {
        const struct entry *entry = all->by_key[i], *before = i ? all->by_key[i - 1] : NULL;
        const struct key *key = &entry->key;
        const struct step *step = step_of(run, key->writer, key->thread, key->step);
        if (key->try > atomic_load(&step->tries))
            return fail(run, "number %" PRIu64 " was never recorded", entry->number);
        if (key->try <= 32 && atomic_load(&step->refused) >> (key->try - 1) & 1)
            return fail(run, "number %" PRIu64 " was refused, and is there", entry->number);
        if (before == NULL || before->key.writer != key->writer || before->key.thread != key->thread)
            continue;
        if (compare_keys(&before->key, key) == 0)
            return fail(run, "numbers %" PRIu64 " and %" PRIu64 " are the same checkpoint", before->number,
                        entry->number);
        if (before->number >= entry->number)
            return fail(run, "numbers %" PRIu64 " and %" PRIu64 " are not in the order of their thread",
                        entry->number, before->number);
    }
    return true;
}

/* check_removed -- that a checkpoint of an older generation is not there. */
static bool check_removed(const struct entries *all, struct cairn_op *op, const struct step *step)
{
    char id[64];
    void *data;
    size_t size;

    snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, step->number, step->generation);
    int error = cairn_load(op, NULL, id, &data, &size);
    if (error == CAIRN_ENOTFOUND)
        return true;
    if (error == 0)
        cairn_free(data);
    return fail(all->run, "load of %s, which was removed: %d", id, error);
}

/* check_acknowledged -- that all that was is there, and under the id that was given. */
static bool check_acknowledged(const struct entries *all, struct cairn_op *op)
{
    const struct run *run = all->run;
    const struct stress_plan *plan = run->plan;
    const struct entry *survivor = all->count && all->entries[0].survivor ? &all->entries[0] : NULL;
    const struct step *kept = NULL;

    if (survivor) {
        const struct key *key = &survivor->key;
        kept = step_of(run, key->writer, key->thread, key->step);
        if (atomic_load(&kept->acknowledged) != key->try)
            kept = NULL; /* it was under way when its process was killed: nobody knows its number */
    }
    for (uint32_t writer = 0; writer < plan->writers; writer++) {
        for (uint32_t thread = 0; thread < plan->threads; thread++) {
            for (uint32_t i = 0; i < plan->steps; i++) {
                const struct step *step = step_of(run, writer, thread, i);
                const struct key key = {writer, thread, i, atomic_load(&step->acknowledged)};
                if (key.try == 0)
                    break;
                if (step->generation == all->generation) {
                    const struct entry *entry = find(all, &key);
                    if (entry == NULL || entry->number != step->number)
                        return fail(run, "%08" PRIu64 "@%" PRIu64 " was acknowledged and is %s", step->number,
                                    step->generation, entry ? "another" : "gone");
                } else if (step->generation > all->generation || !plan->removals) {
                    return fail(run,
                                "%08" PRIu64 "@%" PRIu64 " was acknowledged, and this is generation %" PRIu64,
                                step->number, step->generation, all->generation);
                } else if (i % 64 == 0 && !check_removed(all, op, step)) {
                    return false;
                }
                if (kept && step->generation + 1 == all->generation && kept->generation == step->generation &&
                    kept->number < step->number)
                    return fail(
                        run, "a Compact has kept %08" PRIu64 "@%" PRIu64 ", and not %08" PRIu64 "@%" PRIu64,
                        kept->number, kept->generation, step->number, step->generation);
            }
        }
    }
    return true;
}

/* check_sightings -- that what a reader has seen is there, and that it has seen them in their order. */
static bool check_sightings(const struct entries *all, uint32_t reader)
{
    const struct run *run = all->run;
    const struct reader_log *log = &run->shared->readers[reader];
    const uint64_t count = atomic_load(&log->count);
    uint64_t number = 0, generation = 0;

    for (uint64_t i = 0; i < count; i++) {
        const struct sighting *sighting = &log->sightings[i];
        const struct entry *entry = find(all, &sighting->key);
        struct sighting at = *sighting;
        if (entry == NULL && !run->plan->removals)
            return fail(run, "reader %u has seen w%u t%u s%u try %u, which is not there", reader,
                        sighting->key.writer, sighting->key.thread, sighting->key.step, sighting->key.try);
        if (at.named && entry && at.generation == all->generation && at.number != entry->number)
            return fail(run, "reader %u has seen number %" PRIu64 " as %" PRIu64, reader, entry->number,
                        at.number);
        if (!at.named && (entry == NULL || run->plan->removals))
            continue;
        if (!at.named) {
            at.number = entry->number;
            at.generation = all->generation;
        }
        if (at.generation < generation || (at.generation == generation && at.number < number))
            return fail(run, "reader %u has seen %08" PRIu64 "@%" PRIu64 " after %08" PRIu64 "@%" PRIu64,
                        reader, at.number, at.generation, number, generation);
        number = at.number;
        generation = at.generation;
    }
    return true;
}

/* check -- what is there, against all that was noted; nobody else is alive. `thorough` reads all data. */
static bool check(const struct run *run, unsigned flags, bool thorough, uint64_t *count)
{
    struct entries all = {.run = run};
    struct cairn_stat stat = {0};
    struct cairn_op *op;
    bool good = true;

    int error = cairn_open(&op, NULL, run->journal, flags);
    if (error == CAIRN_ENONE)
        return true; /* killed before there was a journal */
    if (error)
        return fail(run, "the journal cannot be opened: %d: %s", error, cairn_message());
    error = cairn_list(op, NULL, collect, &all);
    if (error == 0)
        error = cairn_stat(op, NULL, &stat);
    if (error)
        good = fail(run, "list or stat: %d: %s", error, cairn_message());
    if (good && (stat.count != all.count || stat.damaged || stat.lost))
        good = fail(run, "stat counts %" PRIu64 ", list %zu", stat.count, all.count);
    all.generation = stat.generation;
    for (size_t i = 0; i < all.count && good; i++) {
        if (thorough || all.entries[i].survivor || i % 16 == 0)
            good = check_data(&all, op, &all.entries[i]);
    }
    good = good && check_entries(&all) && check_acknowledged(&all, op);
    for (uint32_t reader = 0; reader < run->plan->readers && good; reader++)
        good = check_sightings(&all, reader);
    if (good && thorough) {
        error = cairn_verify(op, NULL, NULL);
        if (error)
            good = fail(run, "verify: %d: %s", error, cairn_message());
    }
    cairn_close(op);
    free(all.by_key);
    free(all.entries);
    if (count)
        *count = all.count;
    return good;
}

/* --- killing ------------------------------------------------------------------------------------- */

struct process {
    pid_t pid; /* 0: it has done its work */
    bool reader;
    uint32_t number;
};

struct pack {
    const struct run *run;
    struct process processes[WRITERS_MAX + READERS_MAX];
    unsigned count;
    uint64_t state;
    struct stress_result *result;
};

static void start(struct pack *pack, struct process *process)
{
    const struct run *run = pack->run;
    uint64_t state = chance(&pack->state);

    process->pid = fork();
    if (process->pid < 0) {
        perror("stress: fork");
        abort();
    }
    if (process->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(HANG_SECONDS);
    if (process->reader)
        reader_main(run, process->number, state);
    else
        writer_main(run, process->number, state);
    _exit(atomic_load(&run->shared->failed) ? 1 : 0);
}

/* ended -- takes note of how a process has ended: well, or killed. */
static void ended(struct pack *pack, struct process *process, int status)
{
    process->pid = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        fail(pack->run, "a %s ended by signal %d", process->reader ? "reader" : "writer", WTERMSIG(status));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fail(pack->run, "a %s failed, and did not say why", process->reader ? "reader" : "writer");
}

/* kill_one -- kills a process. It is to be started again if it had not ended by itself. */
static void kill_one(struct pack *pack, struct process *process)
{
    int status = 0;

    if (process->pid == 0)
        return;
    kill(process->pid, SIGKILL);
    waitpid(process->pid, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        pack->result->kills++;
    ended(pack, process, status);
}

/* reap -- notes who has ended; true while a writer has work left. */
static bool reap(struct pack *pack)
{
    bool left = false;

    for (unsigned i = 0; i < pack->count; i++) {
        struct process *process = &pack->processes[i];
        int status;
        if (process->pid && waitpid(process->pid, &status, WNOHANG) == process->pid)
            ended(pack, process, status);
        if (!process->reader && !writer_is_done(pack->run, process->number)) {
            left = true;
            if (process->pid == 0 && !atomic_load(&pack->run->shared->failed))
                start(pack, process);
        }
    }
    return left;
}

/* take_notes -- from the control page, before it is made anew: what the engine has been through. */
static void take_notes(struct pack *pack)
{
    char path[SCRATCH_PATH_SIZE];
    struct tail tail;
    size_t size;

    unsigned char *page = scratch_read(scratch_join(path, pack->run->journal, CONTROL_NAME), &size);
    if (page && size >= sizeof(struct control)) {
        struct control *control = (struct control *)(void *)page;
        control_tail(control, &tail);
        pack->result->gave_up += atomic_load(&control->epoch);
        if (tail.segment > pack->result->segments)
            pack->result->segments = tail.segment;
    }
    free(page);
}

/* black_out -- kills everybody, and looks what is there, in most cases. */
static void black_out(struct pack *pack)
{
    static const unsigned flags[] = {CAIRN_READONLY, 0, CAIRN_NO_THREAD};

    for (unsigned i = 0; i < pack->count; i++) {
        if (pack->processes[i].pid)
            kill(pack->processes[i].pid, SIGKILL);
    }
    for (unsigned i = 0; i < pack->count; i++)
        kill_one(pack, &pack->processes[i]);
    pack->result->blackouts++;
    take_notes(pack);
    for (int looks = (int)(chance(&pack->state) % 3); looks > 0 && !atomic_load(&pack->run->shared->failed);
         looks--)
        check(pack->run, flags[chance(&pack->state) % 3], false, NULL);
}

/* strike -- kills somebody, some, or all. */
static void strike(struct pack *pack)
{
    const uint64_t dice = chance(&pack->state) % 100;
    struct process *one = &pack->processes[chance(&pack->state) % pack->count];

    if (dice < 70) {
        kill_one(pack, one);
    } else if (dice < 80) {
        /* One that is held up, perhaps with a lock, and then goes on, or not. */
        if (one->pid) {
            kill(one->pid, SIGSTOP);
            nap(chance(&pack->state) % 3000);
            kill(one->pid, SIGCONT);
            if (chance(&pack->state) % 2)
                kill_one(pack, one);
        }
    } else if (dice < 90) {
        for (unsigned i = 0; i < pack->count; i++) {
            if (chance(&pack->state) % 2)
                kill_one(pack, &pack->processes[i]);
        }
    } else if (dice < 95) {
        for (unsigned i = 0; i < pack->count; i++) {
            if (!pack->processes[i].reader)
                kill_one(pack, &pack->processes[i]);
        }
    } else {
        black_out(pack);
    }
    for (unsigned i = 0; i < pack->count; i++) {
        if (pack->processes[i].pid == 0 && pack->processes[i].reader &&
            !atomic_load(&pack->run->shared->failed))
            start(pack, &pack->processes[i]);
    }
}

/* count_strays -- spares beyond those that are kept, and the one that may be ready. */
static uint64_t count_strays(const char *path)
{
    uint64_t count = 0;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count +=
            strncmp(entry->d_name, "spare-", 6) == 0 && entry->d_name[6] >= '0' && entry->d_name[6] <= '9';
    closedir(dir);
    return count > SPARES_MAX + 1 ? count - SPARES_MAX - 1 : 0;
}

static void go(struct pack *pack)
{
    const struct run *run = pack->run;

    for (uint32_t i = 0; i < run->plan->writers; i++)
        pack->processes[pack->count++] = (struct process){.number = i};
    for (uint32_t i = 0; i < run->plan->readers; i++)
        pack->processes[pack->count++] = (struct process){.number = i, .reader = true};
    for (unsigned i = 0; i < pack->count; i++)
        start(pack, &pack->processes[i]);
    while (reap(pack) && !atomic_load(&run->shared->failed)) {
        nap(run->plan->kill_us ? chance(&pack->state) % run->plan->kill_us : 1000);
        if (run->plan->kill_us && !atomic_load(&run->shared->failed))
            strike(pack);
    }
    /* Writers are done; readers look once more, and end by themselves or not. */
    atomic_store(&run->shared->stop, 1);
    for (unsigned i = 0; i < pack->count; i++) {
        struct process *process = &pack->processes[i];
        int status;
        if (process->pid == 0)
            continue;
        if (run->plan->kill_us && process->reader && chance(&pack->state) % 2)
            kill(process->pid, SIGKILL);
        waitpid(process->pid, &status, 0);
        ended(pack, process, status);
    }
    take_notes(pack);
    pack->result->strays = count_strays(run->journal);
}

/* count_notes -- what was acknowledged and seen. */
static void count_notes(const struct run *run, struct stress_result *result)
{
    const struct stress_plan *plan = run->plan;

    for (size_t i = 0; i < (size_t)plan->writers * plan->threads * plan->steps; i++)
        result->acknowledged += atomic_load(&run->shared->steps[i].acknowledged) != 0;
    for (unsigned i = 0; i < plan->readers; i++)
        result->sightings += atomic_load(&run->shared->readers[i].count);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

const char *stress_run(const struct stress_plan *plan, struct stress_result *result)
{
    static char text[4096];
    const double begin = now_s();
    struct run run = {.plan = plan};
    struct pack pack = {.run = &run, .state = plan->seed, .result = result};
    uint64_t before = 0;

    if (plan->writers > WRITERS_MAX || plan->readers > READERS_MAX || plan->threads > THREADS_MAX ||
        plan->steps == 0)
        return "this cannot be planned";
    memset(result, 0, sizeof(*result));
    run.shared_size =
        sizeof(struct shared) + (size_t)plan->writers * plan->threads * plan->steps * sizeof(struct step);
    run.shared = mmap(NULL, run.shared_size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (run.shared == MAP_FAILED)
        return "no memory to share";
    scratch_make(run.dir, plan->memory);
    scratch_join(run.journal, run.dir, "journal");

    alarm(HANG_SECONDS);
    go(&pack);
    /* By a reader, who may not mend anything; then by one who may, and did; then by one who finds it closed.
     */
    bool good = !atomic_load(&run.shared->failed) && check(&run, CAIRN_READONLY, false, &before) &&
                check(&run, 0, true, &result->count) && check(&run, CAIRN_READONLY, false, &result->count);
    if (good && before != result->count)
        good =
            fail(&run, "a reader has seen %" PRIu64 " checkpoints, a writer %" PRIu64, before, result->count);
    alarm(0);
    count_notes(&run, result);
    result->seconds = now_s() - begin;
    if (good) {
        scratch_remove(run.dir);
    } else {
        snprintf(text, sizeof(text), "%s (seed %" PRIu64 "; kept: %s)", run.shared->message, plan->seed,
                 run.dir);
    }
    munmap(run.shared, run.shared_size);
    return good ? NULL : text;
}
