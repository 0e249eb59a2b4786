/* files.c -- see files.h. */
#include "journal/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/index.h"
#include "journal/journal.h"
#include "system/system.h"

int files_init(struct files *files)
{
    struct rlimit limit;

    memset(files->open, 0, sizeof(files->open));
    files->most = FILES_OPEN_MIN;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 8 > FILES_OPEN_MIN)
        files->most = limit.rlim_cur / 8 < FILES_OPEN_MAX ? (unsigned)(limit.rlim_cur / 8) : FILES_OPEN_MAX;
    files->clock = 0;
    return pthread_mutex_init(&files->lock, NULL);
}

static void drop(struct open_segment **place)
{
    segment_close(&(*place)->segment);
    free(*place);
    *place = NULL;
}

void files_release(struct files *files)
{
    for (unsigned i = 0; i < files->most; i++) {
        if (files->open[i])
            drop(&files->open[i]);
    }
    pthread_mutex_destroy(&files->lock);
}

/* home -- where in the table a segment stands if it can: it is looked for there first. */
static struct open_segment **home(struct files *files, uint64_t number)
{
    return &files->open[number % files->most];
}

static struct open_segment *find(struct files *files, uint64_t number)
{
    struct open_segment *likely = *home(files, number);

    if (likely && likely->segment.header.number == number)
        return likely;
    for (unsigned i = 0; i < files->most; i++) {
        struct open_segment *open = files->open[i];
        if (open && open->segment.header.number == number)
            return open;
    }
    return NULL;
}

/* keep -- puts an open segment into the table, in place of the one not used for longest. Where all are in
 * use it stays outside, and files_put() frees it. */
static void keep(struct files *files, struct open_segment *open)
{
    struct open_segment **place = home(files, open->segment.header.number);

    for (unsigned i = 0; *place && i < files->most; i++) {
        struct open_segment **other = &files->open[i];
        if (*other == NULL ||
            ((*other)->users == 0 && ((*place)->users > 0 || (*other)->used < (*place)->used)))
            place = other;
    }
    if (*place && (*place)->users > 0)
        return;
    if (*place)
        drop(place);
    *place = open;
}

int files_get(struct journal *journal, uint64_t number, const struct segment **segment, const char **reason)
{
    struct files *files = &journal->files;
    int error = 0;

    *reason = NULL;
    pthread_mutex_lock(&files->lock);
    struct open_segment *open = find(files, number);
    if (open == NULL) {
        open = calloc(1, sizeof(*open));
        if (open == NULL) {
            error = cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a segment", journal->path);
        } else {
            error =
                segment_open(&open->segment, journal->dir, journal->path, number, !journal->readonly, reason);
            if (error == 0 && memcmp(open->segment.header.uuid, journal->uuid, sizeof(journal->uuid)) != 0) {
                segment_close(&open->segment);
                *reason = "the segment belongs to another journal";
                error = cairn_set_message(CAIRN_ECORRUPT, "%s/seg-%08" PRIu64 ": offset 16: %s",
                                          journal->path, number, *reason);
            }
            if (error) {
                free(open);
                open = NULL;
            } else {
                keep(files, open);
            }
        }
    }
    if (open) {
        open->users++;
        open->used = ++files->clock;
        *segment = &open->segment;
    }
    pthread_mutex_unlock(&files->lock);
    return error;
}

void files_put(struct journal *journal, const struct segment *segment)
{
    struct files *files = &journal->files;
    struct open_segment *open;

    if (segment == NULL)
        return;
    pthread_mutex_lock(&files->lock);
    open = (struct open_segment *)(uintptr_t)segment; /* the segment is its first member */
    assert(open->users > 0);
    open->users--;
    if (open->users == 0 && find(files, segment->header.number) != open) {
        segment_close(&open->segment);
        free(open);
    }
    pthread_mutex_unlock(&files->lock);
}

