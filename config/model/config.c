/* Questions to a loaded configuration.  One file, longer than others: each of them is short, and looks at one
 * table or list. */
#include "config/model/config.h"

#include "base/text.h"
#include "config/model/pattern.h"

#include <stdlib.h>
#include <string.h>

static void free_credential(struct config_credential *credential)
{
    secret_free(credential->id);
    secret_free(credential->key);
    secret_free(credential->token);
}

static void free_param(struct config_param *param)
{
    pattern_free(param->pattern.compiled);
    pattern_free(param->former.compiled);
    for (int api = 0; api < CONFIG_APIS; api++)
        pattern_free(param->wire[api].pattern.compiled);
}

void config_route_done(struct config_route *route)
{
    for (size_t i = 0; i < route->param_count; i++)
        free_param(&route->params[i]);
}

void config_proxy_done(const struct config_proxy *proxy)
{
    if (proxy == NULL)
        return;
    secret_free(proxy->user);
    secret_free(proxy->password);
}

void config_done(struct config *config)
{
    HASH_CLEAR(hh, config->clients);
    HASH_CLEAR(hh, config->certificates);
    for (size_t i = 0; i < config->credential_count; i++)
        free_credential(&config->credentials[i]);
    for (size_t i = 0; i < config->upstream_count; i++)
        config_proxy_done(config->upstreams[i].proxy);
    config_proxy_done(config->issuers[CONFIG_STS].proxy);
    secret_free(config->audit.key);
    secret_free(config->state.password);
    for (struct config_kept *kept = config->kept; kept != NULL; kept = kept->next)
        secret_free(kept->secret);
    for (size_t i = 0; i < config->route_count; i++)
        config_route_done(&config->routes[i]);
}

void config_release(struct config *config)
{
    if (config == NULL)
        return;
    config_done(config);
    arena_free(config->arena);
    free(config);
}

enum pattern_result config_match(const struct config_pattern *pattern, const char *value)
{
    return pattern->compiled == NULL ? PATTERN_FITS : pattern_match(pattern->compiled, value);
}

const struct config_param *config_param(const struct config_route *route, const char *name)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (strcmp(route->params[i].name, name) == 0)
            return &route->params[i];
    return NULL;
}

bool config_is_unconditional(const struct config_rule *rule)
{
    return rule->condition_count == 0 && rule->network_count == 0 && rule->when == NULL && !rule->audit &&
           rule->expires == CONFIG_NEVER && rule->effects == 0 && !rule->by_subject &&
           rule->own == CONFIG_OWN_ANY;
}

const char *config_effect_name(int effect)
{
    static const char *const names[] = {
        [CONFIG_READ] = "read", [CONFIG_CHANGE] = "change", [CONFIG_SECRET] = "secret"};
    return names[effect];
}

/* "vpc:Describe*": both sides are patterns. */
static bool action_matches(const char *pattern, const struct config_route *route)
{
    const char *colon = strchr(pattern, ':');
    if (colon == NULL)
        return text_matches(pattern, route->action);
    size_t length = (size_t)(colon - pattern);
    char service[CONFIG_SERVICE_MAX + 1];
    if (length > CONFIG_SERVICE_MAX)
        return false;
    memcpy(service, pattern, length);
    service[length] = '\0';
    const struct config_dialect *cloud = &route->dialects[CONFIG_API3]; /* it may have another name there */
    return text_matches(service, route->service) &&
           (text_matches(colon + 1, route->action) ||
            (cloud->supported && cloud->action != NULL && text_matches(colon + 1, cloud->action)));
}

/* A star in an allow does not stand for what hands out power, unless the rule says that it is meant. */
static bool is_meant(const struct config_rule *rule, const char *pattern, const struct config_route *route)
{
    return route->effect != CONFIG_SECRET || rule->effect == CONFIG_DENY ||
           (rule->effects >> CONFIG_SECRET & 1) != 0 || strchr(pattern, '*') == NULL;
}

bool config_reaches(const struct config_rule *rule, const struct config_route *route)
{
    for (size_t i = 0; i < rule->actions.count; i++)
        if (action_matches(rule->actions.items[i], route) && is_meant(rule, rule->actions.items[i], route))
            return true;
    return false;
}

