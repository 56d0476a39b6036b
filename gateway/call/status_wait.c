#include "gateway/call/status_wait.h"

#include "base/clock.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/call/task_wait.h"
#include "gateway/exchange/shared.h"

#include <string.h>

enum {
    STATUS_WAIT_STEP_MS = 100,   /* how soon a pause notices that the gateway drains */
    STATUS_WAIT_ROOM_US = 20000, /* less than this is no time for another question */
};

static bool is_running(const struct exchange *x)
{
    const char *state = caller_view_state(x->route, x->call->upstream->api, &x->answer);
    return state != NULL && strcmp(state, "running") == 0;
}

/* Until the pause is over; false when nobody waits any more. */
static bool rest(const struct exchange *x, int64_t pause_us)
{
    int64_t end = clock_monotonic_us() + pause_us;
    for (int64_t left = pause_us; left > 0; left = end - clock_monotonic_us()) {
        int step = left / 1000 < STATUS_WAIT_STEP_MS ? (int)(left / 1000) + 1 : STATUS_WAIT_STEP_MS;
        if (x->peer->gone(x->peer->connection, step) || atomic_load(&x->gateway->draining))
            return false;
    }
    return true;
}

/* A question that fails changes nothing: the last good answer stands. */
static void ask_again(struct exchange *x, int64_t until_us)
{
    struct answer answer = {0};
    if (forward_read(x, x->call, until_us, &answer) == PROBLEM_NONE &&
        caller_view_state(x->route, x->call->upstream->api, &answer) != NULL)
        x->answer = answer;
    err_clear(&x->err);
    x->wait_us = 0; /* of the question */
}

static void ask_until_over(struct exchange *x, int64_t until_us)
{
    int64_t pause = TASK_WAIT_PAUSE_FIRST_US;
    while (is_running(x)) {
        int64_t left = until_us - clock_monotonic_us();
        if (left < STATUS_WAIT_ROOM_US || !rest(x, pause < left ? pause : left) ||
            until_us - clock_monotonic_us() < STATUS_WAIT_ROOM_US)
            return;
        ask_again(x, until_us);
        pause = pause * 2 < TASK_WAIT_PAUSE_MAX_US ? pause * 2 : TASK_WAIT_PAUSE_MAX_US;
    }
}

void status_wait_wait(struct exchange *x)
{
    if (x->route->dialects[x->call->upstream->api].status.from == NULL)
        return;
    int seconds = task_wait_seconds(x);
    int64_t until_us = clock_monotonic_us() + (int64_t)seconds * 1000000;
    if (seconds > 0 && (long long)atomic_fetch_add(&x->gateway->waiting, 1) < x->config->workers / 2) {
        x->waited_s = seconds;
        ask_until_over(x, until_us);
    }
    if (seconds > 0)
        atomic_fetch_sub(&x->gateway->waiting, 1);
    if (is_running(x))
        x->wait_us = STATUS_WAIT_RETRY_US;
}
