/* The client's limits, before any work is done for it. */
#include "gateway/request/admit.h"

#include "base/time/clock.h"
#include "gateway/exchange/shared.h"

enum problem admit_client(struct exchange *x)
{
    const struct config_client *client = x->client;
    x->limits = client_limits_enter(x->snapshot->limits, client, x->gateway->state, clock_monotonic_us());
    x->admitted = x->limits.refusal == CLIENT_LIMITS_NONE;
    x->wait_us = x->limits.wait_us;
    switch (x->limits.refusal) {
    case CLIENT_LIMITS_RATE:
        return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "'%s' is over its rate", client->name);
    case CLIENT_LIMITS_IN_FLIGHT:
        return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "'%s' has %lld calls in flight already",
                             client->name, client->in_flight);
    case CLIENT_LIMITS_NONE:
        break;
    }
    return PROBLEM_NONE;
}

void admit_leave(struct exchange *x)
{
    if (x->admitted)
        client_limits_leave(x->snapshot->limits, x->client, x->gateway->state);
}
