/* Take a slot; then sign (fresh time and nonce), send, understand, and decide whether to try again.  The file
 * is longer than others: an attempt's end, what is told of it and what comes next are one state. */
#include "gateway/call/forward.h"

#include "auth/sign/sign.h"
#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "base/text.h"
#include "gateway/call/caller_view.h"
#include "gateway/response/secret_scan.h"
#include "gateway/response/withheld.h"
#include "gateway/exchange/answer_meaning.h"
#include "gateway/exchange/client_session.h"
#include "gateway/known/owners.h"
#include "gateway/exchange/queue.h"
#include "gateway/known/quotas.h"
#include "gateway/exchange/record.h"
#include "gateway/exchange/shared.h"
#include "gateway/upstream/upstream_notice.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORWARD_STEP_MS = 50, /* how soon a pause notices that the gateway is draining */
    TOKEN_REFUSED = 4105, /* of API 2.0: a temporary credential's Token is wrong, or has expired */
};

/* One call on its way, over all its attempts. */
struct forward {
    struct exchange *x; /* the request that it is for */
    const struct call *call;
    struct answer *answer;
    enum outcome outcome;
    unsigned attempts;
    struct upstream_pool_slot *slot; /* NULL during a pause */
    struct upstream_pool_result result;
    enum retry_cause cause; /* of the last attempt */
    bool sent;              /* an attempt that is not read yet */
    int64_t began_us;       /* to be sent, or to be waited for */
    int64_t deadline_us;
    unsigned credential;             /* 0: the upstream's, 1: its spare */
    struct renewal_version *session; /* of the client, held; NULL: the credential is everybody's */
    bool refused;                    /* the last answer refused the credential itself, not the call */
    bool clock_corrected;            /* for this call */
    bool credential_replaced;        /* for this call */
    bool credential_renewed;         /* for this call */
};

static enum problem refused(const struct forward *f, enum problem problem)
{
    const struct answer *answer = f->answer;
    const char *action = f->call->route->action;
    if (answer->named)
        return exchange_stop(f->x, problem, "the upstream refused %s with code %s", action,
                             answer->code_desc);
    if (answer->code_desc == NULL)
        return exchange_stop(f->x, problem, "the upstream refused %s with code %lld", action, answer->code);
    return exchange_stop(f->x, problem, "the upstream refused %s with code %lld, %s", action, answer->code,
                         answer->code_desc);
}

/* Unknown, disabled, mistyped or expired; not: without the right to this action. */
static bool is_credential_refused(const struct answer_meaning *meaning, const struct answer *answer)
{
    return meaning->problem == PROBLEM_UPSTREAM_CREDENTIAL &&
           (meaning->cause == RETRY_CREDENTIAL || (!answer->named && answer->code == TOKEN_REFUSED) ||
            (answer->code_desc != NULL && text_matches("AuthFailure.TokenFailure*", answer->code_desc)));
}

/* What is known of a change, and whether the call may go again. */
static void learn(struct forward *f, const struct answer_meaning *meaning)
{
    bool no_other = meaning->cause == RETRY_CREDENTIAL && f->call->upstream->fallback == NULL;
    f->cause = no_other ? RETRY_NEVER : meaning->cause;
    f->outcome = meaning->outcome;
}

static bool is_leak(const struct forward *f, const char *bytes, size_t length)
{
    const struct config_credential *const both[] = {upstream_pool_signed(f->slot, 0),
                                                    upstream_pool_signed(f->slot, 1)};
    return secret_scan_found(bytes, length, both, upstream_pool_request(f->slot)->signature);
}

/* "text/html", where it says something that is not said already; else NULL. */
static const char *odd_type(const struct forward *f)
{
    const char *type = f->result.type;
    bool told = type[0] != '\0' && strcasecmp(type, "application/json") != 0 && !call_has_secret(f->call) &&
                !is_leak(f, type, strlen(type));
    return told ? type : NULL;
}

static enum problem no_answer(const struct forward *f, enum problem problem, const char *what)
{
    const char *type = odd_type(f);
    return exchange_stop(f->x, problem, "%s%s%s", what, type == NULL ? "" : "; its Content-Type is ",
                         type == NULL ? "" : type);
}

