/* options.h -- what `cairn-torture run` was asked for. */
#ifndef TORTURE_OPTIONS_H
#define TORTURE_OPTIONS_H

#include "torture/campaign.h"

struct options {
    const char *dir, *check, *library, *recover, *out, *trace, *tap, *junit, *json, *html;
    bool profiles[PROFILES];       /* of power cuts */
    bool kill, power, rot, errors; /* the faults */
    bool drop_syncs;
    struct campaign campaign;
};

/* options_read -- the words behind `run`. False if they are wrong, with a message on standard error. What is
 * in *options points into them. */
bool options_read(struct options *options, int argc, char **argv);

/* options_want -- whether the profile is to be tried. */
bool options_want(const struct options *options, enum profile profile);

#endif
