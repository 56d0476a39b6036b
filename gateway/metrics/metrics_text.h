/* gateway/metrics/metrics_text.h - metrics, read a sample at a time: the text format of Prometheus 0.0.4.
 *
 * Nothing is copied: a sample points into the text, which outlives it. */
#ifndef GATEWAY_METRICS_METRICS_TEXT_H
#define GATEWAY_METRICS_METRICS_TEXT_H

#include "base/base.h"

struct metrics_text_sample {
    const char *name;
    size_t name_length;
    const char *labels; /* between the braces, or "" */
    size_t labels_length;
    double value;
};

/* The next sample from `*at`, which moves behind it; false at the end.  Comments and lines that are no sample
 * are passed over. */
bool metrics_text_next(const char **at, struct metrics_text_sample *sample);

bool metrics_text_is(const struct metrics_text_sample *sample, const char *name);

/* The label's value without its escapes, cut to `size`; false and "" where there is none of that name. */
bool metrics_text_label(const struct metrics_text_sample *sample, const char *name, char *value, size_t size);

/* The sum of the samples of that name; with `label`, of those whose label has that value. */
double metrics_text_sum(const char *text, const char *name, const char *label, const char *value);

#endif
