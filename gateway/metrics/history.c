#include "gateway/metrics/history.h"

#include "base/time/clock.h"
#include "base/time/periodic.h"

#include <stdlib.h>

struct ring {
    struct history_sample samples[HISTORY_SAMPLES];
    size_t room;  /* of them, so many are used */
    size_t count; /* that were ever taken */
};

struct history {
    struct periodic thread;
    pthread_mutex_t mutex; /* guards the rings */
    struct history_source source;
    struct ring rings[HISTORY_RANGES];
};

static struct history_sample look(const struct history *history)
{
    struct history_sample sample = {.at_ms = clock_wall_ms()};
    history->source.sum(history->source.metrics, &sample.sums);
    return sample;
}

static void put(struct ring *ring, const struct history_sample *sample)
{
    ring->samples[ring->count++ % ring->room] = *sample;
}

static void take(struct history *history)
{
    const struct history_sample sample = look(history);
    (void)pthread_mutex_lock(&history->mutex);
    if (history->rings[HISTORY_MINUTES].count % HISTORY_DAY_STEPS == 0)
        put(&history->rings[HISTORY_DAY], &sample);
    put(&history->rings[HISTORY_MINUTES], &sample);
    (void)pthread_mutex_unlock(&history->mutex);
}

static void step(void *context)
{
    struct history *history = context;
    history->source.step(history->source.context);
    take(history);
}

struct history *history_start(const struct history_source *source, struct err *err)
{
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL || pthread_mutex_init(&history->mutex, NULL) != 0) {
        free(history);
        (void)err_memory(err);
        return NULL;
    }
    history->source = *source;
    history->rings[HISTORY_MINUTES].room = HISTORY_MINUTES_SAMPLES;
    history->rings[HISTORY_DAY].room = HISTORY_SAMPLES;
    take(history);
    if (periodic_start(&history->thread, HISTORY_STEP_MS, step, history) == 0)
        return history;
    (void)pthread_mutex_destroy(&history->mutex);
    free(history);
    (void)err_set(err, ERR_SYSTEM, "cannot start a thread");
    return NULL;
}

void history_stop(struct history *history)
{
    if (history == NULL)
        return;
    periodic_stop(&history->thread);
    (void)pthread_mutex_destroy(&history->mutex);
    free(history);
}

size_t history_read(struct history *history, enum history_range range,
                    struct history_sample samples[HISTORY_SAMPLES])
{
    const struct ring *ring = &history->rings[range];
    (void)pthread_mutex_lock(&history->mutex);
    size_t kept = ring->count < ring->room - 1 ? ring->count : ring->room - 1;
    for (size_t i = 0; i < kept; i++)
        samples[i] = ring->samples[(ring->count - kept + i) % ring->room];
    (void)pthread_mutex_unlock(&history->mutex);
    samples[kept] = look(history);
    return kept + 1;
}
