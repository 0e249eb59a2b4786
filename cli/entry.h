/* entry.h -- a checkpoint as a line: of a table, or of JSON. What is known to be lost is a line of its own,
 * for a run. */
#ifndef CLI_ENTRY_H
#define CLI_ENTRY_H

#include <stdbool.h>

#include <cairn/cairn.h>

/* Prints it to stdout; `first` is the first of a table, below the names of the columns. */
void entry_print(const struct cairn_entry *entry, bool json, bool first);

#endif
