/* fuzz_segment.c -- segment files: what recovery makes of them.
 *
 * An input is steps: first what a journal's life was (checkpoints, removals, syncs, segments), which
 * history.h turns into files; then what became of the files. A step of damage changes bytes as a medium or a
 * crash may. A lie changes a field of a record or of a header and mends the hash, as no medium does.
 *
 * What must hold, whatever was done:
 *
 *   - opening takes no more than a second of the CPU, and no more memory than a small multiple of the files;
 *   - nothing is given out as a checkpoint's data that was not recorded;
 *   - a reader that is alone says what a writer says who recovers, and a second opening says what the first
 * did, for as long as there are no lies.
 *
 * And the table of docs/protocol.md, if there are no lies:
 *
 *   - with no damage all is there, and nothing else;
 *   - a checkpoint of which no byte has changed, below the witness, is had;
 *   - one that has changed, below the witness, is lost by name: never missing and never given out;
 *   - none is shown that was not recorded, and no id of one that was durable is given a second time.
 *
 * The witness is taken from what is left of the files as the protocol says, but here all that was recorded is
 * known.
 *
 * An input may say that calls of the system fail (fault.h) while one of those who look is at it (three bytes
 * behind the first). What he says may be an error, and nothing that was not recorded; and whoever comes after
 * him, when all calls succeed again, is asked all of the above. He who could not read when he recovered may
 * have had numbers jump; then only the table is asked for, and not that he says what the reader before him
 * said.
 *
 * And it may say that the journal is repaired, which may fail so, too: then nothing is damaged that was not
 * accepted, and all that could be had before still can.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/answers.h"
#include "fuzz/budget.h"
#include "fuzz/calls.h"
#include "fuzz/fault.h"
#include "fuzz/forge.h"
#include "fuzz/history.h"
#include "fuzz/place.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"
#include "journal/control.h"
#include "journal/files.h"
#include "journal/index.h"

enum step {
    STEP_CHECKPOINT,
    STEP_COMPACT,
    STEP_CLEAR,
    STEP_COMPLETE,
    STEP_RECOVERED,
    STEP_JUMP,
    STEP_SYNC,
    STEP_NEXT,
    STEP_GIVE_UP,
    /* From here on the files are what they are. */
    STEP_FLIP,
    STEP_ZERO,
    STEP_CUT,
    STEP_REMOVE,
    STEP_HEADER,
    STEP_TORN,
    STEP_COPY,
    STEP_LIE_RECORD,
    STEP_LIE_HEADER,
    STEP_PADDING, /* of a record */
    STEP_STAND,   /* something else in a segment's place */
    STEP_STRAY,   /* what does not belong there, or what is no more than of use */
    STEP_COUNT
};

/* The first byte. Two bits of it say how large the first segment is. */
enum {
    INPUT_CLOSED = 1, /* an index was committed before the damage */
    INPUT_FAULT = 8,
    INPUT_REPAIR = 16,
};

/* Who is at it when calls fail: the third of the bytes that say that. */
enum { AT_READER, AT_WRITER, AT_ASKED, AT_REPAIR, AT_GOING_ON, AT_COUNT };

enum { STRAYS = 4 };

struct run {
    struct history history;
    uint8_t how;
    bool closed, lies;
    uint8_t fault[2], fault_at;
    bool jumped; /* a writer has recovered what he could not read */
    uint8_t strays[STRAYS];
    unsigned stray_count;
    bool newer; /* a stray looks like a newer segment */
    struct answers reader, writer, again;
};

/* --- calls that fail ------------------------------------------------------------------------------------ */

static struct fault fault;

static int before_call(struct call *call)
{
    return calls_inside() && fault_now(&fault, call) ? fault_refusal(&fault, call) : 0;
}

/* fail -- calls fail from now on, if the input says so of `at`. Returns the context that its calls are given.
 */
static const struct cairn_ctx *fail(const struct run *run, unsigned at)
{
    if (!(run->how & INPUT_FAULT) || run->fault_at % AT_COUNT != at)
        return NULL;
    fault_arm(&fault, run->fault[0], run->fault[1]);
    calls_watch(before_call, NULL);
    calls_enter();
    return fault.class == CLASS_CONTEXT ? &fault.ctx : NULL;
}

/* fail_no_more -- whether any did. */
static bool fail_no_more(void)
{
    const bool fired = fault.fired;

    calls_leave();
    calls_watch(NULL, NULL);
    memset(&fault, 0, sizeof(fault));
    return fired;
}

static struct history_record *choose_record(struct history *history, unsigned n)
{
    return history->record_count ? &history->records[n % history->record_count] : NULL;
}

static struct history_segment *choose_segment(struct history *history, unsigned n)
{
    return &history->segments[n % history->segment_count];
}

/* live -- one step of the journal's life. */
static void live(struct history *history, enum step step, struct source *source)
{
    switch (step) {
    case STEP_CHECKPOINT: {
        const size_t label = source_u8(source) % 8, size = source_u8(source) * 4u;
        history_append(history, RECORD_CHECKPOINT, label, size > 512 ? size * 2 : size);
        break;
    }
    case STEP_COMPACT:
        history_append(history, RECORD_COMPACT, source_u8(source) % 8, 0);
        break;
    case STEP_CLEAR:
        history_append(history, RECORD_CLEAR, 0, 0);
        break;
    case STEP_COMPLETE:
        history_append(history, RECORD_COMPLETE, 0, 0);
        break;
    case STEP_RECOVERED:
        history_append(history, RECORD_RECOVERED, 0, 0);
        break;
    case STEP_JUMP:
        history_append(history, RECORD_JUMP, 0, 0);
        break;
    case STEP_SYNC:
        history_sync(history);
        break;
    case STEP_NEXT: {
        const uint8_t how = source_u8(source);
        history_next(history, (size_t)(how & 3) * 4096, (how & 4) == 0);
        break;
    }
    case STEP_GIVE_UP:
        history_give_up(history, (size_t)(source_u8(source) & 3) * 4096);
        break;
    default:
        break;
    }
}