void files_add(struct journal *journal, const struct segment *segment)
{
    struct files *files = &journal->files;
    struct open_segment *open = calloc(1, sizeof(*open));

    static_assert(offsetof(struct open_segment, segment) == 0, "files_put relies on it");
    if (open == NULL) {
        close(segment->fd); /* it will be opened again */
        return;
    }
    open->segment = *segment;
    pthread_mutex_lock(&files->lock);
    /* One of this number may be there: a process died when it had made it and before that was known. */
    struct open_segment *old = find(files, segment->header.number);
    for (unsigned i = 0; old && i < files->most; i++) {
        if (files->open[i] != old)
            continue;
        if (old->users == 0)
            drop(&files->open[i]);
        files->open[i] = NULL; /* one in use is freed when it is given back */
        old = NULL;
    }
    open->used = ++files->clock;
    keep(files, open);
    if (find(files, segment->header.number) != open) {
        segment_close(&open->segment);
        free(open);
    }
    pthread_mutex_unlock(&files->lock);
}

void files_forget(struct journal *journal, uint64_t number)
{
    struct files *files = &journal->files;

    pthread_mutex_lock(&files->lock);
    for (unsigned i = 0; i < files->most; i++) {
        if (files->open[i] && files->open[i]->users == 0 && files->open[i]->segment.header.number < number)
            drop(&files->open[i]);
    }
    pthread_mutex_unlock(&files->lock);
}

void spare_name(char name[SEGMENT_NAME_SIZE], uint64_t number)
{
    snprintf(name, SEGMENT_NAME_SIZE, "spare-%08" PRIu64, number);
}

bool spare_parse_name(const char *name, uint64_t *number)
{
    char expected[SEGMENT_NAME_SIZE];

    if (strncmp(name, "spare-", 6) != 0 || name[6] < '0' || name[6] > '9')
        return false;
    *number = strtoull(name + 6, NULL, 10);
    spare_name(expected, *number);
    return *number > 0 && *number < UINT64_MAX / 2 && strcmp(name, expected) == 0;
}

static int append_number(uint64_t **array, size_t *count, uint64_t number)
{
    if ((*count & (*count - 1)) == 0) { /* grows at each power of two */
        uint64_t *larger = realloc(*array, (*count ? *count * 2 : 1) * sizeof(**array));
        if (larger == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "no memory for a list of files");
        *array = larger;
    }
    (*array)[(*count)++] = number;
    return 0;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int files_list(struct journal *journal, struct listing *listing)
{
    int error = 0;

    memset(listing, 0, sizeof(*listing));
    int fd = openat(journal->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        error = system_error(errno, "%s: cannot read the directory", journal->path);
        if (fd >= 0)
            close(fd);
        return error;
    }
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno)
                error = system_error(errno, "%s: cannot read the directory", journal->path);
            break;
        }
        uint64_t number;
        struct stat st;
        bool known = true;
        if (segment_parse_name(entry->d_name, &number))
            error = append_number(&listing->segments, &listing->segment_count, number);
        else if (spare_parse_name(entry->d_name, &number))
            error = append_number(&listing->spares, &listing->spare_count, number);
        else if (strcmp(entry->d_name, INDEX_NAME) == 0)
            listing->index = true;
        else
            known = strcmp(entry->d_name, RESERVE_NAME) == 0 || strcmp(entry->d_name, CONTROL_NAME) == 0 ||
                    strncmp(entry->d_name, "damaged-", 8) == 0;
        if (error)
            break;
        if (!known || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        listing->disk_bytes += (uint64_t)st.st_blocks * 512;
        if (strcmp(entry->d_name, RESERVE_NAME) == 0) /* one that was cut is none */
            listing->reserve = S_ISREG(st.st_mode) && st.st_size >= (off_t)SEGMENT_SIZE_MIN;
    }
    closedir(dir);
    if (error) {
        listing_release(listing);
        return error;
    }
    if (listing->segment_count)
        qsort(listing->segments, listing->segment_count, sizeof(uint64_t), compare_numbers);
    if (listing->spare_count)
        qsort(listing->spares, listing->spare_count, sizeof(uint64_t), compare_numbers);
    return 0;
}

void listing_release(struct listing *listing)
{
    free(listing->segments);
    free(listing->spares);
    memset(listing, 0, sizeof(*listing));
}
