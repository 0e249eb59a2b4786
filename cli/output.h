/* output.h -- standard output, with no failure unseen.
 *
 * A full disk, a closed descriptor or a reader that went away must not pass for success: what was asked
 * for did not arrive. The commands print to stdout through stdio as usual and ask here how it went; main()
 * ends with output_close(). The first failure is said once, on stderr.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Tells, after something was printed, whether stdout has failed by now. Says nothing. A callback that sees
 * true ends the walk. Set errno to 0 before printing for the reason to be kept. */
bool output_failed(void);

/* Prints `size` bytes as they are. */
void output_bytes(const void *data, size_t size);

/* Writes out what is buffered. Returns true if all that was printed has been written. If not, says so, in
 * the name of `command`, beginning with `what` ("writing standard output failed", for instance). */
bool output_flush(const char *command, const char *what);

/* Writes out what is buffered, and closes stdout. Returns `code`, or EXIT_FAILED if anything printed was
 * not written, which is said unless it was before. */
int output_close(const char *command, int code);

#endif