/* lie_record -- a record's field is another, and its hash fits. */
static void lie_record(struct history *history, struct source *source)
{
    static const size_t fields[] = {
        offsetof(struct record, data_size),    offsetof(struct record, position),
        offsetof(struct record, sequence),     offsetof(struct record, generation),
        offsetof(struct record, number),       offsetof(struct record, time_ns),
        offsetof(struct record, durable_upto), offsetof(struct record, body_hash),
        offsetof(struct record, prev),         offsetof(struct record, kind),
    };
    struct history_record *at = choose_record(history, source_u8(source));
    const size_t field = fields[source_u8(source) % (sizeof(fields) / sizeof(fields[0]))];
    const uint64_t value = (uint64_t)source_u16(source) << (source_u8(source) % 64);
    struct record record;

    if (at == NULL)
        return;
    struct history_segment *segment = &history->segments[at->segment];
    if (segment->removed || at->offset + sizeof(record) > segment->now_size)
        return;
    memcpy(&record, segment->now + at->offset, sizeof(record));
    if (field == offsetof(struct record, kind)) {
        record.kind ^= (uint8_t)(value % 16);
        record.label_size ^= (uint16_t)(value / 16);
    } else {
        uint64_t word;
        memcpy(&word, (char *)&record + field, sizeof(word));
        word ^= value;
        memcpy((char *)&record + field, &word, sizeof(word));
    }
    forge_record(&record, segment->header.salt);
    memcpy(segment->now + at->offset, &record, sizeof(record));
}

/* lie_header -- the same for a segment's header, in both copies. */
static void lie_header(struct history *history, struct source *source)
{
    struct history_segment *segment = choose_segment(history, source_u8(source));
    const size_t field = source_u8(source) % ((sizeof(segment->header) - 8) / 8) * 8;
    const uint64_t value = (uint64_t)source_u16(source) << (source_u8(source) % 64);
    struct segment_header header;
    uint64_t word;

    if (segment->removed || segment->now_size < SEGMENT_FRAME)
        return;
    memcpy(&header, segment->now, sizeof(header));
    memcpy(&word, (char *)&header + field, sizeof(word));
    word ^= value;
    memcpy((char *)&header + field, &word, sizeof(word));
    forge_segment(&header);
    memcpy(segment->now, &header, sizeof(header));
    memcpy(segment->now + segment->now_size - SEGMENT_PAGE, &header, sizeof(header));
}

/* torn -- bytes behind the log's end: of nothing, or a whole record of an append that was cut off before one
 * that it followed. */
static void torn(struct history *history, struct source *source)
{
    struct history_segment *segment = &history->segments[history->segment_count - 1];
    const struct tail *tail = &history->tail;
    const uint8_t how = source_u8(source);
    const size_t offset =
        (size_t)(tail->position - segment->header.tail.position) + SEGMENT_PAGE + 8u * source_u8(source);
    struct record record = {
        .kind = RECORD_CHECKPOINT,
        .position = segment->header.tail.position + offset - SEGMENT_PAGE,
        .sequence = tail->sequence + 1,
        .generation = tail->generation,
        .number = tail->next_number + 1,
        .durable_upto = history->durable,
        .prev = how,
    };

    if (segment->removed || offset + sizeof(record) > segment->size - SEGMENT_PAGE ||
        offset + sizeof(record) > segment->now_size)
        return;
    record.body_hash = record_body_hash("", 0, "", 0);
    record.label_hash = record_label_hash("", 0);
    if (how & 1)
        forge_record(&record, segment->header.salt);
    memcpy(segment->now + offset, &record, sizeof(record));
}

/* damage -- one step of what became of the files. */
static void damage(struct run *run, enum step step, struct source *source)
{
    struct history *history = &run->history;

    switch (step) {
    case STEP_FLIP: {
        struct history_record *at = choose_record(history, source_u8(source));
        const size_t byte = source_u16(source);
        if (at == NULL)
            break;
        struct history_segment *segment = &history->segments[at->segment];
        if (at->offset + byte % at->used < segment->now_size)
            segment->now[at->offset + byte % at->used] ^= (unsigned char)(1u << (byte >> 13));
        break;
    }
    case STEP_ZERO: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const size_t from = source_u8(source) * 64u, size = source_u8(source) * 64u;
        if (from < segment->now_size)
            memset(segment->now + from, 0, size < segment->now_size - from ? size : segment->now_size - from);
        break;
    }
    case STEP_CUT: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const size_t size = source_u16(source);
        if (size < segment->now_size)
            segment->now_size = size;
        break;
    }
    case STEP_REMOVE:
        choose_segment(history, source_u8(source))->removed = true;
        break;
    case STEP_HEADER: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const uint8_t how = source_u8(source);
        if (how & 1 && segment->now_size > how)
            segment->now[how] ^= 16;
        if (how & 2 && segment->now_size == segment->size)
            segment->now[segment->size - SEGMENT_PAGE + how] ^= 16;
        break;
    }
    case STEP_TORN:
        torn(history, source);
        break;
    case STEP_COPY: { /* a file in the place of another */
        const struct history_segment *from = choose_segment(history, source_u8(source));
        struct history_segment *to = choose_segment(history, source_u8(source));
        if (from == to)
            break;
        memcpy(to->now, from->now, sizeof(to->now));
        to->now_size = from->now_size;
        to->removed = from->removed;
        break;
    }
    case STEP_LIE_RECORD:
        lie_record(history, source);
        run->lies = true;
        break;
    case STEP_LIE_HEADER:
        lie_header(history, source);
        run->lies = true;
        break;
    case STEP_PADDING: {
        const struct history_record *at = choose_record(history, source_u8(source));
        if (at == NULL)
            break;
        struct history_segment *segment = &history->segments[at->segment];
        const size_t end = (at->used + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
        if (end > at->used && at->offset + end <= segment->now_size)
            segment->now[at->offset + end - 1] ^= 1;
        break;
    }
    case STEP_STAND: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        segment->removed = true;
        segment->stands = (enum stand)(source_u8(source) % STANDS);
        break;
    }
    case STEP_STRAY:
        if (run->stray_count < STRAYS)
            run->strays[run->stray_count++] = source_u8(source);
        break;
    default:
        break;
    }
}

