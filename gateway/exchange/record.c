/* The metrics, one JSON line per request, and two records per change in the audit file: everything that a
 * decision needs, nothing that is secret. */
#include "gateway/exchange/record.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/text.h"
#include "base/time/timestamp.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/limits/freeze.h"
#include "gateway/exchange/request_metrics.h"
#include "gateway/exchange/shared.h"

#include <string.h>

enum {
    RECORD_MAX = 256 * 1024, /* of the audit file: what a body of 64 KiB says, at most three bytes for each */
    RECORD_PATH_MAX = 256,   /* bytes of a path that is only logged              */
    RECORD_SEGMENT_MAX = 32, /* of one of its segments, with its '/': tokens and keys are longer */
    RECORD_SEGMENT_SHOWN = 5,
    RECORD_ABSENT_MAX = 64, /* members of a document that rules name: what is not told is not judged again */
};

/* The parameters that a policy can judge: all of the call's; of a secret only that it is there. */
void record_put_params(struct buf *out, const struct call *call)
{
    json_open_member(out, "params");
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        if (param->secret) {
            json_member(out, param->name, "withheld");
            continue;
        }
        if (!param->list) {
            json_member(out, param->name, call_shown(param, 0));
            continue;
        }
        json_open_array(out, param->name);
        for (size_t j = 0; j < param->count; j++)
            json_element(out, call_shown(param, j));
        json_close_array(out);
    }
    json_close(out);
}

/* One more name of an array, which begins with its first. */
static void put_name(struct buf *out, const char *array, const char *name, bool *begun)
{
    if (!*begun)
        json_open_array(out, array);
    *begun = true;
    json_element(out, name);
}

/* Which parameters some item of a list lacks. */
static void put_gaps(struct buf *out, const struct call *call)
{
    bool begun = false;
    for (size_t i = 0; i < call->param_count; i++)
        if (call->params[i].gaps)
            put_name(out, "gaps", call->params[i].name, &begun);
    if (begun)
        json_close_array(out);
}

/* Which members a rule named that were not there: whoever judges the call again must know it. */
static void put_absent(struct buf *out, const struct call *call)
{
    bool begun = false;
    const struct config_action *action = call->route->document;
    for (size_t i = 0; i < action->path_count && i < RECORD_ABSENT_MAX; i++)
        if (call_find(call, action->paths[i].param.name) == NULL)
            put_name(out, "absent", action->paths[i].param.name, &begun);
    if (begun)
        json_close_array(out);
}

/* What no parameter has: how many values, and the hash of the whole. */
static void put_document(struct buf *out, const struct call *call)
{
    json_open_member(out, "document");
    put_gaps(out, call);
    put_absent(out, call);
    json_member_int(out, "others", (long long)call->document_others);
    json_member_int(out, "bytes", (long long)call->document_length);
    json_member(out, "sha256", call->document_hash);
    json_close(out);
}

/* Not of the ones that nobody knows: they are in "params" themselves. */
void record_put_former_ids(struct buf *out, const struct call *call)
{
    bool any = false;
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        for (size_t j = 0; param->said != NULL && j < param->count; j++) {
            if (param->said[j] == NULL)
                continue;
            if (!any)
                json_open_array(out, "formerIds");
            any = true;
            json_element(out, param->said[j]);
        }
    }
    if (any)
        json_close_array(out);
}

static void put_call(struct buf *line, const struct exchange *x)
{
    json_member(line, "config", x->config == NULL ? NULL : x->config->short_hash);
    const struct config_client *client = exchange_client(x);
    json_member(line, "client", client == NULL ? NULL : client->name);
    json_member(line, "token", x->token == NULL ? NULL : x->token->id);
    json_member(line, "certificate", x->certificate == NULL ? NULL : x->certificate->id);
    json_member(line, "subject", x->subject);
    json_member(line, "source", x->source);
    json_member(line, "door", x->door_name);
    json_member(line, "method", x->head->method);
    if (x->route != NULL) {
        json_member(line, "route", x->route->template);
        json_member(line, "action", x->route->action);
        if (x->route->document != NULL)
            json_member(line, "service", x->route->service);
    }
    if (x->call != NULL && x->call->sealed) {
        json_member(line, "account", x->call->account);
        json_member(line, "region", x->call->region);
        record_put_params(line, x->call);
        record_put_former_ids(line, x->call);
        if (x->call->document != NULL)
            put_document(line, x->call);
    }
    if (exchange_changes(x))
        json_member(line, "idempotencyKey", x->key.text);
    if (x->owner != POLICY_OWNER_UNKNOWN)
        json_member_bool(line, "own", x->owner == POLICY_OWNER_CALLER);
    if (x->judged) {
        json_member(line, "verdict", x->verdict.allowed ? "allow" : "deny");
        json_member(line, "rule", x->verdict.because == NULL ? NULL : x->verdict.because->id);
        json_member(line, "auditRule", x->verdict.audit == NULL ? NULL : x->verdict.audit->id);
    }
    json_member(line, "tmpSecretId", x->tmp_secret_id); /* an id, not a secret */
}

static void put_frozen(struct buf *line, const struct exchange *x)
{
    if (x->frozen == NULL)
        return;
    json_open_member(line, "frozen");
    freeze_put(line, x->frozen);
    json_close(line);
}

/* What the upstream said, and how often it was asked.  The code is a string, whichever generation it is
 * of. */
static void put_upstream(struct buf *line, const struct exchange *x)
{
    json_member(line, "upstreamRequestId", x->answer.request_id);
    if (x->answer.length > 0) {
        char number[TEXT_NUMBER_SIZE];
        text_number(number, x->answer.code);
        json_member(line, "upstreamCode", x->answer.named ? x->answer.code_desc : number);
    }
    if (x->attempts > 0) {
        json_member_int(line, "attempts", x->attempts);
        json_member_millis(line, "upstreamMs", x->upstream_us);
    }
}

