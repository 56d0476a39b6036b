/* What deserves a word though nothing is wrong with it: where a policy or a service lets more happen than its
 * reader may think.  Once everything has been read. */
#include "config/policy/findings.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/rights/rights.h"
#include "config/rules/document_paths.h"

#include <string.h>

enum {
    DAY_S = 24 * 3600,
    LONG_EXPIRY_S = 3653 * DAY_S, /* ten years: nobody will remember what it was for */
    LONG_AUDIT_S = 30 * DAY_S,    /* time enough to have read the log */
    SHADOW_RULES_MAX = 1000,      /* each is compared with each: some 10 ms */
};

static struct report_kind kind_of(enum report_severity severity, const struct config_rule *rule,
                                  const char *advice)
{
    return (struct report_kind){.severity = severity,
                                .mark = &rule->mark,
                                .advice = advice,
                                .owner = rule->owner,
                                .note = rule->note};
}

/* ---- clients and tokens ---- */

/* SHA-256 of nothing, of a line feed, and of CR LF: what `sha256sum` says of an empty file or line. */
static const char *const hashes_of_nothing[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b",
    "7eb70257593da06f682a3ddda54a9d260d4fc514f645237f5ca74b08f8da61a6"};

static void look_at_token(struct loader *loader, const struct config_token *token)
{
    char hex[2 * CONFIG_DIGEST_SIZE + 1];
    struct report_kind kind = {.severity = REPORT_SECURITY,
                               .mark = &token->mark,
                               .owner = token->client->owner,
                               .note = token->client->note};
    text_hex(token->digest, CONFIG_DIGEST_SIZE, hex);
    for (size_t i = 0; i < COUNT(hashes_of_nothing); i++)
        if (strcmp(hex, hashes_of_nothing[i]) == 0) {
            kind.advice = "hash it again with `countersign token hash`, which leaves out the line's end";
            report_find(loader->report, &kind, "token '%s' has the hash of %s: no token matches it",
                        token->id, i == 0 ? "nothing" : "an empty line");
        }
    kind.advice = "give it an end within ten years, or none at all";
    if (token->expires != CONFIG_NEVER && token->expires - loader->now > LONG_EXPIRY_S)
        report_find(loader->report, &kind, "token '%s' expires in more than ten years", token->id);
}

static void look_at_clients(struct loader *loader)
{
    const struct config *config = loader->config;
    const struct config_token *token = config->tokens.items;
    for (const struct config_client *client = config->clients; client != NULL; client = client->hh.next) {
        bool live = false;
        for (size_t i = 0; i < client->token_count; i++, token++) { /* they stand in the clients' order */
            look_at_token(loader, token);
            live = live || (!token->disabled && token->expires > loader->now);
        }
        live = live || (client->certificate_count > 0 && (client->requires & CONFIG_PROOF_TOKEN) == 0);
        if (!live)
            report_find(loader->report,
                        &(struct report_kind){.severity = REPORT_SUGGESTION,
                                              .mark = &client->mark,
                                              .advice = "give it one, or take it out",
                                              .owner = client->owner,
                                              .note = client->note},
                        "the client '%s' has no token that is live", client->name);
    }
}

/* ---- rules ---- */

static bool reaches_all(const struct config *config, const struct config_rule *rule)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (!config_has_effect(rule, &config->routes[i]) || !config_reaches(rule, &config->routes[i]))
            return false;
    return config->route_count > 0;
}

static void look_at_allow(struct loader *loader, const struct config_rule *rule)
{
    struct report_kind all = kind_of(REPORT_SECURITY, rule, "name the actions, or say where");
    struct report_kind wide = kind_of(REPORT_SECURITY, rule, "name the actions, or say effects: [read]");
    size_t count = document_paths_count(loader->config, rule);
    bool wild = false;
    for (size_t i = 0; i < rule->actions.count; i++)
        wild = wild || strchr(rule->actions.items[i], '*') != NULL;
    struct report_kind prefix =
        kind_of(REPORT_SUGGESTION, rule,
                "name the clients, or say in a note why those who come later may do it, too");
    if (count > 0 && wild && rule->effects != 1U << CONFIG_READ) /* what the advice asks for */
        report_find(loader->report, &wide, "rule '%s' also allows %zu actions that have no route, %s",
                    rule->id, count,
                    !loader->config->sdk_door      ? "at /actions"
                    : loader->config->actions_door ? "at /actions and to SDKs"
                                                   : "to SDKs");
    if (rule->condition_count == 0 && reaches_all(loader->config, rule))
        report_find(loader->report, &all, "rule '%s' allows everything", rule->id);
    for (size_t i = 0; i < rule->clients.count && rule->note == NULL; i++)
        if (strchr(rule->clients.items[i], '*') != NULL) {
            report_find(loader->report, &prefix,
                        "rule '%s' also allows whatever client '%.64s' is added later", rule->id,
                        rule->clients.items[i]);
            return;
        }
}

