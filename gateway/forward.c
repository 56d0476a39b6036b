/* Take a slot; then sign (fresh time and nonce), send, understand, and decide whether to try again. */
#include "gateway/stations.h"

#include "auth/sign.h"
#include "gateway/back.h"
#include "gateway/clock.h"
#include "gateway/gateway.h"
#include "gateway/leak.h"
#include "gateway/retry.h"

#include <stdlib.h>
#include <time.h>

enum { FORWARD_STEP_MS = 50 }; /* how soon a pause notices that the gateway is draining */

/* One call on its way, over all its attempts. */
struct forward {
    struct exchange *x;
    struct back_slot *slot; /* NULL during a pause */
    struct back_result result;
    enum retry_cause cause; /* of the last attempt */
    int64_t deadline_us;
    int64_t skew_s;
    unsigned credential; /* 0: the upstream's, 1: its spare */
    bool corrected;      /* clock or credential, for this call */
};

static enum problem refused(struct exchange *x, enum problem problem)
{
    const char *action = x->route->action;
    if (x->answer.code == ANSWER_NO_CODE)
        return exchange_stop(x, problem, "the upstream refused %s with code %s", action, x->answer.code_desc);
    if (x->answer.code_desc == NULL)
        return exchange_stop(x, problem, "the upstream refused %s with code %lld", action, x->answer.code);
    return exchange_stop(x, problem, "the upstream refused %s with code %lld, %s", action, x->answer.code,
                         x->answer.code_desc);
}

/* The number is told, the texts are not. */
static void withhold(struct answer *answer)
{
    answer->code_desc = answer->code == ANSWER_NO_CODE ? "withheld" : NULL;
    answer->message = NULL;
    answer->detail = NULL;
    answer->bytes = NULL;
}

static enum retry_cause cause_of(const struct forward *f, const struct answer_meaning *meaning)
{
    switch (meaning->problem) {
    case PROBLEM_UPSTREAM_THROTTLED:
        return RETRY_THROTTLED;
    case PROBLEM_UPSTREAM_CLOCK:
        return RETRY_CLOCK;
    case PROBLEM_UPSTREAM_CREDENTIAL:
        return meaning->other_credential && f->x->call->upstream->spare != NULL ? RETRY_CREDENTIAL
                                                                                : RETRY_NEVER;
    default:
        return RETRY_NEVER;
    }
}

/* The answer to what was sent, as the caller will see it. */
static enum problem understand(struct forward *f)
{
    struct err err = {0};
    struct exchange *x = f->x;
    const struct back_result *result = &f->result;
    if (result->status != 200)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "the upstream answered HTTP status %d",
                             result->status);
    if (answer_read(result->bytes, result->length, x->route->task, x->arena, &x->answer, &err) != 0)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s", err.text);
    struct answer_meaning meaning = answer_meaning(&x->answer);
    f->cause = cause_of(f, &meaning);
    x->outcome = meaning.executed           ? OUTCOME_EXECUTED
                 : meaning.executed_unknown ? OUTCOME_UNKNOWN
                                            : OUTCOME_NOT_EXECUTED;
    if (leak_found(result->bytes, result->length, x->call->upstream, back_request(f->slot)->signature)) {
        withhold(&x->answer);
        if (meaning.problem == PROBLEM_NONE)
            return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER,
                                 "the upstream's answer repeats a secret of the gateway: it is withheld");
    }
    if (meaning.problem != PROBLEM_NONE)
        return refused(x, meaning.problem);
    x->answer.bytes = arena_copy(x->arena, result->bytes, result->length); /* the slot goes to another call */
    return x->answer.bytes == NULL ? exchange_fail(x) : PROBLEM_NONE;
}

/* The rest of the deadline, and no longer than one attempt may take. */
static long attempt_ms(const struct forward *f)
{
    int64_t left = (f->deadline_us - clock_monotonic_us()) / 1000;
    int64_t most = f->x->call->upstream->timeout;
    return (long)(left < 1 ? 1 : left < most ? left : most);
}

