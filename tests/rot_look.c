/* rot_look.c -- see rot_look.h. */
#include "rot_look.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINTS 10 /* that are printed, of as many as there may be */

/* What is looked at beside the latest. */
enum look_at { LOOK_FEW = 0, LOOK_ALL = 1, LOOK_LIST = 2, LOOK_VERIFY = 4, LOOK_EVERYTHING = 7 };

void rot_look_complain(struct rot_look *look, const char *format, ...)
{
    char text[700];
    va_list args;

    if (++look->complaints > COMPLAINTS)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "rot: %s: %s: %s\n", look->what, look->stage, text);
}

static const struct rot_checkpoint *checkpoint_at(const struct rot_look *look, int i)
{
    return &look->journal->checkpoints[i];
}

/* id_at -- ROT_COUNT stands for the one that was recorded after the damage. */
static const char *id_at(const struct rot_look *look, int i)
{
    return i == ROT_COUNT ? look->more_id.text : checkpoint_at(look, i)->id;
}

/* is_named -- whether the last error's message has the id and the journal's path in it. */
static bool is_named(const struct rot_look *look, const char *id)
{
    return strstr(cairn_message(), id) && strstr(cairn_message(), look->journal->dir);
}

/* is_right -- whether these are the bytes of that checkpoint. */
static bool is_right(const struct rot_look *look, int i, const void *data, size_t size)
{
    const void *right = i == ROT_COUNT ? look->more : checkpoint_at(look, i)->data;
    size_t right_size = i == ROT_COUNT ? look->more_size : checkpoint_at(look, i)->size;

    return size == right_size && (size == 0 || memcmp(data, right, size) == 0);
}

static void check_load(struct rot_look *look, struct cairn_op *op, int i)
{
    const bool lost = i != ROT_COUNT && look->cost.lost[i];
    const char *id = id_at(look, i);
    void *data = NULL;
    size_t size = 0;

    int error = cairn_load(op, NULL, id, &data, &size);
    if (error == 0 && !is_right(look, i, data, size))
        rot_look_complain(look, "load %s: WRONG BYTES", id);
    else if (error == 0 && lost)
        rot_look_complain(look, "load %s: it is there, and was thought to be lost", id);
    else if (error && !lost)
        rot_look_complain(look, "load %s: error %d: %s", id, error, cairn_message());
    else if (error && error != CAIRN_ECORRUPT)
        rot_look_complain(look, "load %s: lost, and the error is %d: %s", id, error, cairn_message());
    else if (error && !is_named(look, id))
        rot_look_complain(look, "load %s: the message does not name it: %s", id, cairn_message());
    if (error == 0)
        cairn_free(data);
}

/* newest -- the newest that is whole, ROT_COUNT for the one recorded after the damage, -1 if there is none.
 * With `accepted`, one that is lost and not accepted stands in the way: *lost is set. */
static int newest(const struct rot_look *look, bool accepted, bool *lost)
{
    *lost = false;
    if (look->more)
        return ROT_COUNT;
    for (int i = ROT_COUNT; i-- > 0;) {
        *lost = look->cost.lost[i];
        if (!*lost || (accepted && !look->accepted.lost[i]))
            return i;
    }
    return -1;
}

static void check_latest(struct rot_look *look, struct cairn_op *op)
{
    bool lost;
    void *data = NULL;
    size_t size = 0;
    struct cairn_id found;

    int right = newest(look, true, &lost);
    int error = cairn_latest(op, NULL, &data, &size);
    if (right < 0 && error != CAIRN_ENONE)
        rot_look_complain(look, "latest: all are lost and accepted, and the result is %d", error);
    else if (right >= 0 && lost && (error != CAIRN_ECORRUPT || !is_named(look, id_at(look, right))))
        rot_look_complain(look, "latest: %s is lost, and the result is %d: %s", id_at(look, right), error,
                          cairn_message());
    else if (right >= 0 && !lost && error)
        rot_look_complain(look, "latest: error %d: %s", error, cairn_message());
    else if (error == 0 && !is_right(look, right, data, size))
        rot_look_complain(look, "latest: WRONG BYTES");
    if (error == 0)
        cairn_free(data);

    right = newest(look, false, &lost);
    error = cairn_latest_intact(op, NULL, &found, &data, &size);
    if (error != (right < 0 ? CAIRN_ENONE : 0))
        rot_look_complain(look, "latest_intact: result %d: %s", error, cairn_message());
    else if (error == 0 &&
             (!is_right(look, right, data, size) || strcmp(found.text, id_at(look, right)) != 0))
        rot_look_complain(look, "latest_intact: WRONG BYTES, or it is not %s", found.text);
    if (error == 0)
        cairn_free(data);
}