/* What stands before the cloud has answered. */
static enum problem other_status(struct forward *f)
{
    char what[128];
    struct answer_meaning meaning = answer_meaning_of_status(f->result.status);
    bool large = meaning.problem == PROBLEM_UPSTREAM_REJECTED_PARAMETER;
    bool post = f->call->upstream->method == CONFIG_POST;
    learn(f, &meaning);
    (void)snprintf(what, sizeof what, "the upstream answered HTTP status %d%s%s", f->result.status,
                   large ? ": the request is too large for it" : "",
                   large && !post ? ", so `method: POST` is needed for this upstream" : "");
    return no_answer(f, meaning.problem, what);
}

/* The answer to what was sent, as the caller will see it. */
static enum problem understand(struct forward *f)
{
    struct err err = {0};
    struct exchange *x = f->x;
    const struct upstream_pool_result *result = &f->result;
    if (result->status != 200)
        return other_status(f);
    if (answer_read(result->bytes, result->length, f->call->route, f->call->upstream->api, x->arena,
                    f->answer, &err) != 0)
        return no_answer(f, PROBLEM_UPSTREAM_INVALID_ANSWER, err.text);
    struct answer_meaning meaning = answer_meaning(f->answer);
    learn(f, &meaning);
    f->refused = is_credential_refused(&meaning, f->answer);
    if (is_leak(f, result->bytes, result->length)) {
        withheld_all(f->answer);
        upstream_pool_distrust(f->slot);
        if (meaning.problem == PROBLEM_NONE)
            return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER,
                                 "the upstream's answer repeats a secret of the gateway: it is withheld");
    }
    if (meaning.problem != PROBLEM_NONE) {
        withheld_words(f->answer, f->call);
        if (f->answer->bytes != NULL && answer_keep(f->answer, x->arena) != 0)
            f->answer->bytes = NULL; /* what it says is in the arena already */
        return refused(f, meaning.problem);
    }
    bool kept = answer_keep(f->answer, x->arena) == 0; /* the slot goes to another call */
    return kept ? PROBLEM_NONE : exchange_fail(x);
}

/* The call's deadline, and no longer than one attempt may take. */
static int64_t attempt_until(const struct forward *f, int64_t now_us)
{
    int64_t until_us = now_us + f->call->upstream->timeout * 1000;
    return until_us < f->deadline_us ? until_us : f->deadline_us;
}

/* No answer that can be read. */
static enum problem unanswered(struct forward *f, const struct err *err)
{
    static const char *const sentences[UPSTREAM_HEALTH_ENDS] = {
        [UPSTREAM_HEALTH_NOT_SENT] = "the upstream cannot be reached: ",
        [UPSTREAM_HEALTH_LOST] = "the call was sent, but no whole answer came: ",
        [UPSTREAM_HEALTH_LATE] = "the call was sent, but no whole answer came: ",
        [UPSTREAM_HEALTH_TOO_LARGE] = "",
    };
    struct answer_meaning meaning = answer_meaning_of_end(f->result.end);
    const char *sentence = sentences[f->result.end];
    if (f->result.refused) /* by the proxy in between: it would say the same again */
        meaning.cause = RETRY_NEVER;
    learn(f, &meaning);
    return sentence == NULL ? exchange_fail(f->x)
                            : exchange_stop(f->x, meaning.problem, "%s%s", sentence, err->text);
}

static const char *credential_name(const struct forward *f, unsigned credential)
{
    const struct config_upstream *upstream = f->call->upstream;
    return (credential == 0 ? upstream->credential : upstream->fallback)->name;
}

/* One that is issued may have ended, or not have come yet: then the other one, if that is there.  Only the
 * first of all is waited for. */
static struct signer *choose_signer(struct forward *f, struct err *err)
{
    struct err of_other = {0};
    if (f->session != NULL) {
        struct signer *of_client = upstream_pool_signer_of(f->slot, f->credential, f->session);
        if (of_client == NULL)
            err_memory(err);
        return of_client;
    }
    if (upstream_pool_signed(f->slot, f->credential) == NULL)
        queue_end(f->x);
    struct signer *signer = upstream_pool_signer(f->slot, f->credential, clock_monotonic_us(), err);
    if (signer != NULL || f->call->upstream->fallback == NULL)
        return signer;
    signer = upstream_pool_signer(f->slot, !f->credential, clock_monotonic_us(), &of_other);
    if (signer != NULL)
        f->credential = !f->credential;
    return signer;
}

