/* failure.c -- see failure.h. */
#include "cli/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <cairn/error.h>

#include "cli/progress.h"
#include "cli/text.h"

static const struct failure {
    int error;
    int exit_code;
    const char *name;
} failures[] = {
    {CAIRN_OK, EXIT_DONE, "CAIRN_OK"},
    {CAIRN_ENONE, EXIT_NOTHING, "CAIRN_ENONE"},
    {CAIRN_ENOTFOUND, EXIT_NOTHING, "CAIRN_ENOTFOUND"},
    {CAIRN_EINVAL, EXIT_MISUSE, "CAIRN_EINVAL"},
    {CAIRN_ESTATE, EXIT_MISUSE, "CAIRN_ESTATE"},
    {CAIRN_EFORKED, EXIT_MISUSE, "CAIRN_EFORKED"},
    {CAIRN_E2BIG, EXIT_MISUSE, "CAIRN_E2BIG"},
    {CAIRN_ENOTDIR, EXIT_MISUSE, "CAIRN_ENOTDIR"},
    {CAIRN_ENOTSUP, EXIT_MISUSE, "CAIRN_ENOTSUP"},
    {CAIRN_EVERSION, EXIT_MISUSE, "CAIRN_EVERSION"},
    {CAIRN_ECORRUPT, EXIT_DAMAGED, "CAIRN_ECORRUPT"},
    {CAIRN_EIO, EXIT_FAILED, "CAIRN_EIO"},
    {CAIRN_ENOSPC, EXIT_FAILED, "CAIRN_ENOSPC"},
    {CAIRN_EACCES, EXIT_FAILED, "CAIRN_EACCES"},
    {CAIRN_ENOMEM, EXIT_FAILED, "CAIRN_ENOMEM"},
    {CAIRN_EBUSY, EXIT_WAITED, "CAIRN_EBUSY"},
    {CAIRN_EHOST, EXIT_WAITED, "CAIRN_EHOST"},
    {CAIRN_ETIMEDOUT, EXIT_WAITED, "CAIRN_ETIMEDOUT"},
    {CAIRN_ECANCELED, EXIT_WAITED, "CAIRN_ECANCELED"},
};

static const struct failure unknown = {0, EXIT_FAILED, "unknown"};

static const struct failure *failure_find(int error)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].error == error)
            return &failures[i];
    return &unknown;
}

int failure_exit_code(int error)
{
    return failure_find(error)->exit_code;
}

const char *failure_name(int error)
{
    return failure_find(error)->name;
}

void failure_say(const char *command, const char *format, ...)
{
    char message[2048];
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    progress_erase();
    fputs("cairn: ", stderr);
    if (command != NULL)
        fprintf(stderr, "%s: ", command);
    text_print(stderr, message);
    fputc('\n', stderr);
    errno = saved_errno;
}

int failure_report(const char *command, int error)
{
    const char *message = cairn_message();

    failure_say(command, "%s", message[0] != '\0' ? message : cairn_strerror(error));
    return failure_exit_code(error);
}
