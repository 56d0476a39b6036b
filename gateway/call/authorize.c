/* The policy judges the sealed call: exactly what will be signed. */
#include "gateway/call/authorize.h"

static struct policy_verdict judge(const struct exchange *x, const struct call *call)
{
    const struct policy_question question = {
        .client = x->token->client, .call = call, .source = x->address, .now = x->began_ms / 1000};
    return policy_decide(&question);
}

bool authorize_further(const struct exchange *x, const struct call *call, bool granted)
{
    struct policy_verdict verdict = judge(x, call);
    return verdict.allowed || (granted && verdict.because == NULL);
}

enum problem authorize_call(struct exchange *x)
{
    x->verdict = judge(x, x->call);
    x->judged = true;
    if (x->verdict.allowed)
        return PROBLEM_NONE;
    if (x->verdict.because == NULL)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s with these parameters",
                             x->call->route->action);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "the rule '%s' denies this call", x->verdict.because->id);
}
