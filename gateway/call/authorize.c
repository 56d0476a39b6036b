/* The policy judges the sealed call: exactly what will be signed. */
#include "gateway/call/authorize.h"

#include "auth/policy_words.h"
#include "gateway/call/frozen.h"
#include "gateway/known/owners.h"
#include "gateway/exchange/shared.h"

#include <string.h>

static struct policy_question question_of(const struct exchange *x, const struct call *call,
                                          enum policy_owner owner)
{
    return (struct policy_question){.client = x->client,
                                    .call = call,
                                    .source = x->address,
                                    .subject = x->subject,
                                    .now = x->began_ms / 1000,
                                    .owner = owner};
}

static struct policy_verdict judge(const struct exchange *x, const struct call *call, enum policy_owner owner)
{
    const struct policy_question question = question_of(x, call, owner);
    return policy_decide(&question);
}

static bool is_about_task(const struct exchange *x)
{
    return config_tells_status(x->route);
}

/* What the caller knows of itself (its hour, address, region, which parameters it sent) may be told to it;
 * what the rule has instead may not. */
static enum problem refuse(struct exchange *x)
{
    const struct config_condition *condition = NULL;
    const struct policy_question question = question_of(x, x->call, x->owner);
    const char *action = x->call->route->action;
    enum policy_miss miss = policy_nearest(&question, &condition);
    const struct policy_words words = policy_words_of(miss);
    if (miss == POLICY_OTHER_OWNER)
        return exchange_stop(
            x, PROBLEM_NOT_ALLOWED,
            "this client did not begin the task, or the gateway cannot know: it keeps the last %d in "
            "memory, and none from before its start",
            OWNERS_MAX);
    if (miss != POLICY_OTHER_VALUE || condition == NULL)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED, "%s%s%s", words.before, action, words.after);
    const char *param = x->config->param_names[condition->param];
    bool absent = condition->param >= CONFIG_FIRST_PARAM && call_find(x->call, param) == NULL;
    return exchange_stop(x, PROBLEM_NOT_ALLOWED,
                         absent ? "no rule allows %s without a %s" : "no rule allows %s with this %s", action,
                         param);
}

bool authorize_further(const struct exchange *x, const struct call *call, bool granted)
{
    /* what is granted is a look at the task that the request itself began */
    struct policy_verdict verdict = judge(x, call, granted ? POLICY_OWNER_CALLER : x->owner);
    return verdict.allowed || (granted && verdict.because == NULL);
}

/* ---- why not ---- */

/* The literal with which every value begins: "vpc-" of "vpc-[0-9a-z]{1,32}". */
static int prefix_length(const char *pattern)
{
    size_t length = strcspn(pattern, "\\^$.[]|()?*+{}");
    if (pattern[length] != '\0' && strchr("?*{", pattern[length]) != NULL && length > 0)
        length--;
    return strchr(pattern, '|') != NULL ? 0 : (int)length;
}

/* Would the verdict perhaps be another if somebody knew which thing it is? */
static bool is_about_former(const struct exchange *x, const struct call_param *param)
{
    const struct config_rule *because = x->verdict.because;
    for (uint32_t i = 0; because != NULL && i < because->condition_count; i++)
        if (because->conditions[i].param == param->number)
            return true;
    return because == NULL && policy_may(x->client, x->route, &x->address, x->began_ms / 1000);
}

static enum problem refuse_former(struct exchange *x, const char *value, const struct call_param *param)
{
    const char *pattern = param->param->pattern.text;
    int prefix = pattern == NULL ? 0 : prefix_length(pattern);
    if (prefix == 0)
        return exchange_stop(x, PROBLEM_NOT_ALLOWED,
                             "%.64s is a former id: say the current one, or add it to former_ids", value);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "%.64s is a former id: say %.*s..., or add it to former_ids",
                         value, prefix, pattern);
}

enum problem authorize_call(struct exchange *x)
{
    if (is_about_task(x))
        x->owner = owners_find(x->gateway->owners, x->call, x->client->name);
    x->verdict = judge(x, x->call, x->owner);
    x->judged = true;
    if (x->verdict.allowed)
        return frozen_refuse(x); /* it may have waited since it was looked at */
    const struct call_param *param = NULL;
    const char *former = call_former(x->call, &param);
    if (former != NULL && is_about_former(x, param))
        return refuse_former(x, former, param);
    if (x->verdict.because == NULL)
        return refuse(x);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "the rule '%s' denies this call", x->verdict.because->id);
}