/* What list and verify show. */
struct shown {
    struct rot_look *look;
    unsigned times[ROT_COUNT]; /* that each was shown */
    bool lost[ROT_COUNT];      /* as lost */
    unsigned lost_count;
    unsigned label_lost; /* of these, those of which only the label told */
    unsigned more;       /* times that the one recorded after the damage was shown */
    unsigned places;     /* verify: that are damaged */
    unsigned unaccepted; /* of these, those that no repair has accepted */
    char place[64][600]; /* so that none is shown twice */
};

/* mark -- `count` are shown, from the one with this id on. */
static void mark(struct shown *shown, const char *id, uint64_t count, bool lost)
{
    struct rot_look *look = shown->look;
    char *rest;

    if (look->more && strcmp(id, look->more_id.text) == 0 && !lost) {
        shown->more++;
        return;
    }
    uint64_t number = strtoull(id, &rest, 10);
    if (strcmp(rest, strchr(checkpoint_at(look, 0)->id, '@')) != 0 || number >= ROT_COUNT ||
        count > ROT_COUNT - number) {
        rot_look_complain(look, "%" PRIu64 " are shown from %s on, which were never there", count, id);
        return;
    }
    for (uint64_t i = number; i < number + count; i++) {
        shown->times[i]++;
        shown->lost[i] |= lost;
    }
    shown->lost_count += lost ? (unsigned)count : 0;
}

static int list_one(void *arg, const struct cairn_entry *entry)
{
    struct shown *shown = arg;
    struct rot_look *look = shown->look;

    if (entry->error) {
        if (entry->error != CAIRN_ECORRUPT || entry->lost_count == 0 || *entry->reason == '\0')
            rot_look_complain(look, "list: the lost ones from %s on are not described", entry->id);
        mark(shown, entry->id, entry->lost_count, true);
        shown->label_lost += entry->time_ns != 0;
        return 0;
    }
    mark(shown, entry->id, 1, false);
    if (entry->number >= ROT_COUNT || (look->more && strcmp(entry->id, look->more_id.text) == 0))
        return 0;
    const struct rot_checkpoint *checkpoint = checkpoint_at(look, (int)entry->number);
    const char *label = entry->number == 0 && look->cost.label_lost ? "" : checkpoint->label;
    if (strcmp(entry->label, label) != 0)
        rot_look_complain(look, "list: %s has the label \"%.40s\"", entry->id, entry->label);
    if (!look->cost.lost[entry->number] && (entry->size != checkpoint->size || entry->time_ns == 0))
        rot_look_complain(look, "list: %s has %" PRIu64 " bytes, time %" PRId64, entry->id, entry->size,
                          entry->time_ns);
    return 0;
}

static void check_list(struct rot_look *look, struct cairn_op *op)
{
    static struct shown shown;
    struct cairn_stat stat;

    shown = (struct shown){.look = look};
    int error = cairn_list(op, NULL, list_one, &shown);
    if (error) {
        rot_look_complain(look, "list: error %d: %s", error, cairn_message());
        return;
    }
    for (int i = 0; i < ROT_COUNT; i++) {
        if (shown.times[i] != 1)
            rot_look_complain(look, "list: %s is shown %u times", id_at(look, i), shown.times[i]);
        else if (shown.lost[i] && !look->cost.lost[i])
            rot_look_complain(look, "list: %s is shown as lost", id_at(look, i));
    }
    if (shown.more != (look->more != NULL))
        rot_look_complain(look, "list: the one recorded last is shown %u times", shown.more);

    error = cairn_stat(op, NULL, &stat);
    if (error)
        rot_look_complain(look, "stat: error %d: %s", error, cairn_message());
    else if (stat.count != ROT_COUNT + (look->more != NULL) ||
             stat.lost != shown.lost_count - shown.label_lost || stat.damaged > look->fresh ||
             (stat.lost > 0 && look->accepted.count == 0 && stat.damaged < look->fresh))
        rot_look_complain(look, "stat: count %" PRIu64 ", lost %" PRIu64 " (list: %u), damaged %d",
                          stat.count, stat.lost, shown.lost_count, stat.damaged);
}

static int verify_one(void *arg, const struct cairn_damage *damage)
{
    struct shown *shown = arg;
    struct rot_look *look = shown->look;
    char place[600];

    if (*damage->reason == '\0' ||
        strncmp(damage->path, look->journal->dir, strlen(look->journal->dir)) != 0 ||
        (damage->count == 0) != (*damage->first == '\0'))
        rot_look_complain(look, "verify: damage in \"%s\" is not described", damage->path);
    if (damage->count && damage->count != CAIRN_COUNT_UNKNOWN)
        mark(shown, damage->first, damage->count, true);
    snprintf(place, sizeof(place), "%.300s %" PRIu64 " %.200s", damage->path, damage->offset, damage->reason);
    for (unsigned i = 0; i < shown->places && i < 64; i++) {
        if (strcmp(shown->place[i], place) == 0)
            rot_look_complain(look, "verify: twice: %s", place);
    }
    if (shown->places < 64)
        memcpy(shown->place[shown->places], place, sizeof(place));
    shown->places++;
    shown->unaccepted += !damage->accepted;
    return 0;
}

