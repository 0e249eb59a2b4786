/* input.h -- the data for a checkpoint, from a file or from standard input.
 *
 * It is read before the operation is opened: while a pipe makes us wait nothing is held, and if the input
 * fails nothing has been created. Waiting for input ends with the request's deadline.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stddef.h>

struct request;

struct input {
    char *data;
    size_t size;
};

/* Reads all of the file `path`; "-" or NULL is standard input. Reads no more than one byte past what a
 * checkpoint takes, which leaves it to the library to refuse it. On success *input is the caller's, to be
 * ended with input_free(). Returns an exit code other than EXIT_DONE on failure, which has been told. */
int input_read(const struct request *request, const char *path, struct input *input);

void input_free(struct input *input);

#endif