/* stray -- puts something into the directory beside the segments, or in the place of what is no segment. */
static void stray(struct run *run, uint8_t what)
{
    static const char *const names[] = {INDEX_NAME, CONTROL_NAME, RESERVE_NAME, INDEX_NAME};
    static const char *const others[] = {"seg-1",          "seg-00000000", "spare-1", "notes.txt",
                                         "spare-00000007", "seg-00099999", "seg-x",   "spare-x"};
    static const unsigned char zeros[64] = {0};
    const unsigned kind = what & 3, which = what >> 2 & 7;
    const char *name = kind < 3 ? names[kind] : others[which];
    char next[SEGMENT_NAME_SIZE];

    if (kind == 3 && what & 0x20) {
        segment_name(next, run->history.segment_count + 1);
        name = next;
        run->newer = true;
    }
    if (kind == 0)
        run->closed = false; /* there is none any more */
    place_stand(name, kind < 3 && which < STANDS ? (enum stand)which : STAND_NOTHING);
    if (kind == 3 || which >= STANDS) /* where nothing stands: writing to a fifo would wait for a reader */
        place_write(name, zeros, kind < 3 ? 8u * which : sizeof(zeros));
}

static void decode(struct run *run, struct source *source)
{
    bool past = false;
    struct source pass = *source;

    const uint8_t how = run->how = source_u8(&pass);
    history_begin(&run->history, (size_t)(how >> 1 & 3) * 4096);
    run->closed = how & INPUT_CLOSED;
    run->lies = run->jumped = run->newer = false;
    run->stray_count = 0;
    if (how & INPUT_FAULT) {
        source_bytes(&pass, run->fault, sizeof(run->fault));
        run->fault_at = source_u8(&pass);
    }
    while (pass.left) {
        const enum step step = (enum step)(source_u8(&pass) % STEP_COUNT);
        past |= step >= STEP_FLIP;
        if (!past)
            live(&run->history, step, &pass);
        else
            damage(run, step, &pass);
    }
}

/* --- what must be -------------------------------------------------------------------------------------- */

/* What the files that are left vouch for. */
struct vouched {
    int newest;                      /* index of the newest segment with a good header; -1: none has */
    bool missing;                    /* and there was a newer one */
    uint64_t witness;                /* the log was durable up to here */
    unsigned next[HISTORY_SEGMENTS]; /* index of the next good segment; HISTORY_SEGMENTS: there is none */
    uint64_t upto[HISTORY_SEGMENTS]; /* what is in each segment up to here is believed, chain or no chain */
};

/* vouched_by_records -- the largest durable_upto of a good header in a segment, the seal's included. */
static uint64_t vouched_by_records(const struct history *history, unsigned number, bool *sealed)
{
    const struct history_segment *segment = &history->segments[number];
    uint64_t most = 0;

    *sealed = false;
    for (size_t at = SEGMENT_PAGE; !segment->removed && at + sizeof(struct record) <= segment->now_size;
         at += RECORD_ALIGN) {
        struct record record;
        memcpy(&record, segment->now + at, sizeof(record));
        if (record_check(&record, segment->header.tail.position + at - SEGMENT_PAGE,
                         segment->header.tail.position + segment->header.capacity,
                         segment->header.salt) != NULL)
            continue;
        if (record.durable_upto > most)
            most = record.durable_upto;
        *sealed |= record.kind == RECORD_SEALED;
    }
    return most;
}

static void vouch(const struct run *run, struct vouched *vouched)
{
    const struct history *history = &run->history;
    bool sealed[HISTORY_SEGMENTS];

    *vouched = (struct vouched){.newest = -1};
    for (unsigned i = 0; i < history->segment_count; i++) {
        vouched->next[i] = HISTORY_SEGMENTS;
        vouched->upto[i] = vouched_by_records(history, i, &sealed[i]);
        if (history_header_good(history, i)) {
            if (vouched->newest >= 0)
                vouched->next[vouched->newest] = i;
            vouched->newest = (int)i;
        }
    }
    if (vouched->newest < 0)
        return;
    const unsigned newest = (unsigned)vouched->newest;
    for (unsigned i = 0; i < newest; i++) {
        const unsigned next = vouched->next[i];
        if (next < HISTORY_SEGMENTS && history->segments[next].header.prev_segment == i + 1)
            vouched->upto[i] = history->segments[next].header.prev_end;
    }
    vouched->witness = history->segments[newest].header.tail.position;
    if (vouched->upto[newest] > vouched->witness)
        vouched->witness = vouched->upto[newest];
    if (run->closed)
        vouched->witness = history->tail.position;
    vouched->missing = newest + 1 < history->segment_count || run->newer;
    /* An index that covers a later segment does not tell where this one ended. */
    if (run->closed && !vouched->missing)
        vouched->upto[newest] = vouched->witness;
}

/* last_removal -- the record of the last Compact, Clear or Complete; -1: there was none. */
static int last_removal(const struct history *history)
{
    int last = -1;

    for (unsigned i = 0; i < history->record_count; i++) {
        if (!history->records[i].given_up && record_removes(history->records[i].record.kind))
            last = (int)i;
    }
    return last;
}

/* jumped -- whether the history itself says that not all is known. */
static bool jumped(const struct history *history)
{
    for (unsigned i = 0; i < history->record_count; i++) {
        if (history->records[i].record.kind == RECORD_JUMP && (int)i > last_removal(history))
            return true;
    }
    return false;
}

/* check_checkpoint -- one that is live at the history's end. */
static void check_checkpoint(const struct run *run, struct cairn_op *op, const struct vouched *vouched,
                             unsigned index, const char *who)
{
    const struct history *history = &run->history;
    const struct history_record *at = &history->records[index];
    const uint64_t number = history_live(history, index), end = record_end(&at->record);
    int record;

    int result = answers_load(op, history, number, history->tail.generation, &record);
    if (result == 0)
        FUZZ_ASSERT(record == (at->record.data_size ? (int)index : ANSWER_EMPTY),
                    "%s: %" PRIu64 " is record %d, not %u", who, number, record, index);
    const bool good = history_record_good(history, index) && history_header_good(history, at->segment);
    /* What a Compact kept is lost with it, unless a header or an index names it. */
    const int removal = last_removal(history);
    const bool named = at->record.generation == history->tail.generation ||
                       (history_record_good(history, (unsigned)removal) &&
                        history_header_good(history, history->records[removal].segment));
    if (good && named && end <= vouched->witness && end <= vouched->upto[at->segment])
        FUZZ_ASSERT(result == 0,
                    "%s: %" PRIu64 "@%" PRIu64 ", record %u, is as it was, and load gives %d: %s", who,
                    number, history->tail.generation, index, result, cairn_message());
    if (!good && end <= vouched->witness)
        FUZZ_ASSERT(result == CAIRN_ECORRUPT,
                    "%s: %" PRIu64 "@%" PRIu64 ", record %u, is lost, and load gives %d: %s", who, number,
                    history->tail.generation, index, result, cairn_message());
}

