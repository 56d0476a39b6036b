#include "gateway/call/task_wait.h"

#include "base/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/exchange/shared.h"

#include <string.h>
#include <strings.h>

enum {
    TASK_WAIT_STEP_MS = 100,   /* how soon a pause notices that the gateway drains */
    TASK_WAIT_ROOM_US = 20000, /* less than this is no time for a look */
};

/* ---- where ---- */

static const struct config_route *status_route(const struct exchange *x)
{
    return x->answer.task == NULL ? NULL : config_status_route(x->config, x->call->upstream);
}

void task_wait_put_location(struct buf *out, const struct exchange *x)
{
    const struct config_route *route = status_route(x);
    if (route == NULL)
        return;
    buf_put(out, "Location: ");
    buf_put(out, x->prefix == NULL ? "" : x->prefix);
    for (size_t i = 0; i < route->segment_count; i++) {
        buf_put_char(out, '/');
        buf_put(out, route->segments[i].capture ? x->answer.task : route->segments[i].text);
    }
    if (strcmp(x->call->region, x->call->upstream->region) != 0)
        buf_put_format(out, "?region=%s", x->call->region);
    buf_put(out, "\r\n");
}

/* ---- how long ---- */

/* "30" or "\"30\"": a number of seconds up to nine digits, and nothing else. */
static int read_seconds(const char *text, size_t length)
{
    int seconds = 0;
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    if (length == 0 || length > 9 || strspn(text, "0123456789") < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        seconds = seconds * 10 + (text[i] - '0');
    return seconds;
}

static size_t trimmed(const char **text, size_t length)
{
    while (length > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        length--;
    }
    while (length > 0 && ((*text)[length - 1] == ' ' || (*text)[length - 1] == '\t'))
        length--;
    return length;
}

/* One preference: token [ = word ] [ ; parameters ]; RFC 7240 section 2. */
static bool read_preference(const char *text, size_t length, int *seconds)
{
    const char *end = memchr(text, ';', length);
    length = trimmed(&text, end == NULL ? length : (size_t)(end - text));
    const char *equals = memchr(text, '=', length);
    size_t name = equals == NULL ? length : (size_t)(equals - text);
    const char *value = equals == NULL ? text + length : equals + 1;
    size_t value_length = trimmed(&value, (size_t)(text + length - value));
    name = trimmed(&text, name);
    if (name != 4 || strncasecmp(text, "wait", 4) != 0)
        return false;
    *seconds = read_seconds(value, value_length);
    return true;
}

int task_wait_preferred_wait(const struct request_head *head)
{
    int seconds = 0;
    for (size_t i = 0; i < head->field_count; i++) {
        if (strcasecmp(head->fields[i].name, "Prefer") != 0)
            continue;
        for (const char *at = head->fields[i].value; *at != '\0';) {
            size_t length = strcspn(at, ",");
            if (read_preference(at, length, &seconds)) /* the first counts: RFC 7240 section 2 */
                return seconds < TASK_WAIT_WAIT_MAX_S ? seconds : TASK_WAIT_WAIT_MAX_S;
            at += length + (at[length] == ',');
        }
    }
    return 0;
}

/* ---- waiting ---- */

/* Looking at the task that this very change began needs no rule of its own, but a rule that denies it
 * counts. */
static struct call *make_look(const struct exchange *x)
{
    const struct config_route *route = status_route(x);
    const char **value = arena_array(x->arena, 1, sizeof *value);
    struct call *call = route == NULL || value == NULL ? NULL : call_new(route, x->call->upstream, x->arena);
    if (call == NULL)
        return NULL;
    *value = x->answer.task;
    for (size_t i = 0; i < route->param_count; i++)
        if ((route->params[i].sources & CONFIG_IN_PATH) != 0 &&
            call_add(call, &route->params[i], value, 1, NULL) != 0)
            return NULL;
    if (call_set_region(call, x->call->region, NULL) != 0)
        return NULL;
    call_send_region(call, x->call->sent_region);
    call_seal(call);
    return authorize_further(x, call, true) ? call : NULL;
}

/* Until the pause is over; false when nobody waits any more. */
static bool rest(const struct exchange *x, int64_t pause_us)
{
    int64_t end = clock_monotonic_us() + pause_us;
    for (int64_t left = pause_us; left > 0; left = end - clock_monotonic_us()) {
        int step = left / 1000 < TASK_WAIT_STEP_MS ? (int)(left / 1000) + 1 : TASK_WAIT_STEP_MS;
        if (x->peer->gone(x->peer->connection, step) || atomic_load(&x->gateway->draining))
            return false;
    }
    return true;
}

/* True when the task is over: its end is the answer then, and names the task as the change's own did.  A
 * failed poll is ignored: the state is still unknown. */
static bool is_over(struct exchange *x, const struct call *look, int64_t until_us)
{
    struct answer answer = {0};
    const struct caller_view view = {.route = look->route,
                                     .api = look->upstream->api,
                                     .pages = &answer,
                                     .page_count = 1,
                                     .task = x->answer.task_value,
                                     .task_name = x->route->task};
    const char *state = NULL;
    if (forward_read(x, look, until_us, &answer) == PROBLEM_NONE)
        state = caller_view_state(view.route, view.api, &answer);
    bool over = state != NULL && strcmp(state, "running") != 0 &&
                caller_view_write(&view, x->arena, &x->answer, &x->err) == 0;
    err_clear(&x->err);
    x->wait_us = 0; /* of the look */
    return over;
}

static void look_until_over(struct exchange *x, const struct call *look, int64_t until_us)
{
    int64_t pause = TASK_WAIT_PAUSE_FIRST_US;
    for (;;) {
        int64_t left = until_us - clock_monotonic_us();
        if (left < TASK_WAIT_ROOM_US || !rest(x, pause < left ? pause : left))
            return;
        if (until_us - clock_monotonic_us() < TASK_WAIT_ROOM_US)
            return;
        if (is_over(x, look, until_us)) {
            x->finished = true;
            return;
        }
        pause = pause * 2 < TASK_WAIT_PAUSE_MAX_US ? pause * 2 : TASK_WAIT_PAUSE_MAX_US;
    }
}

void task_wait_wait(struct exchange *x)
{
    int seconds = x->wait_s > 0 ? x->wait_s : task_wait_preferred_wait(x->head);
    if (seconds == 0 || x->answer.task == NULL)
        return;
    int64_t until_us = clock_monotonic_us() + (int64_t)seconds * 1000000;
    if ((long long)atomic_fetch_add(&x->gateway->waiting, 1) < x->config->workers / 2) {
        struct call *look = make_look(x);
        x->waited_s = look == NULL ? 0 : seconds;
        if (look != NULL)
            look_until_over(x, look, until_us);
    }
    atomic_fetch_sub(&x->gateway->waiting, 1);
}
