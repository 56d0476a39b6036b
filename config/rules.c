/* policy.yaml, `rules`: what each client may do, where, when and from where. */
#include "config/parts.h"

#include "base/text.h"

#include <string.h>

static const char *const mode_names[] = {"enforce", "audit", NULL};
static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- where ---- */

/* One parameter's values: plain texts are one list, and each $set is another. */
static int read_condition(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                          struct config_condition *condition)
{
    struct config_patterns *own = arena_alloc(loader->arena, sizeof *own);
    struct config_patterns all = {0};
    condition->name = node->key;
    condition->mark = node->key_mark;
    if (own == NULL)
        return keyword_out_of_memory(loader);
    if (sets_read_patterns(loader, node, node->key, &all) != 0)
        return -1;
    condition->lists = arena_array(loader->arena, all.count + 1, sizeof *condition->lists);
    own->items = arena_array(loader->arena, all.count, sizeof *own->items);
    if (condition->lists == NULL || own->items == NULL)
        return keyword_out_of_memory(loader);
    condition->lists[condition->count++] = own;
    for (size_t i = 0; i < all.count; i++) {
        if (all.items[i][0] != '$') {
            own->items[own->count++] = all.items[i];
            continue;
        }
        const struct config_patterns *set = sets_use(sets, all.items[i] + 1);
        if (set == NULL)
            return report_error(loader->report, &node->mark, "there is no set '%.64s'", all.items[i] + 1);
        condition->lists[condition->count++] = set;
    }
    return 0;
}

static bool route_has(const struct config_route *route, const char *param)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (strcmp(route->params[i].name, param) == 0)
            return true;
    return false;
}

/* A misspelt parameter in a deny would deny nothing and nobody would notice: it is an error. */
static int check_condition(struct loader *loader, const struct config_rule *rule,
                           const struct config_condition *condition)
{
    bool known = strcmp(condition->name, "region") == 0;
    bool reaches = false;
    for (size_t i = 0; i < loader->config->route_count; i++) {
        const struct config_route *route = &loader->config->routes[i];
        if (!config_matches(&rule->actions, route->action))
            continue;
        reaches = true;
        known = known || route_has(route, condition->name);
    }
    if (reaches && !known)
        return report_error(loader->report, &condition->mark,
                            "none of the rule's actions has a parameter '%.64s'", condition->name);
    return 0;
}

static int read_where(struct loader *loader, const struct yaml_node *where, struct sets *sets,
                      struct config_rule *rule)
{
    int result = 0;
    if (!keyword_expect(loader, where, YAML_MAP, "where"))
        return -1;
    rule->conditions = arena_array(loader->arena, where->count, sizeof *rule->conditions);
    if (rule->conditions == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = where->children; child != NULL; child = child->next) {
        struct config_condition *condition = &rule->conditions[rule->condition_count++];
        if (read_condition(loader, child, sets, condition) != 0 ||
            check_condition(loader, rule, condition) != 0)
            result = -1;
    }
    return result;
}

/* ---- when ---- */

static int day_of(const char *text)
{
    for (int day = 0; day < 7; day++)
        if (strcmp(text, day_names[day]) == 0)
            return day;
    return -1;
}

/* "mon", or "mon-fri" which may go over the week's end */
static int read_day(const char *text, unsigned *days)
{
    char first[4] = "";
    const char *dash = strchr(text, '-');
    size_t length = dash == NULL ? strlen(text) : (size_t)(dash - text);
    if (length != 3)
        return -1;
    memcpy(first, text, 3);
    int from = day_of(first);
    int until = dash == NULL ? from : day_of(dash + 1);
    if (from < 0 || until < 0)
        return -1;
    for (int day = from;; day = (day + 1) % 7) {
        *days |= 1U << day;
        if (day == until)
            return 0;
    }
}

static int read_days(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    unsigned days = 0;
    struct config_patterns texts = {0};
    if (sets_read_patterns(loader, node, keyword->name, &texts) != 0)
        return -1;
    for (size_t i = 0; i < texts.count; i++)
        if (read_day(texts.items[i], &days) != 0)
            return report_error(
                loader->report, &node->mark,
                "days must be of mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri");
    *(unsigned *)field = days;
    return 0;
}

/* "09:00" to "24:00" in minutes; -1 otherwise */
static int read_clock(const char *text)
{
    for (size_t i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : (text[i] < '0' || text[i] > '9'))
            return -1;
    int minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    return text[3] > '5' || minutes > 1440 ? -1 : minutes;
}

/* "09:00-18:00" */
static int read_hours(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    struct config_when *when = (struct config_when *)(void *)((char *)field - keyword->offset);
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    bool shaped = strlen(node->text) == 11 && node->text[5] == '-';
    when->from = shaped ? read_clock(node->text) : -1;
    when->until = shaped ? read_clock(node->text + 6) : -1;
    if (when->from < 0 || when->until < 0 || when->from == 1440 || when->from == when->until)
        return report_error(loader->report, &node->mark, "hours must be like 09:00-18:00 or 22:00-06:00");
    return 0;
}

static int read_zone(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct err err = {0};
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    const struct zone *zone = zone_load(node->text, loader->arena, &err);
    if (zone == NULL)
        return report_error(loader->report, &node->mark, "%s", err.text);
    *(const struct zone **)field = zone;
    return 0;
}