/* is_given_up -- whether the newest segment that is left was given up, and no index tells so: two faults at
 * once, since the one that comes after it commits the index before it is relied on. Then what was given up
 * may come back. */
static bool is_given_up(const struct run *run, const struct vouched *vouched)
{
    for (unsigned i = 0; i < run->history.record_count; i++) {
        const struct history_record *at = &run->history.records[i];
        if (at->given_up && (int)at->segment == vouched->newest && !run->closed)
            return true;
    }
    return false;
}

/* check_table -- what one who has opened it says of each checkpoint. */
static void check_table(const struct run *run, struct cairn_op *op, int error, const char *who)
{
    const struct history *history = &run->history;
    const int removal = last_removal(history);
    struct vouched vouched;

    vouch(run, &vouched);
    if (vouched.newest < 0 || is_given_up(run, &vouched))
        return;
    /* A removal that is not vouched for may be a torn tail, and then what was before it is live. */
    if (removal >= 0 && record_end(&history->records[removal].record) > vouched.witness &&
        history_changed(history))
        return;
    FUZZ_ASSERT(error == 0 || error == CAIRN_EVERSION, "%s: cannot open: %d, %s", who, error,
                cairn_message());
    if (error)
        return;
    for (unsigned i = 0; i < history->record_count; i++) {
        if (history_live(history, i) != UINT64_MAX)
            check_checkpoint(run, op, &vouched, i, who);
    }
}

/* check_shown -- nothing is shown that was not recorded. */
static void check_shown(const struct run *run, const struct answers *answers, const char *who)
{
    const struct history *history = &run->history;

    for (unsigned i = 0; i < answers->count; i++) {
        const struct answer *answer = &answers->entries[i];
        bool known = answer->loaded != 0;
        for (unsigned k = 0; k < history->record_count && !known; k++) {
            const struct record *record = &history->records[k].record;
            char id[32];
            const bool compact = record->kind == RECORD_COMPACT;
            snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, compact ? 0 : record->number,
                     record->generation);
            known = (compact || (record->kind == RECORD_CHECKPOINT &&
                                 answer->record == (record->data_size ? (int)k : ANSWER_EMPTY))) &&
                    strcmp(id, answer->id) == 0;
        }
        FUZZ_ASSERT(known, "%s: %s was never recorded so: it is record %d", who, answer->id, answer->record);
    }
}

/* go_on -- a writer records one more. Its id was not that of one that was durable. */
static void go_on(const struct run *run)
{
    const struct history *history = &run->history;
    static const char data[] = "\377more"; /* no record of the history begins so */
    struct vouched vouched;
    struct cairn_op *op;
    struct cairn_id id;
    void *got;
    size_t size;

    int error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
    if (error) {
        FUZZ_ASSERT(run->lies || run->writer.opened, "it was opened, and cannot be again: %d, %s", error,
                    cairn_message());
        return;
    }
    const struct cairn_ctx *ctx = fail(run, AT_GOING_ON);
    if (calls_inside()) {
        (void)!cairn_checkpoint(op, ctx, "more", data, sizeof(data), &id);
        fail_no_more();
        /* What has failed for good is mended by opening it anew. */
        cairn_close(op);
        error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
        FUZZ_ASSERT(error == 0 || run->lies, "after a call that failed it cannot be opened: %d, %s", error,
                    cairn_message());
        if (error)
            return;
    }
    error = cairn_checkpoint(op, NULL, "more", data, sizeof(data), &id);
    FUZZ_ASSERT(error == 0 || run->lies, "nothing can be recorded: %d, %s", error, cairn_message());
    if (error == 0) {
        error = cairn_load(op, NULL, id.text, &got, &size);
        FUZZ_ASSERT(error == 0 || run->lies, "%s was just recorded, and load gives %d, %s", id.text, error,
                    cairn_message());
        if (error == 0) {
            FUZZ_ASSERT(size == sizeof(data) && memcmp(got, data, size) == 0, "%s is other data", id.text);
            cairn_free(got);
        }
    }
    vouch(run, &vouched);
    for (unsigned i = 0; error == 0 && !run->lies && i < history->record_count; i++) {
        const struct record *record = &history->records[i].record;
        char old[32];
        snprintf(old, sizeof(old), "%08" PRIu64 "@%" PRIu64, record->number, record->generation);
        if (record->kind == RECORD_CHECKPOINT && !history->records[i].given_up &&
            record_end(record) <= vouched.witness)
            FUZZ_ASSERT(strcmp(old, id.text) != 0, "%s is given a second time", old);
    }
    cairn_close(op);
}

/* files_bytes -- what opening may need memory for. */
static size_t files_bytes(const struct history *history)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < history->segment_count; i++)
        bytes += history->segments[i].now_size;
    return bytes;
}

/* ask -- asks for everything. */
static void ask(const struct run *run, struct cairn_op *op, struct answers *answers,
                const struct cairn_ctx *ctx)
{
    struct cairn_ctx soon;

    /* A number that is a lie makes the way back from it long; a context ends that. */
    cairn_ctx_with_timeout(&soon, 20000000);
    answers_ask(answers, &run->history, op, run->lies && ctx == NULL ? &soon : ctx);
}

/* look_faulty -- somebody does so while calls fail. What he gives out was recorded; answers.c sees to that.
 */
