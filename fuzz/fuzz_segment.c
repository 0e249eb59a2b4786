/* fuzz_segment.c -- segment files: what recovery makes of them.
 *
 * An input is steps (damaged.h): first what a journal's life was (checkpoints, removals, syncs, segments),
 * which history.h turns into files; then what became of the files. A step of damage changes bytes as a medium
 * or a crash may. A lie changes a field of a record or of a header and mends the hash, as no medium does.
 *
 * What must hold, whatever was done:
 *
 *   - opening takes no more than a second of the CPU, and no more memory than a small multiple of the files
 * (damaged_looks.h);
 *   - nothing is given out as a checkpoint's data that was not recorded;
 *   - a reader that is alone says what a writer says who recovers, and a second opening says what the first
 * did, for as long as there are no lies.
 *
 * And the table of docs/protocol.md, if there are no lies (damaged_table.h):
 *
 *   - with no damage all is there, and nothing else;
 *   - a checkpoint of which no byte has changed, below the witness, is had;
 *   - one that has changed, below the witness, is lost by name: never missing and never given out;
 *   - none is shown that was not recorded, and no id of one that was durable is given a second time.
 *
 * The witness is taken from what is left of the files as the protocol says (damaged_vouched.h), but here all
 * that was recorded is known.
 *
 * An input may say that calls of the system fail (damaged_faults.h) while one of those who look is at it
 * (three bytes behind the first). What he says may be an error, and nothing that was not recorded; and
 * whoever comes after him, when all calls succeed again, is asked all of the above. He who could not
 * read when he recovered has changed nothing, but may have gone on without an index; then only the table is
 * asked for, and not that he says what the reader before him said.
 *
 * And it may say that the journal is repaired (damaged_repair.h), which may fail so, too: then nothing is
 * damaged that was not accepted, and all that could be had before still can.
 */
#include <stdbool.h>

#include <cairn/cairn.h>

#include "fuzz/answers.h"
#include "fuzz/damaged.h"
#include "fuzz/damaged_faults.h"
#include "fuzz/damaged_looks.h"
#include "fuzz/damaged_repair.h"
#include "fuzz/damaged_seeds.h"
#include "fuzz/damaged_table.h"
#include "fuzz/damaged_writer.h"
#include "fuzz/source.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct damaged journal;
    static struct answers reader, writer, again;
    const struct source source = {data, size};

    damaged_decode(&journal, &source);
    damaged_write(&journal);
    const bool whole = damaged_is_whole(&journal);
    damaged_look_failing(&journal, AT_READER);
    damaged_look(&journal, CAIRN_READONLY, &reader, "the reader");
    if (whole)
        answers_check_whole(&reader, &journal.history, "the reader");
    damaged_look_failing(&journal, AT_WRITER);
    damaged_look(&journal, 0, &writer, "the writer");
    damaged_look_failing(&journal, AT_ASKED);
    if (!journal.lies) {
        if (!journal.blind && !journal.gave_up)
            damaged_compare(&reader, "the reader", &writer, "the writer");
        damaged_look(&journal, CAIRN_READONLY, &again, "a reader after it");
        damaged_compare(&writer, "the writer", &again, "a reader after it");
    }
    if (journal.how & INPUT_REPAIR)
        damaged_repair(&journal, &writer);
    damaged_go_on(&journal, &writer);
    return 0;
}

void target_seeds(target_seed *seed)
{
    damaged_seeds(seed);
}
