#include "gateway/server/waiters.h"

#include "base/time/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum { STEP_US = 10000 }; /* between two looks at all, and at those for whom no worker was left */

static const int64_t NEVER = INT64_MAX;

struct waiters {
    pthread_mutex_t mutex; /* guards all of it */
    struct waiter **held;  /* by place: until a worker takes it */
    int64_t *due_us;       /* by place; NEVER: nobody waits there for a time */
    size_t places;
    size_t most;      /* workers at a time */
    size_t called;    /* workers, and not done yet */
    size_t looked_at; /* in this round, up to here */
    int64_t first_us; /* of those of this round: who is due first */
    int64_t next_us;  /* nobody is due before */
    bool hurry;
};

struct waiters *waiters_new(size_t places, size_t workers, struct err *err)
{
    struct waiters *waiters = calloc(1, sizeof *waiters);
    if (waiters != NULL) {
        waiters->held = calloc(places, sizeof(struct waiter *));
        waiters->due_us = calloc(places, sizeof *waiters->due_us);
    }
    if (waiters == NULL || waiters->held == NULL || waiters->due_us == NULL ||
        pthread_mutex_init(&waiters->mutex, NULL) != 0) {
        if (waiters != NULL) {
            free(waiters->held);
            free(waiters->due_us);
        }
        free(waiters);
        err_memory(err);
        return NULL;
    }
    waiters->places = places;
    waiters->most = workers > 1 ? workers / 2 : 1;
    waiters->first_us = waiters->next_us = NEVER;
    for (size_t i = 0; i < places; i++)
        waiters->due_us[i] = NEVER;
    return waiters;
}

void waiters_drop(struct waiter *waiter)
{
    if (waiter != NULL)
        arena_free(waiter->arena);
    free(waiter);
}

void waiters_free(struct waiters *waiters)
{
    if (waiters == NULL)
        return;
    for (size_t i = 0; i < waiters->places; i++)
        waiters_drop(waiters->held[i]);
    (void)pthread_mutex_destroy(&waiters->mutex);
    free(waiters->held);
    free(waiters->due_us);
    free(waiters);
}

/* ---- workers ---- */

/* The connection is parked with the mutex: from then on it may be called for, and whoever does finds the
 * waiter. */
bool waiters_put(struct waiters *waiters, struct waiter *waiter, int64_t at_us)
{
    unsigned place = waiter->connection.place;
    (void)pthread_mutex_lock(&waiters->mutex);
    bool good = connections_park(waiter->connection.guard, place, CONNECTIONS_FOR_TIME);
    if (good) {
        at_us = waiters->hurry ? 0 : at_us;
        waiters->held[place - 1] = waiter;
        waiters->due_us[place - 1] = at_us;
        waiters->next_us = at_us < waiters->next_us ? at_us : waiters->next_us;
        waiters->first_us = at_us < waiters->first_us ? at_us : waiters->first_us;
    }
    (void)pthread_mutex_unlock(&waiters->mutex);
    return good;
}

/* With the mutex. */
static struct waiter *take(struct waiters *waiters, size_t i)
{
    struct waiter *waiter = waiters->held[i];
    waiters->held[i] = NULL;
    waiters->due_us[i] = NEVER;
    return waiter;
}

struct waiter *waiters_take(struct waiters *waiters, unsigned place)
{
    (void)pthread_mutex_lock(&waiters->mutex);
    struct waiter *waiter = take(waiters, place - 1);
    (void)pthread_mutex_unlock(&waiters->mutex);
    return waiter;
}

void waiters_end(struct waiters *waiters)
{
    (void)pthread_mutex_lock(&waiters->mutex);
    waiters->called--;
    (void)pthread_mutex_unlock(&waiters->mutex);
}

struct waiter *waiters_take_any(struct waiters *waiters)
{
    struct waiter *waiter = NULL;
    (void)pthread_mutex_lock(&waiters->mutex);
    for (size_t i = 0; i < waiters->places && waiter == NULL; i++)
        waiter = take(waiters, i);
    (void)pthread_mutex_unlock(&waiters->mutex);
    return waiter;
}

/* ---- the thread of parking.c ---- */

/* With the mutex. */
static bool call(struct waiters *waiters, size_t i)
{
    if (waiters->due_us[i] == NEVER)
        return false;
    waiters->due_us[i] = NEVER;
    waiters->called++;
    return true;
}

bool waiters_call(struct waiters *waiters, unsigned place)
{
    (void)pthread_mutex_lock(&waiters->mutex);
    bool called = call(waiters, place - 1);
    (void)pthread_mutex_unlock(&waiters->mutex);
    return called;
}

/* No worker is left for those whose time has come; at the end of all waiting there is nothing to spare. */
static bool is_full(const struct waiters *waiters)
{
    return waiters->called >= waiters->most && !waiters->hurry;
}

/* A round over all places goes on where it was left, so that each has its turn, however few workers there
 * are. */
unsigned waiters_due(struct waiters *waiters, int64_t now_us)
{
    unsigned found = 0;
    (void)pthread_mutex_lock(&waiters->mutex);
    while (found == 0 && now_us >= waiters->next_us && !is_full(waiters)) {
        if (waiters->looked_at == 0)
            waiters->first_us = NEVER;
        size_t i = waiters->looked_at++;
        if (waiters->due_us[i] <= now_us && call(waiters, i))
            found = (unsigned)i + 1;
        waiters->first_us = waiters->due_us[i] < waiters->first_us ? waiters->due_us[i] : waiters->first_us;
        if (waiters->looked_at < waiters->places)
            continue;
        waiters->next_us = waiters->first_us < now_us + STEP_US ? now_us + STEP_US : waiters->first_us;
        waiters->looked_at = 0;
    }
    (void)pthread_mutex_unlock(&waiters->mutex);
    return found;
}

int64_t waiters_next_us(struct waiters *waiters)
{
    (void)pthread_mutex_lock(&waiters->mutex);
    int64_t next_us = is_full(waiters) ? clock_monotonic_us() + STEP_US : waiters->next_us;
    (void)pthread_mutex_unlock(&waiters->mutex);
    return next_us;
}

void waiters_hurry(struct waiters *waiters)
{
    (void)pthread_mutex_lock(&waiters->mutex);
    waiters->hurry = true;
    waiters->next_us = 0;
    for (size_t i = 0; i < waiters->places; i++)
        waiters->due_us[i] = waiters->due_us[i] == NEVER ? NEVER : 0;
    (void)pthread_mutex_unlock(&waiters->mutex);
}
