/* gateway/exchange/limits.h - how much a client may do: its rate, and its calls in flight.
 *
 * State beside the immutable configuration: one slot per client.  Failed authentications are counted by
 * address in gateway/exchange/failures.h.  Safe from many threads, without a lock. */
#ifndef GATEWAY_EXCHANGE_LIMITS_H
#define GATEWAY_EXCHANGE_LIMITS_H

#include "base/base.h"
#include "base/rate.h"
#include "config/model/config.h"

struct limits; /* of the clients of one configuration */

/* Shares what the clients of the same name have used with `previous`, which may be NULL. */
MUST_USE struct limits *limits_new(const struct config *config, const struct limits *previous);
void limits_free(struct limits *limits);

enum limits_refusal { LIMITS_NONE, LIMITS_RATE, LIMITS_IN_FLIGHT };

struct limits_verdict {
    enum limits_refusal refusal;
    bool limited; /* the client has a rate: `remaining` means something */
    int64_t remaining;
    int64_t wait_us;
};

/* Takes one call; unless refused, limits_leave() gives its place in flight back. */
struct limits_verdict limits_enter(struct limits *limits, const struct config_client *client, int64_t now_us);
void limits_leave(struct limits *limits, const struct config_client *client);

#endif
