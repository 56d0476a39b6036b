/* sandbox/http/number.h - a decimal number out of text, with its bounds. */
#ifndef SANDBOX_HTTP_NUMBER_H
#define SANDBOX_HTTP_NUMBER_H

#include "base/base.h"

/* Digits, after one '-' where `min` is negative; no blanks, no '+'.  False, with `out` untouched, when `text`
 * is anything else or lies outside min..max. */
MUST_USE bool number_parse(const char *text, long long min, long long max, long long *out);

#endif
