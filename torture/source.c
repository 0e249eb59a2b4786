/* source.c -- see source.h. */
#include "torture/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "torture/memory.h"
#include "torture/stack.h"
#include "torture/unwind.h"

#define IMAGES_MAX 16
#define CHAINS_MAX 1024 /* of an image; then it forgets them */
#define BUCKETS    256

/* What processes have mapped that they can run. */
struct image {
    uint64_t hash;             /* of that */
    uint64_t used;             /* when it was last */
    struct unwinder *unwinder; /* NULL: nothing is known of it */
    struct entry {
        struct entry *next;
        struct chain chain;
    } * buckets[BUCKETS]; /* chains by instruction pointer; the one that was seen last is the first */
    size_t count;
};

struct thread_image {
    pid_t thread;
    struct image *image;
};

struct sources {
    struct image *images[IMAGES_MAX];
    struct thread_image *threads;
    size_t thread_count, thread_space;
    uint64_t now, walks;
    struct stack stack;
    struct chain chain; /* the last one that was asked for */
};

struct sources *sources_new(void)
{
    return memory_new(sizeof(struct sources));
}

/* --- images ------------------------------------------------------------------------------------------- */

static void image_forget_chains(struct image *image)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (image->buckets[i]) {
            struct entry *entry = image->buckets[i];
            image->buckets[i] = entry->next;
            free(entry);
        }
    }
    image->count = 0;
}

static void image_release(struct image *image)
{
    if (image == NULL)
        return;
    image_forget_chains(image);
    unwinder_release(image->unwinder);
    free(image);
}

/* maps_read -- /proc/THREAD/maps, to be freed; NULL if the thread is gone. */
static char *maps_read(pid_t thread)
{
    char path[64], *text = NULL;
    size_t size = 0, space = 0;
    ssize_t n = 0;

    snprintf(path, sizeof(path), "/proc/%d/maps", thread);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    do {
        size += (size_t)n;
        if (size + 4096 > space) {
            space = space * 2 + 16384;
            text = realloc(text, space);
            if (text == NULL)
                break;
        }
        n = fd < 0 ? -1 : read(fd, text + size, space - size - 1);
    } while (n > 0);
    if (fd >= 0)
        close(fd);
    if (text)
        text[size] = '\0';
    if (size)
        return text;
    free(text);
    return NULL;
}

/* maps_hash -- of the lines of files that can be run. */
static uint64_t maps_hash(const char *maps)
{
    XXH3_state_t *state = XXH3_createState();

    XXH3_64bits_reset(state);
    while (*maps) {
        const size_t size = strcspn(maps, "\n");
        const char *flags = memchr(maps, ' ', size);
        if (flags && flags + 3 < maps + size && flags[3] == 'x' && memchr(maps, '/', size))
            XXH3_64bits_update(state, maps, size);
        maps += size + (maps[size] == '\n');
    }
    const uint64_t hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return hash;
}

static void drop_image(struct sources *sources, struct image *image)
{
    for (size_t i = 0; i < sources->thread_count;) {
        if (sources->threads[i].image == image)
            sources->threads[i] = sources->threads[--sources->thread_count];
        else
            i++;
    }
    image_release(image);
}

/* image_find -- that of what the thread has mapped now; NULL if it is gone. In place of a new one the one
 * goes that was not used for longest. */
static struct image *image_find(struct sources *sources, pid_t thread)
{
    char *maps = maps_read(thread);
    size_t oldest = 0;

    if (maps == NULL)
        return NULL;
    const uint64_t hash = maps_hash(maps);
    for (size_t i = 0; i < IMAGES_MAX; i++) {
        struct image *image = sources->images[i];
        if (image && image->hash == hash) {
            free(maps);
            return image;
        }
        if (image == NULL || (sources->images[oldest] && image->used < sources->images[oldest]->used))
            oldest = i;
    }
    if (sources->images[oldest])
        drop_image(sources, sources->images[oldest]);
    struct image *image = memory_new(sizeof(*image));
    image->hash = hash;
    image->unwinder = unwinder_new(maps, thread);
    sources->images[oldest] = image;
    free(maps);
    return image;
}

/* image_of -- looked up once for a thread, and again if `anew`. */
static struct image *image_of(struct sources *sources, pid_t thread, bool anew)
{
    struct thread_image *found = NULL;

    for (size_t i = 0; i < sources->thread_count; i++) {
        if (sources->threads[i].thread == thread)
            found = &sources->threads[i];
    }
    if (found && !anew)
        return found->image;
    if (found)
        source_ended(sources, thread);
    struct image *image = image_find(sources, thread);
    if (image == NULL)
        return NULL;
    sources->threads = memory_grow(sources->threads, sources->thread_count, &sources->thread_space,
                                   sizeof(*sources->threads));
    sources->threads[sources->thread_count++] = (struct thread_image){thread, image};
    return image;
}

void source_ended(struct sources *sources, pid_t thread)
{
    for (size_t i = 0; i < sources->thread_count; i++) {
        if (sources->threads[i].thread != thread)
            continue;
        sources->threads[i] = sources->threads[--sources->thread_count];
        return;
    }
}

void sources_release(struct sources *sources)
{
    if (sources == NULL)
        return;
    for (size_t i = 0; i < IMAGES_MAX; i++)
        image_release(sources->images[i]);
    free(sources->threads);
    free(sources);
}

/* --- chains ------------------------------------------------------------------------------------------- */

static struct entry **bucket_of(struct image *image, uint64_t ip)
{
    return &image->buckets[(ip * 0x9e3779b97f4a7c15u >> 32) % BUCKETS];
}

/* chain_find -- the one that the stack shows; NULL if it has not been seen. */
static const struct chain *chain_find(struct image *image, const struct stack *stack)
{
    struct entry **bucket = bucket_of(image, stack->ip);

    for (struct entry **at = bucket; *at; at = &(*at)->next) {
        struct entry *entry = *at;
        if (!chain_fits(&entry->chain, stack))
            continue;
        *at = entry->next;
        entry->next = *bucket;
        *bucket = entry;
        return &entry->chain;
    }
    return NULL;
}

static void chain_remember(struct image *image, const struct chain *chain)
{
    if (image->count >= CHAINS_MAX)
        image_forget_chains(image);
    struct entry *entry = memory_new(sizeof(*entry)), **bucket = bucket_of(image, chain->ip);
    *entry = (struct entry){*bucket, *chain};
    *bucket = entry;
    image->count++;
}

static void walk(struct sources *sources, const struct image *image)
{
    unwinder_walk(image->unwinder, &sources->stack, &sources->chain);
    sources->walks++;
}

uint64_t sources_walks(const struct sources *sources)
{
    return sources->walks;
}

const char *source_of(struct sources *sources, pid_t thread)
{
    const struct chain *chain = &sources->chain;
    struct image *image = image_of(sources, thread, false);

    if (image == NULL)
        return "";
    image->used = ++sources->now;
    if (image->unwinder == NULL || !stack_take(&sources->stack, thread))
        return "";
    const struct chain *known = chain_find(image, &sources->stack);
    if (known)
        return known->text;
    walk(sources, image);
    if (chain->astray) { /* more may have been mapped since */
        struct image *now = image_of(sources, thread, true);
        if (now == NULL || now->unwinder == NULL)
            return "";
        if (now != image)
            walk(sources, now);
        image = now;
    }
    if (chain->simple)
        chain_remember(image, chain);
    return chain->text;
}