/* By its id, which is no secret, the cloud's own trail finds whose call it was. */
static enum problem note_id(const struct forward *f)
{
    struct exchange *x = f->x;
    const struct config_credential *signed_with = upstream_pool_signed(f->slot, f->credential);
    if (f->call != x->call || signed_with == NULL || signed_with->token == NULL)
        return PROBLEM_NONE;
    const char *id = secret_bytes(signed_with->id);
    if (x->tmp_secret_id == NULL || strcmp(x->tmp_secret_id, id) != 0)
        x->tmp_secret_id = arena_strdup(x->arena, id);
    return x->tmp_secret_id == NULL ? exchange_fail(x) : PROBLEM_NONE;
}

static enum problem no_credential(const struct forward *f, const struct err *err)
{
    return exchange_stop(f->x, PROBLEM_UPSTREAM_CREDENTIAL, "the gateway has no credential '%s': %s",
                         credential_name(f, f->credential), err->text);
}

static enum problem take_signer(struct forward *f, struct signer **signer)
{
    struct err err = {0};
    *signer = choose_signer(f, &err);
    return *signer == NULL ? no_credential(f, &err) : note_id(f);
}

/* Before an attempt.  A client's first session is waited for without a slot and without a turn: others, whose
 * sessions are there, need them. */
static enum problem take_session(struct forward *f)
{
    struct err err = {0};
    if (!client_session_is_needed(f->call))
        return PROBLEM_NONE;
    renewal_version_release(f->session);
    f->session = client_session_find(f->x, f->call, f->credential);
    if (f->session != NULL)
        return PROBLEM_NONE;
    queue_end(f->x);
    if (f->slot != NULL)
        upstream_pool_give(f->slot);
    f->slot = NULL;
    f->session = client_session_take(f->x, f->call, &f->credential, f->deadline_us, &err);
    if (f->session != NULL)
        return PROBLEM_NONE;
    err_clear(&f->x->err); /* what refused the one before */
    return no_credential(f, &err);
}

static enum problem write_attempt(struct forward *f)
{
    struct err err = {0};
    struct exchange *x = f->x;
    struct upstream_health *known = upstream_pool_upstream(f->slot);
    int64_t now = clock_wall_ms() / 1000 + clock_skew_correction(&known->skew);
    struct signer *signer = NULL;
    enum problem missing = take_signer(f, &signer);
    if (missing != PROBLEM_NONE)
        return missing;
    if (sign_call(signer, f->call, now, nonce_take(&x->gateway->nonce), x->arena,
                  upstream_pool_request(f->slot), &err) != 0)
        return exchange_fail(x);
    if (f->attempts++ > 0)
        atomic_fetch_add_explicit(&known->retries, 1, memory_order_relaxed);
    queue_end(x);
    f->began_us = clock_monotonic_us();
    upstream_pool_write(f->slot, f->began_us, attempt_until(f, f->began_us));
    f->sent = true;
    return PROBLEM_NONE;
}

static enum problem read_attempt(struct forward *f)
{
    struct err err = {0};
    f->sent = false;
    upstream_pool_read(f->slot, attempt_until(f, f->began_us), &f->result, &err);
    f->x->upstream_us += f->result.ended_us - f->began_us;
    f->outcome = OUTCOME_UNKNOWN; /* until something is known */
    if (f->result.end != UPSTREAM_HEALTH_ANSWERED)
        return unanswered(f, &err);
    enum problem problem = understand(f);
    if (problem == PROBLEM_UPSTREAM_INVALID_ANSWER || f->result.status != 200)
        upstream_pool_distrust(f->slot); /* its connection may hold more of the kind */
    return problem;
}

static enum problem attempt(struct forward *f)
{
    err_clear(&f->x->err);
    *f->answer = (struct answer){0};
    f->outcome = OUTCOME_NOT_EXECUTED;
    f->result = (struct upstream_pool_result){.end = UPSTREAM_HEALTH_FAILED};
    f->cause = RETRY_NEVER;
    f->refused = false;
    enum problem problem = f->sent ? PROBLEM_NONE : write_attempt(f);
    return problem == PROBLEM_NONE ? read_attempt(f) : problem;
}

/* What is known now that was not when the last attempt was signed. */
static void correct(struct forward *f)
{
    if (f->cause == RETRY_CLOCK && f->result.has_date)
        clock_skew_correct(&upstream_pool_upstream(f->slot)->skew, &f->result.clock);
    if (f->cause == RETRY_CREDENTIAL)
        f->credential = !f->credential;
    f->clock_corrected = f->clock_corrected || f->cause == RETRY_CLOCK;
    f->credential_replaced = f->credential_replaced || f->cause == RETRY_CREDENTIAL;
    f->credential_renewed = f->credential_renewed || f->cause == RETRY_RENEWED;
}