/* An allow in audit mode is a draft; a deny in audit mode looks like one that protects. */
static void look_at_audit(struct loader *loader, const struct config_rule *rule)
{
    struct report_kind kind =
        kind_of(REPORT_SECURITY, rule,
                "enforce it; until then say since when it is tried, and it is told after 30 days");
    if (rule->since == CONFIG_NEVER)
        report_find(loader->report, &kind,
                    "rule '%s' denies nothing: it is in audit mode, nobody knows since when", rule->id);
    else if (loader->now - rule->since > LONG_AUDIT_S)
        report_find(loader->report, &kind,
                    "rule '%s' denies nothing: it has been in audit mode for %lld days", rule->id,
                    (long long)((loader->now - rule->since) / DAY_S));
}

static bool route_has(const struct config_route *route, uint32_t param)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (route->params[i].number == param)
            return true;
    return param == CONFIG_REGION;
}

static bool document_has(const struct config_action *action, uint32_t param)
{
    for (size_t i = 0; i < action->path_count; i++)
        if (action->paths[i].param.number == param)
            return true;
    return false;
}

/* Can a call of the route have all that the rule asks for? */
static bool has_all(const struct config_rule *rule, const struct config_route *route)
{
    size_t has = 0;
    if (!config_reaches(rule, route))
        return false;
    while (has < rule->condition_count &&
           (rule->strict || rule->conditions[has].count == 0 || /* `absent` */
            route_has(route, rule->conditions[has].param) ||
            (route->document != NULL && document_has(route->document, rule->conditions[has].param))))
        has++;
    return has == rule->condition_count;
}

static bool some_call_has_all(const struct config *config, const struct config_rule *rule)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (has_all(rule, &config->routes[i]))
            return true;
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++)
            if (config->services[i].actions[j].has_route &&
                has_all(rule, &config->services[i].actions[j].route))
                return true;
    return document_paths_reached(config, rule); /* documents without a route have many members */
}

/* Each parameter is one of some action of the rule; together they may be of none. */
static void look_at_params(struct loader *loader, const struct config_rule *rule)
{
    const struct config *config = loader->config;
    struct report_kind kind = kind_of(rule->effect == CONFIG_DENY ? REPORT_SECURITY : REPORT_SUGGESTION, rule,
                                      "make a rule for each");
    if (some_call_has_all(config, rule))
        return;
    for (uint32_t i = 0; i < rule->condition_count; i++)
        if (rule->conditions[i].param >= config->param_name_count)
            return; /* a parameter that is nobody's has been reported */
    if (rule->condition_count > 1)
        report_find(loader->report, &kind,
                    "rule '%s' never matches: no call has all the parameters of its where", rule->id);
}

/* Everything that it matches is decided by the other one. */
static bool is_idle_beside(const struct config *config, const struct config_rule *rule,
                           const struct config_rule *other)
{
    bool same = rule->effect == other->effect;
    if (rule == other || rule->audit || rule->limit.interval_us > 0 || other->audit ||
        (!same && other->effect == CONFIG_ALLOW))
        return false;
    const struct rights_rule wide = {config, other};
    const struct rights_rule narrow = {config, rule};
    if (!rights_cover_all(&wide, &narrow))
        return false;
    return !same || other->number < rule->number ||
           !rights_cover_all(&narrow, &wide); /* of two equals the later */
}

/* Denies without any condition are rule_warnings.c's: they are told even when several of them are needed. */
static void look_for_shadow(struct loader *loader, const struct config_rule *rule)
{
    const struct config *config = loader->config;
    struct report_kind kind =
        kind_of(REPORT_SUGGESTION, rule, "take it out, or correct the one that is in its way");
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *other = config->rules[i];
        bool closed = rule->effect == CONFIG_ALLOW && other->effect == CONFIG_DENY;
        if ((closed && config_is_unconditional(other)) || !is_idle_beside(config, rule, other))
            continue;
        report_find(loader->report, &kind,
                    closed ? "rule '%s' never decides: '%s' (line %u) denies all of it"
                           : "rule '%s' changes nothing: '%s' (line %u) says all of it",
                    rule->id, other->id, other->mark.line);
        return;
    }
}

