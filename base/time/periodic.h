/* base/time/periodic.h - a thread that does one thing at intervals, until it is told to end. */
#ifndef BASE_TIME_PERIODIC_H
#define BASE_TIME_PERIODIC_H

#include "base/base.h"

#include <pthread.h>

struct periodic {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards `ending` */
    pthread_cond_t ended;
    bool ending;
    long long every; /* ms */
    void (*seal)(void *context);
    void *context;
};

/* The thread has every signal blocked: only the main thread meets one. -1: there is no thread. */
MUST_USE int periodic_start(struct periodic *sealer, long long every, void (*seal)(void *context),
                            void *context);

/* Waits for its end. */
void periodic_stop(struct periodic *sealer);

#endif
