/* gateway/metrics/series.h - counters by labels, for many threads and without a lock.
 *
 * A series is made when it is first counted, lives as long as the table, and is one or some atomic words. Two
 * threads that make the same one at the same time get the same.  Label values have to come from a closed set,
 * such as the configuration's names: what a caller could invent would fill the table. */
#ifndef GATEWAY_METRICS_SERIES_H
#define GATEWAY_METRICS_SERIES_H

#include "base/base.h"
#include "base/buf.h"

enum {
    SERIES_LABELS_MAX = 4,
    SERIES_MAX = 100000, /* some 15 MB: a thousand clients on a dozen routes with eight answers each */
};

struct series_family {
    const char *name;
    const char *help;
    const char *labels[SERIES_LABELS_MAX]; /* NULL: no more */
    bool histogram;                        /* of seconds; otherwise a counter */
};

struct series_table;

/* `families` is borrowed.  NULL when memory is out. */
MUST_USE struct series_table *series_new(const struct series_family *families, size_t count);
void series_free(struct series_table *table);

/* `values` has one text for each label of the family; they are copied.  A label whose text is "" is left out,
 * which to Prometheus is the same. */
void series_add(struct series_table *table, size_t family, const char *const *values,
                unsigned long long count);
void series_observe(struct series_table *table, size_t family, const char *const *values, int64_t micros);

enum { SERIES_BOUNDS = 15 };

/* The sums of a family over its series whose label of that number has that value (NULL: over all): a
 * counter's in sums[0], a histogram's by its bounds, each by itself. */
void series_sum(const struct series_table *table, size_t family, size_t label, const char *value,
                unsigned long long sums[SERIES_BOUNDS]);

/* The time in microseconds below which that part (0 to 1) of a histogram's counts lies, as near as its bounds
 * tell; 0: there are none. */
int64_t series_quantile(const unsigned long long counts[SERIES_BOUNDS], double part);

/* What could not be counted, because memory or the table was full. */
unsigned long long series_lost(const struct series_table *table);

/* All families in order, those without a series too. */
void series_write(const struct series_table *table, struct buf *out);

#endif