static void look_at_rule(struct loader *loader, const struct config_rule *rule)
{
    struct report_kind kind =
        kind_of(REPORT_SUGGESTION, rule, "give it an end within ten years, or none at all");
    if (rule->effect == CONFIG_ALLOW && !rule->audit)
        look_at_allow(loader, rule);
    if (rule->effect == CONFIG_DENY && rule->audit)
        look_at_audit(loader, rule);
    if (rule->expires != CONFIG_NEVER && rule->expires - loader->now > LONG_EXPIRY_S)
        report_find(loader->report, &kind, "rule '%s' expires in more than ten years", rule->id);
    look_at_params(loader, rule);
    if (loader->config->rule_count <= SHADOW_RULES_MAX)
        look_for_shadow(loader, rule);
}

void findings_policy(struct loader *loader)
{
    look_at_clients(loader);
    for (size_t i = 0; i < loader->config->rule_count; i++)
        look_at_rule(loader, loader->config->rules[i]);
}

/* ---- countersign.yaml ---- */

/* Of sockets that systemd passes it is not known yet.  [::] is every address here, and no Unix peer. */
static bool is_in_the_open(const struct config_listener *listener)
{
    const struct network any = network_unix();
    return listener->kind == CONFIG_TCP &&
           (!network_is_local(&listener->host) || network_is_same(&listener->host, &any));
}

static bool has_wide_proxy(const struct config *config)
{
    for (size_t i = 0; i < config->trusted_proxy_count; i++)
        if (config->trusted_proxies[i].prefix < 128)
            return true;
    return false;
}

static void look_at_proxies(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->rule_count && has_wide_proxy(config); i++) {
        struct report_kind kind = kind_of(REPORT_SECURITY, config->rules[i],
                                          "list in trusted_proxies the proxies' addresses alone");
        if (config->rules[i]->network_count == 0)
            continue;
        report_find(
            loader->report, &kind,
            "rule '%s' has from, and trusted_proxies has a network: all who are in it can name any address",
            config->rules[i]->id);
        return;
    }
}

/* Where nobody asks for a certificate, none is shown. */
static bool has_way_for_certificates(const struct config *config)
{
    for (size_t i = 0; i < config->listen.count; i++)
        if (config->listen.items[i].tls != NULL && config->listen.items[i].tls->client_ca != NULL)
            return true;
    return config->client_certificate_field != NULL;
}

static void look_at_certificates(struct loader *loader)
{
    const struct config_client_certificate *first = loader->config->certificates;
    if (first == NULL || has_way_for_certificates(loader->config))
        return;
    report_find(loader->report,
                &(struct report_kind){.severity = REPORT_SUGGESTION,
                                      .mark = &first->mark,
                                      .advice = "give a listener client_ca, or say client_certificate_field",
                                      .owner = first->client->owner,
                                      .note = first->client->note},
                "clients have certificates, and no listener asks for one: nobody can show it");
}

void findings_service(struct loader *loader, const char *path)
{
    const struct config *config = loader->config;
    const struct mark mark = {.file = path};
    struct report_kind kind = {.severity = REPORT_SECURITY, .mark = &mark};
    kind.advice = "listen with tls, or on loopback behind a proxy with TLS: tokens can be read on their way";
    for (size_t i = 0; i < config->listen.count; i++)
        if (config->listen.items[i].tls == NULL && is_in_the_open(&config->listen.items[i]))
            report_find(loader->report, &kind, "listen: plain HTTP at %s, which is not loopback",
                        config->listen.items[i].address);
    kind.advice = "keep it on loopback: those who reach it can reload, and read the names of clients";
    for (size_t i = 0; i < config->admin.count; i++)
        if (is_in_the_open(&config->admin.items[i]))
            report_find(loader->report, &kind, "admin: the listener at %s is not on loopback",
                        config->admin.items[i].address);
    kind.mark = &config->browsers.docs_mark;
    kind.advice = "list in hosts the names by which callers ask: a hostile page can otherwise ask by its own";
    if (config->browsers.docs && config->browsers.hosts.count == 0)
        report_find(loader->report, &kind, "docs is on without hosts");
    look_at_proxies(loader);
    look_at_certificates(loader);
}
