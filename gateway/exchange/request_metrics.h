/* gateway/exchange/request_metrics.h - what is counted about each exchange.  Every label comes from the
 * configuration or from a table of ours; what a caller can choose, and the configuration does not know, is
 * "-". */
#ifndef GATEWAY_EXCHANGE_REQUEST_METRICS_H
#define GATEWAY_EXCHANGE_REQUEST_METRICS_H

#include "gateway/exchange/exchange.h"
#include "gateway/metrics/history.h"
#include "gateway/metrics/series.h"

/* NULL when memory is out. */
MUST_USE struct series_table *request_metrics_new(void);

/* Makes at zero what alerts watch: a series that begins with its first event shows no increase.  For each new
 * configuration. */
void request_metrics_prepare(struct series_table *table, const struct config *config);

/* A former id was to be resolved: `result` is known, found or failed. */
void request_metrics_count_former(struct series_table *table, const struct config_upstream *upstream,
                                  const char *result);

/* What the history samples. */
void request_metrics_sum(const struct series_table *table, struct history_sums *sums);

/* At the end of the walk; takes no lock. */
void request_metrics_count(struct series_table *table, const struct exchange *x, int64_t duration_us);

#endif
