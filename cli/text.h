/* text.h -- labels, paths and times as text that is safe to show.
 *
 * A label is the caller's and may hold anything that is UTF-8; a path or another implementation's label
 * may not even be that. Nothing of it may move a terminal's cursor or forge a line of a table.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_INVALID UINT32_MAX

/* Takes one character of UTF-8 from `text`, which is ended by a NUL and not empty, into *character.
 * Returns how many bytes it has. A byte that begins no character counts as one, TEXT_INVALID. */
size_t text_decode(const char *text, uint32_t *character);

/* Tells whether `text` is UTF-8 throughout. */
bool text_is_utf8(const char *text);

/* Tells whether a character must not reach a terminal as it is: a control character, one that separates
 * lines, or one that turns the direction of writing. */
bool text_is_control(uint32_t character);

/* Prints `text` with control characters as \n, \t, \r, \xNN or \uNNNN, bytes that are no UTF-8 as \xNN,
 * and a backslash as two. */
void text_print(FILE *stream, const char *text);

/* Room for a time as text, with its NUL. */
#define TEXT_TIME_SIZE 48

/* Writes a time, in nanoseconds of CLOCK_REALTIME, as UTC by ISO 8601: `2001-02-03T04:05:06Z`, or with
 * nanoseconds if `fraction`. Returns `buffer`. */
const char *text_time(char buffer[TEXT_TIME_SIZE], int64_t time_ns, bool fraction);

#endif
