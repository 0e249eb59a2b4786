/* outputs.h -- what was found, in the forms that programs read: TAP, JUnit and JSON, where a profile is a
 * test; and as HTML (html.h). */
#ifndef TORTURE_OUTPUTS_H
#define TORTURE_OUTPUTS_H

#include "torture/campaign.h"
#include "torture/html.h"

struct outputs {
    FILE *tap, *junit, *json; /* NULL for those that are not wanted */
    struct html html;
    unsigned profiles; /* so far */
};

/* outputs_open -- a path may be NULL. False if a file cannot be made, with a message on stderr. */
bool outputs_open(struct outputs *outputs, const char *tap, const char *junit, const char *json,
                  const char *html);

/* outputs_profile -- a profile's result; `text` is what is said of its failures, and repros[i] where failure
 * i was written, or NULL. */
void outputs_profile(struct outputs *outputs, const struct campaign *campaign, const struct result *result,
                     const char *text, const char *const repros[]);

/* outputs_close -- the end, with what could not be followed. False if something was not written. */
bool outputs_close(struct outputs *outputs, const struct trace *trace);

#endif