static void check_verify(struct rot_look *look, struct cairn_op *op)
{
    static struct shown shown;
    const struct cairn_watch watch = {.damage = verify_one, .arg = &shown};

    shown = (struct shown){.look = look};
    int error = cairn_verify(op, NULL, &watch);
    if (error != (look->fresh ? CAIRN_ECORRUPT : 0))
        rot_look_complain(look, "verify: %s, and the result is %d: %s", look->fresh ? "damaged" : "whole",
                          error, error ? cairn_message() : "");
    if ((shown.places != 0) != look->cost.damage || (shown.unaccepted != 0) != look->fresh)
        rot_look_complain(look, "verify: %u places are shown, %u of them not accepted", shown.places,
                          shown.unaccepted);
    for (int i = 0; i < ROT_COUNT; i++) {
        if (shown.times[i] != look->cost.lost[i])
            rot_look_complain(look, "verify: %s is %slost, and is named %u times", id_at(look, i),
                              look->cost.lost[i] ? "" : "not ", shown.times[i]);
    }
}

/* is_of_interest -- whether to load the checkpoint even if not all are: it is lost, or beside a lost one, or
 * it is its turn. */
static bool is_of_interest(const struct rot_look *look, int i)
{
    const bool near = look->cost.lost[i] || (i > 0 && look->cost.lost[i - 1]) ||
                      (i + 1 < ROT_COUNT && look->cost.lost[i + 1]);

    return (near && look->cost.count < 10) || (look->round + (unsigned)i) % 67 == 0;
}

/* check -- without LOOK_ALL not every id is loaded: a reader that is alone begins anew with each call, which
 * is slow. */
static void check(struct rot_look *look, struct cairn_op *op, unsigned at)
{
    if (!look->all)
        at &= ~(unsigned)LOOK_ALL; /* verify reads them all, too */
    check_latest(look, op);
    if (at & LOOK_LIST)
        check_list(look, op);
    if (at & LOOK_VERIFY)
        check_verify(look, op);
    for (int i = 0; i < ROT_COUNT; i++) {
        if ((at & LOOK_ALL) || is_of_interest(look, i))
            check_load(look, op, i);
    }
    if (look->more)
        check_load(look, op, ROT_COUNT);
}

/* begin -- opens; what happens from here on is in `stage`. NULL after a complaint. */
static struct cairn_op *begin(struct rot_look *look, const char *stage, unsigned flags)
{
    struct cairn_op *op;

    look->stage = stage;
    int error = cairn_open(&op, NULL, look->journal->dir, flags);
    if (error)
        rot_look_complain(look, "open: error %d: %s", error, cairn_message());
    return op;
}

static void read_it(struct rot_look *look, const char *stage, unsigned at)
{
    struct cairn_op *op = begin(look, stage, CAIRN_READONLY);

    if (op)
        check(look, op, look->round % 36 ? at : LOOK_EVERYTHING);
    cairn_close(op);
}

/* write_flags -- the thread makes no difference to what is tested, but let it be there at times. */
static unsigned write_flags(const struct rot_look *look)
{
    return look->round % 16 ? CAIRN_NO_THREAD : 0;
}

void rot_look_begin(struct rot_look *look)
{
    look->round++;
    look->all = !look->brief || look->round % 9 == 0;
    look->accepted = (struct rot_cost){0};
    look->fresh = look->cost.damage;
    look->more = NULL;
}

void rot_look_read(struct rot_look *look, const char *stage)
{
    read_it(look, stage, LOOK_LIST | LOOK_VERIFY);
}

void rot_look_write(struct rot_look *look)
{
    static const unsigned char data[] = "recorded after the damage";
    struct cairn_id id;
    struct cairn_op *op = begin(look, "writing", write_flags(look));

    if (op == NULL)
        return;
    check(look, op, LOOK_ALL);
    int error = cairn_checkpoint(op, NULL, "one more", data, sizeof(data), &id);
    if (error) {
        rot_look_complain(look, "checkpoint: error %d: %s", error, cairn_message());
    } else {
        for (int i = 0; i < ROT_COUNT; i++) {
            if (strcmp(id.text, id_at(look, i)) == 0)
                rot_look_complain(look, "checkpoint: the id %s is given a second time", id.text);
        }
        look->more = data;
        look->more_size = sizeof(data);
        look->more_id = id;
        check(look, op, LOOK_LIST);
    }
    cairn_close(op);
    read_it(look, "reading after writing", LOOK_VERIFY);
}

