#include "gateway/exchange/request_metrics.h"

#include "base/text.h"
#include "gateway/exchange/shared.h"
#include "gateway/known/use_counts.h"

#include <string.h>

enum {
    REQUESTS,
    DURATION,
    UPSTREAM_DURATION,
    RESULTS,
    CHANGES,
    DECISIONS,
    TRIALS,
    FORMER_IDS,
    KEYS,
    FAMILIES
};

static const struct series_family families[FAMILIES] = {
    [REQUESTS] = {"countersign_requests_total",
                  "Requests answered; route and client are - where the configuration knows none.",
                  {"method", "route", "client", "status"},
                  false},
    [DURATION] = {"countersign_request_duration_seconds",
                  "From the request's header to its answer.",
                  {"method", "route"},
                  true},
    [UPSTREAM_DURATION] =
        {"countersign_upstream_duration_seconds",
         "Time that the attempts of a call waited for the upstream, without the pauses between them.",
         {"upstream", "account"},
         true},
    [RESULTS] = {"countersign_upstream_results_total",
                 "Calls by what became of them after all attempts: success, or the problem's name.",
                 {"upstream", "result", "account"},
                 false},
    [CHANGES] = {"countersign_changes_total",
                 "Changes that were sent, by what is known of them.",
                 {"action", "outcome", "account"},
                 false},
    [DECISIONS] = {"countersign_policy_decisions_total",
                   "Calls that the policy judged, by the rule that decided; - where no rule spoke.",
                   {"verdict", "rule"},
                   false},
    [TRIALS] = {"countersign_policy_audit_mode_total",
                "Calls whose verdict a rule with mode: audit would have changed.",
                {"rule"},
                false},
    [FORMER_IDS] = {"countersign_former_ids_total",
                    "Former ids to be resolved: known already, found by asking the cloud, or failed.",
                    {"upstream", "result", "account"},
                    false},
    [KEYS] = {"countersign_idempotency_keys_total",
              "Changes with an Idempotency-Key: claimed, answered again, and so on.",
              {"result"},
              false},
};

static const char *const key_results[EXCHANGE_KEY_RESULTS] = {
    [EXCHANGE_KEY_NONE] = "-",
    [EXCHANGE_KEY_CLAIMED] = "claimed",
    [EXCHANGE_KEY_REPLAYED] = "replayed",
    [EXCHANGE_KEY_UNKNOWN] = "unknown",
    [EXCHANGE_KEY_IN_USE] = "in-use",
    [EXCHANGE_KEY_REUSED] = "reused",
    [EXCHANGE_KEY_AWAY] = "store-away",
};

struct series_table *request_metrics_new(void)
{
    return series_new(families, COUNT(families));
}

/* "": there are no accounts, and the label is left out. */
static const char *account_of(const struct config_upstream *upstream)
{
    const char *name = config_account_name(upstream);
    return name == NULL ? "" : name;
}

static void prepare_results(struct series_table *table, const struct config_upstream *upstream)
{
    const char *values[] = {upstream->name, "success", account_of(upstream)};
    series_add(table, RESULTS, values, 0);
    for (int i = PROBLEM_NOT_FOUND; i <= PROBLEM_UPSTREAM_INVALID_ANSWER;
         i++) { /* what an upstream can lead to */
        values[1] = problem_kind((enum problem)i)->name;
        series_add(table, RESULTS, values, 0);
    }
}

static void prepare_changes(struct series_table *table, const char *action,
                            const struct config_upstream *upstream)
{
    for (int i = OUTCOME_NOT_EXECUTED; i <= OUTCOME_UNKNOWN; i++) {
        const char *const values[] = {action, exchange_outcome_name((enum outcome)i), account_of(upstream)};
        series_add(table, CHANGES, values, 0);
    }
}

static void prepare_former(struct series_table *table, const struct config_upstream *upstream)
{
    static const char *const results[] = {"known", "found", "failed"};
    for (size_t i = 0; i < COUNT(results); i++) {
        const char *const values[] = {upstream->name, results[i], account_of(upstream)};
        series_add(table, FORMER_IDS, values, 0);
    }
}

void request_metrics_count_former(struct series_table *table, const struct config_upstream *upstream,
                                  const char *result)
{
    const char *const values[] = {upstream->name, result, account_of(upstream)};
    series_add(table, FORMER_IDS, values, 1);
}

