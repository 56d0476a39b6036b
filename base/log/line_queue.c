/* `state` is one number, so that whoever brings a line finds its place by one compare-and-exchange: the bytes
 * that have a place in the room that is being filled, which room that is, and whether it is closed.  The line
 * is copied there afterwards, and counted in `there`; whoever takes changes the room and waits until all of
 * the other's are. */
#include "base/log/line_queue.h"

#include "base/time/clock.h"
#include "base/time/deadline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND (UINT64_C(1) << 32) /* the second room is being filled */
#define CLOSED (UINT64_C(1) << 33)

enum { COPY_US = 100 }; /* between two looks at whether a line has been copied */

static size_t used_of(uint64_t state)
{
    return (size_t)(state & (SECOND - 1));
}

static struct line_queue_room *room_of(struct line_queue *gather, uint64_t state)
{
    return &gather->rooms[(state & SECOND) != 0];
}

static int init_waiting(struct line_queue *gather)
{
    bool some = pthread_cond_init(&gather->some, NULL) == 0;
    bool taken = deadline_cond_init(&gather->taken) == 0;
    if (some && taken && pthread_mutex_init(&gather->mutex, NULL) == 0)
        return 0;
    if (some)
        (void)pthread_cond_destroy(&gather->some);
    if (taken)
        (void)pthread_cond_destroy(&gather->taken);
    return -1;
}

int line_queue_init(struct line_queue *gather)
{
    for (size_t i = 0; i < COUNT(gather->rooms); i++) {
        gather->rooms[i].bytes = malloc(LINE_QUEUE_ROOM);
        atomic_init(&gather->rooms[i].there, 0);
    }
    atomic_init(&gather->state, 0);
    atomic_init(&gather->waiting, 0);
    gather->busy = false;
    if (gather->rooms[0].bytes != NULL && gather->rooms[1].bytes != NULL && init_waiting(gather) == 0)
        return 0;
    for (size_t i = 0; i < COUNT(gather->rooms); i++)
        free(gather->rooms[i].bytes);
    return -1;
}

void line_queue_done(struct line_queue *gather)
{
    (void)pthread_mutex_destroy(&gather->mutex);
    (void)pthread_cond_destroy(&gather->some);
    (void)pthread_cond_destroy(&gather->taken);
    for (size_t i = 0; i < COUNT(gather->rooms); i++)
        free(gather->rooms[i].bytes);
}

/* ---- bringing ---- */

/* A place for the line: *state is what it was before. */
static enum line_queue_result find_place(struct line_queue *gather, size_t length, uint64_t *state)
{
    *state = atomic_load(&gather->state);
    do {
        if ((*state & CLOSED) != 0)
            return LINE_QUEUE_CLOSED;
        if (length > LINE_QUEUE_ROOM - used_of(*state))
            return LINE_QUEUE_FULL;
    } while (!atomic_compare_exchange_weak(&gather->state, state, *state + length));
    return LINE_QUEUE_TAKEN;
}

/* Either the one that takes sees that somebody waits, or he sees the room that was made: both look after they
 * wrote, in the one order that all these operations have. */
static enum line_queue_result wait_for_place(struct line_queue *gather, size_t length, long wait_ms,
                                             uint64_t *state)
{
    struct timespec until = deadline_in(wait_ms);
    enum line_queue_result result;
    int waited = 0;
    (void)pthread_mutex_lock(&gather->mutex);
    atomic_fetch_add(&gather->waiting, 1);
    while ((result = find_place(gather, length, state)) == LINE_QUEUE_FULL && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&gather->taken, &gather->mutex, &until);
    atomic_fetch_sub(&gather->waiting, 1);
    (void)pthread_mutex_unlock(&gather->mutex);
    return result;
}

enum line_queue_result line_queue_put(struct line_queue *gather, const char *line, size_t length,
                                      long wait_ms)
{
    uint64_t state;
    enum line_queue_result result = find_place(gather, length, &state);
    if (result == LINE_QUEUE_FULL && length <= LINE_QUEUE_ROOM)
        result = wait_for_place(gather, length, wait_ms, &state);
    if (result != LINE_QUEUE_TAKEN)
        return result;
    struct line_queue_room *room = room_of(gather, state);
    memcpy(room->bytes + used_of(state), line, length);
    atomic_fetch_add(&room->there, length);
    if (used_of(state) > 0)
        return result;
    (void)pthread_mutex_lock(&gather->mutex); /* the first: the other thread may be waiting for it */
    (void)pthread_cond_signal(&gather->some);
    (void)pthread_mutex_unlock(&gather->mutex);
    return result;
}

/* ---- taking ---- */

static void wait_for_some(struct line_queue *gather)
{
    (void)pthread_mutex_lock(&gather->mutex);
    while ((atomic_load(&gather->state) & ~SECOND) == 0) /* nothing, and not closed */
        (void)pthread_cond_wait(&gather->some, &gather->mutex);
    (void)pthread_mutex_unlock(&gather->mutex);
}

/* Where several came together the next ones are not waited for: some will be there after the same time, and
 * who brings the first of them has nobody to wake. */
static void gather_some(struct line_queue *gather)
{
    do {
        if (!gather->busy)
            wait_for_some(gather);
        uint64_t before = atomic_load(&gather->state);
        if ((before & CLOSED) == 0 && used_of(before) < LINE_QUEUE_ROOM / 2)
            clock_sleep_us(LINE_QUEUE_MS * 1000);
        gather->busy = used_of(atomic_load(&gather->state)) > used_of(before);
    } while ((atomic_load(&gather->state) & ~SECOND) == 0);
}

size_t line_queue_take(struct line_queue *gather, const char **bytes)
{
    gather_some(gather);
    uint64_t state = atomic_load(&gather->state);
    while (!atomic_compare_exchange_weak(&gather->state, &state, (state & (CLOSED | SECOND)) ^ SECOND))
        continue;
    struct line_queue_room *room = room_of(gather, state);
    if (atomic_load(&gather->waiting) > 0) {
        (void)pthread_mutex_lock(&gather->mutex);
        (void)pthread_cond_broadcast(&gather->taken);
        (void)pthread_mutex_unlock(&gather->mutex);
    }
    while (atomic_load(&room->there) < used_of(state))
        clock_sleep_us(COPY_US);
    atomic_store(&room->there, 0); /* before it is filled again, which only a later call here begins */
    *bytes = room->bytes;
    return used_of(state);
}

void line_queue_close(struct line_queue *gather)
{
    (void)atomic_fetch_or(&gather->state, CLOSED);
    (void)pthread_mutex_lock(&gather->mutex);
    (void)pthread_cond_signal(&gather->some);
    (void)pthread_cond_broadcast(&gather->taken);
    (void)pthread_mutex_unlock(&gather->mutex);
}
