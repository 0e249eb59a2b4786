/* story.c -- see story.h.
 *
 * story_check() keeps every state that the journal may be in: for each step that is not certain there are
 * twice as many, with it and without it. What is there must be one of them.
 */
#include "story.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS_MAX  4096
#define STATES_MAX 512
#define SHOWN_MAX  256 /* checkpoints that story_check() can compare */

enum kind { CHECKPOINT, COMPACT, CLEAR, COMPLETE };
enum outcome { NEVER, UNCERTAIN, DONE };

struct step {
    enum kind kind;
    _Atomic int outcome;
    uint64_t seed;
    char id[40];
};

struct story {
    _Atomic unsigned count;
    struct step steps[STEPS_MAX];
};

/* A state of the journal: the steps whose checkpoints are there, in order. */
struct state {
    int at[SHOWN_MAX];
    int count;
    bool compacted; /* the first has another id than its step was told */
    bool completed;
};

/* What a journal shows. */
struct shown {
    uint64_t seeds[STEPS_MAX];
    char ids[STEPS_MAX][40];
    unsigned count;
    char wrong[512]; /* "", or what was wrong at once */
    struct cairn_op *op;
};

static char reason[1024];

struct story *story_make(void)
{
    struct story *story =
        mmap(NULL, sizeof(*story), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert(story != MAP_FAILED);
    return story;
}

void story_free(struct story *story)
{
    if (story)
        munmap(story, sizeof(*story));
}

void story_clear(struct story *story)
{
    /* Also what is in the steps: a process may be killed when it has taken one and not yet begun it. */
    memset(story->steps, 0, story->count * sizeof(story->steps[0]));
    story->count = 0;
}

/* --- telling it ------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void *story_data(uint64_t seed, size_t size)
{
    uint64_t state = seed * 0x9e3779b97f4a7c15u + size + 1, word;

    assert(seed != 0 && size >= 16);
    char *data = malloc(size);
    assert(data);
    memcpy(data, &seed, 8);
    memset(data + 8, 0, 8);
    for (size_t at = 16; at < size; at += 8) {
        word = next_random(&state);
        memcpy(data + at, &word, size - at < 8 ? size - at : 8);
    }
    return data;
}

uint64_t story_seed(const void *data, size_t size)
{
    uint64_t seed;

    if (size < 16)
        return 0;
    memcpy(&seed, data, sizeof(seed));
    if (seed == 0)
        return 0;
    void *again = story_data(seed, size);
    if (memcmp(again, data, size) != 0)
        seed = 0;
    free(again);
    return seed;
}

static struct step *begin(struct story *story, enum kind kind, uint64_t seed)
{
    unsigned i = atomic_fetch_add(&story->count, 1);
    assert(i < STEPS_MAX);
    struct step *step = &story->steps[i];
    step->kind = kind;
    step->seed = seed;
    step->id[0] = '\0';
    step->outcome = UNCERTAIN;
    return step;
}

static int end(struct step *step, int error)
{
    step->outcome = error == 0 ? DONE : error == CAIRN_EIO ? UNCERTAIN : NEVER;
    return error;
}

int story_checkpoint(struct story *story, struct cairn_op *op, uint64_t seed, size_t size)
{
    struct cairn_id id = {""};
    char label[40];

    snprintf(label, sizeof(label), "step %llu", (unsigned long long)seed);
    void *data = story_data(seed, size);
    struct step *step = begin(story, CHECKPOINT, seed);
    int error = cairn_checkpoint(op, NULL, label, data, size, &id);
    if (error == 0)
        snprintf(step->id, sizeof(step->id), "%.39s", id.text);
    free(data);
    return end(step, error);
}

int story_compact(struct story *story, struct cairn_op *op)
{
    struct step *step = begin(story, COMPACT, 0);
    return end(step, cairn_compact(op, NULL, "compacted"));
}

int story_clear_all(struct story *story, struct cairn_op *op)
{
    struct step *step = begin(story, CLEAR, 0);
    return end(step, cairn_clear(op, NULL));
}

int story_complete(struct story *story, struct cairn_op *op)
{
    struct step *step = begin(story, COMPLETE, 0);
    return end(step, cairn_complete(op, NULL));
}

unsigned story_acknowledged(const struct story *story)
{
    unsigned done = 0;

    for (unsigned i = 0; i < story->count; i++)
        done += story->steps[i].outcome == DONE;
    return done;
}

const char *story_id(const struct story *story, uint64_t seed)
{
    for (unsigned i = 0; i < story->count; i++) {
        const struct step *step = &story->steps[i];
        if (step->kind == CHECKPOINT && step->seed == seed && step->outcome == DONE)
            return step->id;
    }
    return NULL;
}

/* --- checking it ------------------------------------------------------------------------------------ */

static int show_one(void *arg, const struct cairn_entry *entry)
{
    struct shown *shown = arg;
    size_t size;
    void *data;

    if (entry->error) {
        snprintf(shown->wrong, sizeof(shown->wrong), "%s is lost: %s", entry->id, entry->reason);
        return 0;
    }
    int error = cairn_load(shown->op, NULL, entry->id, &data, &size);
    if (error) {
        snprintf(shown->wrong, sizeof(shown->wrong), "%s is listed but cannot be loaded: %s", entry->id,
                 cairn_message());
        return 0;
    }
    assert(shown->count < STEPS_MAX);
    shown->seeds[shown->count] = story_seed(data, size);
    snprintf(shown->ids[shown->count], sizeof(shown->ids[0]), "%.39s", entry->id);
    if (shown->seeds[shown->count] == 0 || size != entry->size)
        snprintf(shown->wrong, sizeof(shown->wrong), "%s has bytes that nobody wrote", entry->id);
    shown->count++;
    cairn_free(data);
    return 0;
}

/* show -- reads what there is; NULL, or what was wrong at once. */
static const char *show(struct shown *shown, struct cairn_op *op)
{
    size_t size;
    void *data;

    shown->count = 0;
    shown->wrong[0] = '\0';
    shown->op = op;
    int error = cairn_list(op, NULL, show_one, shown);
    if (error) {
        snprintf(shown->wrong, sizeof(shown->wrong), "cannot list: %s", cairn_message());
        return shown->wrong;
    }
    if (shown->wrong[0])
        return shown->wrong;
    error = cairn_latest(op, NULL, &data, &size);
    if (error == CAIRN_ENONE && shown->count == 0)
        return NULL;
    if (error) {
        snprintf(shown->wrong, sizeof(shown->wrong), "latest: %s", cairn_message());
        return shown->wrong;
    }
    if (shown->count == 0 || story_seed(data, size) != shown->seeds[shown->count - 1])
        snprintf(shown->wrong, sizeof(shown->wrong), "latest is not the last of the list");
    cairn_free(data);
    return shown->wrong[0] ? shown->wrong : NULL;
}

/* apply -- the state after a step that took effect. */
static void apply(struct state *state, const struct story *story, int i)
{
    switch (story->steps[i].kind) {
    case CHECKPOINT:
        assert(state->count < SHOWN_MAX);
        state->at[state->count++] = i;
        state->completed = false;
        break;
    case COMPACT:
        if (state->count == 0)
            break;
        state->at[0] = state->at[state->count - 1];
        state->count = 1;
        state->compacted = true;
        break;
    case CLEAR:
    case COMPLETE:
        state->count = 0;
        state->compacted = false;
        state->completed = story->steps[i].kind == COMPLETE;
        break;
    }
}

static bool same_state(const struct state *a, const struct state *b)
{
    return a->count == b->count && a->compacted == b->compacted && a->completed == b->completed &&
           memcmp(a->at, b->at, (size_t)a->count * sizeof(a->at[0])) == 0;
}

/* fits -- whether what is shown is this state. */
static bool fits(const struct story *story, const struct state *state, const struct shown *shown,
                 const struct cairn_stat *stat)
{
    if (shown->count != (unsigned)state->count || (stat->completed != 0) != state->completed)
        return false;
    for (int i = 0; i < state->count; i++) {
        const struct step *step = &story->steps[state->at[i]];
        if (shown->seeds[i] != step->seed)
            return false;
        if (step->outcome == DONE && !(i == 0 && state->compacted) && strcmp(shown->ids[i], step->id) != 0)
            return false;
    }
    return true;
}

/* check_ids -- no id was given twice, and none leads to another's bytes. */
static const char *check_ids(struct story *story, struct cairn_op *op)
{
    for (unsigned i = 0; i < story->count; i++) {
        struct step *step = &story->steps[i];
        size_t size;
        void *data;
        if (step->kind != CHECKPOINT || step->outcome != DONE)
            continue;
        for (unsigned k = 0; k < i; k++) {
            if (story->steps[k].outcome == DONE && strcmp(story->steps[k].id, step->id) == 0) {
                snprintf(reason, sizeof(reason), "the id %s was given twice", step->id);
                return reason;
            }
        }
        int error = cairn_load(op, NULL, step->id, &data, &size);
        if (error == CAIRN_ENOTFOUND)
            continue;
        if (error || story_seed(data, size) != step->seed) {
            snprintf(reason, sizeof(reason), "loading %s gives %s", step->id,
                     error ? cairn_message() : "another checkpoint's bytes");
            if (error == 0)
                cairn_free(data);
            return reason;
        }
        cairn_free(data);
    }
    return NULL;
}

/* tell -- the steps and what is shown, for the message. */
static void tell(const struct story *story, const struct shown *shown)
{
    static const char *const names[] = {"checkpoint", "compact", "clear", "complete"};
    static const char *const outcomes[] = {"not done", "uncertain", "done"};

    for (unsigned i = 0; i < story->count && i < 64; i++) {
        const struct step *step = &story->steps[i];
        fprintf(stderr, "  step %u: %s %llu %s %s\n", i, names[step->kind], (unsigned long long)step->seed,
                outcomes[step->outcome], step->id);
    }
    for (unsigned i = 0; i < shown->count && i < 64; i++)
        fprintf(stderr, "  there: %s from %llu\n", shown->ids[i], (unsigned long long)shown->seeds[i]);
}

const char *story_check(struct story *story, struct cairn_op *op)
{
    struct state *states = calloc(STATES_MAX, sizeof(*states));
    struct shown *shown = calloc(1, sizeof(*shown));
    struct cairn_stat stat;
    const char *wrong = NULL;
    int count = 1;

    assert(states && shown);
    for (unsigned i = 0; i < story->count; i++) {
        int outcome = story->steps[i].outcome, before = count;
        for (int k = 0; k < before && outcome != NEVER; k++) {
            struct state changed = states[k];
            apply(&changed, story, (int)i);
            if (outcome == DONE) {
                states[k] = changed;
                continue;
            }
            bool have = false;
            for (int m = 0; m < count && !have; m++)
                have = same_state(&states[m], &changed);
            assert(have || count < STATES_MAX);
            if (!have)
                states[count++] = changed;
        }
    }
    wrong = show(shown, op);
    if (wrong == NULL && cairn_stat(op, NULL, &stat) != 0)
        wrong = cairn_message();
    if (wrong == NULL) {
        wrong = "what is there is no state that the steps can have led to";
        for (int k = 0; k < count && wrong; k++) {
            if (fits(story, &states[k], shown, &stat))
                wrong = NULL;
        }
    }
    if (wrong == NULL)
        wrong = check_ids(story, op);
    if (wrong) {
        tell(story, shown);
        snprintf(reason, sizeof(reason), "%s", wrong);
        wrong = reason;
    }
    free(states);
    free(shown);
    return wrong;
}

const char *story_check_set(struct story *story, struct cairn_op *op)
{
    struct shown *shown = calloc(1, sizeof(*shown));
    char why[256] = "";

    assert(shown);
    const char *wrong = show(shown, op);
    for (unsigned i = 0; i < story->count && wrong == NULL; i++) {
        const struct step *step = &story->steps[i];
        unsigned times = 0;
        for (unsigned k = 0; k < shown->count; k++) {
            if (shown->seeds[k] != step->seed)
                continue;
            times++;
            if (step->outcome == DONE && strcmp(shown->ids[k], step->id) != 0)
                wrong = "a checkpoint is there under another id";
        }
        if (times > 1)
            wrong = "a checkpoint is there twice";
        else if (times == 0 && step->outcome == DONE)
            wrong = "a checkpoint that was acknowledged is not there";
        else if (times == 1 && step->outcome == NEVER)
            wrong = "a checkpoint is there that was refused";
        if (wrong) {
            snprintf(why, sizeof(why), "%llu: %.80s", (unsigned long long)step->seed, wrong);
            wrong = why;
        }
    }
    if (wrong == NULL)
        wrong = check_ids(story, op);
    if (wrong) {
        tell(story, shown);
        if (wrong != reason)
            snprintf(reason, sizeof(reason), "%s", wrong);
        wrong = reason;
    }
    free(shown);
    return wrong;
}

/* --- processes -------------------------------------------------------------------------------------- */

pid_t process_start(int (*function)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        const char *sanitize = getenv("CAIRN_SANITIZE");
        int status = function(arg);
        /* Thousands of these are looked through for leaks no better than the tests' own process is. */
        if (sanitize && *sanitize) {
            fflush(NULL);
            _exit(status);
        }
        exit(status); /* and its coverage counts */
    }
    return pid;
}

int process_end(pid_t pid)
{
    int status;

    pid_t ended = waitpid(pid, &status, 0);
    assert(ended == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