bool config_has_effect(const struct config_rule *rule, const struct config_route *route)
{
    return rule->effects == 0 || (rule->effects >> route->effect & 1) != 0;
}

const struct rule_hash *config_bucket_hash(const struct config_bucket *bucket, uint32_t start)
{
    size_t low = 0;
    size_t high = bucket->hash_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bucket->hashes[middle].start == start)
            return bucket->hashes[middle].hash;
        if (bucket->hashes[middle].start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct config_bucket_rules config_bucket_run(const struct config_bucket *bucket, size_t action)
{
    size_t low = 0;
    size_t high = bucket->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct config_run *run = &bucket->runs[middle];
        if (run->action == action)
            return (struct config_bucket_rules){bucket->rules + run->start, run->count,
                                                config_bucket_hash(bucket, run->start)};
        if (run->action < action)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct config_bucket_rules){0};
}

const struct config_action *config_action(const struct config *config, const char *service, const char *name,
                                          const char *version)
{
    for (size_t i = config->service_count; i-- > 0;) { /* the newest is the last */
        const struct config_service *one = &config->services[i];
        if (strcmp(one->upstream->name, service) != 0 ||
            (version != NULL && strcmp(one->definitions->version, version) != 0))
            continue;
        const struct definitions_action *found = definitions_action(one->definitions, name);
        if (found != NULL)
            return &one->actions[found - one->definitions->actions];
    }
    return NULL;
}

static bool is_but(const char *service, const char *but)
{
    return but != NULL && strcmp(service, but) == 0;
}

const struct config_route *config_named(const struct config *config, const struct config_rule *rule,
                                        const char *name, const char *but)
{
    struct config_rule one = *rule;
    const char *colon = strchr(name, ':');
    one.actions = (struct config_patterns){.items = &name, .count = 1};
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        if (!is_but(route->service, but) && config_reaches(&one, route) &&
            config_upstream(config, route->service) != NULL)
            return route;
    }
    for (size_t i = 0; i < config->service_count; i++) {
        const char *service = config->services[i].upstream->name;
        const struct config_action *action =
            is_but(service, but) ? NULL
                                 : config_action(config, service, colon == NULL ? name : colon + 1, NULL);
        if (action != NULL && config_reaches(&one, &action->route))
            return &action->route;
    }
    return NULL;
}

bool config_takes_documents(const struct config *config)
{
    return config->actions_door || config->sdk_door;
}

bool config_matches(const struct config_patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (text_matches(patterns->items[i], text))
            return true;
    return false;
}

const struct config_upstream *config_upstream(const struct config *config, const char *service)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        if (strcmp(config->upstreams[i].name, service) == 0)
            return &config->upstreams[i];
    return NULL;
}

const struct config_upstream *config_upstream_of(const struct config *config,
                                                 const struct config_account *account, const char *service)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        if (config->upstreams[i].account == account && strcmp(config->upstreams[i].name, service) == 0)
            return &config->upstreams[i];
    return NULL;
}

const struct config_client *config_client(const struct config *config, const char *name)
{
    struct config_client *client = NULL;
    HASH_FIND_STR(config->clients, name, client);
    return client;
}

const struct config_client_certificate *config_certificate(const struct config *config, const char *key)
{
    struct config_client_certificate *certificate = NULL;
    HASH_FIND_STR(config->certificates, key, certificate);
    return certificate;
}

const struct config_account *config_account(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->account_count; i++)
        if (strcmp(config->accounts[i].name, name) == 0)
            return &config->accounts[i];
    return NULL;
}

const struct config_route *config_status_route(const struct config *config,
                                               const struct config_upstream *upstream,
                                               const struct config_route *route)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_dialect *dialect = &config->routes[i].dialects[upstream->api];
        if (dialect->status.from != NULL &&
            dialect->supported && /* hardly any: most names are not compared */
            strcmp(config->routes[i].service, upstream->name) == 0 &&
            (route->task_route == NULL || strcmp(config->routes[i].id, route->task_route) == 0))
            return &config->routes[i];
    }
    return NULL;
}

