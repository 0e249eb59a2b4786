/* name.h -- how a checkpoint's file is called: its number in eight digits, its label, ".chk".
 *
 * The name is the id, and it is all that is known of a checkpoint beside its data. The rules are those of the
 * Go package cloudeng.io/file/checkpoint, so that its programs and these read each other's.
 */
#ifndef DIRECTORY_NAME_H
#define DIRECTORY_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_SIZE       256u      /* a file name, and its NUL */
#define NAME_NUMBER_MAX 99999999u /* the last that eight digits can tell */
#define NAME_DIGITS     8u
#define NAME_SUFFIX     ".chk"
#define NAME_LABEL_MAX  (NAME_SIZE - 1 - NAME_DIGITS - (sizeof(NAME_SUFFIX) - 1))

enum name_kind {
    NAME_FOREIGN,    /* somebody else's: too short, or another suffix */
    NAME_NUMBERLESS, /* a Go program would take it for a checkpoint, but it has no number */
    NAME_CHECKPOINT,
};

/* name_parse -- what the name is; *number is set for a checkpoint. */
enum name_kind name_parse(const char *name, uint32_t *number);

/* name_format -- the name of a checkpoint; the label has NAME_LABEL_MAX bytes at most. */
void name_format(char name[NAME_SIZE], uint32_t number, const char *label);

/* name_label -- the label in a checkpoint's name. */
void name_label(char label[NAME_SIZE], const char *name);

#endif
