/* progress.h -- one line on the terminal for what takes longer than a second.
 *
 * The line is drawn on stderr, redrawn at most five times a second, and erased by progress_erase(), which
 * has to be called before anything else is printed to the terminal. Nothing is drawn if stderr is no
 * terminal, or one that cannot erase. There is one line per process; only its main thread draws it.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

/* Begins to measure the time, for a line that starts with `cairn: COMMAND: `. */
void progress_begin(const char *command);

void progress_percent(uint64_t done, uint64_t total);     /* "42%" */
void progress_bytes(const char *what, uint64_t bytes);    /* "WHAT 12.3 MiB" */
void progress_count(const char *what, uint64_t how_many); /* "WHAT 1234" */

/* Erases the line, if it is there. It may be drawn again. */
void progress_erase(void);

#endif
