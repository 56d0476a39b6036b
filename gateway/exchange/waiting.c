#include "gateway/exchange/waiting.h"

#include "base/time/clock.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/shared.h"

bool waiting_begin(struct exchange *x, int seconds)
{
    atomic_uint *waiting = &x->gateway->waiting;
    if ((long long)atomic_fetch_add(waiting, 1) >= x->config->connections / 2) {
        atomic_fetch_sub(waiting, 1);
        return false;
    }
    x->waits = true;
    x->until_us = clock_monotonic_us() + (int64_t)seconds * 1000000;
    return true;
}

void waiting_end(struct exchange *x)
{
    if (x->waits)
        atomic_fetch_sub(&x->gateway->waiting, 1);
    x->waits = false;
}

bool waiting_goes_on(const struct exchange *x)
{
    return x->waits && !x->last && !atomic_load(&x->gateway->draining) &&
           clock_monotonic_us() < x->until_us && !x->peer->gone(x->peer->connection, 0);
}

void waiting_pause(struct exchange *x, int64_t pause_us)
{
    int64_t now = clock_monotonic_us();
    queue_end(x);
    x->again_us = x->until_us - now < pause_us ? x->until_us : now + pause_us;
}