/* So that a rule that never decided is seen, too. */
static void prepare_rules(struct series_table *table, const struct config *config)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        const char *const decision[] = {rule->effect == CONFIG_ALLOW ? "allow" : "deny", rule->id};
        if (rule->audit)
            series_add(table, TRIALS, &rule->id, 0);
        else
            series_add(table, DECISIONS, decision, 0);
    }
}

void request_metrics_prepare(struct series_table *table, const struct config *config)
{
    static const char *const nobody[] = {"-", "-", "-", "401"};
    series_add(table, REQUESTS, nobody, 0);
    for (int i = EXCHANGE_KEY_NONE + 1; i < EXCHANGE_KEY_RESULTS; i++)
        series_add(table, KEYS, &key_results[i], 0);
    prepare_rules(table, config);
    for (size_t i = 0; i < config->upstream_count; i++)
        prepare_results(table, &config->upstreams[i]);
    for (size_t i = 0; i < config->upstream_count; i++)
        if (config->upstreams[i].resolve_former_ids)
            prepare_former(table, &config->upstreams[i]);
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->upstream_count; j++)
            if (config->routes[i].effect == CONFIG_CHANGE &&
                strcmp(config->upstreams[j].name, config->routes[i].service) == 0)
                prepare_changes(table, config->routes[i].action, &config->upstreams[j]);
}

static unsigned long long sum_of(const struct series_table *table, size_t family, size_t label,
                                 const char *value)
{
    unsigned long long sums[SERIES_BOUNDS];
    series_sum(table, family, label, value, sums);
    return sums[0];
}

void request_metrics_sum(const struct series_table *table, struct history_sums *sums)
{
    sums->allowed = sum_of(table, DECISIONS, 0, "allow");
    sums->denied = sum_of(table, DECISIONS, 0, "deny");
    for (int i = OUTCOME_NOT_EXECUTED; i <= OUTCOME_UNKNOWN; i++)
        sums->outcomes[i] = sum_of(table, CHANGES, 1, exchange_outcome_name((enum outcome)i));
    series_sum(table, DURATION, 0, NULL, sums->whole);
    series_sum(table, UPSTREAM_DURATION, 0, NULL, sums->upstream);
}

static const char *client_of(const struct exchange *x)
{
    const struct config_client *client = exchange_client(x);
    return client == NULL ? "-" : client->name;
}

static void count_decision(struct series_table *table, const struct exchange *x)
{
    const struct policy_verdict *verdict = &x->verdict;
    const char *const values[] = {verdict->allowed ? "allow" : "deny",
                                  verdict->because == NULL ? "-" : verdict->because->id};
    series_add(table, DECISIONS, values, 1);
    if (verdict->audit != NULL)
        series_add(table, TRIALS, &verdict->audit->id, 1);
}

static void count_upstream(struct series_table *table, const struct exchange *x)
{
    const char *account = account_of(x->call->upstream);
    const char *const upstream[] = {x->call->upstream->name, account};
    const char *const result[] = {
        upstream[0], x->problem == PROBLEM_NONE ? "success" : problem_kind(x->problem)->name, account};
    const char *const change[] = {x->route->action, exchange_outcome_name(x->outcome), account};
    series_observe(table, UPSTREAM_DURATION, upstream, x->upstream_us);
    series_add(table, RESULTS, result, 1);
    if (exchange_changes(x))
        series_add(table, CHANGES, change, 1);
}

void request_metrics_count(struct series_table *table, const struct exchange *x, int64_t duration_us)
{
    char status[TEXT_NUMBER_SIZE];
    const char *const values[] = {x->route == NULL ? "-" : x->route->method,
                                  x->route == NULL ? "-" : x->route->template, client_of(x), status};
    text_number(status, x->status);
    series_add(table, REQUESTS, values, 1);
    series_observe(table, DURATION, values, duration_us); /* the first two */
    if (x->judged)
        count_decision(table, x);
    if (x->key.result != EXCHANGE_KEY_NONE)
        series_add(table, KEYS, &key_results[x->key.result], 1);
    if (x->attempts > 0)
        count_upstream(table, x);
    if (x->client != NULL && x->snapshot->uses != NULL)
        use_counts_add(x->snapshot->uses, x->client, x->token, x->route,
                       x->judged && x->frozen == NULL ? &x->verdict
                                                      : NULL); /* no rule of the policy froze it */
}
