/* base/time/zone.h - what a clock on the wall says in a named time zone.
 *
 * Read from the system's zone files (RFC 8536) rather than through TZ, which belongs to the whole process.  A
 * zone never changes once it is loaded; any number of threads may ask it. */
#ifndef BASE_TIME_ZONE_H
#define BASE_TIME_ZONE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

struct zone;

/* "UTC", "Asia/Shanghai".  Lives in the arena.  Refuses a file whose table ends before a rule for later years
 * takes over: Debian's files reach 2037.  After the table's end the last offset stays. */
MUST_USE const struct zone *zone_load(const char *name, struct arena *arena, struct err *err);

struct zone_time {
    int weekday; /* 0 Monday to 6 Sunday */
    int minute;  /* of the day, 0 to 1439 */
};

/* `seconds` since 1970. */
struct zone_time zone_at(const struct zone *zone, int64_t seconds);

#endif