static void look_faulty(struct run *run, unsigned at)
{
    static struct answers answers;
    const struct cairn_ctx *ctx = fail(run, at);

    if (!calls_inside())
        return;
    if (at == AT_ASKED) /* he was in before that */
        calls_leave();
    struct cairn_op *op;
    const unsigned flags = at == AT_READER ? CAIRN_READONLY : 0;
    const int error =
        cairn_open(&op, at == AT_ASKED ? NULL : ctx, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    calls_enter();
    if (error == 0)
        ask(run, op, &answers, ctx);
    cairn_close(op);
    const bool reads = fault.class == CLASS_READS || fault.class == CLASS_CHANGES; /* opening is of both */
    if (fail_no_more() && reads && at == AT_WRITER) {
        run->jumped = true;
        run->closed = false; /* he may not have had the index: with damage beside it two faults at once */
    }
}

/* look -- opens it, takes down what it says, and compares that with the table. */
static void look(const struct run *run, unsigned flags, struct answers *answers, const char *who)
{
    struct budget budget;
    struct cairn_op *op;

    memset(answers, 0, sizeof(*answers));
    budget_begin(&budget, who);
    answers->opened = cairn_open(&op, NULL, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    budget_end(&budget, 1024 * 1024 + 4 * files_bytes(&run->history));
    if (answers->opened == 0)
        ask(run, op, answers, NULL);
    if (!run->lies)
        check_table(run, op, answers->opened, who);
    cairn_close(op);
    if (!run->lies)
        check_shown(run, answers, who);
}

static void compare(const struct answers *a, const char *a_is, const struct answers *b, const char *b_is)
{
    const char *what = answers_differ(a, b);

    if (what) {
        answers_print(a, a_is);
        answers_print(b, b_is);
    }
    FUZZ_ASSERT(what == NULL, "%s and %s do not agree on %s", a_is, b_is, what);
}

/* What a repair or a verify shows. */
struct shown {
    unsigned count;
    bool ends; /* at the first */
};

static int show(void *arg, const struct cairn_damage *damage)
{
    struct shown *shown = arg;

    FUZZ_ASSERT(damage->path[0] && damage->reason[0], "a damaged place is not told of");
    shown->count += !damage->accepted;
    return shown->ends;
}

static void show_progress(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    FUZZ_ASSERT(done <= total, "%" PRIu64 " of %" PRIu64 " bytes are done", done, total);
}

/* repair -- the journal is repaired; what could be had can be had, and nothing counts as damaged any more. */
static void repair(struct run *run)
{
    static struct answers after;
    struct shown shown = {.ends = true};
    const struct cairn_watch watch = {.damage = show, .progress = show_progress, .arg = &shown};
    struct cairn_op *op;

    if (run->writer.opened || cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING) != 0)
        return;
    int error = cairn_verify(op, NULL, &watch);
    FUZZ_ASSERT(run->lies || error == (shown.count ? 1 : 0), "verify gives %d, and has shown %u", error,
                shown.count);
    shown = (struct shown){0};
    const struct cairn_ctx *ctx = fail(run, AT_REPAIR);
    if (calls_inside()) {
        (void)!cairn_repair(op, ctx, &watch);
        fail_no_more();
        cairn_close(op);
        error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
        FUZZ_ASSERT(error == 0 || run->lies, "after a repair that failed it cannot be opened: %d, %s", error,
                    cairn_message());
        if (error)
            return;
    }
    error = cairn_repair(op, NULL, &watch);
    FUZZ_ASSERT(error == 0 || run->lies, "repair gives %d: %s", error, cairn_message());
    if (error == 0 && !run->lies) {
        answers_ask(&after, &run->history, op, NULL);
        FUZZ_ASSERT(after.verified == 0, "it is repaired, and verify gives %d: %s", after.verified,
                    cairn_message());
        FUZZ_ASSERT(!after.stat.damaged, "it is repaired, and stat says that it is damaged");
        FUZZ_ASSERT(after.latest == after.intact && after.latest_record == after.intact_record,
                    "it is repaired, and latest gives %d, record %d; latest_intact %d, record %d",
                    after.latest, after.latest_record, after.intact, after.intact_record);
        after.latest = run->writer.latest;
        after.latest_record = run->writer.latest_record;
        if (!run->jumped)
            compare(&run->writer, "the writer", &after, "who has repaired it");
        shown = (struct shown){0};
        error = cairn_repair(op, NULL, &watch);
        FUZZ_ASSERT(error == 0 && shown.count == 0, "a second repair gives %d, and has shown %u", error,
                    shown.count);
        check_table(run, op, 0, "who has repaired it");
    }
    cairn_close(op);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    struct source source = {data, size};
    struct cairn_op *op;

    decode(&run, &source);
    place_clear();
    if (run.closed) {
        history_write_whole(&run.history);
        if (cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD) == 0)
            cairn_close(op);
    }
    history_write(&run.history);
    for (unsigned i = 0; i < run.stray_count; i++)
        stray(&run, run.strays[i]);

    const bool whole = !run.lies && !history_changed(&run.history) && !jumped(&run.history) && !run.newer;
    look_faulty(&run, AT_READER);
    look(&run, CAIRN_READONLY, &run.reader, "the reader");
    if (whole)
        answers_check_whole(&run.reader, &run.history, "the reader");
    look_faulty(&run, AT_WRITER);
    look(&run, 0, &run.writer, "the writer");
    look_faulty(&run, AT_ASKED);
    if (!run.lies) {
        if (!run.jumped)
            compare(&run.reader, "the reader", &run.writer, "the writer");
        look(&run, CAIRN_READONLY, &run.again, "a reader after it");
        compare(&run.writer, "the writer", &run.again, "a reader after it");
    }
    if (run.how & INPUT_REPAIR)
        repair(&run);
    go_on(&run);
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static void checkpoints(struct sink *sink, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sink_u8(sink, STEP_CHECKPOINT);
        sink_u8(sink, (uint8_t)i);
        sink_u8(sink, (uint8_t)(10 + 20 * i));
    }
}

static void steps(struct sink *sink, const uint8_t *bytes, size_t size)
{
    sink_bytes(sink, bytes, size);
}