#define WHEN(field) offsetof(struct config_when, field)
static const struct keyword when_keywords[] = {
    {"days", read_days, WHEN(days), OPTIONAL, 0, 0, NULL},
    {"hours", read_hours, WHEN(from), OPTIONAL, 0, 0, NULL},
    {"zone", read_zone, WHEN(zone), REQUIRED, 0, 0, NULL},
};

static int read_when(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct config_when *when = arena_alloc(loader->arena, sizeof *when);
    if (when == NULL)
        return keyword_out_of_memory(loader);
    *when = (struct config_when){.days = 0x7F, .from = 0, .until = 1440};
    if (keyword_read_map(loader, node, keyword->name, when_keywords, COUNT(when_keywords), when) != 0)
        return -1;
    *(const struct config_when **)field = when;
    return 0;
}

/* ---- from ---- */

static int read_from(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct config_rule *rule = (struct config_rule *)(void *)((char *)field - keyword->offset);
    struct config_patterns texts = {0};
    if (sets_read_patterns(loader, node, keyword->name, &texts) != 0)
        return -1;
    rule->networks = arena_array(loader->arena, texts.count, sizeof *rule->networks);
    if (rule->networks == NULL)
        return keyword_out_of_memory(loader);
    for (size_t i = 0; i < texts.count; i++)
        if (!network_parse(texts.items[i], &rule->networks[rule->network_count++]))
            return report_error(
                loader->report, &node->mark,
                "from must list networks such as 10.0.0.0/8, without bits behind the prefix: '%.64s'",
                texts.items[i]);
    return 0;
}

/* ---- a rule ---- */

/* A client's name, or a prefix and one '*': what an index can be built on. */
static int check_clients(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        const char *star = strchr(item->text, '*');
        struct config_client *client = NULL;
        bool found = false;
        HASH_FIND_STR(loader->config->clients, item->text, client);
        if (star != NULL && (star[1] != '\0' || star - item->text > 64))
            result =
                report_error(loader->report, &item->mark,
                             "a client is a name, or a prefix of at most 64 characters and '*' at its end");
        else if (star == NULL && client == NULL)
            result = report_error(loader->report, &item->mark, "there is no client '%.64s'", item->text);
        for (client = loader->config->clients; star != NULL && client != NULL && !found;
             client = client->hh.next)
            found = text_matches(item->text, client->name);
        if (star != NULL && !found)
            report_warning(loader->report, &item->mark, "no client matches '%.64s'", item->text);
    }
    return result;
}

static void check_actions(struct loader *loader, const struct yaml_node *node)
{
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        bool found = false;
        for (size_t i = 0; i < loader->config->route_count; i++)
            found = found || text_matches(item->text, loader->config->routes[i].action);
        if (!found)
            report_warning(loader->report, &item->mark, "no route leads to an action '%.64s'", item->text);
    }
}

/* What a rule's map says, before it is understood. */
struct raw_rule {
    struct config_rule rule;
    const struct yaml_node *allow;
    const struct yaml_node *deny;
    const struct yaml_node *actions;
    const struct yaml_node *where;
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
    {"when", read_when, RULE(when), OPTIONAL, 0, 0, NULL},
    {"from", read_from, RULE(networks), OPTIONAL, 0, 0, NULL},
    {"mode", keyword_choice, RAW(mode), OPTIONAL, 0, 0, mode_names},
    {"expires", keyword_time, RULE(expires), OPTIONAL, 0, 0, NULL},
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
    if (sets_read_patterns(loader, clients, clients->key, &rule->clients) != 0 ||
        sets_read_patterns(loader, raw->actions, "actions", &rule->actions) != 0)
        return -1;
    int result = check_clients(loader, clients);
    check_actions(loader, raw->actions);
    if (raw->where != NULL && read_where(loader, raw->where, sets, rule) != 0)
        result = -1;
    if (rule->expires <= loader->now)
        report_warning(loader->report, &node->mark, "rule '%s' has expired: it never matches", rule->id);
    return result;
}

static int read_rule(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                     struct config_rule *rule)
{
    struct raw_rule raw = {.rule = {.expires = CONFIG_NEVER}};
    /* read_from() and its like find their struct by its offset: rule comes first */
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

static int check_ids(struct loader *loader)
{
    int result = 0;
    struct rule_id *ids = NULL;
    for (size_t i = 0; i < loader->config->rule_count; i++) {
        const struct config_rule *rule = &loader->config->rules[i];
        struct rule_id *entry = NULL;
        if (rule->id == NULL)
            continue;
        HASH_FIND_STR(ids, rule->id, entry);
        if (entry != NULL) {
            result = report_error(loader->report, &rule->mark, "the id '%s' is on line %u already", rule->id,
                                  entry->rule->mark.line);
            continue;
        }
        entry = arena_alloc(loader->arena, sizeof *entry);
        if (entry == NULL) {
            result = keyword_out_of_memory(loader);
            break;
        }
        entry->rule = rule;
        HASH_ADD_KEYPTR(hh, ids, rule->id, strlen(rule->id), entry);
    }
    HASH_CLEAR(hh, ids);
    return result;
}

int rules_read(struct loader *loader, const struct yaml_node *node, struct sets *sets)
{
    int result = 0;
    struct config *config = loader->config;
    if (!keyword_expect(loader, node, YAML_LIST, "rules"))
        return -1;
    config->rules = arena_array(loader->arena, node->count, sizeof *config->rules);
    if (config->rules == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_rule(loader, child, sets, &config->rules[config->rule_count++]) != 0)
            result = -1;
    return check_ids(loader) == 0 ? result : -1;
}
