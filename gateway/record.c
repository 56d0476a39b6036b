/* One JSON line per request: everything that a decision needs, nothing that is secret. */
#include "gateway/stations.h"

#include "base/json.h"
#include "base/timestamp.h"
#include "gateway/clock.h"
#include "gateway/gateway.h"

enum { RECORD_MAX = 64 * 1024 }; /* 100 ids of 256 bytes, escaped */

/* The parameters that a policy can judge: all of the call's. */
void record_put_params(struct buf *out, const struct call *call)
{
    json_open_member(out, "params");
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        if (!param->list) {
            json_member(out, param->name, param->values[0]);
            continue;
        }
        json_open_array(out, param->name);
        for (size_t j = 0; j < param->count; j++)
            json_element(out, param->values[j]);
        json_close_array(out);
    }
    json_close(out);
}

static void put_call(struct buf *line, const struct exchange *x)
{
    const struct config_token *token = x->token != NULL ? x->token : x->expired;
    if (token != NULL) {
        json_member(line, "client", token->client->name);
        json_member(line, "token", token->id);
    }
    json_member(line, "source", x->source);
    json_member(line, "method", x->framing.method);
    if (x->route != NULL) {
        json_member(line, "route", x->route->template);
        json_member(line, "action", x->route->action);
    }
    if (x->call != NULL && x->call->sealed) {
        json_member(line, "region", x->call->region);
        record_put_params(line, x->call);
    }
    if (x->judged) {
        json_member(line, "verdict", x->verdict.allowed ? "allow" : "deny");
        json_member(line, "rule", x->verdict.because == NULL ? NULL : x->verdict.because->id);
        json_member(line, "auditRule", x->verdict.audit == NULL ? NULL : x->verdict.audit->id);
    }
}

void record_write(struct exchange *x)
{
    struct buf line;
    char time[TIMESTAMP_SIZE];
    timestamp_format(x->began_ms, time);
    buf_init(&line, RECORD_MAX);
    json_open(&line);
    json_member(&line, "time", time);
    json_member(&line, "requestId", x->id);
    put_call(&line, x);
    json_member_int(&line, "status", x->status);
    if (x->problem != PROBLEM_NONE) {
        json_member(&line, "type", problem_kind(x->problem)->name);
        json_member(&line, "station", x->station);
        json_member(&line, "detail", x->err.text);
    }
    if (exchange_changes(x))
        json_member(&line, "outcome", exchange_outcome_name(x->outcome));
    if (x->answer.length > 0 && x->answer.code == ANSWER_NO_CODE)
        json_member(&line, "upstreamCode", x->answer.code_desc);
    else if (x->answer.length > 0)
        json_member_int(&line, "upstreamCode", x->answer.code);
    if (x->attempts > 0) {
        json_member_int(&line, "attempts", x->attempts);
        buf_put_format(&line, ",\"upstreamMs\":%.3f", (double)x->upstream_us / 1000);
    }
    buf_put_format(&line, ",\"durationMs\":%.3f", (double)(clock_monotonic_us() - x->began_us) / 1000);
    json_close(&line);
    buf_put_char(&line, '\n');
    if (line.failed)
        atomic_fetch_add(&x->gateway->access.dropped, 1);
    else
        log_line(&x->gateway->access, buf_text(&line), line.length);
    buf_done(&line);
}
