/* The policy judges the sealed call: exactly what will be signed. */
#include "gateway/stations.h"

enum problem authorize_call(struct exchange *x)
{
    const struct policy_question question = {
        .client = x->token->client, .call = x->call, .source = x->address, .now = x->began_ms / 1000};
    x->verdict = policy_decide(&question);
    x->judged = true;
    if (x->verdict.allowed)
        return PROBLEM_NONE;
    if (x->verdict.because == NULL)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s with these parameters",
                             x->call->route->action);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "the rule '%s' denies this call", x->verdict.because->id);
}
