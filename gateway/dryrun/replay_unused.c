#include "gateway/dryrun/replay_unused.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* A text of a `where` or a set, by its place in memory: sets are shared. */
struct used_text {
    const char *text;
    UT_hash_handle hh;
};

struct replay_unused {
    const struct config *config;
    bool *rules;  /* by number */
    bool *tokens; /* by place in the keyring */
    struct used_text *texts;
};

struct replay_unused *replay_unused_new(const struct config *config)
{
    struct replay_unused *unused = calloc(1, sizeof *unused);
    if (unused == NULL)
        return NULL;
    unused->config = config;
    unused->rules = calloc(config->rule_count + 1, sizeof *unused->rules);
    unused->tokens = calloc(config->tokens.count + 1, sizeof *unused->tokens);
    if (unused->rules != NULL && unused->tokens != NULL)
        return unused;
    replay_unused_free(unused);
    return NULL;
}

void replay_unused_free(struct replay_unused *unused)
{
    struct used_text *text = NULL;
    struct used_text *next = NULL;
    if (unused == NULL)
        return;
    HASH_ITER(hh, unused->texts, text, next)
    {
        HASH_DELETE(hh, unused->texts, text);
        free(text);
    }
    free(unused->rules);
    free(unused->tokens);
    free(unused);
}

static bool is_used(const struct replay_unused *unused, const char *text)
{
    struct used_text *found = NULL;
    HASH_FIND_PTR(unused->texts, &text, found);
    return found != NULL;
}

static void use(struct replay_unused *unused, const char *text)
{
    struct used_text *added = is_used(unused, text) ? NULL : calloc(1, sizeof *added);
    if (added == NULL)
        return; /* without memory it is listed: who deletes by this list looks at it first */
    added->text = text;
    HASH_ADD_PTR(unused->texts, text, added);
    if (added->hh.tbl == NULL)
        free(added);
}

/* By the name by which the call was judged, by the one that it came with, or by another of the same thing. */
static void use_values(struct replay_unused *unused, const struct config_condition *condition,
                       const char *value, const char *said)
{
    for (uint32_t i = 0; i < config_written_lists(condition); i++)
        for (size_t j = 0; j < condition->lists[i]->exact + condition->lists[i]->patterns; j++) {
            const char *text = condition->lists[i]->texts[j];
            const char *other = config_other_name(unused->config, condition->param, text);
            if (text_matches(text, value) || (said != NULL && text_matches(text, said)) ||
                (other != NULL && strcmp(other, value) == 0))
                use(unused, text);
        }
}

/* A pattern of a deny can be for the short name. */
static const char *short_name_of(const struct config *config, const char *name)
{
    const struct config_region *region = config_region(config, name);
    return region == NULL ? NULL : region->short_name;
}

static void use_param(struct replay_unused *unused, const struct config_condition *condition,
                      const struct call_param *param)
{
    for (size_t i = 0; i < param->count; i++)
        use_values(unused, condition, param->values[i], param->said == NULL ? NULL : param->said[i]);
}

static void use_rule(struct replay_unused *unused, const struct config_rule *rule, const struct call *call)
{
    unused->rules[rule->number] = true;
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        const struct config_condition *condition = &rule->conditions[i];
        if (condition->param == CONFIG_REGION)
            use_values(unused, condition, call->region, short_name_of(unused->config, call->region));
        if (condition->param == CONFIG_ACCOUNT && call->account != NULL)
            use_values(unused, condition, call->account, NULL);
        for (size_t j = 0; j < call->param_count; j++)
            if (call->params[j].number == condition->param)
                use_param(unused, condition, &call->params[j]);
    }
}

void replay_unused_see(struct replay_unused *unused, const struct policy_replay_change *change)
{
    const struct policy_question *question = &change->question;
    const struct config *config = unused->config;
    if (question->client == NULL)
        return;
    for (size_t i = 0; i < config->rule_count; i++)
        if (policy_try(config->rules[i], question, NULL) == POLICY_MATCHES)
            use_rule(unused, config->rules[i], question->call);
    for (size_t i = 0; i < config->tokens.count; i++)
        if (config->tokens.items[i].client == question->client &&
            strcmp(config->tokens.items[i].id, change->token) == 0)
            unused->tokens[i] = true;
}

static unsigned long long put_values(const struct replay_unused *unused, const struct config_rule *rule,
                                     FILE *out)
{
    unsigned long long count = 0;
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        const struct config_condition *condition = &rule->conditions[i];
        for (uint32_t j = 0;
             j < config_written_lists(condition) && condition->param < unused->config->param_name_count; j++)
            for (size_t k = 0; k < condition->lists[j]->exact + condition->lists[j]->patterns; k++) {
                if (is_used(unused, condition->lists[j]->texts[k]))
                    continue;
                count++;
                fprintf(out, "%s:%u: value '%s' of %s in rule '%s': no call had it\n", rule->mark.file,
                        rule->mark.line, condition->lists[j]->texts[k],
                        unused->config->param_names[condition->param], rule->id);
            }
    }
    return count;
}

unsigned long long replay_unused_put(const struct replay_unused *unused, FILE *out)
{
    const struct config *config = unused->config;
    unsigned long long count = 0;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        if (unused->rules[rule->number]) {
            count += put_values(unused, rule, out);
            continue;
        }
        count++;
        fprintf(out, "%s:%u: rule '%s': no call matched it\n", rule->mark.file, rule->mark.line, rule->id);
    }
    for (size_t i = 0; i < config->tokens.count; i++) {
        const struct config_token *token = &config->tokens.items[i];
        if (unused->tokens[i])
            continue;
        count++;
        fprintf(out, "%s:%u: token '%s' of client '%s': no call had it\n", token->mark.file, token->mark.line,
                token->id, token->client->name);
    }
    return count;
}
