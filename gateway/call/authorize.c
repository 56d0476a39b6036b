/* The policy judges the sealed call: exactly what will be signed. */
#include "gateway/call/authorize.h"

static struct policy_question question_of(const struct exchange *x, const struct call *call)
{
    return (struct policy_question){.client = x->token->client,
                                    .call = call,
                                    .source = x->address,
                                    .subject = x->subject,
                                    .now = x->began_ms / 1000};
}

static struct policy_verdict judge(const struct exchange *x, const struct call *call)
{
    const struct policy_question question = question_of(x, call);
    return policy_decide(&question);
}

/* What the caller knows of itself (its hour, address, region, which parameters it sent) may be told to it;
 * what the rule has instead may not. */
static enum problem refuse(struct exchange *x)
{
    const struct config_condition *condition = NULL;
    const struct policy_question question = question_of(x, x->call);
    const char *action = x->call->route->action;
    enum policy_miss miss = policy_nearest(&question, &condition);
    if (miss == POLICY_OTHER_TIME)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s at this time", action);
    if (miss == POLICY_OTHER_SUBJECT)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s for this subject", action);
    if (miss == POLICY_EXPIRED)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "the rule that allowed %s has ended", action);
    if (miss == POLICY_OTHER_SOURCE)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s from this address", action);
    if (miss == POLICY_OTHER_VALUE && condition == NULL)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s with these parameters", action);
    if (miss != POLICY_OTHER_VALUE)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "no rule allows %s", action);
    const char *param = x->config->param_names[condition->param];
    bool absent = condition->param != CONFIG_REGION && call_find(x->call, param) == NULL;
    return exchange_stop(x, PROBLEM_NOT_ALLOWED,
                         absent ? "no rule allows %s without a %s" : "no rule allows %s with this %s", action,
                         param);
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
        return refuse(x);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "the rule '%s' denies this call", x->verdict.because->id);
}