static enum problem attempt(struct forward *f)
{
    struct err err = {0};
    struct exchange *x = f->x;
    int64_t now = clock_wall_ms() / 1000 + f->skew_s;
    err_clear(&x->err);
    x->answer = (struct answer){0};
    f->cause = RETRY_NEVER;
    if (sign_call(back_signer(f->slot, f->credential), x->call, now, nonce_take(&x->gateway->nonce), x->arena,
                  back_request(f->slot), &err) != 0)
        return exchange_fail(x);
    int64_t began = clock_monotonic_us();
    x->attempts++;
    back_send(f->slot, attempt_ms(f), &f->result, &err);
    x->upstream_us += clock_monotonic_us() - began;
    x->outcome = OUTCOME_UNKNOWN; /* until the answer says more */
    switch (f->result.end) {
    case BACK_FAILED:
        x->outcome = OUTCOME_NOT_EXECUTED;
        return exchange_fail(x);
    case BACK_NOT_SENT:
        x->outcome = OUTCOME_NOT_EXECUTED;
        f->cause = RETRY_NOT_SENT;
        return exchange_stop(x, PROBLEM_UPSTREAM_UNREACHABLE, "the upstream cannot be reached: %s", err.text);
    case BACK_LOST:
    case BACK_LATE:
        f->cause = RETRY_LOST;
        return exchange_stop(x, PROBLEM_UPSTREAM_TIMEOUT, "the call was sent, but no whole answer came: %s",
                             err.text);
    case BACK_TOO_LARGE:
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s", err.text);
    case BACK_ANSWERED:
        break;
    }
    return understand(f);
}

/* What is known now that was not when the last attempt was signed. */
static void correct(struct forward *f)
{
    if (f->cause == RETRY_CLOCK && f->result.has_date)
        f->skew_s = f->result.date - clock_wall_ms() / 1000;
    if (f->cause == RETRY_CREDENTIAL)
        f->credential = !f->credential;
    f->corrected = f->corrected || f->cause == RETRY_CLOCK || f->cause == RETRY_CREDENTIAL;
}

/* False when the gateway began to drain meanwhile. */
static bool rest(const struct forward *f, int64_t pause_us)
{
    int64_t end = clock_monotonic_us() + pause_us;
    for (int64_t left = pause_us; left > 0 && !atomic_load(&f->x->gateway->draining);
         left = end - clock_monotonic_us()) {
        int64_t step = left < FORWARD_STEP_MS * 1000 ? left : FORWARD_STEP_MS * 1000;
        const struct timespec time = {.tv_nsec = step * 1000};
        (void)nanosleep(&time, NULL); /* woken early, we only look sooner */
    }
    return !atomic_load(&f->x->gateway->draining);
}

/* A pause is spent without the slot: others can use it, and it is they whom the upstream answers. */
static bool again(struct forward *f)
{
    const struct retry_facts facts = {.cause = f->cause,
                                      .changes = exchange_changes(f->x),
                                      .corrected = f->corrected,
                                      .attempts = f->x->attempts,
                                      .left_us = f->deadline_us - clock_monotonic_us(),
                                      .asked_us = f->result.retry_after_s * 1000000,
                                      .random = arc4random()};
    if (f->cause == RETRY_NEVER || atomic_load(&f->x->gateway->draining))
        return false;
    struct retry_decision decision = retry_decide(&facts, back_budget(f->slot));
    if (!decision.again)
        return false;
    correct(f);
    if (decision.pause_us == 0)
        return true;
    back_give(f->slot);
    f->slot = NULL;
    return rest(f, decision.pause_us);
}

/* Where a retry finds no slot, the problem of the attempt before it stands. */
static bool take(struct forward *f, enum problem *problem)
{
    struct exchange *x = f->x;
    const struct config_upstream *upstream = x->call->upstream;
    if (f->slot == NULL)
        f->slot = back_take(x->generation->back, upstream);
    if (f->slot == NULL && x->attempts == 0)
        *problem = exchange_stop(x, PROBLEM_BUSY, "all %lld calls to '%s' are taken", upstream->slots,
                                 upstream->name);
    return f->slot != NULL;
}

enum problem forward_call(struct exchange *x)
{
    enum problem problem = PROBLEM_NONE;
    if (atomic_load(&x->gateway->draining))
        return exchange_stop(x, PROBLEM_BUSY, "the gateway is shutting down");
    struct forward f = {.x = x, .deadline_us = clock_monotonic_us() + x->call->upstream->deadline * 1000};
    while (take(&f, &problem)) {
        if (x->attempts == 0) {
            problem = record_intend(x);
            if (problem != PROBLEM_NONE)
                break;
            retry_budget_earn(back_budget(f.slot));
        }
        problem = attempt(&f);
        if (!again(&f))
            break;
    }
    if (f.slot != NULL)
        back_give(f.slot);
    if (problem == PROBLEM_UPSTREAM_THROTTLED || problem == PROBLEM_UPSTREAM_MAINTENANCE)
        x->wait_us = f.result.retry_after_s * 1000000; /* what the upstream asks for; 0: the problem's own */
    return problem;
}
