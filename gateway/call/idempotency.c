#include "gateway/call/idempotency.h"

#include "base/time/clock.h"
#include "base/digest.h"
#include "gateway/call/claim_note.h"
#include "gateway/call/task_wait.h"
#include "gateway/exchange/queue.h"
#include "gateway/exchange/shared.h"
#include "gateway/known/unsettled.h"
#include "gateway/exchange/waiting.h"
#include "gateway/state/state.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    IDEMPOTENCY_SLACK_MS = 2000,  /* beside the call's deadline: a slot and the audit file are waited for */
    IDEMPOTENCY_STEP_US = 100000, /* between two looks at a key that another request holds */
};

/* ---- the key ---- */

/* The draft has a string in quotes; most who send the field leave them out.  Both are one key. */
static const char *unquoted(const char *value, size_t *length)
{
    *length = strlen(value);
    if (*length < 2 || value[0] != '"' || value[*length - 1] != '"')
        return value;
    *length -= 2;
    return value + 1;
}

bool idempotency_is_key(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return length > 0 && length <= IDEMPOTENCY_KEY_MAX;
}

enum problem idempotency_take(struct exchange *x, const char *name, const char *text, size_t length)
{
    if (!idempotency_is_key(text, length))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s must be 1 to %d visible ASCII characters",
                             name, IDEMPOTENCY_KEY_MAX);
    x->key.text = arena_copy(x->arena, text, length);
    return x->key.text == NULL ? exchange_fail(x) : PROBLEM_NONE;
}

enum problem idempotency_read(struct exchange *x)
{
    size_t length;
    const char *value = request_head_field(x->head, "Idempotency-Key");
    if (value == NULL || x->key.text != NULL || !exchange_changes(x))
        return PROBLEM_NONE;
    if (request_head_only_field(x->head, "Idempotency-Key") == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "Idempotency-Key is there more than once");
    const char *text = unquoted(value, &length);
    return idempotency_take(x, "Idempotency-Key", text, length);
}

/* ---- the call's fingerprint ---- */

static void add_text(struct digest *digest, const char *text)
{
    digest_add(digest, text, strlen(text) + 1); /* with its NUL: no two lists of texts are the same bytes */
}

/* All that the verdict and the signature are about, and by which door and route: an answer is in their
 * words. */
static int take_print(struct exchange *x)
{
    const struct call *call = x->call;
    struct digest *digest = digest_new();
    if (x->door_name != NULL)
        add_text(digest, x->door_name);
    add_text(digest, call->route->method);
    add_text(digest, call->route->template);
    add_text(digest, call->route->action);
    add_text(digest, config_title(call->upstream));
    add_text(digest, call->region);
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        add_text(digest, param->name);
        digest_add(digest, &param->count, sizeof param->count);
        for (size_t j = 0; j < param->count; j++)
            add_text(digest, param->values[j]);
    }
    if (call->document != NULL)
        digest_add(digest, call->document, call->document_length);
    return digest_end(digest, x->key.print);
}

/* ---- claiming ---- */

static struct state_key key_of(const struct exchange *x)
{
    return (struct state_key){x->client->name, x->key.text, x->key.print, x->key.holder};
}

static bool is_required(const struct exchange *x)
{
    const struct config_rule *rule = x->verdict.because;
    return x->client->requires_key || (rule != NULL && rule->requires_key);
}

static enum problem require(struct exchange *x)
{
    if (is_required(x))
        return exchange_stop(x, PROBLEM_KEY_REQUIRED,
                             "this change needs an Idempotency-Key, so that it can be repeated safely");
    return PROBLEM_NONE;
}

static int64_t within_ms(const struct exchange *x)
{
    return x->call->upstream->deadline + IDEMPOTENCY_SLACK_MS + (int64_t)task_wait_seconds(x) * 1000;
}

/* 0 and what the store says, or -1. */
static int ask(struct exchange *x, struct state_claimed *claimed)
{
    char note[CLAIM_NOTE_SIZE];
    const struct state_key key = key_of(x);
    claim_note_make(x, note);
    return state_claim(x->gateway->state, &key, within_ms(x), x->config->state.keep, note, x->arena, claimed);
}

/* An earlier process of this gateway died with it, and had sent nothing: the key is free again. */
static int take_over(struct exchange *x, struct state_claimed *claimed)
{
    struct state_key key = key_of(x);
    char holder[STATE_HOLDER_SIZE];
    if ((claimed->claim != STATE_BUSY && claimed->claim != STATE_LAPSED) ||
        !claim_note_unsent(x, claimed->bytes, holder))
        return 0;
    key.holder = holder;
    return state_release(x->gateway->state, &key) == 0 ? ask(x, claimed) : -1;
}