/* What a journal's life was, and what became of it. A zero step is a checkpoint of 10 bytes, and so on. */
static const struct {
    const char *name;
    uint8_t size, steps[40];
} lives[] = {
    {"clear-and-next",
     19,
     {STEP_CHECKPOINT, 0, 10, STEP_SYNC, STEP_NEXT, 0, STEP_CLEAR, STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0,
      STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC}},
    {"compact",
     19,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_COMPACT, 3, STEP_CHECKPOINT, 0, 10, STEP_NEXT, 4,
      STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30}},
    {"lost-compact",
     23,
     {STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_COMPACT,
      2,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_FLIP,
      2,
      8,
      0}},
    {"copy",
     16,
     {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10,
      STEP_COPY, 0, 1}},
    {"cut",
     14,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CUT, 0, 0, 17}},
    {"cut-early",
     17,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1,
      30, STEP_CUT, 0, 128, 17}},
    {"dir", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_STAND, 0, 3}},
    {"fifo", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_STAND, 1, 2}},
    {"giveup",
     19,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1,
      30, STEP_GIVE_UP, 0, STEP_CHECKPOINT, 0, 10, STEP_SYNC}},
    {"record-header",
     17,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1,
      30, STEP_FLIP, 1, 8, 0}},
    {"header", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_HEADER, 1, 1}},
    {"header-copy", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_HEADER, 0, 2}},
    {"header-both", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_HEADER, 1, 3}},
    {"hole",
     17,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1,
      30, STEP_FLIP, 1, 100, 0}},
    {"jump", 8, {STEP_CHECKPOINT, 0, 10, STEP_JUMP, STEP_CHECKPOINT, 0, 10, STEP_SYNC}},
    {"kept",
     16,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_COMPACT, 3, STEP_SYNC, STEP_CHECKPOINT, 0, 10,
      STEP_FLIP, 1, 100, 0}},
    {"last-record",
     14,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_CHECKPOINT, 2, 50, STEP_SYNC, STEP_FLIP, 2, 8, 0}},
    {"link", 11, {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_STAND, 0, 1}},
    {"missing",
     23,
     {STEP_CHECKPOINT, 0, 10, STEP_NEXT, 0, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_COMPACT, 1,
      STEP_CHECKPOINT, 0, 10, STEP_NEXT, 4, STEP_CHECKPOINT, 0, 10, STEP_REMOVE,     2}},
    {"newer", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 35}},
    {"padding",
     12,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_CHECKPOINT, 2, 50, STEP_SYNC, STEP_PADDING, 1}},
    {"removal",
     22,
     {STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_CLEAR,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_FLIP,
      2,
      8,
      0}},
    {"removal-zeros",
     22,
     {STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_CLEAR,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_CHECKPOINT,
      1,
      30,
      STEP_SYNC,
      STEP_CHECKPOINT,
      0,
      10,
      STEP_ZERO,
      0,
      66,
      20}},
    {"page-stray-1", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 5}},
    {"page-stray-6", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 25}},
    {"index-stray-0", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 0}},
    {"index-stray-1", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 4}},
    {"index-stray-2", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 8}},
    {"index-stray-3", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 12}},
    {"index-stray-4", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 16}},
    {"index-stray-6", 9, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_STRAY, 24}},
    {"name-stray-0", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 3}},
    {"name-stray-1", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 7}},
    {"name-stray-2", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 11}},
    {"name-stray-3", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 15}},
    {"name-stray-4", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 19}},
    {"name-stray-5", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 23}},
    {"name-stray-6", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 27}},
    {"name-stray-7", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 31}},
    {"reserve-stray-0", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 2}},
    {"reserve-stray-1", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 6}},
    {"reserve-stray-2", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 10}},
    {"reserve-stray-3", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 14}},
    {"reserve-stray-4", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 18}},
    {"reserve-stray-5", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 22}},
    {"reserve-stray-7", 8, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_STRAY, 30}},
    {"torn", 12, {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_CHECKPOINT, 2, 50, STEP_TORN, 1, 3}},
    {"whole",
     13,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_SYNC, STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1,
      30}},
    {"zeros",
     17,
     {STEP_CHECKPOINT, 0, 10, STEP_CHECKPOINT, 1, 30, STEP_CHECKPOINT, 2, 50, STEP_SYNC, STEP_CHECKPOINT, 0,
      10, STEP_ZERO, 0, 67, 30}},
};

/* Which of them is damaged, looked at and repaired while what fails: a byte of what the index is, the bytes
 * of fault.h, and who is at it. Each is the only one that reaches something. */
