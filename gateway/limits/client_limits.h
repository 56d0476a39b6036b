/* gateway/limits/client_limits.h - how much a client may do: its rate, and its calls in flight.
 *
 * State beside the immutable configuration: one slot per client.  Failed authentications are counted by
 * address in gateway/limits/auth_failures.h.  Safe from many threads, and without a lock where nothing is
 * shared.
 *
 * Where gateways share a store, it decides (gateway/limits/shared_limit.h).  While it is away each gateway
 * decides by itself, with an equal part of the limits. */
#ifndef GATEWAY_LIMITS_CLIENT_LIMITS_H
#define GATEWAY_LIMITS_CLIENT_LIMITS_H

#include "base/base.h"
#include "base/time/rate.h"
#include "config/model/config.h"

struct state;
struct client_limits; /* of the clients of one configuration */

/* Shares what the clients of the same name have used with `previous`, which may be NULL. */
MUST_USE struct client_limits *client_limits_new(const struct config *config,
                                                 const struct client_limits *previous);
void client_limits_free(struct client_limits *limits);

enum client_limits_refusal { CLIENT_LIMITS_NONE, CLIENT_LIMITS_RATE, CLIENT_LIMITS_IN_FLIGHT };

struct client_limits_verdict {
    enum client_limits_refusal refusal;
    bool limited; /* the client has a rate: `remaining` means something */
    int64_t remaining;
    int64_t wait_us;
};

/* Takes one call; unless refused, client_limits_leave() gives its place in flight back.  `state` NULL, or not
 * shared: this gateway is alone. */
struct client_limits_verdict client_limits_enter(struct client_limits *limits,
                                                 const struct config_client *client, struct state *state,
                                                 int64_t now_us);
void client_limits_leave(struct client_limits *limits, const struct config_client *client,
                         struct state *state);

/* Tells the store for whom this gateway still has calls in flight, and what it could not be told before.  To
 * be done more often than STATE_LEASE_MS. */
void client_limits_renew(struct client_limits *limits, struct state *state);

#endif
