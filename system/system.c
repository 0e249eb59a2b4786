/* system.c -- see system.h. */
#include "system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_ATTEMPTS 3 /* what fails that often is taken for a bad place of the medium */

size_t system_read(int fd, void *buffer, size_t size, uint64_t offset, int *failed)
{
    size_t done = 0;
    int attempts = 0;

    *failed = 0;
    while (done < size) {
        ssize_t n = pread(fd, (char *)buffer + done, size - done, (off_t)(offset + done));
        if (n > 0) {
            done += (size_t)n;
            attempts = 0;
        } else if (n == 0) {
            break;
        } else if (errno != EINTR && ++attempts == READ_ATTEMPTS) {
            *failed = errno;
            break;
        }
    }
    return done;
}

int64_t system_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t system_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int system_error(int number, const char *format, ...)
{
    char text[512];
    int error = CAIRN_EIO;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit of the process, and its like */
        error = CAIRN_ENOSPC;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        error = CAIRN_EACCES;
        break;
    case ENOTDIR:
        error = CAIRN_ENOTDIR;
        break;
    case ENOMEM:
        error = CAIRN_ENOMEM;
        break;
    case ENAMETOOLONG:
    case ELOOP:
        error = CAIRN_EINVAL;
        break;
    case EOPNOTSUPP:
    case ENOSYS:
    case ENOLCK:
        error = CAIRN_ENOTSUP;
        break;
    default:
        break;
    }
    return cairn_set_message(error, "%s: %s", text, strerror(number));
}

void system_boot_id(uint8_t id[16])
{
    char text[40] = {0};
    int failed;

    memset(id, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    system_read(fd, text, sizeof(text) - 1, 0, &failed);
    close(fd);
    for (int i = 0, digit = 0; text[i] && digit < 32; i++) {
        unsigned value;
        if (text[i] >= '0' && text[i] <= '9')
            value = (unsigned)(text[i] - '0');
        else if (text[i] >= 'a' && text[i] <= 'f')
            value = (unsigned)(text[i] - 'a' + 10);
        else
            continue;
        id[digit / 2] = (uint8_t)((unsigned)id[digit / 2] << 4 | value);
        digit++;
    }
}

void system_pid_namespace(uint64_t id[2])
{
    struct stat st;

    id[0] = id[1] = 0;
    if (stat("/proc/self/ns/pid", &st) != 0)
        return;
    id[0] = st.st_dev;
    id[1] = st.st_ino;
}