static const struct {
    const char *life;
    uint8_t closed, nth, what, at;
} failures[] = {
    {"clear-and-next", 1, 74, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"compact", 1, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"lost-compact", 0, 79, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"lost-compact", 1, 29, FAULT_WHAT(CLASS_READS, 5, 3), AT_WRITER},
    {"lost-compact", 1, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"copy", 0, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_ASKED},
    {"copy", 1, 72, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"cut", 0, 89, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"cut", 1, 13, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_REPAIR},
    {"cut-early", 1, 59, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"dir", 0, 38, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"dir", 0, 75, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_READER},
    {"fifo", 1, 11, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"giveup", 0, 16, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"record-header", 0, 31, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"record-header", 0, 16, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"header", 0, 4, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"header-copy", 0, 51, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"header-copy", 0, 5, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"header-both", 1, 16, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"header-both", 1, 31, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"hole", 1, 29, FAULT_WHAT(CLASS_READS, 5, 3), AT_REPAIR},
    {"jump", 0, 23, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"jump", 0, 5, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"jump", 1, 11, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_ASKED},
    {"kept", 0, 69, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"kept", 0, 6, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"kept", 1, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_REPAIR},
    {"last-record", 1, 71, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"last-record", 1, 79, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_REPAIR},
    {"link", 0, 48, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"link", 0, 5, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"link", 1, 29, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 0, 52, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"missing", 1, 22, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 1, 12, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 1, 76, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"newer", 0, 59, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"newer", 0, 2, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_ASKED},
    {"newer", 0, 15, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_REPAIR},
    {"newer", 0, 69, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"newer", 0, 26, FAULT_WHAT(CLASS_READS, 5, 3), AT_REPAIR},
    {"newer", 1, 77, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"newer", 1, 73, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"newer", 1, 73, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_REPAIR},
    {"newer", 1, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_REPAIR},
    {"padding", 0, 30, FAULT_WHAT(CLASS_READS, 5, 0), AT_REPAIR},
    {"padding", 0, 3, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_GOING_ON},
    {"padding", 1, 25, FAULT_WHAT(CLASS_READS, 5, 0), AT_REPAIR},
    {"removal", 0, 36, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"removal", 0, 23, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"removal-zeros", 1, 26, FAULT_WHAT(CLASS_READS, 5, 3), AT_READER},
    {"removal-zeros", 1, 30, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"page-stray-1", 0, 60, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"page-stray-1", 1, 65, FAULT_WHAT(CLASS_READS, 0, 0), AT_READER},
    {"page-stray-6", 1, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"index-stray-0", 0, 61, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"index-stray-1", 1, 49, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-2", 0, 15, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"index-stray-3", 0, 41, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-4", 0, 69, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"index-stray-4", 0, 42, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-4", 1, 34, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"index-stray-4", 1, 32, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"index-stray-6", 0, 17, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"index-stray-6", 1, 25, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-0", 0, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"name-stray-0", 0, 46, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-0", 0, 88, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"name-stray-0", 1, 67, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_WRITER},
    {"name-stray-1", 0, 10, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"name-stray-1", 0, 72, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-1", 1, 2, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"name-stray-2", 1, 78, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-3", 0, 60, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-4", 0, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"name-stray-4", 0, 50, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"name-stray-5", 0, 5, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_GOING_ON},
    {"name-stray-5", 1, 76, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_READER},
    {"name-stray-6", 0, 77, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-7", 0, 89, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"reserve-stray-0", 0, 38, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"reserve-stray-0", 0, 82, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-0", 1, 10, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"reserve-stray-0", 1, 1, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"reserve-stray-1", 1, 26, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-2", 0, 24, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-3", 1, 5, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"reserve-stray-3", 1, 41, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"reserve-stray-4", 0, 72, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-4", 1, 27, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_ASKED},
    {"reserve-stray-5", 0, 67, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"reserve-stray-5", 1, 0, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"reserve-stray-5", 1, 23, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-7", 0, 75, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-7", 0, 49, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"torn", 0, 48, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"zeros", 0, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"zeros", 0, 84, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"zeros", 1, 18, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
};

#define STEPS(...) steps(&sink, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* What fuzzing has found, made small: each reaches what those above do not. */
static const struct {
    uint8_t size, bytes[48];
} found[] = {
    {5, {0x00, 0x00, 0x00, 0x19, 0x0a}},
    {9, {0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x21, 0x70, 0x1b}},
    {9, {0x11, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x13, 0xfe}},
    {9, {0x11, 0xf3, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x14, 0x02}},
    {10, {0x00, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x01, 0x0f, 0x01, 0x00}},
    {10, {0x11, 0x20, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06, 0x14, 0x08}},
    {11, {0x19, 0x02, 0x58, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x1e, 0x14, 0x07}},
    {12, {0x18, 0x4b, 0x60, 0x00, 0x07, 0x00, 0x13, 0x0a, 0x00, 0x00, 0x00, 0x03}},
    {12, {0x19, 0x00, 0x58, 0x00, 0x04, 0x00, 0x01, 0x1e, 0x00, 0x0a, 0x14, 0x16}},
    {12, {0x19, 0x17, 0x38, 0x01, 0x00, 0x0a, 0x00, 0x01, 0x00, 0x1e, 0x14, 0x16}},
    {13, {0x11, 0x00, 0x0a, 0x00, 0x01, 0x0e, 0x14, 0x16, 0x38, 0x32, 0x0e, 0x01, 0x03}},
    {13, {0x18, 0x17, 0xc0, 0x00, 0x00, 0x5c, 0x00, 0x0a, 0x05, 0x00, 0x00, 0x0a, 0x06}},
    {13, {0x19, 0x22, 0x38, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x06, 0x1e, 0x14, 0x01, 0x10}},
    {13, {0x19, 0x41, 0x20, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x0e, 0x06, 0x01, 0x14, 0x05}},
    {15, {0x11, 0x00, 0x00, 0xf6, 0xff, 0xfe, 0xe1, 0xff, 0xfd, 0xce, 0x02, 0x09, 0x02, 0x08, 0x00}},
    {18,
     {0x19, 0x45, 0x80, 0x03, 0x00, 0x04, 0x0a, 0x00, 0x01, 0x1e, 0xff, 0xfd, 0xce, 0xf9, 0xf6, 0xfd, 0xf7,
      0xff}},
    {19,
     {0x11, 0x11, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06, 0x14, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06,
      0x14, 0x18}},
    {20, {0x11, 0x0a, 0x00, 0x01, 0x00, 0x14, 0x00, 0x7e, 0x1e, 0x11,
          0x0a, 0x00, 0x01, 0x00, 0x14, 0x00, 0x7e, 0x1e, 0x0a, 0x0a}},
    {20, {0x19, 0x0d, 0x18, 0x03, 0x00, 0x00, 0x0a, 0x18, 0x03, 0x00,
          0x01, 0x1e, 0x06, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {20, {0x19, 0x3b, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e,
          0x06, 0x0a, 0x00, 0x01, 0x1e, 0x0b, 0x00, 0x80, 0x3f, 0x11}},
    {22, {0x11, 0x00, 0x3d, 0x00, 0x0a, 0x00, 0x41, 0x1e, 0x9e, 0xff, 0xff,
          0xff, 0x14, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x21, 0x70, 0x0b}},
    {22, {0x19, 0x3b, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06,
          0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x0b, 0x00, 0x80, 0x3f, 0x11}},
    {25, {0x19, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a,
          0x6a, 0x17, 0x38, 0x01, 0x00, 0x0a, 0x00, 0x01, 0x00, 0x1e, 0x14, 0x16}},
    {26, {0x19, 0x31, 0x00, 0x00, 0x18, 0x2e, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01,
          0x1e, 0x14, 0x03, 0x01, 0x1e, 0x06, 0x00, 0x00, 0x0a, 0x0a, 0x00, 0x42, 0x14}},
    {29, {0x11, 0x00, 0x01, 0x00, 0x00, 0x0a, 0x05, 0x00, 0x40, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x40,
          0x1e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {11, {0x00, 0x01, 0x1e, 0x06, 0x0b, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x11}},
    {12, {0x00, 0x80, 0x00, 0x00, 0x01, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {15, {0x7a, 0x00, 0x00, 0x51, 0xd8, 0x8f, 0xd1, 0x0f, 0x0a, 0x06, 0x01, 0x0b, 0x80, 0x00, 0x11}},
    {16, {0x01, 0x00, 0x61, 0x90, 0x00, 0x01, 0x8e, 0x10, 0x00, 0x03, 0x2d, 0x5a, 0x00, 0x80, 0x00, 0x01}},
    {16, {0x2c, 0x0a, 0x2c, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x0c, 0x02}},
    {22, {0x69, 0x00, 0x7b, 0xfe, 0xff, 0xff, 0xbc, 0xcd, 0x00, 0x00, 0x00,
          0x00, 0x00, 0x01, 0x0a, 0x00, 0x01, 0x1e, 0x09, 0x7b, 0x64, 0x00}},
    {23, {0xbc, 0xbc, 0xbc, 0xbc, 0x07, 0xfc, 0xdf, 0x00, 0x0b, 0x00, 0x01, 0x01,
          0x30, 0x30, 0x31, 0x37, 0x3f, 0x37, 0x37, 0x34, 0x40, 0x31, 0x02}},
    {24, {0xe8, 0x03, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e,
          0x01, 0x00, 0xff, 0xfa, 0x0a, 0x07, 0x04, 0x00, 0x00, 0x0a, 0x0c, 0x02}},
    {27, {0x02, 0x04, 0x20, 0x01, 0x00, 0x00, 0x68, 0xdf, 0x1f, 0xf3, 0xf3, 0xf7, 0xf3, 0xf3,
          0xd7, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0x00, 0x79}},
    {28, {0x00, 0x00, 0x20, 0x0a, 0x00, 0x01, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0x6f, 0xff, 0x29, 0xff, 0x10, 0x00, 0x20, 0x0a, 0x0a}},
    {30, {0x00, 0x00, 0xbe, 0x00, 0x01, 0x00, 0x00, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe,
          0xbe, 0xbe, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {30, {0x00, 0x00, 0xf9, 0x09, 0x00, 0x01, 0x01, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x09,
          0xff, 0xe7, 0x1e, 0x01, 0x01, 0x00, 0x00, 0x0a, 0x07, 0x03, 0xf7, 0x00, 0x09, 0x0c, 0x02}},
    {35, {0x01, 0x01, 0x01, 0x01, 0x01, 0x29, 0x07, 0x07, 0x07, 0x07, 0xf5, 0x06,
          0x07, 0x00, 0xff, 0x07, 0x07, 0x14, 0xe9, 0xff, 0x02, 0x1d, 0x02, 0x04,
          0x02, 0x02, 0x02, 0x02, 0x89, 0x00, 0x01, 0x00, 0x01, 0x0c, 0x02}},
    {39, {0x08, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x01,
          0x01, 0x00, 0x00, 0x0a, 0x07, 0x60, 0x00, 0x00, 0x0a, 0x0c, 0x02, 0x01, 0x0a,
          0x00, 0x00, 0x0a, 0x0a, 0x0c, 0x0a, 0x07, 0x04, 0x9c, 0x00, 0x07, 0x22, 0x04}},
    {48, {0x01, 0x00, 0x00, 0x0a, 0x07, 0x00, 0xfc, 0x10, 0x7f, 0x63, 0x0a, 0x00, 0x01, 0x00, 0x0a, 0x07,
          0x00, 0x00, 0x11, 0x7f, 0x10, 0x0a, 0x00, 0x01, 0xe5, 0x18, 0x03, 0x1e, 0x00, 0x06, 0xf2, 0x04,
          0x00, 0x00, 0x0a, 0x01, 0x18, 0x03, 0x1e, 0x00, 0x06, 0xf2, 0x04, 0x00, 0x00, 0x0a, 0x04, 0x02}},
};

void target_seeds(target_seed *seed)
{
    static struct sink sink;

    for (uint8_t closed = 0; closed < 2; closed++) {
        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 2);
        STEPS(STEP_SYNC);
        checkpoints(&sink, 2);
        STEPS(STEP_FLIP, 1, 100, 0);
        seed(closed ? "closed-row-4-hole" : "row-4-hole", sink.bytes, sink.size);

        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 1);
        STEPS(STEP_NEXT, 0);
        checkpoints(&sink, 2);
        STEPS(STEP_COMPACT, 1);
        checkpoints(&sink, 1);
        STEPS(STEP_NEXT, 4);
        checkpoints(&sink, 1);
        STEPS(STEP_REMOVE, 2);
        seed(closed ? "closed-row-10-missing" : "row-10-missing", sink.bytes, sink.size);

        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 2);
        STEPS(STEP_SYNC);
        checkpoints(&sink, 1);
        STEPS(STEP_CUT, 0, 0, 17);
        seed(closed ? "closed-row-12-cut" : "row-12-cut", sink.bytes, sink.size);
    }
    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 3);
    STEPS(STEP_TORN, 1, 3);
    seed("row-2-torn", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 1);
    STEPS(STEP_CLEAR, STEP_SYNC);
    checkpoints(&sink, 1);
    STEPS(STEP_GIVE_UP, 0);
    checkpoints(&sink, 1);
    STEPS(STEP_JUMP, STEP_COMPLETE, STEP_RECOVERED);
    checkpoints(&sink, 1);
    seed("whole", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 1);
    STEPS(STEP_NEXT, 0);
    checkpoints(&sink, 1);
    STEPS(STEP_HEADER, 1, 3, STEP_ZERO, 0, 66, 1, STEP_COPY, 1, 0);
    seed("row-9-header", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 2);
    STEPS(STEP_LIE_RECORD, 1, 0, 1, 0, 29, STEP_LIE_HEADER, 0, 18, 1, 0, 40);
    seed("lies", sink.bytes, sink.size);
    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        char name[64];
        sink.size = 0;
        STEPS(INPUT_REPAIR | INPUT_CLOSED);
        steps(&sink, lives[i].steps, lives[i].size);
        snprintf(name, sizeof(name), "repair-%s", lives[i].name);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        char name[64];
        size_t k = 0;
        while (strcmp(lives[k].name, failures[i].life) != 0)
            k++;
        sink.size = 0;
        STEPS(INPUT_FAULT | INPUT_REPAIR | failures[i].closed, failures[i].nth, failures[i].what,
              failures[i].at);
        steps(&sink, lives[k].steps, lives[k].size);
        snprintf(name, sizeof(name), "fault-%02zu-%s", i, lives[k].name);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "found-%02zu", i);
        seed(name, found[i].bytes, found[i].size);
    }
    /* Each field of a header and of a record, in turn. */
    for (uint8_t field = 0; field < 31 + 10; field++) {
        const bool header = field < 31;
        for (uint8_t far = 0; far < 2; far++) {
            char name[64];
            sink.size = 0;
            STEPS(0);
            checkpoints(&sink, 2);
            STEPS(STEP_NEXT, 0);
            checkpoints(&sink, 2);
            STEPS(header ? STEP_LIE_HEADER : STEP_LIE_RECORD, header ? 1 : 2, header ? field : field - 31, 1,
                  0, far ? 62 : 0);
            snprintf(name, sizeof(name), "lie-%02u-%s", field, far ? "far" : "near");
            seed(name, sink.bytes, sink.size);
        }
    }
}
