#include "gateway/dryrun/explain.h"

#include "auth/policy_words.h"
#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "gateway/exchange/record.h"

#include <string.h>

enum {
    EXPLAIN_SHOWN = 256, /* bytes of a value in a reason */
    EXPLAIN_VALUES = 8   /* of a list, in a reason */
};

static const char *effect_name(const struct config_rule *rule)
{
    return rule->effect == CONFIG_ALLOW ? "allow" : "deny";
}

static bool just_missed(enum policy_miss miss)
{
    return miss != POLICY_MATCHES && miss != POLICY_OTHER_CLIENT && miss != POLICY_OTHER_ACTION;
}

static void put_values(struct buf *out, const struct config_condition *condition)
{
    size_t written = 0;
    size_t all = 0;
    for (uint32_t i = 0; i < config_written_lists(condition); i++) {
        const struct config_values *list = condition->lists[i];
        all += list->exact + list->patterns;
        for (size_t j = 0; j < list->exact + list->patterns && written < EXPLAIN_VALUES; j++)
            buf_put_format(out, "%s%.100s", written++ == 0 ? "" : ", ", list->texts[j]);
    }
    if (written < all)
        buf_put(out, ", ...");
}

/* "vpcId is vpc-production; the rule has vpc-2ari9m7h, vpc-8e0ypm3z" */
static void put_condition(struct buf *out, const struct config *config, const struct call *call,
                          const struct config_condition *condition)
{
    const char *name = config->param_names[condition->param];
    const struct call_param *param = call_find(call, name);
    buf_put(out, name);
    if (condition->param == CONFIG_REGION) {
        buf_put_format(out, " is %.64s", call->region);
    } else if (condition->param == CONFIG_ACCOUNT) {
        buf_put_format(out, " is %.64s", call->account == NULL ? "not said" : call->account);
    } else if (param == NULL) {
        buf_put(out, " is not in the call");
    } else {
        buf_put(out, param->count > 1 ? " are " : param->count == 0 ? " is an empty list" : " is ");
        for (size_t i = 0; i < param->count && i < EXPLAIN_VALUES; i++) {
            buf_put(out, i == 0 ? "" : ", ");
            const char *shown = call_shown(param, i);
            json_put_inside(out, shown, strnlen(shown, EXPLAIN_SHOWN));
        }
        buf_put(out, param->count > EXPLAIN_VALUES ? ", ..." : "");
    }
    if (param != NULL && param->former != NULL)
        buf_put(out, ", a former id, which an allow must list itself");
    buf_put(out, condition->count == 0 ? "; the rule has it absent" : "; the rule has ");
    put_values(out, condition);
}

static void put_miss(struct buf *out, enum policy_miss miss, const struct config *config,
                     const struct call *call, const struct config_condition *condition)
{
    const char *reason = policy_words_of(miss).reason;
    if (miss == POLICY_OTHER_EFFECT)
        buf_put_format(out, "it is not for a %s (effects)", config_effect_name(call->route->effect));
    else if (miss == POLICY_OTHER_VALUE)
        put_condition(out, config, call, condition);
    else
        buf_put(out, reason == NULL ? "" : reason);
}

/* ---- text ---- */

/* "vpcId = vpc-prod1 (given as gz_vpc_247)" */
static void text_value(struct buf *out, const struct call_param *param, size_t i)
{
    buf_put_format(out, "         %s = ", param->name);
    json_put_inside(out, call_shown(param, i), strlen(call_shown(param, i)));
    if (param->said != NULL && param->said[i] != NULL)
        buf_put_format(out, " (given as %s)", param->said[i]);
    if (param->former != NULL && param->former[i])
        buf_put(out, " (a former id; the current one is unknown: every deny matches it)");
    buf_put_char(out, '\n');
}