static bool is_corrected(const struct forward *f)
{
    return f->cause == RETRY_CLOCK     ? f->clock_corrected
           : f->cause == RETRY_RENEWED ? f->credential_renewed
                                       : f->credential_replaced;
}

/* What the last answer says about the credential; who refuses it may still take the other one. */
static void tell_credential(const struct forward *f, enum problem problem)
{
    struct log *notices = &f->x->gateway->notices;
    const char *upstream = config_title(f->call->upstream);
    const char *name = credential_name(f, f->credential);
    if (f->result.end != UPSTREAM_HEALTH_ANSWERED || problem == PROBLEM_UPSTREAM_INVALID_ANSWER ||
        (!f->refused && problem == PROBLEM_UPSTREAM_CREDENTIAL))
        return;
    bool news = upstream_pool_note_credential(f->slot, f->credential, f->refused);
    if (news && !f->refused)
        operator_log_write(notices, "upstream '%s' takes credential '%s' again", upstream, name);
    else if (news && (f->call->upstream->fallback == NULL || f->credential_replaced))
        operator_log_warn(notices, "upstream '%s' refuses credential '%s', and there is no other: calls fail",
                          upstream, name);
}

/* A refused credential may have been replaced on the disk meanwhile: the call goes again with that, once. */
static void renew(struct forward *f)
{
    struct err news = {0};
    struct log *notices = &f->x->gateway->notices;
    if (!f->refused || f->credential_renewed)
        return;
    bool renewed = f->session != NULL ? client_session_refuse(f->x, f->call, f->credential, f->session)
                                      : upstream_pool_renew(f->slot, f->credential, &news);
    if (renewed) {
        f->cause = RETRY_RENEWED;
        f->refused = false; /* it was another one */
    }
    if (news.kind != ERR_NONE)
        operator_log_warn(notices,
                          "credential '%s' of upstream '%s' is refused, and cannot be read again: %s",
                          credential_name(f, f->credential), config_title(f->call->upstream), news.text);
    else if (news.text[0] != '\0')
        operator_log_write(notices, "credential '%s' of upstream '%s' was replaced, and has been read again",
                           credential_name(f, f->credential), config_title(f->call->upstream));
}

/* What the operator should know, and the next call. */
static void tell(struct forward *f, enum problem problem)
{
    struct log *notices = &f->x->gateway->notices;
    const struct config_upstream *upstream = f->call->upstream;
    upstream_notice(notices, upstream, &f->result, clock_skew_told(&upstream_pool_upstream(f->slot)->skew),
                    f->x->err.text);
    tell_credential(f, problem);
    bool known = f->credential_replaced && f->result.end == UPSTREAM_HEALTH_ANSWERED &&
                 problem != PROBLEM_UPSTREAM_CREDENTIAL && problem != PROBLEM_UPSTREAM_INVALID_ANSWER;
    if (known && upstream_pool_prefer(f->slot, f->credential))
        operator_log_warn(notices, "upstream '%s' refuses credential '%s': '%s' is used",
                          config_title(upstream), credential_name(f, !f->credential),
                          credential_name(f, f->credential));
}

/* False when the gateway began to drain meanwhile. */
static bool rest(const struct forward *f, int64_t pause_us)
{
    int64_t end = clock_monotonic_us() + pause_us;
    for (int64_t left = pause_us; left > 0 && !atomic_load(&f->x->gateway->draining);
         left = end - clock_monotonic_us()) {
        clock_sleep_us(left < FORWARD_STEP_MS * 1000 ? left : FORWARD_STEP_MS * 1000);
    }
    return !atomic_load(&f->x->gateway->draining);
}

/* Changes nothing. */
static struct retry_decision should_retry(const struct forward *f)
{
    const struct retry_facts facts = {.cause = f->cause,
                                      .draining = atomic_load(&f->x->gateway->draining),
                                      .changes = f->call->route->effect == CONFIG_CHANGE,
                                      .corrected = is_corrected(f),
                                      .attempts = f->attempts,
                                      .left_us = f->deadline_us - clock_monotonic_us(),
                                      .asked_us = f->result.retry_after_s * 1000000,
                                      .random = f->cause == RETRY_NEVER ? 0 : arc4random()};
    return retry_decide(&facts);
}

/* Takes it from the upstream's budget.  A pause is spent without the slot: others can use it, and it is they
 * whom the upstream answers.  False when there is no next attempt after all. */
