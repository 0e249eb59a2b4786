/* machine.h -- what was measured on, and what else it had to do. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "notes.h"

/* Notes the kernel, the cores, the memory, and the file system and the disk of `path`. */
void machine_note(struct notes *notes, const char *path);

/* Returns the seconds that processors have worked so far for others than this process and the children that
 * it has waited for: by /proc/stat, which counts the kernel's threads too. */
double machine_others_seconds(void);

#endif
