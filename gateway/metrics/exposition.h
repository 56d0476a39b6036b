/* gateway/metrics/exposition.h - the text format in which Prometheus reads metrics (version 0.0.4 of its
 * exposition formats).  A family is opened once, and all its samples follow. */
#ifndef GATEWAY_METRICS_EXPOSITION_H
#define GATEWAY_METRICS_EXPOSITION_H

#include "base/base.h"
#include "base/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct exposition_label {
    const char *name;
    const char *value; /* any bytes; NULL: the label is left out */
};

/* `type` is counter, gauge or histogram. */
void exposition_open(struct buf *out, const char *name, const char *type, const char *help);

/* `suffix` is "", or "_bucket", "_sum", "_count" of a histogram. */
void exposition_count(struct buf *out, const char *name, const char *suffix,
                      const struct exposition_label *labels, size_t count, unsigned long long value);
void exposition_real(struct buf *out, const char *name, const char *suffix,
                     const struct exposition_label *labels, size_t count, double value);

/* A family of one sample without labels. */
void exposition_single(struct buf *out, const char *name, const char *type, const char *help, double value);

#endif
