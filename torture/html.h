/* html.h -- what was found, for people: one file of HTML that is whole by itself, with pictures, and needs no
 * script. It is well-formed XML, too.
 *
 * It is bounded: of a profile HTML_STATES failing states are shown, of each FAILING_LOSSES operations with
 * what was lost of them (failing.h) and a picture of WINDOW_OPS operations and TIMELINE_LANES objects at most
 * (timeline.h), which is some 10 to 40 KiB, and less than a MiB whatever the names are; of what could not be
 * followed HTML_GAPS sentences.
 */
#ifndef TORTURE_HTML_H
#define TORTURE_HTML_H

#include "torture/campaign.h"

#define HTML_STATES 20
#define HTML_GAPS   50

struct html {
    FILE *file; /* NULL: none is wanted */
    FILE *rows, *states;
    char *rows_text, *states_text; /* what stands in these: they come behind what is known at the end only */
    size_t rows_size, states_size;
    struct campaign campaign; /* the latest, for what all have in common */
    bool tried[PROFILES];
    unsigned number;                     /* failing states so far */
    unsigned failed, broken, incomplete; /* profiles */
};

/* html_open -- on a file that was made for it, which may be NULL. */
void html_open(struct html *html, FILE *file);

/* html_profile -- as outputs_profile(). */
void html_profile(struct html *html, const struct campaign *campaign, const struct result *result,
                  const char *const repros[]);

/* html_close -- writes the document; the file remains to be closed. */
void html_close(struct html *html, const struct trace *trace);

#endif
