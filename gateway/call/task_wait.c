#include "gateway/call/task_wait.h"

#include "base/time/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/exchange/waiting.h"

#include <string.h>
#include <strings.h>

enum { TASK_WAIT_ROOM_US = 20000 }; /* less than this is no time for a look */

/* ---- where ---- */

static const struct config_route *status_route(const struct exchange *x)
{
    return x->answer.task == NULL ? NULL : config_status_route(x->config, x->call->upstream, x->call->route);
}

/* Would the same client, without a word about it, be sent to another? */
static bool needs_account(const struct exchange *x)
{
    const char *account = x->call->account;
    const char *usual = x->client == NULL ? NULL : x->client->account;
    return account != NULL && x->config->account_count > 1 && (usual == NULL || strcmp(usual, account) != 0);
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
    const char *before = "?";
    if (strcmp(x->call->region, x->call->upstream->region) != 0) {
        buf_put_format(out, "?region=%s", x->call->region);
        before = "&";
    }
    if (needs_account(x))
        buf_put_format(out, "%saccount=%s", before, x->call->account);
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
        if (!request_head_is(&head->fields[i], "Prefer"))
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

int task_wait_seconds(const struct exchange *x)
{
    return x->wait_s > 0 ? x->wait_s : task_wait_preferred_wait(x->head);
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
    call->request_client = x->call->request_client;
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

static bool is_running(const struct call *call, const struct answer *answer)
{
    const char *state = caller_view_state(call->route, call->upstream->api, answer);
    return state != NULL && strcmp(state, "running") == 0;
}

/* {"status":"done","task":{...},...}: the change's own answer, with how it ended in front.  The cloud's names
 * begin with a capital: none of them is one of these. */
static int write_end(struct exchange *x, const char *state, const struct answer *end)
{
    struct buf out;
    struct json_value none;
    const struct json_value *own = &x->answer.members;
    struct json_items items = json_value_items(own);
    buf_init(&out, own->length + end->members.length + 64);
    buf_put_format(&out, "{\"status\":\"%s\",\"task\":", state);
    buf_put_bytes(&out, end->members.bytes, end->members.length);
    buf_put(&out, json_value_next(&items, &none) ? "," : "");
    buf_put_bytes(&out, own->bytes + 1, own->length - 1);
    const char *text = out.failed ? NULL : arena_copy(x->arena, out.bytes, out.length);
    if (text != NULL)
        x->answer.members =
            (struct json_value){.kind = JSON_VALUE_OBJECT, .bytes = text, .length = out.length};
    buf_done(&out);
    return text == NULL ? -1 : 0;
}

/* Who asked by the cloud's own document has the cloud's own answer: to its question, or to its change. */
static bool show_document(struct exchange *x, const char *state, const struct answer *end)
{
    if (x->look != x->call)
        return write_end(x, state, end) == 0;
    x->answer = *end;
    return true;
}

/* As callers of a route see it: it names the task as the change's own answer did. */
static bool show_view(struct exchange *x, const struct call *look, const struct answer *end)
{
    const struct caller_view view = {.route = look->route,
                                     .api = look->upstream->api,
                                     .pages = end,
                                     .page_count = 1,
                                     .task = x->answer.task_value,
                                     .task_name = x->route->task};
    return caller_view_write(&view, x->arena, &x->answer, &x->err) == 0;
}

/* True when the task is over: its end is the answer then.  A failed poll is ignored: the state is still
 * unknown. */
static bool is_over(struct exchange *x, const struct call *look, int64_t until_us)
{
    struct answer answer = {0};
    bool over = false;
    if (forward_read(x, look, until_us, &answer) == PROBLEM_NONE) {
        const char *state = caller_view_state(look->route, look->upstream->api, &answer);
        over = state != NULL && strcmp(state, "running") != 0 &&
               (x->route->document != NULL ? show_document(x, state, &answer) : show_view(x, look, &answer));
    }
    err_clear(&x->err);
    x->wait_us = 0; /* of the look */
    return over;
}

void task_wait_begin_at_status(struct exchange *x)
{
    if (x->route->dialects[x->call->upstream->api].status.from == NULL)
        return;
    int seconds = task_wait_seconds(x);
    bool running = is_running(x->call, &x->answer);
    if (running && seconds > 0 && waiting_begin(x, seconds))
        x->look = x->call;
    if (x->look != NULL || !running)
        x->waited_s = seconds;
    x->wait_us = running ? TASK_WAIT_RETRY_US : 0;
}

void task_wait_begin(struct exchange *x)
{
    int seconds = task_wait_seconds(x);
    if (seconds == 0 || x->answer.task == NULL || x->waits || !waiting_begin(x, seconds))
        return;
    x->look = make_look(x);
    if (x->look == NULL)
        waiting_end(x);
    else
        x->waited_s = seconds;
}

static bool has_room(const struct exchange *x)
{
    return x->until_us - clock_monotonic_us() >= TASK_WAIT_ROOM_US;
}

static int64_t longer(int64_t pause_us)
{
    if (pause_us == 0)
        return TASK_WAIT_PAUSE_FIRST_US;
    return pause_us * 2 < TASK_WAIT_PAUSE_MAX_US ? pause_us * 2 : TASK_WAIT_PAUSE_MAX_US;
}

/* The first pause comes before the first look; a pause that the end of the time cuts short has none behind
 * it. */
enum problem task_wait_look(struct exchange *x)
{
    if (x->look == NULL)
        return PROBLEM_NONE;
    if (x->pause_us > 0 && has_room(x) && waiting_goes_on(x))
        x->finished = is_over(x, x->look, x->until_us);
    x->pause_us = longer(x->pause_us);
    if (!x->finished && has_room(x) && waiting_goes_on(x))
        waiting_pause(x, x->pause_us);
    else
        waiting_end(x);
    if (x->look == x->call && !x->finished)
        x->wait_us = TASK_WAIT_RETRY_US;
    return PROBLEM_NONE;
}