static void put_time(struct buf *line, int64_t millis)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(millis, time);
    json_member(line, "time", time);
}

static void put_ids(struct buf *line, const struct exchange *x)
{
    json_member(line, "requestId", x->id);
    if (x->trace.id[0] != '\0')
        json_member(line, "traceId", x->trace.id);
}

/* The audit record of a change that is about to be sent: all that `countersign replay` needs, too. */
enum problem record_intend(struct exchange *x)
{
    struct buf members;
    struct err err = {0};
    if (x->gateway->audit == NULL || !exchange_changes(x))
        return PROBLEM_NONE;
    if (audit_state(x->gateway->audit).refusing)
        return exchange_stop(
            x, PROBLEM_UNRECORDED,
            "the gateway found its audit file altered: it takes no changes until its operator "
            "says so");
    buf_init(&members, RECORD_MAX);
    put_ids(&members, x);
    put_call(&members, x);
    int result = audit_append(x->gateway->audit, "intent", x->began_ms, &members, &x->intent, &err);
    buf_done(&members);
    if (result == 0)
        return PROBLEM_NONE;
    return exchange_stop(x, PROBLEM_UNRECORDED,
                         "the gateway cannot write its audit file"); /* its path is not the caller's */
}

/* It refers to the intent by number, and names no verdict: there was one decision.  A change that
 * then waits for its task is settled before: `status` is what it alone would be answered with. */
void record_settle(struct exchange *x, enum problem problem)
{
    struct buf members;
    unsigned long long seq = 0;
    if (x->intent == 0)
        return;
    buf_init(&members, RECORD_MAX);
    json_member_int(&members, "of", (long long)x->intent);
    put_ids(&members, x);
    json_member(&members, "tmpSecretId", x->tmp_secret_id);
    json_member(&members, "outcome", exchange_outcome_name(x->outcome));
    json_member_int(&members, "status",
                    problem == PROBLEM_NONE ? x->route->success : problem_kind(problem)->status);
    if (problem != PROBLEM_NONE)
        json_member(&members, "type", problem_kind(problem)->name);
    put_upstream(&members, x);
    x->outcome_unrecorded = audit_append(x->gateway->audit, "outcome", AUDIT_NOW, &members, &seq, NULL) !=
                            0; /* counted and told there; the answer is true anyway */
    buf_done(&members);
}

/* Of a request that was refused, to find its sender's mistake.  Without the query, where tokens get lost; and
 * of what is as long as a secret, and may be one in the wrong place, only the beginning. */
static void put_path(struct buf *line, const struct exchange *x)
{
    char path[RECORD_PATH_MAX + RECORD_SEGMENT_MAX + sizeof "..."];
    size_t used = 0;
    if (x->problem == PROBLEM_NONE || x->head->target == NULL)
        return;
    for (const char *at = x->head->target; *at != '\0' && *at != '?' && used <= RECORD_PATH_MAX;) {
        size_t length = 1 + strcspn(at + 1, "/?");
        bool cut = length > RECORD_SEGMENT_MAX;
        size_t shown = cut ? RECORD_SEGMENT_SHOWN : length;
        memcpy(path + used, at, shown);
        used += shown;
        if (cut) {
            memcpy(path + used, "...", 3);
            used += 3;
        }
        at += length;
    }
    path[used <= RECORD_PATH_MAX ? used : RECORD_PATH_MAX] = '\0';
    json_member(line, "path", path);
}

/* One of many by somebody without a token; one that has expired is none.  What cannot be parsed has not come
 * from anywhere. */
static bool is_gathered(const struct exchange *x)
{
    struct network address;
    if (x->client != NULL)
        return false;
    if (!network_parse_peer(x->source, &address))
        address = (struct network){0};
    return !anonymous_has_line(x->gateway->anonymous, &address, x->status, x->began_ms);
}

/* Into the memory of the answer, which has gone out. */
void record_write(struct exchange *x)
{
    struct buf *line = x->reply;
    int64_t duration_us = clock_monotonic_us() - x->began_us;
    request_metrics_count(x->gateway->metrics, x, duration_us);
    if (is_gathered(x))
        return;
    buf_reset(line);
    json_open(line);
    put_time(line, x->began_ms);
    put_ids(line, x);
    put_call(line, x);
    put_frozen(line, x);
    put_path(line, x);
    json_member_int(line, "status", x->status);
    if (x->problem != PROBLEM_NONE) {
        json_member(line, "type", problem_kind(x->problem)->name);
        json_member(line, "station", x->station);
        json_member(line, "detail", x->err.text);
    }
    if (exchange_changes(x))
        json_member(line, "outcome", exchange_outcome_name(x->outcome));
    put_upstream(line, x);
    if (x->outcome_unrecorded)
        json_member(line, "audit", "lacks the outcome");
    if (x->key.result == EXCHANGE_KEY_REPLAYED || x->key.result == EXCHANGE_KEY_UNKNOWN)
        json_member_bool(line, "replayed", true);
    if (x->key.lost)
        json_member(line, "state", "lacks the answer of the key");
    if (x->extra_calls > 0)
        json_member_int(line, "furtherCalls", x->extra_calls);
    json_member_millis(line, "durationMs", duration_us);
    json_close(line);
    buf_put_char(line, '\n');
    if (line->failed)
        atomic_fetch_add(&x->gateway->access.dropped, 1);
    else
        log_line(&x->gateway->access, buf_text(line), line->length);
}