static bool prepare_next_attempt(struct forward *f, int64_t pause_us)
{
    if (!retry_budget_spend(&upstream_pool_upstream(f->slot)->budget))
        return false;
    correct(f);
    if (pause_us == 0)
        return true;
    if (!upstream_pool_rest(f->slot))
        return false;
    f->slot = NULL;
    bool rested = rest(f, pause_us);
    upstream_pool_wake(f->x->snapshot->back, f->call->upstream);
    return rested;
}

static enum problem no_slot(const struct forward *f, const struct upstream_pool_refusal *refusal)
{
    struct exchange *x = f->x;
    const struct config_upstream *upstream = f->call->upstream;
    x->wait_us = refusal->wait_us;
    if (refusal->open)
        return exchange_stop(x, PROBLEM_UPSTREAM_UNAVAILABLE,
                             "'%s' is unavailable: its circuit breaker is open", config_title(upstream));
    if (refusal->failed)
        return exchange_fail(x);
    return exchange_stop(x, PROBLEM_BUSY, "all %lld calls to '%s' are taken", upstream->slots,
                         config_title(upstream));
}

/* Where a retry finds no slot, the problem of the attempt before it stands. */
static bool take(struct forward *f, enum problem *problem)
{
    struct upstream_pool_refusal refusal;
    if (f->slot != NULL)
        return true;
    if (upstream_pool_is_short(f->x->snapshot->back, f->call->upstream))
        queue_end(f->x); /* there is something else to wait for */
    f->slot = upstream_pool_take(f->x->snapshot->back, f->call->upstream, &refusal);
    if (f->attempts > 0)
        return f->slot != NULL;
    if (f->slot == NULL) {
        *problem = no_slot(f, &refusal);
        return false;
    }
    return true;
}

/* Writes the audit intent of a change. If the disk took longer than the call's deadline, the call is not
 * sent. */
static enum problem announce(const struct forward *f)
{
    struct exchange *x = f->x;
    if (x->gateway->audit != NULL)
        queue_end(x); /* the disk is waited for */
    enum problem problem = f->call == x->call ? record_intend(x) : PROBLEM_NONE;
    if (problem != PROBLEM_NONE || f->call != x->call || x->intent == 0 ||
        clock_monotonic_us() < f->deadline_us)
        return problem;
    return exchange_stop(x, PROBLEM_UNRECORDED, "the audit file took until the call's deadline");
}

/* Once, when nothing stands in its way any more. */
static enum problem begin(struct forward *f)
{
    struct signer *signer = NULL;
    enum problem problem = take_signer(f, &signer); /* what nothing can sign is not announced */
    if (problem == PROBLEM_NONE)
        problem = announce(f);
    if (problem != PROBLEM_NONE)
        return problem;
    retry_budget_earn(&upstream_pool_upstream(f->slot)->budget);
    return PROBLEM_NONE;
}

/* A call counts once, however often it is tried. */
static enum problem within_quota(const struct forward *f)
{
    struct exchange *x = f->x;
    const struct config_rule *rule = f->call == x->call ? x->verdict.because : NULL;
    int64_t wait_us = 0;
    enum quota_full full =
        quotas_take(x->snapshot->quotas, rule, f->call, x->client, clock_monotonic_us(), &wait_us);
    if (full == QUOTA_NONE)
        return PROBLEM_NONE;
    x->wait_us = wait_us;
    return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "%s '%s' is over its limit",
                         full == QUOTA_RULE     ? "the rule"
                         : full == QUOTA_ACTION ? "the action"
                                                : "the upstream",
                         full == QUOTA_RULE     ? rule->id
                         : full == QUOTA_ACTION ? f->call->route->action
                                                : config_title(f->call->upstream));
}

/* What the first attempt takes, and any other may need anew.  False: there is none, for that problem. */
static bool prepare(struct forward *f, enum problem *problem)
{
    enum problem missing = take_session(f);
    if (missing != PROBLEM_NONE)
        *problem = missing;
    else if (take(f, problem) && f->attempts == 0)
        *problem = missing = begin(f);
    return missing == PROBLEM_NONE && f->slot != NULL;
}

static void limit_time(struct forward *f, int64_t until_us)
{
    int64_t deadline_us = clock_monotonic_us() + f->call->upstream->deadline * 1000;
    f->deadline_us = deadline_us < until_us ? deadline_us : until_us;
}

