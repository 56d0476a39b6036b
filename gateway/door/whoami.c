#include "gateway/door/whoami.h"

#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "config/rights/words.h"

#include <string.h>

enum { WHOAMI_VALUES_MAX = 100 }; /* of a condition: a set of thousands is nobody's reading */

static void put_time(struct buf *out, const char *key, int64_t seconds)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(seconds * 1000, text);
    json_member(out, key, text);
}

static void put_token(struct buf *out, const struct config_token *token)
{
    json_open_member(out, "token");
    json_member(out, "id", token->id);
    if (token->expires != CONFIG_NEVER)
        put_time(out, "expires", token->expires);
    json_close(out);
}

static void put_certificate(struct buf *out, const struct config_client_certificate *certificate)
{
    json_open_member(out, "certificate");
    json_member(out, "id", certificate->id);
    json_close(out);
}

static void put_limits(struct buf *out, const struct whoami_view *view)
{
    const struct config_client *client = view->client;
    struct buf rate;
    buf_init(&rate, 128);
    if (view->limited) {
        words_put_rate(&rate, &client->rate);
        json_open_member(out, "rate");
        json_member(out, "limit", buf_text(&rate));
        json_member_int(out, "left", view->left);
        json_close(out);
    }
    if (client->in_flight > 0)
        json_member_int(out, "inFlight", client->in_flight);
    buf_done(&rate);
}

static void put_condition(struct buf *out, const struct config *config,
                          const struct config_condition *condition)
{
    size_t count = 0;
    if (condition->param >= config->param_name_count)
        return; /* of no action that there is */
    if (condition->count == 0) {
        json_member_raw(out, config->param_names[condition->param], "{\"absent\":true}");
        return;
    }
    json_open_array(out, config->param_names[condition->param]);
    for (uint32_t i = 0; i < config_written_lists(condition); i++)
        for (size_t j = 0; j < condition->lists[i]->exact + condition->lists[i]->patterns; j++)
            if (count++ < WHOAMI_VALUES_MAX)
                json_element(out, condition->lists[i]->texts[j]);
    if (count > WHOAMI_VALUES_MAX)
        json_element(out, "...");
    json_close_array(out);
}

static void put_networks(struct buf *out, const struct config_rule *rule)
{
    struct buf text;
    buf_init(&text, 128);
    json_open_array(out, "from");
    for (uint32_t i = 0; i < rule->network_count && i < WHOAMI_VALUES_MAX; i++) {
        buf_reset(&text);
        words_put_network(&text, &rule->networks[i]);
        json_element(out, buf_text(&text));
    }
    if (rule->network_count > WHOAMI_VALUES_MAX)
        json_element(out, "...");
    json_close_array(out);
    buf_done(&text);
}

static void put_conditions(struct buf *out, const struct config *config, const struct config_rule *rule)
{
    struct buf when;
    buf_init(&when, 256);
    if (rule->condition_count > 0)
        json_open_member(out, "where");
    for (uint32_t i = 0; i < rule->condition_count; i++)
        put_condition(out, config, &rule->conditions[i]);
    if (rule->condition_count > 0)
        json_close(out);
    if (rule->strict)
        json_member_bool(out, "strict", true);
    if (rule->own != CONFIG_OWN_ANY)
        json_member_bool(out, "own", rule->own == CONFIG_OWN_ONLY);
    if (rule->effects != 0)
        json_open_array(out, "effects");
    for (int effect = 0; effect < CONFIG_ROUTE_EFFECTS; effect++)
        if ((rule->effects >> effect & 1) != 0)
            json_element(out, config_effect_name(effect));
    if (rule->effects != 0)
        json_close_array(out);
    if (rule->by_subject)
        json_open_array(out, "subject");
    for (size_t i = 0; i < rule->subjects.count && i < WHOAMI_VALUES_MAX; i++)
        json_element(out, rule->subjects.items[i]);
    if (rule->subjects.count > WHOAMI_VALUES_MAX)
        json_element(out, "...");
    if (rule->by_subject)
        json_close_array(out);
    if (rule->network_count > 0)
        put_networks(out, rule);
    if (rule->when != NULL) {
        words_put_when(&when, rule->when);
        json_member(out, "when", buf_text(&when));
    }
    if (rule->limit.interval_us > 0) {
        buf_reset(&when);
        words_put_rate(&when, &rule->limit);
        json_member(out, "limit", buf_text(&when));
    }
    if (rule->expires != CONFIG_NEVER)
        put_time(out, "expires", rule->expires);
    buf_done(&when);
}

static void put_actions(struct buf *out, const struct config *config, const struct config_rule *rule)
{
    json_open_array(out, "actions");
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        bool first = config_upstream(config, route->service) != NULL && config_reaches(rule, route);
        for (size_t j = 0; j < i && first; j++)
            first = config->routes[j].action_index != route->action_index;
        if (first)
            json_element(out, route->action);
    }
    json_close_array(out);
}

/* At /actions a rule is about far more than routes: GET /actions/{service} lists it, and here are its own
 * words. */
static void put_names(struct buf *out, const struct config *config, const struct config_rule *rule)
{
    if (!config_takes_documents(config))
        return;
    json_open_array(out, "names");
    for (size_t i = 0; i < rule->actions.count && i < WHOAMI_VALUES_MAX; i++)
        json_element(out, rule->actions.items[i]);
    if (rule->actions.count > WHOAMI_VALUES_MAX)
        json_element(out, "...");
    json_close_array(out);
}

static bool concerns(const struct config_rule *rule, const struct whoami_view *view)
{
    return !rule->audit && rule->expires > view->now && config_matches(&rule->clients, view->client->name);
}

static void put_rules(struct buf *out, const struct whoami_view *view)
{
    const struct config *config = view->config;
    json_open_array(out, "rules");
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        if (!concerns(rule, view))
            continue;
        json_open(out);
        json_member(out, "id", rule->id);
        json_member(out, "effect", words_effect(rule));
        put_actions(out, config, rule);
        put_names(out, config, rule);
        put_conditions(out, config, rule);
        json_close(out);
    }
    json_close_array(out);
}

void whoami_put_rules(struct buf *out, const struct whoami_view *view, const struct config_route *route)
{
    const struct config *config = view->config;
    json_open_array(out, "rules");
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        if (!concerns(rule, view) || !config_reaches(rule, route) || !config_has_effect(rule, route))
            continue;
        json_open(out);
        json_member(out, "id", rule->id);
        json_member(out, "effect", words_effect(rule));
        put_conditions(out, config, rule);
        json_close(out);
    }
    json_close_array(out);
}

/* Those that there are, and where a call goes that names none. */
static void put_accounts(struct buf *out, const struct whoami_view *view)
{
    const struct config *config = view->config;
    if (config->account_count == 0)
        return;
    json_member(out, "account",
                view->client->account == NULL && config->account_count == 1 ? config->accounts[0].name
                                                                            : view->client->account);
    json_open_array(out, "accounts");
    for (size_t i = 0; i < config->account_count; i++)
        json_element(out, config->accounts[i].name);
    json_close_array(out);
}

void whoami_put(struct buf *out, const struct whoami_view *view)
{
    json_open(out);
    json_member(out, "client", view->client->name);
    if (view->token != NULL)
        put_token(out, view->token);
    if (view->certificate != NULL)
        put_certificate(out, view->certificate);
    put_accounts(out, view);
    put_limits(out, view);
    put_rules(out, view);
    json_close(out);
    buf_put_char(out, '\n');
}
