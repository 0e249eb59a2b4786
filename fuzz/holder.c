/* holder.c -- see holder.h. */
#include "fuzz/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "directory/lock.h"
#include "fuzz/place.h"
#include "journal/control.h"

static struct {
    pthread_t thread;
    sem_t has_it;
    enum hold hold;
    int fd;               /* of the directory, or of the file that is locked */
    struct control *page; /* or whose lock */
    int64_t for_ns;
    bool dies, began, failed;
} holder;

static pthread_mutex_t *lock_of(struct control *page, enum hold hold)
{
    return hold == HOLD_APPEND ? &page->append : hold == HOLD_SYNC ? &page->sync : &page->house;
}

static void *run(void *arg)
{
    pthread_mutex_t *mutex = holder.page ? lock_of(holder.page, holder.hold) : NULL;
    const struct timespec moment = {.tv_nsec = holder.for_ns};
    int error = 0;

    if (mutex)
        error = pthread_mutex_trylock(mutex);
    else if (flock(holder.fd, LOCK_EX | LOCK_NB) != 0)
        error = errno;
    holder.failed = error && error != EOWNERDEAD;
    if (!holder.dies)
        sem_post(&holder.has_it);
    /* One whose owner had died is left as it is: that is Cairn's to see. */
    if (holder.dies || holder.failed || error == EOWNERDEAD)
        return arg;
    nanosleep(&moment, NULL);
    if (mutex)
        pthread_mutex_unlock(mutex);
    else
        flock(holder.fd, LOCK_UN);
    return arg;
}

/* open_it -- what the lock is on. */
static bool open_it(const char *path)
{
    char name[PLACE_PATH_SIZE + 32];
    struct stat st;

    holder.page = NULL;
    if (holder.hold == HOLD_GATE) {
        holder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return holder.fd >= 0;
    }
    snprintf(name, sizeof(name), "%s/%s", path, holder.hold == HOLD_FILE ? LOCK_NAME : CONTROL_NAME);
    holder.fd = open(name, O_RDWR | O_CLOEXEC);
    if (holder.fd < 0 || holder.hold == HOLD_FILE)
        return holder.fd >= 0;
    if (fstat(holder.fd, &st) != 0 || st.st_size < (off_t)CONTROL_SIZE)
        return false;
    void *page = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, holder.fd, 0);
    holder.page = page == MAP_FAILED ? NULL : page;
    return holder.page != NULL;
}

static void close_it(void)
{
    if (holder.page)
        munmap(holder.page, CONTROL_SIZE);
    if (holder.fd >= 0)
        close(holder.fd);
    holder.page = NULL;
}

bool holder_begin(const char *path, enum hold hold, int64_t for_ns, bool dies)
{
    holder.hold = hold;
    holder.for_ns = for_ns;
    holder.dies = dies;
    sem_init(&holder.has_it, 0, 0);
    if (!open_it(path) || pthread_create(&holder.thread, NULL, run, NULL) != 0) {
        close_it();
        return false;
    }
    holder.began = true;
    if (dies) {
        holder_end();
        return !holder.failed;
    }
    while (sem_wait(&holder.has_it) != 0)
        ;
    return !holder.failed;
}

void holder_end(void)
{
    if (!holder.began)
        return;
    pthread_join(holder.thread, NULL);
    sem_destroy(&holder.has_it);
    close_it();
    holder.began = false;
}