static enum problem admit(struct forward *f, int64_t until_us)
{
    limit_time(f, until_us);
    f->credential = upstream_pool_credential(f->x->snapshot->back, f->call->upstream);
    return within_quota(f);
}

static void release(struct forward *f)
{
    if (f->slot != NULL)
        upstream_pool_give(f->slot);
    renewal_version_release(f->session);
}

/* Attempts, until one is the last. */
static enum problem run(struct forward *f)
{
    enum problem problem = PROBLEM_NONE;
    struct retry_decision retry = {.again = true};
    while (retry.again && (f->sent || prepare(f, &problem))) {
        problem = attempt(f);
        renew(f);
        tell(f, problem);
        retry = should_retry(f);
        retry.again = retry.again && prepare_next_attempt(f, retry.pause_us);
    }
    release(f);
    bool later = f->cause == RETRY_GATEWAY && f->call->route->effect == CONFIG_READ;
    if (later || problem == PROBLEM_UPSTREAM_THROTTLED || problem == PROBLEM_UPSTREAM_MAINTENANCE)
        f->x->wait_us =
            f->result.retry_after_s * 1000000; /* what the upstream asks for; 0: the problem's own */
    return problem;
}

/* Of an answer to a question for a task. */
static void see_task(const struct exchange *x, const struct call *call, const struct answer *answer)
{
    const struct config_route *route = call->route;
    if (route->dialects[call->upstream->api].status.from == NULL)
        return;
    const char *state = caller_view_state(route, call->upstream->api, answer);
    if (state != NULL)
        owners_see(x->gateway->owners, call, state, clock_wall_ms());
}

enum problem forward_call(struct exchange *x)
{
    struct forward f = {.x = x, .call = x->call, .answer = &x->answer};
    enum problem problem = admit(&f, INT64_MAX);
    if (problem == PROBLEM_NONE)
        problem = run(&f);
    x->attempts = f.attempts;
    x->outcome = f.outcome;
    const struct config_route *status =
        problem == PROBLEM_NONE && x->answer.task != NULL
            ? config_status_route(x->config, x->call->upstream, x->call->route)
            : NULL;
    if (status != NULL)
        owners_remember(x->gateway->owners, x->call, status, x->answer.task, x->client->name, x->id,
                        x->began_ms);
    if (problem == PROBLEM_NONE)
        see_task(x, x->call, &x->answer);
    record_settle(x, problem);
    return problem;
}

/* Of a further call. */
static enum problem finish(struct forward *f)
{
    enum problem problem = run(f);
    f->x->extra_calls += f->attempts;
    if (problem == PROBLEM_NONE)
        see_task(f->x, f->call, f->answer);
    return problem;
}

enum problem forward_read(struct exchange *x, const struct call *call, int64_t until_us,
                          struct answer *answer)
{
    struct forward f = {.x = x, .call = call, .answer = answer};
    enum problem problem = admit(&f, until_us);
    return problem == PROBLEM_NONE ? finish(&f) : problem;
}

/* With what is there: a session to sign with, and a slot that others will not miss. */
static bool is_ready(struct forward *f)
{
    struct upstream_pool *back = f->x->snapshot->back;
    const struct config_upstream *upstream = f->call->upstream;
    bool needed = client_session_is_needed(f->call);
    if (needed)
        f->session = client_session_find(f->x, f->call, upstream_pool_credential(back, upstream));
    return upstream_pool_has_room(back, upstream) && (!needed || f->session != NULL);
}

struct forward *forward_start(struct exchange *x, const struct call *call, int64_t until_us)
{
    enum problem problem = PROBLEM_NONE;
    struct forward *f = arena_array(x->arena, 1, sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (struct forward){.x = x, .call = call};
    if (is_ready(f) && admit(f, until_us) == PROBLEM_NONE && prepare(f, &problem) &&
        write_attempt(f) == PROBLEM_NONE) {
        x->upstream_us += clock_monotonic_us() - f->began_us;
        return f;
    }
    release(f);
    err_clear(&x->err);
    x->wait_us = 0;
    return NULL;
}

enum problem forward_finish(struct forward *f, int64_t until_us, struct answer *answer)
{
    f->answer = answer;
    limit_time(f, until_us);
    f->began_us = clock_monotonic_us(); /* what it took before was the time of others, too */
    return finish(f);
}

void forward_drop(struct forward *f)
{
    upstream_pool_distrust(f->slot);
    release(f);
    f->x->extra_calls += f->attempts;
}
