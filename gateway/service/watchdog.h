/* gateway/service/watchdog.h - does the service still move, so that its watchdog may be fed?
 *
 * Slow is not dead: an upstream that hangs ends in time-outs, and a caller that drips is cut off.  Dead is
 * when every worker has been walking an exchange, and none has ended, for longer than the longest walk there
 * can be. Of one thread. */
#ifndef GATEWAY_SERVICE_WATCHDOG_H
#define GATEWAY_SERVICE_WATCHDOG_H

#include "base/base.h"
#include "config/model/config.h"

struct watchdog {
    unsigned long long ended; /* exchanges, when we last looked */
    int64_t since_us;         /* monotonic: when that last changed, or a worker was free */
};

/* `in_flight` and `ended` count exchanges, `in_flight` without those that wait for a time; begins with a
 * pulse of all zeros. */
bool watchdog_moves(struct watchdog *pulse, const struct config *config, unsigned in_flight,
                    unsigned long long ended, int64_t now_us);

#endif
