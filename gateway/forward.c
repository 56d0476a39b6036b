/* A slot; then for each attempt sign (fresh time and nonce), send, understand. */
#include "gateway/stations.h"

#include "auth/sign.h"
#include "gateway/back.h"
#include "gateway/clock.h"
#include "gateway/gateway.h"

enum {
    FORWARD_ATTEMPTS_MAX = 2
}; /* the second only after a 4500: refused for its time or nonce, not executed */

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

/* The answer to what was sent, as the caller will see it. */
static enum problem understand(struct exchange *x, struct back_slot *slot, const struct back_result *result)
{
    struct err err = {0};
    const struct config_credential *credential = x->call->upstream->credential;
    const char *signature = back_request(slot)->signature;
    if (result->status != 200)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "the upstream answered HTTP status %d",
                             result->status);
    if (answer_read(result->bytes, result->length, x->route->task, x->arena, &x->answer, &err) != 0)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s", err.text);
    struct answer_meaning meaning = answer_meaning(&x->answer);
    x->outcome = meaning.executed           ? OUTCOME_EXECUTED
                 : meaning.executed_unknown ? OUTCOME_UNKNOWN
                                            : OUTCOME_NOT_EXECUTED;
    if (answer_leaks(result->bytes, result->length, credential, signature)) {
        x->answer.code_desc =
            x->answer.code == ANSWER_NO_CODE ? "withheld" : NULL; /* the number is told, the texts are not */
        x->answer.message = NULL;
        x->answer.detail = NULL;
        x->answer.bytes = NULL;
        if (meaning.problem == PROBLEM_NONE)
            return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER,
                                 "the upstream's answer repeats a secret of the gateway: it is withheld");
    }
    if (meaning.problem != PROBLEM_NONE)
        return refused(x, meaning.problem);
    char *copy = arena_copy(x->arena, result->bytes, result->length); /* the slot goes to another call */
    if (copy == NULL)
        return exchange_fail(x);
    x->answer.bytes = copy;
    return PROBLEM_NONE;
}

static enum problem attempt(struct exchange *x, struct back_slot *slot, int64_t skew_s,
                            struct back_result *result)
{
    struct err err = {0};
    int64_t now = clock_wall_ms() / 1000 + skew_s;
    if (sign_call(back_signer(slot), x->call, now, nonce_take(&x->gateway->nonce), x->arena,
                  back_request(slot), &err) != 0)
        return exchange_fail(x);
    int64_t began = clock_monotonic_us();
    x->attempts++;
    back_send(slot, (long)x->call->upstream->timeout, result, &err);
    x->upstream_us += clock_monotonic_us() - began;
    x->outcome = OUTCOME_UNKNOWN; /* until the answer says more */
    switch (result->end) {
    case BACK_NOT_SENT:
        x->outcome = OUTCOME_NOT_EXECUTED;
        return exchange_stop(x, PROBLEM_UPSTREAM_UNREACHABLE, "the upstream cannot be reached: %s", err.text);
    case BACK_LOST:
        return exchange_stop(x, PROBLEM_UPSTREAM_TIMEOUT, "the call was sent, but no whole answer came: %s",
                             err.text);
    case BACK_TOO_LARGE:
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s", err.text);
    case BACK_ANSWERED:
        break;
    }
    return understand(x, slot, result);
}

/* 4500: the clocks disagree, or the nonce was used.  The answer's Date tells by how much. */
static int64_t skew_of(const struct back_result *result)
{
    return result->has_date ? result->date - clock_wall_ms() / 1000 : 0;
}

enum problem forward_call(struct exchange *x)
{
    struct back_result result = {0};
    int64_t skew_s = 0;
    enum problem problem = PROBLEM_NONE;
    if (atomic_load(&x->gateway->draining))
        return exchange_stop(x, PROBLEM_BUSY, "the gateway is shutting down");
    struct back_slot *slot = back_take(x->generation->back, x->call->upstream);
    if (slot == NULL)
        return exchange_stop(x, PROBLEM_BUSY, "all %lld calls to '%s' are taken", x->call->upstream->slots,
                             x->call->upstream->name);
    do {
        err_clear(&x->err);
        problem = attempt(x, slot, skew_s, &result);
        skew_s = skew_of(&result);
    } while (problem == PROBLEM_UPSTREAM_CLOCK && x->attempts < FORWARD_ATTEMPTS_MAX);
    back_give(slot);
    return problem;
}
