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
#include "fuzz/leftover.h"
#include "fuzz/place.h"
#include "journal/control.h"

/* One thread does all the holding: to start one for each costs more, and the sanitizer's allocator now and
 * then forgets to wake one that ends while another begins. One that is to die with the lock ends, and the
 * next begins anew. */
static struct {
    pthread_t thread;
    bool runs;
    sem_t wanted, has_it, done;
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

/* hold -- takes the lock, if it is free, for the time; whether the thread is to end with it. */
static bool hold(void)
{
    pthread_mutex_t *mutex = holder.page ? lock_of(holder.page, holder.hold) : NULL;
    const struct timespec moment = {.tv_nsec = holder.for_ns};
    int error = 0;

    if (mutex)
        error = pthread_mutex_trylock(mutex);
    else if (flock(holder.fd, LOCK_EX | LOCK_NB) != 0)
        error = errno;
    holder.failed = error && error != EOWNERDEAD;
    /* One whose owner had died is left as it is: that is Cairn's to see. */
    holder.dies |= error == EOWNERDEAD;
    sem_post(&holder.has_it);
    if (holder.dies || holder.failed)
        return holder.dies;
    nanosleep(&moment, NULL);
    if (mutex)
        pthread_mutex_unlock(mutex);
    else
        flock(holder.fd, LOCK_UN);
    return false;
}

static void *run(void *arg)
{
    for (bool ends = false; !ends;) {
        while (sem_wait(&holder.wanted) != 0)
            ;
        ends = hold();
        sem_post(&holder.done);
    }
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

static bool start(void)
{
    sem_init(&holder.wanted, 0, 0);
    sem_init(&holder.has_it, 0, 0);
    sem_init(&holder.done, 0, 0);
    if (pthread_create(&holder.thread, NULL, run, NULL) != 0)
        return false;
    leftover_thread(1);
    return true;
}

bool holder_begin(const char *path, enum hold hold, int64_t for_ns, bool dies)
{
    holder.hold = hold;
    holder.for_ns = for_ns;
    holder.dies = dies;
    if (!open_it(path) || (!holder.runs && !start())) {
        close_it();
        return false;
    }
    holder.runs = holder.began = true;
    sem_post(&holder.wanted);
    while (sem_wait(&holder.has_it) != 0)
        ;
    const bool failed = holder.failed;
    if (dies)
        holder_end();
    return !failed;
}

void holder_end(void)
{
    if (!holder.began)
        return;
    while (sem_wait(&holder.done) != 0)
        ;
    if (holder.dies) {
        pthread_join(holder.thread, NULL);
        holder.runs = false;
        leftover_thread(-1);
    }
    close_it();
    holder.began = false;
}
