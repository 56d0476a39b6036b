/* gateway/server/parking.h - connections that no worker has.  A thread accepts newcomers, ends what is late,
 * and calls workers for requests that have waited.  What comes is gathered, without waiting, by idle workers
 * that watch (dispatch.h), and by that thread while none does: a worker serves only a connection whose next
 * head is whole, or refused, or whose request has waited and goes on.
 *
 * A TLS handshake is a millisecond of arithmetic.  Other threads take it further, one for each processor: a
 * crowd of new callers keeps those who are there waiting no longer than others do. */
#ifndef GATEWAY_SERVER_PARKING_H
#define GATEWAY_SERVER_PARKING_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/connection/connections.h"
#include "gateway/server/dispatch.h"
#include "gateway/listener/listeners.h"
#include "gateway/server/waiters.h"

struct parking;

/* Accepts from the listeners.  All is lent until parking_end(), before which the workers have ended. */
MUST_USE struct parking *parking_start(struct connections *guard, struct dispatch *dispatch,
                                       struct waiters *waiters, struct listeners *listeners, struct err *err);
void parking_end(struct parking *parking);

/* It looks after all at once: what holds for them has changed. */
void parking_wake(struct parking *parking);

#endif