/* As long as the caller prefers, while the client is there and another request holds the key. */
static bool may_wait(struct exchange *x)
{
    int seconds = task_wait_seconds(x);
    return (x->waits || (seconds > 0 && waiting_begin(x, seconds))) && waiting_goes_on(x);
}

/* ---- an answer that was kept ----
 *
 * "1 202 executed\n", then fields with their CRLF, an empty line, and the body. */

static const char *const kept_fields[] = {"Content-Type: ", "Location: ", "Preference-Applied: "};

static const char *after(const char *text, const char *end, const char *mark)
{
    size_t length = strlen(mark);
    const char *found = memmem(text, (size_t)(end - text), mark, length);
    return found == NULL ? NULL : found + length;
}

static bool is_kept_field(const char *line)
{
    for (size_t i = 0; i < COUNT(kept_fields); i++)
        if (strncmp(line, kept_fields[i], strlen(kept_fields[i])) == 0)
            return true;
    return false;
}

/* From the response that goes out. */
static void put_kept(struct buf *out, const struct exchange *x)
{
    const char *text = buf_text(x->reply), *end = text + x->reply->length;
    const char *body = after(text, end, "\r\n\r\n");
    buf_put_format(out, "1 %d %s\n", x->status, exchange_outcome_name(x->outcome));
    for (const char *line = text; body != NULL && line != NULL && line < body;
         line = after(line, end, "\r\n"))
        if (is_kept_field(line))
            buf_put_bytes(out, line, (size_t)(after(line, end, "\r\n") - line));
    buf_put(out, "\r\n");
    if (body != NULL)
        buf_put_bytes(out, body, (size_t)(end - body));
}

static bool read_outcome(const char *text, enum outcome *outcome)
{
    for (int i = OUTCOME_NOT_EXECUTED; i <= OUTCOME_UNKNOWN; i++) {
        const char *name = exchange_outcome_name((enum outcome)i);
        *outcome = (enum outcome)i;
        if (strncmp(text, name, strlen(name)) == 0 && text[strlen(name)] == '\n')
            return true;
    }
    return false;
}

/* The media type of the kept fields, which the response's own head says; the others follow in `fields`. */
static bool read_fields(struct exchange *x, const char *fields, const char *end)
{
    struct buf others;
    bool good = true;
    buf_init(&others, STATE_BYTES_MAX);
    for (const char *line = fields; good && line < end;) {
        const char *next = after(line, end, "\r\n");
        size_t name = strlen(kept_fields[0]);
        good = next != NULL;
        if (good && strncmp(line, kept_fields[0], name) == 0)
            x->own.type = arena_copy(x->arena, line + name, (size_t)(next - line) - name - 2);
        else if (good)
            buf_put_bytes(&others, line, (size_t)(next - line));
        line = next;
    }
    x->own.fields = arena_copy(x->arena, buf_text(&others), others.length);
    good = good && !others.failed && x->own.fields != NULL;
    buf_done(&others);
    return good;
}

/* What the store gives was written by a gateway, of this release or another: what is none is no answer. */
static bool read_kept(struct exchange *x, const struct state_claimed *claimed)
{
    const char *end = claimed->bytes + claimed->length;
    const char *fields = claimed->length < 6 ? NULL : after(claimed->bytes, end, "\n");
    if (fields == NULL || strncmp(claimed->bytes, "1 ", 2) != 0 ||
        !read_outcome(claimed->bytes + 6, &x->outcome))
        return false;
    const char *body = strncmp(fields, "\r\n", 2) == 0 ? fields + 2 : after(fields, end, "\r\n\r\n");
    if (body == NULL || !read_fields(x, fields, body - 2))
        return false;
    x->own.status = (int)strtol(claimed->bytes + 2, NULL, 10);
    x->own.bytes = body;
    x->own.length = (size_t)(end - body);
    return true;
}

/* ---- what a claim leads to ---- */

static enum problem stop_lapsed(struct exchange *x, const struct state_claimed *claimed)
{
    x->key.result = EXCHANGE_KEY_UNKNOWN;
    x->outcome = OUTCOME_UNKNOWN;
    return exchange_stop(x, PROBLEM_UPSTREAM_TIMEOUT,
                         "request %.*s may have made this change and was never answered: look at the thing "
                         "itself, or for that request in the audit file; this key is not sent again",
                         claim_note_shown(claimed->bytes), claimed->bytes);
}

/* The caller has sent this key before, and this store does not know it.  Memory may have forgotten it with an
 * earlier process, or another gateway has it; what is shared would know. */
static bool is_forgotten(const struct exchange *x)
{
    const char *repeat = request_head_field(x->head, "Idempotency-Repeat");
    return repeat != NULL && strcmp(repeat, "true") == 0 && !state_is_shared(x->gateway->state);
}

