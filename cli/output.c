/* output.c -- see output.h. */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/failure.h"

static bool failed;     /* something that was printed is lost */
static bool said;       /* and that has been told */
static int first_errno; /* why, or 0 */

bool output_failed(void)
{
    if (ferror(stdout) && !failed) {
        failed = true;
        first_errno = errno;
    }
    return failed;
}

void output_bytes(const void *data, size_t size)
{
    errno = 0;
    if (size > 0)
        (void)fwrite(data, 1, size, stdout);
    (void)output_failed();
}

static void output_say(const char *command, const char *what)
{
    if (said)
        return;
    said = true;
    if (first_errno != 0)
        failure_say(command, "%s: %s", what, strerror(first_errno));
    else
        failure_say(command, "%s", what);
}

bool output_flush(const char *command, const char *what)
{
    errno = 0;
    if (fflush(stdout) != 0 && !failed) {
        failed = true;
        first_errno = errno;
    }
    if (output_failed())
        output_say(command, what);
    return !failed;
}

int output_close(const char *command, int code)
{
    static const char what[] = "writing standard output failed";

    (void)output_flush(command, what);
    errno = 0;
    if (fclose(stdout) != 0 && !failed) { /* a network file system may tell only now */
        failed = true;
        first_errno = errno;
        output_say(command, what);
    }
    return failed ? EXIT_FAILED : code;
}
