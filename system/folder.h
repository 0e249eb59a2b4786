/* folder.h -- the directory that an operation stands in: opening it, making it, making its name durable. */
#ifndef SYSTEM_FOLDER_H
#define SYSTEM_FOLDER_H

/* folder_open -- opens `root`, which is made with all that is missing above it, unless `flags` (of enum
 * cairn_flags) says not to: then CAIRN_ENONE, "there is no KIND". What is made is not durable yet. */
int folder_open(int *dir, const char *root, const char *kind, unsigned flags);

/* folder_sync -- makes the directory's own name durable, and the names of all above it on the same file
 * system, whoever made them: a process that did may have been killed before it came to this, and nobody can
 * tell. */
int folder_sync(int dir, const char *path);

#endif