static void text_call(struct buf *out, const struct policy_question *question)
{
    char time[TIMESTAMP_SIZE];
    const struct call *call = question->call;
    timestamp_format(question->now * 1000, time);
    buf_put_format(out, "caller   %s, at %.19sZ\n", question->client->name, time);
    if (question->client->owner != NULL)
        buf_put_format(out, "owner    %.64s\n", question->client->owner);
    if (question->client->note != NULL)
        buf_put_format(out, "note     %.200s\n", question->client->note);
    buf_put_format(out, "route    %s %.400s\n", call->route->method, call->route->template);
    buf_put_format(out, "call     %s %s (%s)\n", call->route->service, call->route->action,
                   config_effect_name(call->route->effect));
    if (call->upstream != NULL && call->upstream->api == CONFIG_API3)
        buf_put_format(out, "         sent as %s of API 3.0\n", call->route->dialects[CONFIG_API3].action);
    if (call->account != NULL)
        buf_put_format(out, "         account = %s\n", call->account);
    buf_put_format(out, "         region = %s\n", call->region);
    if (strcmp(call->sent_region, call->region) != 0)
        buf_put_format(out, "         sent as %s\n", call->sent_region);
    for (size_t i = 0; i < call->param_count; i++) {
        if (call->params[i].count == 0)
            buf_put_format(out, "         %s is an empty list\n", call->params[i].name);
        for (size_t j = 0; j < call->params[i].count; j++)
            text_value(out, &call->params[i], j);
    }
}

static void text_rules(struct buf *out, const struct config *config, const struct policy_question *question)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        const struct config_condition *condition = NULL;
        enum policy_miss miss = policy_try(rule, question, &condition);
        if (miss != POLICY_MATCHES && !just_missed(miss))
            continue;
        buf_put_format(out, "rule     %.200s:%u %s (%s%s) ", rule->mark.file, rule->mark.line, rule->id,
                       effect_name(rule), rule->audit ? ", audit only" : "");
        buf_put(out, miss == POLICY_MATCHES ? "matches" : "does not match: ");
        put_miss(out, miss, config, question->call, condition);
        if (rule->owner != NULL)
            buf_put_format(out, " [owner: %.64s]", rule->owner);
        if (rule->note != NULL)
            buf_put_format(out, " [note: %.200s]", rule->note);
        buf_put_char(out, '\n');
    }
}

void explain_text(struct buf *out, const struct config *config, const struct policy_question *question,
                  const struct policy_verdict *verdict)
{
    text_call(out, question);
    text_rules(out, config, question);
    if (verdict->because != NULL)
        buf_put_format(out, "verdict  %s by %s\n", verdict->allowed ? "allowed" : "denied",
                       verdict->because->id);
    else
        buf_put(out, "verdict  denied: no rule allows it\n");
    if (verdict->audit != NULL)
        buf_put_format(out, "         %s would have changed that, were it not in audit mode\n",
                       verdict->audit->id);
}

/* ---- JSON ---- */

static void json_rule(struct buf *out, const struct config *config, const struct config_rule *rule,
                      const struct policy_question *question)
{
    struct buf reason;
    const struct config_condition *condition = NULL;
    enum policy_miss miss = policy_try(rule, question, &condition);
    if (miss != POLICY_MATCHES && !just_missed(miss))
        return;
    buf_init(&reason, 16 * 1024);
    put_miss(&reason, miss, config, question->call, condition);
    json_open(out);
    json_member(out, "id", rule->id);
    json_member(out, "file", rule->mark.file);
    json_member_int(out, "line", rule->mark.line);
    json_member(out, "effect", effect_name(rule));
    json_member_bool(out, "audit", rule->audit);
    json_member(out, "owner", rule->owner);
    json_member(out, "note", rule->note);
    json_member_bool(out, "matches", miss == POLICY_MATCHES);
    if (miss != POLICY_MATCHES)
        json_member(out, "reason", buf_text(&reason));
    json_close(out);
    out->failed = out->failed || reason.failed;
    buf_done(&reason);
}

void explain_json(struct buf *out, const struct config *config, const struct policy_question *question,
                  const struct policy_verdict *verdict)
{
    const struct call *call = question->call;
    json_open(out);
    json_member(out, "client", question->client->name);
    json_member(out, "owner", question->client->owner);
    json_member(out, "note", question->client->note);
    json_member(out, "method", call->route->method);
    json_member(out, "route", call->route->template);
    json_member(out, "service", call->route->service);
    json_member(out, "action", call->route->action);
    json_member(out, "account", call->account);
    json_member(out, "region", call->region);
    record_put_params(out, call);
    record_put_former_ids(out, call);
    json_open_array(out, "rules");
    for (size_t i = 0; i < config->rule_count; i++)
        json_rule(out, config, config->rules[i], question);
    json_close_array(out);
    json_member(out, "verdict", verdict->allowed ? "allow" : "deny");
    json_member(out, "rule", verdict->because == NULL ? NULL : verdict->because->id);
    json_member(out, "auditRule", verdict->audit == NULL ? NULL : verdict->audit->id);
    json_close(out);
    buf_put_char(out, '\n');
}
