/* operations_second.c -- see operations_second.h. */
#include "fuzz/operations_second.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/leftover.h"
#include "fuzz/operations_action.h"
#include "fuzz/target.h"

#define MOMENT_NS 2000000 /* that the other thread is waited for, if it waits for this one */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *given; /* that it is at */
static pid_t threaded;    /* the process that it runs in */
static _Thread_local bool is_second;

static void *second(void *arg)
{
    is_second = true;
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (given == NULL)
            pthread_cond_wait(&changed, &mutex);
        struct job *job = given;
        pthread_mutex_unlock(&mutex);
        action_perform(job);
        pthread_mutex_lock(&mutex);
        given = NULL;
        pthread_cond_broadcast(&changed);
    }
    return arg;
}

void second_give(struct job *job)
{
    pthread_t thread;

    if (threaded != getpid()) {
        FUZZ_ASSERT(pthread_create(&thread, NULL, second, NULL) == 0, "no thread");
        pthread_detach(thread);
        threaded = getpid();
        leftover_thread();
    }
    pthread_mutex_lock(&mutex);
    given = job;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

void second_wait(bool for_a_moment)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    while (given && error == 0)
        error = for_a_moment ? pthread_cond_timedwait(&changed, &mutex, &until)
                             : pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

bool second_is_this(void)
{
    return is_second;
}