void rot_look_repair(struct rot_look *look)
{
    struct cairn_op *op = begin(look, "repairing", write_flags(look));

    if (op == NULL)
        return;
    int error = cairn_repair(op, NULL, NULL);
    if (error)
        rot_look_complain(look, "repair: error %d: %s", error, cairn_message());
    look->accepted = look->cost;
    look->fresh = false;
    check(look, op, LOOK_ALL);
    cairn_close(op);
    read_it(look, "reading after repair", LOOK_VERIFY);
}

/* --- without an index --------------------------------------------------------------------------------- */

/* check_load_loosely -- of the lost ones from `gone` on it may be said that they never were. */
static void check_load_loosely(struct rot_look *look, struct cairn_op *op, int i, int gone)
{
    void *data = NULL;
    size_t size = 0;

    if (i < gone || i == ROT_COUNT) {
        check_load(look, op, i);
        return;
    }
    int error = cairn_load(op, NULL, id_at(look, i), &data, &size);
    bool again = look->more && strcmp(look->more_id.text, id_at(look, i)) == 0;
    if (again ? error != 0
              : error != CAIRN_ENOTFOUND && (error != CAIRN_ECORRUPT || !is_named(look, id_at(look, i))))
        rot_look_complain(look, "load %s: result %d: %s", id_at(look, i), error, cairn_message());
    if (error == 0)
        cairn_free(data);
}

/* check_loosely -- all that has to hold without an index. */
static void check_loosely(struct rot_look *look, struct cairn_op *op, int gone, bool unknown)
{
    static struct shown shown;
    void *data = NULL;
    size_t size = 0;

    for (int i = 0; i < ROT_COUNT; i++) {
        if (look->all || is_of_interest(look, i))
            check_load_loosely(look, op, i, gone);
    }
    if (look->more)
        check_load(look, op, ROT_COUNT);

    int error = cairn_latest(op, NULL, &data, &size);
    int right = look->more ? ROT_COUNT : gone - 1;
    bool may_be_lost = look->more == NULL && gone < ROT_COUNT;
    if (error == 0 && (right < 0 || (unknown && look->more == NULL) || !is_right(look, right, data, size)))
        rot_look_complain(look, "latest: it is not what it should be");
    else if (error && !(may_be_lost && error == CAIRN_ECORRUPT) && !(right < 0 && error == CAIRN_ENONE))
        rot_look_complain(look, "latest: error %d: %s", error, cairn_message());
    if (error == 0)
        cairn_free(data);

    shown = (struct shown){.look = look};
    error = cairn_list(op, NULL, list_one, &shown);
    if (error)
        rot_look_complain(look, "list: error %d: %s", error, cairn_message());
    for (int i = 0; i < ROT_COUNT && error == 0; i++) {
        if (i < gone ? shown.times[i] != 1 : shown.times[i] > 1)
            rot_look_complain(look, "list: %s is shown %u times", id_at(look, i), shown.times[i]);
    }
    shown = (struct shown){.look = look};
    const struct cairn_watch watch = {.damage = verify_one, .arg = &shown};
    error = cairn_verify(op, NULL, &watch);
    for (int i = 0; i < gone; i++) {
        if (shown.times[i] != look->cost.lost[i])
            rot_look_complain(look, "verify: %s is named %u times", id_at(look, i), shown.times[i]);
    }
    if (error != (shown.places ? CAIRN_ECORRUPT : 0) || (unknown && error == 0))
        rot_look_complain(look, "verify: result %d", error);
}

void rot_look_without_index(struct rot_look *look, bool unknown)
{
    static const unsigned char data[] = "recorded after the damage";
    struct cairn_id id;
    int gone = ROT_COUNT;

    while (gone > 0 && look->cost.lost[gone - 1])
        gone--;
    struct cairn_op *op = begin(look, "reading without an index", CAIRN_READONLY);
    if (op)
        check_loosely(look, op, gone, unknown);
    cairn_close(op);
    op = begin(look, "writing without an index", write_flags(look));
    if (op == NULL)
        return;
    check_loosely(look, op, gone, unknown);
    int error = cairn_checkpoint(op, NULL, "one more", data, sizeof(data), &id);
    if (error) {
        rot_look_complain(look, "checkpoint: error %d: %s", error, cairn_message());
    } else {
        for (int i = 0; i < (unknown ? ROT_COUNT : gone); i++) {
            if (strcmp(id.text, id_at(look, i)) == 0)
                rot_look_complain(look, "checkpoint: the id %s is given a second time", id.text);
        }
        look->more = data;
        look->more_size = sizeof(data);
        look->more_id = id;
        check_loosely(look, op, gone, unknown);
    }
    cairn_close(op);
    op = begin(look, "reading after writing without an index", CAIRN_READONLY);
    if (op)
        check_loosely(look, op, gone, unknown);
    cairn_close(op);
}