static enum problem stop_forgotten(struct exchange *x)
{
    const struct state_key key = key_of(x);
    x->key.result = EXCHANGE_KEY_UNKNOWN;
    x->key.lost = state_release(x->gateway->state, &key) != 0;
    x->outcome = OUTCOME_UNKNOWN;
    return exchange_stop(x, PROBLEM_UPSTREAM_TIMEOUT,
                         "this change was asked for before, and this gateway does not know its "
                         "Idempotency-Key: look at the thing itself; it was not sent now");
}

static enum problem answer_again(struct exchange *x, const struct state_claimed *claimed)
{
    x->key.result = EXCHANGE_KEY_REPLAYED;
    return read_kept(x, claimed) ? PROBLEM_NONE : exchange_fail(x);
}

static enum problem judge(struct exchange *x, const struct state_claimed *claimed)
{
    switch (claimed->claim) {
    case STATE_CLAIMED:
        x->key.result = EXCHANGE_KEY_CLAIMED;
        return is_forgotten(x) ? stop_forgotten(x) : PROBLEM_NONE;
    case STATE_SETTLED:
        return answer_again(x, claimed);
    case STATE_LAPSED:
        return stop_lapsed(x, claimed);
    case STATE_BUSY:
        x->key.result = EXCHANGE_KEY_IN_USE;
        return exchange_stop(x, PROBLEM_KEY_IN_USE, "request %.*s with this Idempotency-Key is under way",
                             claim_note_shown(claimed->bytes), claimed->bytes);
    case STATE_OTHER:
        break;
    }
    x->key.result = EXCHANGE_KEY_REUSED;
    return exchange_stop(x, PROBLEM_KEY_REUSED, "this Idempotency-Key was used for another call");
}

enum problem idempotency_claim(struct exchange *x)
{
    struct state_claimed claimed = {0};
    if (!exchange_changes(x))
        return PROBLEM_NONE;
    if (x->key.text == NULL)
        return require(x);
    if (x->key.print[0] == '\0') { /* the first time */
        if (take_print(x) != 0)
            return exchange_fail(x);
        state_holder(x->gateway->state, x->key.holder);
    }
    if (state_is_shared(x->gateway->state))
        queue_end(x); /* there is somebody else to wait for */
    int result = ask(x, &claimed) == 0 ? take_over(x, &claimed) : -1;
    if (result == 0 && claimed.claim == STATE_BUSY && may_wait(x)) {
        waiting_pause(x, IDEMPOTENCY_STEP_US);
        return PROBLEM_NONE;
    }
    waiting_end(x);
    if (result == 0)
        return judge(x, &claimed);
    const struct state_key key = key_of(x);
    if (claimed.asked)
        (void)unsettled_put(x->gateway->unsettled, &key, 0, NULL, 0); /* it may have come there, late */
    x->key.result = EXCHANGE_KEY_AWAY;
    if (x->key.clouds && !is_required(x))
        return PROBLEM_NONE; /* the cloud knows the repeat, and nothing was asked of us */
    return exchange_stop(x, PROBLEM_STATE_UNAVAILABLE,
                         "the store of Idempotency-Keys does not answer, so this change was not sent");
}

/* ---- settling ---- */

/* What may be sent again leaves the key free, as the answer says so itself. */
static bool is_kept(const struct exchange *x)
{
    if (x->outcome != OUTCOME_NOT_EXECUTED)
        return true;
    bool refused = x->answer.length > 0 && !answer_is_good(&x->answer);
    return refused && !problem_kind(x->problem)->retryable;
}

void idempotency_settle(struct exchange *x)
{
    struct buf kept;
    if (x->key.result != EXCHANGE_KEY_CLAIMED)
        return;
    const struct state_key key = key_of(x);
    int64_t keep_ms = x->config->state.keep;
    if (!is_kept(x)) {
        x->key.lost = state_release(x->gateway->state, &key) != 0 &&
                      !unsettled_put(x->gateway->unsettled, &key, keep_ms, NULL, 0);
        return;
    }
    buf_init(&kept, STATE_BYTES_MAX);
    put_kept(&kept, x);
    x->key.lost =
        kept.failed || (state_settle(x->gateway->state, &key, keep_ms, buf_text(&kept), kept.length) != 0 &&
                        !unsettled_put(x->gateway->unsettled, &key, keep_ms, buf_text(&kept), kept.length));
    buf_done(&kept);
}

void idempotency_put_field(struct buf *out, const struct exchange *x)
{
    if (x->key.result == EXCHANGE_KEY_REPLAYED || x->key.result == EXCHANGE_KEY_UNKNOWN)
        buf_put(out, "Idempotency-Replayed: true\r\n");
}
