/* message.c -- what a failed call has to say, kept for the thread; the sentence for each error. */
#include <stdarg.h>
#include <stdio.h>

#include <cairn/operation.h>
#include <cairn/version.h>

#include "operation/message.h"

static _Thread_local char message[1024];
static _Thread_local unsigned long messages; /* how many have been set */

int cairn_set_message(int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    messages++;
    return error;
}

unsigned long message_count(void)
{
    return messages;
}

const char *cairn_message(void)
{
    return message;
}

const char *cairn_strerror(int error)
{
    static const char *const sentence[] = {
        [-CAIRN_OK] = "done",
        [-CAIRN_EINVAL] = "an argument is not one that the call takes",
        [-CAIRN_ENONE] = "there is no checkpoint",
        [-CAIRN_ENOTFOUND] = "no checkpoint has this id",
        [-CAIRN_ECORRUPT] = "what was recorded is lost or damaged",
        [-CAIRN_EIO] = "the operating system failed a read, a write or a sync",
        [-CAIRN_ENOSPC] = "there is no space; nothing was recorded and nothing was lost",
        [-CAIRN_EBUSY] = "somebody else holds what the call needs",
        [-CAIRN_ETIMEDOUT] = "the deadline passed before anything was done",
        [-CAIRN_ECANCELED] = "cancelled before anything was done",
        [-CAIRN_ENOMEM] = "there is no memory",
        [-CAIRN_EACCES] = "the access is not permitted, or the handle is read-only",
        [-CAIRN_ENOTDIR] = "the place is something else",
        [-CAIRN_EVERSION] = "a newer version of cairn wrote this",
        [-CAIRN_EHOST] = "in use on another host or in another PID namespace",
        [-CAIRN_EFORKED] = "the handle belongs to the process that forked this one",
        [-CAIRN_ESTATE] = "the call does not fit the handle's state",
        [-CAIRN_E2BIG] = "the label or the data is too large",
        [-CAIRN_ENOTSUP] = "not offered here",
    };

    if (error > 0 || error < -(int)(sizeof(sentence) / sizeof(sentence[0])) + 1)
        return "unknown error";
    return sentence[-error];
}

const char *cairn_version(void)
{
    return CAIRN_VERSION;
}
