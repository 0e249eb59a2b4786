/* system.h -- what all parts ask of the operating system beyond one call: whole reads, the clock, the
 * translation of errno. */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include <cairn/operation.h>

/* system_read -- reads up to `size` bytes at `offset`; returns how many, fewer at the end of the file or
 * where a read fails again and again (*failed is its errno then, else 0). */
size_t system_read(int fd, void *buffer, size_t size, uint64_t offset, int *failed);

/* system_time_ns -- CLOCK_REALTIME in nanoseconds. */
int64_t system_time_ns(void);

/* system_monotonic_ns -- CLOCK_MONOTONIC in nanoseconds. */
int64_t system_monotonic_ns(void);

/* system_error -- sets the message to the printf-like text, ": " and the errno's own, and returns the
 * enum cairn_error that the errno means. What is missing is CAIRN_EIO: whether it might be is the caller's to
 * know, and CAIRN_ENONE is no failure. */
__attribute__((format(printf, 2, 3))) int system_error(int number, const char *format, ...);

/* system_boot_id -- this boot's id; zeros if the kernel does not tell. */
void system_boot_id(uint8_t id[16]);

/* system_pid_namespace -- this process's PID namespace, by device and inode; zeros if that cannot be had. */
void system_pid_namespace(uint64_t id[2]);

#endif
