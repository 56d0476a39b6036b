/* gateway/metrics/prometheus_text.h - the text format in which Prometheus reads metrics (version 0.0.4 of its
 * exposition formats).  A family is opened once, and all its samples follow. */
#ifndef GATEWAY_METRICS_PROMETHEUS_TEXT_H
#define GATEWAY_METRICS_PROMETHEUS_TEXT_H

#include "base/base.h"
#include "base/buf.h"

#define PROMETHEUS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct prometheus_text_label {
    const char *name;
    const char *value; /* any bytes; NULL: the label is left out */
};

/* `type` is counter, gauge or histogram. */
void prometheus_text_open(struct buf *out, const char *name, const char *type, const char *help);

/* `suffix` is "", or "_bucket", "_sum", "_count" of a histogram. */
void prometheus_text_count(struct buf *out, const char *name, const char *suffix,
                           const struct prometheus_text_label *labels, size_t count,
                           unsigned long long value);
void prometheus_text_real(struct buf *out, const char *name, const char *suffix,
                          const struct prometheus_text_label *labels, size_t count, double value);

/* A family of one sample without labels. */
void prometheus_text_single(struct buf *out, const char *name, const char *type, const char *help,
                            double value);

#endif
