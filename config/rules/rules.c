/* policy.yaml, `rules`: what each client may do, where, when and from where. */
#include "config/rules/rules.h"

#include "config/model/config.h"
#include "config/rules/conditions.h"
#include "config/rules/document_paths.h"
#include "config/rules/schedule.h"
#include "config/rules/sets.h"
#include "config/reader/keyword.h"

#include <string.h>

static const char *const mode_names[] = {"enforce", "audit", NULL};

/* ---- the parameters' numbers ---- */

/* An action's document is judged by what the routes call its parameters. */
static void number_documents(struct config *config, const struct config_pattern *const *formers)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++) {
            struct config_route *route = &config->services[i].actions[j].route;
            for (size_t k = 0; k < route->param_count; k++) {
                struct config_param *param = &route->params[k];
                param->number = CONFIG_FIRST_PARAM;
                while (strcmp(config->param_names[param->number], param->name) != 0)
                    param->number++; /* each was copied from a route, and has one */
                param->formers = formers[param->number];
            }
        }
}

/* In the order in which they are met.  What is an id of before under one parameter is one under each of that
 * name: a route of the operator's own need not know of it. */
int rules_number(struct loader *loader)
{
    struct config *config = loader->config;
    size_t room = CONFIG_FIRST_PARAM;
    for (size_t i = 0; i < config->route_count; i++)
        room += config->routes[i].param_count;
    config->param_name_room = room + DOCUMENT_PATHS_MAX;
    config->param_names = arena_array(loader->arena, config->param_name_room, sizeof *config->param_names);
    config->param_secrets =
        arena_array(loader->arena, config->param_name_room, sizeof *config->param_secrets);
    const struct config_pattern **formers = arena_array(loader->scratch, room, sizeof *formers);
    if (config->param_names == NULL || config->param_secrets == NULL || formers == NULL)
        return keyword_out_of_memory(loader);
    int result = 0;
    config->param_names[CONFIG_REGION] = "region";
    config->param_names[CONFIG_ACCOUNT] = "account";
    config->param_name_count = CONFIG_FIRST_PARAM;
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++) {
            struct config_param *param = &config->routes[i].params[j];
            param->number = CONFIG_FIRST_PARAM;
            while (param->number < config->param_name_count &&
                   strcmp(config->param_names[param->number], param->name) != 0)
                param->number++;
            if (param->number == config->param_name_count) {
                config->param_names[config->param_name_count++] = param->name;
                config->param_secrets[param->number] = param->secret;
            }
            if (config->param_secrets[param->number] != param->secret)
                result = report_error(loader->report, &param->mark,
                                      "'%.64s' is secret in one route and not in another: a rule knows one "
                                      "parameter of a name",
                                      param->name);
            if (param->former.text != NULL && formers[param->number] == NULL)
                formers[param->number] = &param->former;
        }
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++)
            config->routes[i].params[j].formers = formers[config->routes[i].params[j].number];
    number_documents(config, formers);
    return result;
}

/* ---- from, effects ---- */

static int read_from(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                     struct config_rule *rule)
{
    size_t count = 0;
    int result = sets_read_sources(loader, sets, node, loader->scratch, &rule->networks, &count);
    rule->network_count = (uint32_t)count;
    return result;
}

/* ---- own ---- */

int rules_read_own(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                   void *field)
{
    bool own = false;
    if (keyword_bool(loader, node, keyword, &own) != 0)
        return -1;
    *(enum config_own *)field = own ? CONFIG_OWN_ONLY : CONFIG_OWN_NOT;
    return 0;
}

/* Only tasks are somebody's. */
static int check_own(struct loader *loader, const struct config_rule *rule)
{
    for (size_t i = 0; i < loader->config->route_count; i++) {
        const struct config_route *route = &loader->config->routes[i];
        if (config_reaches(rule, route) && !config_tells_status(route))
            return report_error(loader->report, &rule->mark,
                                "own is for actions that tell how a task is: '%.64s' does not",
                                route->action);
    }
    return 0;
}

/* ---- effects ---- */

static int read_effects(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    unsigned char effects = 0;
    struct config_patterns names = {0};
    if (sets_read_patterns(loader, node, keyword->name, loader->scratch, &names) != 0)
        return -1;
    for (size_t i = 0; i < names.count; i++) {
        int effect = 0;
        while (effect < CONFIG_ROUTE_EFFECTS && strcmp(config_effect_name(effect), names.items[i]) != 0)
            effect++;
        if (effect == CONFIG_ROUTE_EFFECTS)
            return report_error(loader->report, &node->mark,
                                "effects must list read, change or secret, not '%.64s'", names.items[i]);
        effects |= (unsigned char)(1U << effect);
    }
    *(unsigned char *)field = effects;
    return 0;
}

/* ---- subject ---- */

