/* verify.c -- see verify.h.
 *
 * Verify walks the log as every reader does, and beside that reads each body, the padding behind it, and both
 * copies of each segment's header. A damaged place that looks so because its segment was retired meanwhile is
 * none: before damage is reported, the horizon is looked at again.
 *
 * Repair gives nothing up that could be had: it copies the files in which something is damaged, and then
 * appends one record that says the losses before it are known. Nothing that is there is written over.
 */
#include "journal/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/accepted.h"
#include "journal/log.h"
#include "journal/maintain.h"
#include "journal/read.h"
#include "system/system.h"

static const char padding_changed[] = "the padding behind the record has changed; the record is whole";

static const char not_all_known[] = "what was recorded before this is not all known";

struct verifying {
    struct journal *journal;
    const struct cairn_ctx *ctx;
    const struct cairn_watch *watch;
    struct tail at;
    uint64_t total, done;
    uint64_t last_header;  /* the segment whose header was looked at last */
    bool horizon_header;   /* the horizon's segment's was; it may be met twice */
    bool horizon_in_hole;  /* the record at the horizon is lost in a hole that was reported */
    uint64_t damaged;      /* places not accepted */
    struct accepted known; /* by an earlier repair */
    struct accepted found; /* all that is damaged now */
    bool repair;
    uint64_t *copied; /* segments that repair has made a copy of */
    size_t copied_count;
};

/* keep_copy -- repair: copies segment `number` to damaged-NNNNNNNN-K, K the first that is free; `name` gets
 * which. 0 also if there is nothing to copy. */
