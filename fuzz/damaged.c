/* damaged.c -- see damaged.h. */
#include "fuzz/damaged.h"

#include <cairn/cairn.h>

#include "fuzz/damaged_steps.h"
#include "fuzz/place.h"
#include "journal/control.h"
#include "journal/files.h"
#include "journal/index.h"

/* change -- one step of what became of the files. */
static void change(struct damaged *journal, enum step step, struct source *source)
{
    if (step != STEP_STRAY)
        damaged_spoil(&journal->history, step, source);
    else if (journal->stray_count < STRAYS)
        journal->strays[journal->stray_count++] = source_u8(source);
    journal->lies |= step == STEP_LIE_RECORD || step == STEP_LIE_HEADER;
}

void damaged_decode(struct damaged *journal, const struct source *source)
{
    bool past = false;
    struct source pass = *source;

    const uint8_t how = journal->how = source_u8(&pass);
    history_begin(&journal->history, (size_t)(how >> 1 & 3) * 4096);
    journal->closed = how & INPUT_CLOSED;
    journal->lies = journal->blind = journal->gave_up = journal->newer = false;
    journal->stray_count = 0;
    if (how & INPUT_FAULT) {
        source_bytes(&pass, journal->fault, sizeof(journal->fault));
        journal->fault_at = source_u8(&pass);
    }
    while (pass.left) {
        const enum step step = (enum step)(source_u8(&pass) % STEP_COUNT);
        past |= step >= STEP_FLIP;
        if (!past)
            damaged_live(&journal->history, step, &pass);
        else
            change(journal, step, &pass);
    }
}

/* stray -- puts something into the directory beside the segments, or in the place of what is no segment. */
static void stray(struct damaged *journal, uint8_t what)
{
    static const char *const names[] = {INDEX_NAME, CONTROL_NAME, RESERVE_NAME, INDEX_NAME};
    static const char *const others[] = {"seg-1",          "seg-00000000", "spare-1", "notes.txt",
                                         "spare-00000007", "seg-00099999", "seg-x",   "spare-x"};
    static const unsigned char zeros[64] = {0};
    const unsigned kind = what & 3, which = what >> 2 & 7;
    const char *name = kind < 3 ? names[kind] : others[which];
    char next[SEGMENT_NAME_SIZE];

    if (kind == 3 && what & 0x20) {
        segment_name(next, journal->history.segment_count + 1);
        name = next;
        journal->newer = true;
    }
    if (kind == 0)
        journal->closed = false; /* there is none any more */
    place_stand(name, kind < 3 && which < STANDS ? (enum stand)which : STAND_NOTHING);
    if (kind == 3 || which >= STANDS) /* where nothing stands: writing to a fifo would wait for a reader */
        place_write(name, zeros, kind < 3 ? 8u * which : sizeof(zeros));
}

void damaged_write(struct damaged *journal)
{
    struct cairn_op *op;

    place_clear();
    if (journal->closed) {
        history_write_whole(&journal->history);
        if (cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD) == 0)
            cairn_close(op);
    }
    history_write(&journal->history);
    for (unsigned i = 0; i < journal->stray_count; i++)
        stray(journal, journal->strays[i]);
}
