/* replay.c -- runs a target on files, once on each and without an engine; or makes its seed corpus.
 *
 *   replay_NAME PATH...      each file, and each file of each directory; a path that is not there is none
 *   replay_NAME --seeds DIR  writes the seed corpus to DIR, which is made
 *
 * The name of a file is printed before it is run, so that of one that crashes it is the last. The exit status
 * is 2 if something cannot be read or written; else it is 0, for whatever is wrong with an input ends the
 * program.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/target.h"

#define PATH_SIZE 4096

static const char *seeds; /* the directory that they go to */

static _Noreturn void give_up(const char *what, const char *path)
{
    fprintf(stderr, "replay: %s: %s: %s\n", path, what, strerror(errno));
    exit(2);
}

static void write_seed(const char *name, const void *data, size_t size)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", seeds, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        give_up("cannot write", path);
}

/* run_file -- of exactly the size that it has, so that reading behind it is noticed. */
static void run_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");

    if (data == NULL || file == NULL || fread(data, 1, size, file) != size)
        give_up("cannot read", path);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static unsigned long run(const char *path);

static unsigned long run_directory(const char *path)
{
    struct dirent **entries;
    unsigned long count = 0;
    char below[PATH_SIZE];

    int found = scandir(path, &entries, NULL, alphasort);
    if (found < 0)
        give_up("cannot read", path);
    for (int i = 0; i < found; i++) {
        if (entries[i]->d_name[0] != '.') {
            snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
            count += run(below);
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

/* run -- returns how many files there were. */
static unsigned long run(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        if (errno == ENOENT)
            return 0;
        give_up("cannot look at it", path);
    }
    if (S_ISDIR(st.st_mode))
        return run_directory(path);
    run_file(path, (size_t)st.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    unsigned long count = 0;

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        seeds = argv[2];
        if (mkdir(seeds, 0777) != 0 && errno != EEXIST)
            give_up("cannot make it", seeds);
        target_seeds(write_seed);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        count += run(argv[i]);
    printf("%lu inputs\n", count);
    return 0;
}