bool config_is_prefix(const char *text)
{
    size_t length = 0;
    for (const char *at = text; *at == '/'; at += length + 1) {
        length = 0;
        while (text_is_unreserved((unsigned char)at[length + 1]))
            length++;
        if (length == 0 || (at[1] == '.' && (length == 1 || (length == 2 && at[2] == '.'))))
            return false;
        if (at[length + 1] == '\0')
            return strlen(text) <= CONFIG_PREFIX_MAX;
    }
    return false;
}

bool config_is_region(const char *text)
{
    return text_is_name(text) && strchr(text, '_') == NULL;
}

bool config_tells_status(const struct config_route *route)
{
    for (int api = 0; api < CONFIG_APIS; api++)
        if (route->dialects[api].supported && route->dialects[api].status.from != NULL)
            return true;
    return false;
}

const struct config_region *config_region(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->region_count; i++) {
        const struct config_region *region = &config->regions[i];
        if (strcasecmp(region->name, name) == 0 ||
            (region->short_name != NULL && strcasecmp(region->short_name, name) == 0))
            return region;
    }
    return NULL;
}

enum pattern_result config_is_former(const struct config_param *param, const char *value)
{
    return param->formers == NULL ? PATTERN_DIFFERS : config_match(param->formers, value);
}

const char *config_current_id(const struct config *config, const char *former)
{
    size_t low = 0;
    size_t high = config->former_id_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(former, config->former_ids[middle].former);
        if (order == 0)
            return config->former_ids[middle].current;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct config_route *config_telling_route(const struct config *config,
                                                const struct config_upstream *upstream, const char *param)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        if (route->tells.to != NULL && strcmp(route->tells.to, param) == 0 &&
            strcmp(route->service, upstream->name) == 0 && route->dialects[upstream->api].supported)
            return route;
    }
    return NULL;
}

uint32_t config_written_lists(const struct config_condition *condition)
{
    uint32_t count = condition->count;
    return count > 0 && condition->lists[count - 1]->other_names ? count - 1 : count;
}

/* The forms of ids from before, of a parameter of that number; NULL: it has none. */
static const struct config_pattern *formers_of(const struct config *config, uint32_t number)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++)
            if (config->routes[i].params[j].number == number)
                return config->routes[i].params[j].formers; /* that of all of the number */
    return NULL;
}

bool config_is_unknown_id(const struct config *config, uint32_t number, const char *text)
{
    const struct config_pattern *formers = number < CONFIG_FIRST_PARAM ? NULL : formers_of(config, number);
    return formers != NULL && config_match(formers, text) == PATTERN_FITS &&
           config_current_id(config, text) == NULL;
}

const char *config_other_name(const struct config *config, uint32_t number, const char *text)
{
    if (number == CONFIG_ACCOUNT)
        return NULL;
    if (number != CONFIG_REGION)
        return formers_of(config, number) == NULL ? NULL : config_current_id(config, text);
    const struct config_region *region = config_region(config, text);
    return region == NULL || strcmp(region->name, text) == 0 ? NULL : region->name;
}

bool config_asks_more(const struct config_rule *rule)
{
    return rule->condition_count > 0 || rule->when != NULL || rule->by_subject || rule->own != CONFIG_OWN_ANY;
}

/* Names that the gateway alone writes (the common request parameters) or reads (all, account): never a
 * parameter's.  In any case, but for `account`: Account is a member of some documents. */
static const char *const common_names[] = {
    "Action",          "Region", "Timestamp", "Nonce",     "SecretId", "Signature",
    "SignatureMethod", "Token",  "Version",   "SecretKey", "all"};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool config_is_param_name(const char *name)
{
    size_t length = 0;
    while (is_letter(name[length]) || (name[length] >= '0' && name[length] <= '9'))
        length++;
    if (!is_letter(name[0]) || name[length] != '\0' || length > 64)
        return false;
    for (size_t i = 0; i < COUNT(common_names);
         i++) /* once for every parameter of a call: most differ at once */
        if (((name[0] ^ common_names[i][0]) & ~0x20) == 0 && strcasecmp(name, common_names[i]) == 0)
            return false;
    return strcmp(name, "account") != 0;
}

bool config_has_sessions(const struct config_credential *credential)
{
    return credential->issuer != NULL && credential->issuer->sessions == CONFIG_PER_CLIENT;
}
