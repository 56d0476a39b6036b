/* base/time/timestamp.h - RFC 3339 times in UTC, written and read.  Knows no clock: times come in as
 * arguments. */
#ifndef BASE_TIME_TIMESTAMP_H
#define BASE_TIME_TIMESTAMP_H

#include "base/base.h"

enum {
    TIMESTAMP_SIZE = sizeof "2026-11-24T12:00:00.000Z",
    TIMESTAMP_HTTP_SIZE = sizeof "Sun, 06 Nov 1994 08:49:37 GMT",
};

/* `millis` since 1970 -> "2026-11-24T12:00:00.000Z"; years 1970 to 9999, others are clamped. */
void timestamp_format(int64_t millis, char out[TIMESTAMP_SIZE]);

/* `millis` since 1970, clamped as above -> RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
void timestamp_format_http(int64_t millis, char out[TIMESTAMP_HTTP_SIZE]);

/* "2026-11-24" (the day's first second, UTC), "2026-11-24T12:00:00Z" or with an offset such as +08:00, t and
 * z in either case, and a fraction of a second, which is cut off; RFC 3339 section 5.6.  Seconds since 1970.
 * False for anything else, also for days that no calendar has. */
MUST_USE bool timestamp_parse(const char *text, int64_t *seconds);

/* RFC 9110 section 5.6.7, IMF-fixdate only: "Sun, 06 Nov 1994 08:49:37 GMT". */
MUST_USE bool timestamp_parse_http(const char *text, int64_t *seconds);

#endif
