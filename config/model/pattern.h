/* config/model/pattern.h - what a value looks like: a regular expression (PCRE2's, see
 * pcre2pattern(3)) that whole values match, byte for byte.  The only one that has met PCRE2.
 *
 * Not regexec(3): glibc's takes a lock for each match, so that many threads wait for the one that was put off
 * the processor; and its regcomp(3) frees twice when memory is out. */
#ifndef CONFIG_MODEL_PATTERN_H
#define CONFIG_MODEL_PATTERN_H

#include "base/base.h"
#include "base/err.h"

struct pattern;

/* NULL with `err` set: what is wrong with the expression, and where. */
MUST_USE struct pattern *pattern_new(const char *expression, struct err *err);
void pattern_free(struct pattern *pattern);

enum { PATTERN_STEPS = 100000 }; /* for one value: an ordinary expression takes fewer than a hundred */

enum pattern_result { PATTERN_FITS, PATTERN_DIFFERS, PATTERN_FAILED };

/* PATTERN_DIFFERS also when it would take more than PATTERN_STEPS to find out; PATTERN_FAILED: memory is out.
 * Safe from many threads, without a lock. */
enum pattern_result pattern_match(const struct pattern *pattern, const char *value);

/* Bytes of the shortest value that could fit, as far as PCRE2 knows; 0: it does not. */
size_t pattern_shortest(const struct pattern *pattern);

#endif