/* What any client may say of itself decides nothing: a deny could be walked around by leaving it out. */
static int read_subject(struct loader *loader, const struct yaml_node *node, struct config_rule *rule)
{
    if (sets_read_patterns(loader, node, "subject", loader->arena, &rule->subjects) != 0)
        return -1;
    rule->by_subject = true;
    for (const struct config_client *client = loader->config->clients; client != NULL;
         client = client->hh.next)
        if (config_matches(&rule->clients, client->name) && client->subject != CONFIG_SUBJECT_TRUSTED)
            return report_error(loader->report, &node->mark,
                                "rule '%s' looks at the subject of '%s', which needs subject: trusted",
                                rule->id, client->name);
    return 0;
}

/* ---- a rule ---- */

/* A client's name, or a prefix and one '*': what an index can be built on. */
static int check_clients(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        const char *star = strchr(item->text, '*');
        if (star != NULL && (star[1] != '\0' || star - item->text > RULES_PREFIX_MAX))
            result =
                report_error(loader->report, &item->mark,
                             "a client is a name, or a prefix of at most %d characters and '*' at its end",
                             RULES_PREFIX_MAX);
        else if (star == NULL && config_client(loader->config, item->text) == NULL)
            result = report_error(loader->report, &item->mark, "there is no client '%.64s'", item->text);
    }
    return result;
}

/* A name without a service and without a star means one action: nobody should have to know which. */
static int check_service(struct loader *loader, const struct yaml_node *item, const struct config_rule *rule)
{
    const char *name = item->text;
    if (strpbrk(name, ":*") != NULL)
        return 0;
    const struct config_route *first = config_named(loader->config, rule, name, NULL);
    const struct config_route *other =
        first == NULL ? NULL : config_named(loader->config, rule, name, first->service);
    if (other == NULL)
        return 0;
    return report_error(loader->report, &item->mark,
                        "the action '%.64s' is in two services, %s and %s: say %s:%.64s, or both", name,
                        first->service, other->service, first->service, name);
}

static int check_actions(struct loader *loader, const struct yaml_node *node, const struct config_rule *rule)
{
    int result = 0;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        const char *text = item->text;
        struct config_rule one = *rule;
        one.actions = (struct config_patterns){.items = &text, .count = 1};
        bool found = document_paths_reached(loader->config, &one);
        for (size_t i = 0; i < loader->config->route_count; i++)
            found = found || config_reaches(&one, &loader->config->routes[i]);
        if (!found)
            report_find(loader->report,
                        &(struct report_kind){
                            .severity = rule->effect == CONFIG_DENY ? REPORT_SECURITY : REPORT_SUGGESTION,
                            .mark = &item->mark,
                            .advice = "correct its name, or name the catalog that has its route",
                            .owner = rule->owner,
                            .note = rule->note},
                        "no route leads to an action '%.64s'", item->text);
        if (check_service(loader, item, rule) != 0)
            result = -1;
    }
    return result;
}

/* What a rule's map says, before it is understood. */
struct raw_rule {
    struct config_rule rule;
    const struct yaml_node *allow;
    const struct yaml_node *deny;
    const struct yaml_node *actions;
    const struct yaml_node *where;
    const struct yaml_node *from;
    const struct yaml_node *subject;
    int mode;
};

#define RULE(field) (offsetof(struct raw_rule, rule) + offsetof(struct config_rule, field))
#define RAW(field)  offsetof(struct raw_rule, field)
static const struct keyword rule_keywords[] = {
    {"id", keyword_name, RULE(id), REQUIRED, 0, 0, NULL},
    {"allow", keyword_node, RAW(allow), OPTIONAL, 0, 0, NULL},
    {"deny", keyword_node, RAW(deny), OPTIONAL, 0, 0, NULL},
    {"actions", keyword_node, RAW(actions), REQUIRED, 0, 0, NULL},
    {"where", keyword_node, RAW(where), OPTIONAL, 0, 0, NULL},
    {"when", schedule_read, RULE(when), OPTIONAL, 0, 0, NULL},
    {"from", keyword_node, RAW(from), OPTIONAL, 0, 0, NULL},
    {"own", rules_read_own, RULE(own), OPTIONAL, 0, 0, NULL},
    {"strict", keyword_bool, RULE(strict), OPTIONAL, 0, 0, NULL},
    {"subject", keyword_node, RAW(subject), OPTIONAL, 0, 0, NULL},
    {"effects", read_effects, RULE(effects), OPTIONAL, 0, 0, NULL},
    {"mode", keyword_choice, RAW(mode), OPTIONAL, 0, 0, mode_names},
    {"expires", keyword_time, RULE(expires), OPTIONAL, 0, 0, NULL},
    {"limit", keyword_rate, RULE(limit), OPTIONAL, 0, 0, NULL},
    {"require_idempotency_key", keyword_bool, RULE(requires_key), OPTIONAL, 0, 0, NULL},
    {"since", keyword_time, RULE(since), OPTIONAL, 0, 0, NULL},
    {"owner", keyword_text, RULE(owner), OPTIONAL, 0, 0, NULL},
    {"note", keyword_text, RULE(note), OPTIONAL, 0, 0, NULL},
};

