/* rot_look.h -- looks at a damaged journal through the public interface, and complains of all that is not as
 * it has to be: what was hit must be reported by name by each call that meets it, all else be there byte for
 * byte.
 */
#ifndef TESTS_ROT_LOOK_H
#define TESTS_ROT_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include <cairn/cairn.h>

#include "rot_journal.h"

struct rot_look {
    const struct rot_journal *journal;
    char what[512];           /* the damage, in words */
    struct rot_cost cost;     /* what all the damage costs */
    struct rot_cost accepted; /* what the damage that repair has accepted does */
    bool fresh;               /* there is damage that it has not */
    unsigned long round;      /* another number each time: what is not looked at now is then */
    unsigned long complaints; /* so far; the first few are printed */
    bool brief;               /* there are very many changes: only each 9th time by all means */
    bool all;                 /* this is such a time */

    const char *stage;
    struct cairn_id more_id;
    const void *more; /* a checkpoint recorded after the damage; NULL if there is none */
    size_t more_size;
};

/* rot_look_begin -- the journal has been damaged, which costs `look->cost`; nothing has been accepted yet. */
void rot_look_begin(struct rot_look *look);

/* rot_look_read -- looks at it by a reader. */
void rot_look_read(struct rot_look *look, const char *stage);

/* rot_look_write -- by a writer, who records one more, and then by a reader. */
void rot_look_write(struct rot_look *look);

/* rot_look_repair -- by a writer, who repairs it, and then by a reader. */
void rot_look_repair(struct rot_look *look);

/* rot_look_without_index -- by a reader, a writer and a reader, if the index is lost, too: then nothing but
 * the log tells how long it was. What was recorded last and is damaged looks like a write that was cut off,
 * and may be gone; `unknown` says that a file is damaged so that this is known to be possible. All else as
 * ever. */
void rot_look_without_index(struct rot_look *look, bool unknown);

/* rot_look_complain -- something is not as it has to be. */
__attribute__((format(printf, 2, 3))) void rot_look_complain(struct rot_look *look, const char *format, ...);

#endif
