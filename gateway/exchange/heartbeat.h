/* gateway/exchange/heartbeat.h - what a gateway tells the others, and again and again: that it is there, for
 * whom it has calls in flight, and what became of keys while the store was away.  A thread of its own; none
 * where nothing is shared. */
#ifndef GATEWAY_EXCHANGE_HEARTBEAT_H
#define GATEWAY_EXCHANGE_HEARTBEAT_H

#include "base/err.h"
#include "base/time/periodic.h"

struct shared;

enum { HEARTBEAT_MS = 500 }; /* several to STATE_SEEN_MS: one may be lost */

struct heartbeat {
    struct periodic thread;
    struct shared *gateway;
    unsigned beats;
    bool running;
};

MUST_USE int heartbeat_start(struct heartbeat *heartbeat, struct shared *gateway, struct err *err);

/* Also of one that was not started. */
void heartbeat_stop(struct heartbeat *heartbeat);

#endif
