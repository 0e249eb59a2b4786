/* disk.h -- a disk that is as full after the crash as it was before: else a check would have all the space
 * that it wants. */
#ifndef TORTURE_CAIRN_DISK_H
#define TORTURE_CAIRN_DISK_H

/* disk_fill -- lays what is in the directory (TORTURE_DIR) on a disk of that size, as mount() takes it, fills
 * up the rest of it, and puts it in the directory's place, for this process only. Ends the process if it
 * cannot. */
void disk_fill(const char *size);

#endif
