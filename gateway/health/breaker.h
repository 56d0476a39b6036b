/* gateway/health/breaker.h - whether an upstream is worth a try.
 *
 * BREAKER_FAILURES calls in a row that found no connection or no answer in time open it: calls are refused at
 * once, and hold neither a slot nor a worker.  From then on one call at a time is let through as a probe.  A
 * probe that fails leaves it open for BREAKER_REST_US; one that has said nothing for BREAKER_PROBE_US is no
 * longer waited for, and the next may go, so that a call which hangs in a dead connection does not hide that
 * the upstream is back.  Both together are less than a second.  Any answer closes it.
 *
 * A failure counts only if its call began after the last answer: a call that began before the last success
 * does not count as a failure when it times out.  Safe from many threads, without a lock.  Times are
 * microseconds of a monotonic clock. */
#ifndef GATEWAY_HEALTH_BREAKER_H
#define GATEWAY_HEALTH_BREAKER_H

#include "base/base.h"

#include <stdatomic.h>

enum {
    BREAKER_FAILURES = 5,      /* in a row: one lost SYN or one slow call is no outage */
    BREAKER_REST_US = 250000,  /* between two probes: a connection that is refused costs next to nothing */
    BREAKER_PROBE_US = 700000, /* a good answer takes some 50 ms, a lost SYN is sent again after 1 s */
};

/* All zero in the beginning. */
struct breaker {
    atomic_uint failures; /* in a row; from BREAKER_FAILURES on it is open */
    atomic_int_fast64_t next_probe_us;
    atomic_int_fast64_t good_us; /* when the last answer came */
    atomic_bool probing;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };
enum breaker_pass { BREAKER_REFUSED, BREAKER_CALL, BREAKER_PROBE };

/* A pass is one attempt's; it ends with breaker_note() or breaker_cancel(). */
struct breaker_entry {
    enum breaker_pass pass;
    int64_t began_us;
    int64_t wait_us; /* of BREAKER_REFUSED: until the next probe */
    int64_t next_us; /* of BREAKER_PROBE: when it will not be waited for any more */
};

struct breaker_entry breaker_enter(struct breaker *breaker, int64_t now_us);

enum breaker_event { BREAKER_SAME, BREAKER_OPENED, BREAKER_CLOSES };

/* How the attempt went: `good` is any answer.  Tells when this was what opened or closed it. */
enum breaker_event breaker_note(struct breaker *breaker, const struct breaker_entry *entry, bool good,
                                int64_t now_us);

/* The attempt was not made. */
void breaker_cancel(struct breaker *breaker, const struct breaker_entry *entry);

enum breaker_state breaker_state(const struct breaker *breaker);

#endif