static int understand(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                      struct raw_rule *raw)
{
    struct config_rule *rule = &raw->rule;
    if ((raw->allow == NULL) == (raw->deny == NULL))
        return report_error(loader->report, &node->mark, "rule '%s' needs exactly one of allow and deny",
                            rule->id);
    const struct yaml_node *clients = raw->allow != NULL ? raw->allow : raw->deny;
    rule->mark = node->mark;
    rule->effect = raw->allow != NULL ? CONFIG_ALLOW : CONFIG_DENY;
    rule->audit = raw->mode == 1;
    if (rule->effect == CONFIG_DENY && rule->limit.interval_us > 0)
        return report_error(loader->report, &node->mark, "rule '%s' denies: only an allow has a limit",
                            rule->id);
    if (rule->effect == CONFIG_DENY && rule->requires_key)
        return report_error(loader->report, &node->mark,
                            "rule '%s' denies: only an allow has require_idempotency_key", rule->id);
    if (sets_read_patterns(loader, clients, clients->key, loader->arena, &rule->clients) != 0 ||
        sets_read_patterns(loader, raw->actions, "actions", loader->arena, &rule->actions) != 0)
        return -1;
    int result = check_clients(loader, clients);
    if (check_actions(loader, raw->actions, rule) != 0)
        result = -1;
    if (raw->where != NULL && conditions_read(loader, raw->where, sets, rule) != 0)
        result = -1;
    if (rule->own != CONFIG_OWN_ANY && check_own(loader, rule) != 0)
        result = -1;
    if (rule->strict && rule->effect == CONFIG_ALLOW)
        result = report_error(loader->report, &node->mark,
                              "strict is for a deny: an allow never matches what a call leaves out");
    if (raw->subject != NULL && read_subject(loader, raw->subject, rule) != 0)
        result = -1;
    if (raw->from != NULL && read_from(loader, raw->from, sets, rule) != 0)
        result = -1;
    if (rule->expires <= loader->now)
        report_find(loader->report,
                    &(struct report_kind){.severity = rule->effect == CONFIG_DENY ? REPORT_SECURITY
                                                                                  : REPORT_SUGGESTION,
                                          .mark = &node->mark,
                                          .advice = "take it out, or give it another end",
                                          .owner = rule->owner,
                                          .note = rule->note},
                    "rule '%s' has expired: it never matches", rule->id);
    return result;
}

static int read_rule(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                     struct config_rule *rule)
{
    struct raw_rule raw = {.rule = {.expires = CONFIG_NEVER, .since = CONFIG_NEVER}};
    if (keyword_read_map(loader, node, "rule", rule_keywords, COUNT(rule_keywords), &raw) != 0)
        return -1;
    int result = understand(loader, node, sets, &raw);
    *rule = raw.rule;
    return result;
}

struct rule_id {
    const struct config_rule *rule;
    UT_hash_handle hh;
};

static struct rule_id *find_id(const struct rules *rules, const char *id)
{
    struct rule_id *entry = NULL;
    HASH_FIND_STR(rules->ids, id, entry);
    return entry;
}

static int remember_id(struct loader *loader, struct rules *rules, const struct config_rule *rule)
{
    const struct rule_id *other = find_id(rules, rule->id);
    if (other != NULL)
        return report_error(loader->report, &rule->mark, "the id '%s' is on line %u already", rule->id,
                            other->rule->mark.line);
    struct rule_id *entry = arena_alloc(loader->scratch, sizeof *entry);
    if (entry == NULL)
        return keyword_out_of_memory(loader);
    entry->rule = rule;
    HASH_ADD_KEYPTR(hh, rules->ids, rule->id, strlen(rule->id), entry);
    return entry->hh.tbl == NULL ? keyword_out_of_memory(loader) : 0;
}

int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets, struct rules *rules)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_LIST, "rules"))
        return -1;
    rules->items = arena_array(loader->scratch, node->count, sizeof *rules->items);
    if (rules->items == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_rule *rule = &rules->items[rules->count];
        if (read_rule(loader, child, sets, rule) != 0)
            result = -1;
        rule->number = (uint32_t)rules->count++;
        if (rule->id != NULL && remember_id(loader, rules, rule) != 0)
            result = -1;
    }
    return result;
}

bool rules_know(const struct rules *rules, const char *id)
{
    return find_id(rules, id) != NULL;
}

void rules_done(struct rules *rules)
{
    HASH_CLEAR(hh, rules->ids);
}
