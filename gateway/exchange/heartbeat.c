#include "gateway/exchange/heartbeat.h"

#include "gateway/exchange/shared.h"
#include "gateway/known/unsettled.h"
#include "gateway/state/state.h"

enum { HEARTBEAT_RENEWAL = STATE_LEASE_MS / HEARTBEAT_MS / 5 }; /* beats: a few may be lost */

/* Whether the store answered is its own to note, and to tell. */
static void beat(void *context)
{
    unsigned seen;
    struct heartbeat *heartbeat = context;
    struct shared *gateway = heartbeat->gateway;
    if (state_announce(gateway->state, &seen) != 0)
        return;
    unsettled_tell(gateway->unsettled, gateway->state);
    if (heartbeat->beats++ % HEARTBEAT_RENEWAL != 0)
        return;
    struct snapshot *snapshot = shared_take(gateway);
    client_limits_renew(snapshot->limits, gateway->state);
    shared_release(snapshot);
}

int heartbeat_start(struct heartbeat *heartbeat, struct shared *gateway, struct err *err)
{
    heartbeat->gateway = gateway;
    if (!state_is_shared(gateway->state))
        return 0;
    beat(heartbeat);
    heartbeat->running = periodic_start(&heartbeat->thread, HEARTBEAT_MS, beat, heartbeat) == 0;
    return heartbeat->running ? 0 : err_set(err, ERR_SYSTEM, "cannot start a thread");
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
    if (heartbeat->running)
        periodic_stop(&heartbeat->thread);
    heartbeat->running = false;
}
