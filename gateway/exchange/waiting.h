/* gateway/exchange/waiting.h - a stage that is not done yet, and waits without a worker.
 *
 * Such a stage says when it wants to be run again (x->again_us), and returns; the request's connection is
 * parked meanwhile (gateway/server/waiters.h).  It is run again then, by whatever worker, or earlier: when
 * its caller has gone, the gateway drains, or it must be answered now (x->last). */
#ifndef GATEWAY_EXCHANGE_WAITING_H
#define GATEWAY_EXCHANGE_WAITING_H

#include "gateway/exchange/exchange.h"

/* For so many seconds from now on.  False: half of the `connections` wait already, so that there is always
 * room for others. */
MUST_USE bool waiting_begin(struct exchange *x, int seconds);

/* Gives the place among those who wait back; once is enough. */
void waiting_end(struct exchange *x);

/* There is still somebody who waits, and time to do so. */
bool waiting_goes_on(const struct exchange *x);

/* The stage is to be run again after `pause_us`, or at the end of the time. */
void waiting_pause(struct exchange *x, int64_t pause_us);

#endif
