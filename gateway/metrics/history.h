/* gateway/metrics/history.h - what was counted, over the last 15 minutes and the last 24 hours: samples of
 * the metrics in a fixed 150 KB, taken by a thread of its own.  Any thread reads. */
#ifndef GATEWAY_METRICS_HISTORY_H
#define GATEWAY_METRICS_HISTORY_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/metrics/series.h"

/* What was counted so far, of everybody together. */
struct history_sums {
    unsigned long long allowed, denied;         /* verdicts */
    unsigned long long outcomes[3];             /* of changes: enum outcome of exchange.h */
    unsigned long long whole[SERIES_BOUNDS];    /* requests by their time, and */
    unsigned long long upstream[SERIES_BOUNDS]; /* calls by the upstream's */
};

enum history_range { HISTORY_MINUTES, HISTORY_DAY, HISTORY_RANGES };

enum {
    HISTORY_STEP_MS = 5000, /* between two samples of the quarter of an hour; */
    HISTORY_DAY_STEPS = 60, /* each 60th is one of the day: five minutes */
    HISTORY_SAMPLES = 289,  /* 24 hours and one; of the 15 minutes there are 181 */
    HISTORY_MINUTES_SAMPLES = 181,
};

struct history_sample {
    int64_t at_ms; /* since 1970 */
    struct history_sums sums;
};

struct history;

struct history_source {
    const struct series_table *metrics; /* borrowed; ... */
    void (*sum)(const struct series_table *metrics,
                struct history_sums *sums); /* ... sums it up, from any thread */
    void (*step)(void *context);            /* with each sample but the first, by the thread */
    void *context;
};

/* The first sample is taken at once.  NULL: memory or threads are out. */
MUST_USE struct history *history_start(const struct history_source *source, struct err *err);
void history_stop(struct history *history); /* NULL does nothing */

/* Copies, oldest first; the last one is of now.  How many. */
size_t history_read(struct history *history, enum history_range range,
                    struct history_sample samples[HISTORY_SAMPLES]);

#endif