static int keep_copy(struct verifying *state, uint64_t number, char name[64])
{
    struct journal *journal = state->journal;
    char from[SEGMENT_NAME_SIZE];
    int error = 0, out = -1;

    segment_name(from, number);
    int in = openat(journal->dir, from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st = {0};
    if ((in < 0 && errno != ENOENT && errno != ELOOP && errno != ENXIO) || (in >= 0 && fstat(in, &st) != 0)) {
        error = system_error(errno, "%s/%s: cannot be copied", journal->path, from);
        if (in >= 0)
            close(in);
        return error;
    }
    if (!S_ISREG(st.st_mode)) {
        if (in >= 0)
            close(in);
        name[0] = '\0';
        return 0;
    }
    const size_t chunk = 256 * 1024;
    unsigned char *buffer = malloc(chunk);
    for (unsigned k = 1; buffer && out < 0 && k < 10000; k++) {
        snprintf(name, 64, "damaged-%08" PRIu64 "-%u", number, k);
        out = openat(journal->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out < 0 && errno != EEXIST)
            break;
    }
    if (buffer == NULL)
        error = cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a copy", journal->path);
    else if (out < 0)
        error = system_error(errno, "%s/%s: cannot make a copy", journal->path, name);
    /* A file that something has made larger than any segment is copied as far as one can reach. */
    if (st.st_size > (off_t)CAIRN_JOURNAL_DATA_MAX + (off_t)SEGMENT_SIZE_MAX)
        st.st_size = (off_t)CAIRN_JOURNAL_DATA_MAX + (off_t)SEGMENT_SIZE_MAX;
    for (uint64_t at = 0; error == 0 && at < (uint64_t)st.st_size;) {
        int failed;
        size_t n = system_read(in, buffer, chunk, at, &failed);
        if (n == 0) {
            /* What cannot be read is left as zeros in the copy. */
            at = (at | 4095) + 1;
            continue;
        }
        for (size_t put = 0; put < n && error == 0;) {
            ssize_t w = pwrite(out, buffer + put, n - put, (off_t)(at + put));
            if (w > 0)
                put += (size_t)w;
            else if (w == 0 || errno != EINTR)
                error = system_error(w == 0 ? ENOSPC : errno, "%s/%s: cannot write the copy", journal->path,
                                     name);
        }
        at += n;
    }
    if (error == 0 && (ftruncate(out, st.st_size) != 0 || fsync(out) != 0 || fsync(journal->dir) != 0))
        error = system_error(errno, "%s/%s: cannot sync the copy", journal->path, name);
    if (error && out >= 0)
        unlinkat(journal->dir, name, 0);
    if (out >= 0)
        close(out);
    close(in);
    free(buffer);
    return error;
}

static int damage(struct verifying *state, uint64_t segment, uint64_t offset, uint64_t size,
                  uint64_t position, uint64_t end, uint64_t first, uint64_t count, const char *reason)
{
    struct journal *journal = state->journal;
    char name[SEGMENT_NAME_SIZE], copy[64] = "";
    struct cairn_id id = {""};

    if (read_moved_on(journal, state->ctx, &state->at))
        return cairn_set_message(CAIRN_EBUSY, "%s: the checkpoints were removed while they were gone through",
                                 journal->path);
    bool accepted = accepted_has(&state->known, position, end);
    int error = accepted_add(&state->found, position, end);
    if (error)
        return error;
    segment_name(name, segment);
    if (count) /* or if it is not known */
        id_format(&id, first, state->at.generation);
    if (!accepted)
        state->damaged++;
    if (state->repair && accepted)
        return 0;
    if (state->repair && reason != not_all_known) { /* that says something of a segment that is gone */
        bool have = false;
        for (size_t i = 0; i < state->copied_count; i++)
            have |= state->copied[i] == segment;
        if (!have) {
            uint64_t *larger = realloc(state->copied, (state->copied_count + 1) * sizeof(*larger));
            if (larger == NULL)
                return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for repair", journal->path);
            state->copied = larger;
            error = keep_copy(state, segment, copy);
            if (error)
                return error;
            state->copied[state->copied_count++] = segment;
        }
    }
    if (state->watch->damage == NULL)
        return 0;
    char path[4096 + 64], copy_path[4096 + 80] = "";
    snprintf(path, sizeof(path), "%s/%s", journal->path, name);
    if (copy[0])
        snprintf(copy_path, sizeof(copy_path), "%s/%s", journal->path, copy);
    const struct cairn_damage seen = {
        .path = path,
        .offset = offset,
        .size = size,
        .first = id.text,
        .count = count,
        .accepted = accepted,
        .reason = reason,
        .copy = copy_path,
    };
    return state->watch->damage(state->watch->arg, &seen);
}

static void progress(struct verifying *state, uint64_t bytes)
{
    state->done += bytes;
    if (state->watch->progress)
        state->watch->progress(state->watch->arg, state->done < state->total ? state->done : state->total,
                               state->total);
}

/* check_header -- once for each segment: whether both copies of its header are whole. */
static int check_header(struct verifying *state, const struct segment *segment)
{
    uint64_t number = segment->header.number;
    uint64_t base = segment_base(segment), offset;

    if (number == state->last_header || (number == state->at.horizon_segment && state->horizon_header))
        return 0;
    state->last_header = number;
    state->horizon_header |= number == state->at.horizon_segment;
    if (segment_header_damaged(segment, &offset)) /* now, whatever it was when the file was opened */
        return damage(state, number, offset, SEGMENT_PAGE, base + ACCEPTED_HEADER, 0, 0, 0,
                      "one of the two copies of the segment's header is damaged");
    if (segment->file_size < segment_full_size(segment))
        return damage(state, number, segment->file_size, 0, base + ACCEPTED_CUT, 0, 0, 0,
                      "the file has been cut");
    return 0;
}

/* check_header_of -- the same for segment `number`, if it can be opened; if not, a hole says so. */
static int check_header_of(struct verifying *state, uint64_t number)
{
    const struct segment *segment;
    const char *reason;

    int error = files_get(state->journal, number, &segment, &reason);
    if (error)
        return reason ? 0 : error;
    error = check_header(state, segment);
    files_put(state->journal, segment);
    return error;
}

/* check_body -- label, data and padding of a record; *reason is NULL, or what is wrong. 0 or CAIRN_ENOMEM. */
static int check_body(struct verifying *state, const struct segment *segment, const struct record *record,
                      const char **reason)
{
    size_t size = (size_t)(record_end(record) - record->position - sizeof(*record));
    size_t used = (size_t)record->label_size + (size_t)record->data_size;
    int failed;

    *reason = scan_cut_off(segment, record);
    if (*reason)
        return 0;
    unsigned char *body = malloc(size ? size : 1);
    if (body == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for %zu bytes", state->journal->path, size);
    if (segment_read(segment, record->position + sizeof(*record), body, size, &failed) != size)
        *reason = failed ? "the record cannot be read" : "the file ends within the record";
    else
        *reason = scan_check_body(record, body);
    for (size_t i = used; i < size && *reason == NULL; i++) {
        if (body[i] != 0)
            *reason = padding_changed;
    }
    free(body);
    return 0;
}

/* record_damage -- what is wrong with a record whose header is whole. Padding is no part of a checkpoint, and
 * is accepted by itself. */
static int record_damage(struct verifying *state, const struct segment *segment, const struct record *record,
                         uint64_t number, uint64_t count, const char *reason)
{
    uint64_t from = record->position;

    if (reason == padding_changed) {
        from += sizeof(*record) + record->label_size + record->data_size;
        count = 0;
    }
    return damage(state, segment->header.number, segment_offset(segment, from), record_end(record) - from,
                  from, record_end(record), number, count, reason);
}

static int verify_record(void *arg, const struct segment *segment, const struct record *record,
                         uint64_t number)
{
    struct verifying *state = arg;

    const char *reason = NULL;
    int error = check_header(state, segment);
    if (error == 0)
        error = check_body(state, segment, record, &reason);
    if (error)
        return error;
    if (reason)
        error = record_damage(state, segment, record, number, 1, reason);
    progress(state, record_end(record) - record->position);
    return error ? error : cairn_ctx_check(state->ctx);
}

static int verify_other(void *arg, const struct segment *segment, const struct record *record)
{
    struct verifying *state = arg;

    const char *reason = NULL;
    int error = check_header(state, segment);
    if (error == 0)
        error = check_body(state, segment, record, &reason);
    if (error)
        return error;
    if (reason)
        error = record_damage(state, segment, record, 0, 0, reason);
    else if (record->kind == RECORD_JUMP)
        error = record_damage(state, segment, record, record->number, CAIRN_COUNT_UNKNOWN, not_all_known);
    progress(state, record_end(record) - record->position);
    return error;
}

static int verify_hole(void *arg, const struct hole *hole)
{
    struct verifying *state = arg;

    /* There may be no record in it any more. */
    int error = check_header_of(state, hole->segment);
    if (error)
        return error;
    progress(state, hole->size);
    state->horizon_in_hole |=
        hole->position <= state->at.horizon_position && state->at.horizon_position < hole->end;
    return damage(state, hole->segment, hole->offset, hole->size, hole->position, hole->end, hole->first,
                  hole->generation == state->at.generation ? hole->count : 0, hole->reason);
}

/* verify_horizon -- the record of the last removal, which stands before what a walk sees. */
static int verify_horizon(struct verifying *state)
{
    const struct segment *segment;
    struct record record = {0};
    const char *reason;
    int failed;

    if ((state->at.horizon_position == 0 && state->at.generation == 1) || state->horizon_in_hole)
        return 0;
    int error = files_get(state->journal, state->at.horizon_segment, &segment, &reason);
    if (error)
        return reason ? 0 : error; /* a hole says so */
    error = check_header(state, segment);
    if (error == 0 && segment_read(segment, state->at.horizon_position, &record, sizeof(record), &failed) ==
                          sizeof(record)) {
        reason =
            record_check(&record, state->at.horizon_position, segment_limit(segment), segment->header.salt);
        if (reason == NULL)
            error = check_body(state, segment, &record, &reason);
        if (error == 0 && reason)
            error = damage(state, segment->header.number, segment_offset(segment, state->at.horizon_position),
                           sizeof(record), state->at.horizon_position, state->at.horizon_position + 1, 0, 0,
                           reason);
    }
    files_put(state->journal, segment);
    return error;
}

static int verify_all(struct verifying *state)
{
    const struct read_visitor visitor = {
        .record = verify_record, .other = verify_other, .hole = verify_hole, .arg = state};
    struct journal *journal = state->journal;

    int error = read_now(journal, state->ctx, &state->at);
    if (error)
        return error;
    state->total = state->at.position - state->at.horizon_position;
    error = accepted_load(journal, &state->at, &state->known);
    if (error == 0)
        error = read_walk(journal, state->ctx, &visitor, 0, 0, &state->at);
    if (error == 0)
        error = verify_horizon(state);
    if (error == 0) /* the one in use, which may have no record yet */
        error = check_header_of(state, state->at.segment);
    if (error == 0 && state->done < state->total)
        progress(state, state->total - state->done);
    return error;
}

int verify_run(struct journal *journal, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    struct verifying state = {.journal = journal, .ctx = ctx, .watch = watch};

    int error = verify_all(&state);
    if (error == 0 && state.damaged)
        error = cairn_set_message(CAIRN_ECORRUPT, "%s: %" PRIu64 " damaged %s", journal->path, state.damaged,
                                  state.damaged == 1 ? "place" : "places");
    accepted_release(&state.known);
    accepted_release(&state.found);
    return error;
}

int verify_repair(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
                  const struct cairn_watch *watch)
{
    struct verifying state = {.journal = journal, .ctx = ctx, .watch = watch, .repair = true};

    int error = verify_all(&state);
    if (error == 0 && state.damaged) {
        size_t size = state.found.count * sizeof(state.found.ranges[0]);
        struct entry entry = {
            .kind = RECORD_ACCEPTED,
            .label = "",
            .data = state.found.ranges,
            .size = size,
            .body_hash = record_body_hash("", 0, state.found.ranges, size),
            .label_hash = record_label_hash("", 0),
        };
        struct appended appended;
        error = log_append(journal, ctx, failures, &entry, &appended);
    }
    /* The loss is accepted; an index that cannot be written is no harm. */
    if (error == 0)
        maintain_save_index(journal, ctx);
    accepted_release(&state.known);
    accepted_release(&state.found);
    free(state.copied);
    return error;
}
