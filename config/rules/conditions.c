#include "config/rules/conditions.h"

#include "base/buf.h"
#include "config/rights/words.h"
#include "config/rules/document_paths.h"
#include "config/rules/secret_values.h"
#include "config/rules/things.h"
#include "config/rules/value_warnings.h"

#include <stdio.h>
#include <string.h>

/* A misspelt parameter in a deny would deny nothing and nobody would notice: it is an error. */
static int find_param(struct loader *loader, const struct config_rule *rule, const struct yaml_node *node,
                      uint32_t *number)
{
    bool reaches = document_paths_reached(loader->config, rule);
    bool is_object = false;
    bool inside = false;
    *number = CONFIG_REGION;
    if (strcmp(node->key, "region") == 0)
        return 0;
    for (size_t i = 0; i < loader->config->route_count; i++) {
        const struct config_route *route = &loader->config->routes[i];
        if (!config_reaches(rule, route))
            continue;
        reaches = true;
        for (size_t j = 0; j < route->param_count; j++)
            if (strcmp(route->params[j].name, node->key) == 0) {
                *number = route->params[j].number;
                is_object = config_is_structured(&route->params[j]);
                inside = true;
                break;
            } else if (document_paths_inside(&route->params[j], node->key) != NULL) {
                return document_paths_name(loader, node->key, number);
            }
        if (inside)
            break;
    }
    if (!inside && document_paths_number(loader, rule, node->key, number, &is_object) != 0)
        return -1;
    if (is_object &&
        (node->kind != YAML_MAP || node->children == NULL || strcmp(node->children->key, "absent") != 0))
        return report_error(loader->report, &node->key_mark,
                            "'%.128s' is an object: name a member of it, or say { absent: true }", node->key);
    if (*number != UINT32_MAX)
        return 0;
    *number = UINT32_MAX; /* without a route to any of its actions the rule is never asked: a warning tells */
    if (!reaches)
        return 0;
    return report_error(loader->report, &node->key_mark,
                        "none of the rule's actions has a parameter '%.128s'", node->key);
}

/* A $set is a list of its own, shared by all rules that name it. */
static int use_set(struct loader *loader, const struct yaml_node *item, struct sets *sets,
                   enum config_effect effect, struct config_condition *condition)
{
    const struct config_values *values = sets_use(loader, sets, item->text + 1, condition->param, effect);
    if (values == NULL)
        return report_error(loader->report, &item->mark, "there is no set '%.64s'", item->text + 1);
    condition->lists[condition->count++] = values;
    return 0;
}

/* In a list's place: { absent: true }, { min: 1, max: 5 }, { cidr_within: [10.0.0.0/8] }. */
struct asked {
    bool absent;
    const struct yaml_node *min, *max, *cidr_within;
};

static int read_bound(struct loader *loader, const struct yaml_node *node, bool *has, long double *number)
{
    if (node == NULL)
        return 0;
    if (!keyword_expect(loader, node, YAML_SCALAR, node->key))
        return -1;
    *has = true;
    if (!value_set_parse_number(node->text, number))
        return report_error(loader->report, &node->mark, "%s must be a number, such as 5 or 0.5", node->key);
    return 0;
}

static int read_range(struct loader *loader, const struct yaml_node *node, const struct asked *asked,
                      struct config_condition *condition)
{
    char words[2 * CONFIG_ID_MAX];
    struct value_set_range range = {0};
    if (read_bound(loader, asked->min, &range.has_min, &range.min) != 0 ||
        read_bound(loader, asked->max, &range.has_max, &range.max) != 0)
        return -1;
    if (range.has_min && range.has_max && range.min > range.max)
        return report_error(loader->report, &node->mark, "min is more than max: no number is both");
    (void)snprintf(words, sizeof words, "%s%.64s%s%s%.64s", range.has_min ? "at least " : "",
                   range.has_min ? asked->min->text : "", range.has_min && range.has_max ? " and " : "",
                   range.has_max ? "at most " : "", range.has_max ? asked->max->text : "");
    condition->lists[condition->count++] = value_set_new_range(&range, words, loader->arena);
    return condition->lists[0] == NULL ? keyword_out_of_memory(loader) : 0;
}

static int read_within(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                       struct config_condition *condition)
{
    struct network *networks = NULL;
    struct config_patterns texts = {0};
    size_t count = 0;
    if (sets_read_sources(loader, sets, node, loader->scratch, &networks, &count) != 0)
        return -1;
    texts.items = arena_array(loader->scratch, count, sizeof *texts.items);
    if (texts.items == NULL)
        return keyword_out_of_memory(loader);
    for (; texts.count < count; texts.count++) {
        struct buf words;
        buf_init(&words, CONFIG_ID_MAX);
        buf_put(&words, "within ");
        words_put_network(&words, &networks[texts.count]);
        texts.items[texts.count] = arena_strdup(loader->scratch, buf_text(&words));
        buf_done(&words);
        if (texts.items[texts.count] == NULL)
            return keyword_out_of_memory(loader);
    }
    condition->lists[condition->count++] = value_set_new_networks(&texts, networks, loader->arena);
    return condition->lists[0] == NULL ? keyword_out_of_memory(loader) : 0;
}

static int read_asked(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                      struct config_condition *condition)
{
    static const struct keyword keywords[] = {
        {"absent", keyword_bool, offsetof(struct asked, absent), OPTIONAL, 0, 0, NULL},
        {"min", keyword_node, offsetof(struct asked, min), OPTIONAL, 0, 0, NULL},
        {"max", keyword_node, offsetof(struct asked, max), OPTIONAL, 0, 0, NULL},
        {"cidr_within", keyword_node, offsetof(struct asked, cidr_within), OPTIONAL, 0, 0, NULL}};
    struct asked asked = {0};
    if (keyword_read_map(loader, node, node->key, keywords, COUNT(keywords), &asked) != 0)
        return -1;
    bool range = asked.min != NULL || asked.max != NULL;
    bool says_absent = node->count == 1 && strcmp(node->children->key, "absent") == 0;
    if (says_absent && !asked.absent)
        return report_error(loader->report, &node->mark, "absent is true: to ask for any value, say [\"*\"]");
    if (!says_absent && (range == (asked.cidr_within != NULL) || asked.absent))
        return report_error(loader->report, &node->mark,
                            "say one of { absent: true }, { min: ..., max: ... } and { cidr_within: [...] }");
    if (condition->param == CONFIG_REGION)
        return report_error(loader->report, &node->mark,
                            says_absent ? "every call has a region: it is never absent"
                                        : "a region is a name: say which");
    if (says_absent)
        return 0;
    condition->lists = arena_array(loader->scratch, 1, sizeof *condition->lists);
    if (condition->lists == NULL)
        return keyword_out_of_memory(loader);
    return range ? read_range(loader, node, &asked, condition)
                 : read_within(loader, asked.cidr_within, sets, condition);
}

/* One parameter's values: the plain texts are the first list, even when there are none. */
static int read_values(struct loader *loader, const struct yaml_node *node, struct sets *sets,
                       enum config_effect effect, struct config_condition *condition)
{
    struct config_patterns own = {0};
    int result = 0;
    if (node->kind == YAML_MAP)
        return read_asked(loader, node, sets, condition);
    if (sets_read_patterns(loader, node, node->key, loader->scratch, &own) != 0)
        return -1;
    own.count = 0;
    condition->lists = arena_array(loader->scratch, node->count + 2, sizeof *condition->lists);
    if (condition->lists == NULL)
        return keyword_out_of_memory(loader);
    condition->count = 1;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        if (item->text[0] == '$' && use_set(loader, item, sets, effect, condition) != 0)
            result = -1;
        if (item->text[0] == '$')
            continue;
        own.items[own.count++] = item->text;
        value_warnings_warn(loader, condition->param, effect, item->text, &item->mark);
    }
    condition->lists[0] = value_set_new(&own, loader->scratch);
    if (condition->lists[0] == NULL)
        return keyword_out_of_memory(loader);
    return things_add(loader, effect, condition) != 0 ? -1 : result;
}

int conditions_read(struct loader *loader, const struct yaml_node *where, struct sets *sets,
                    struct config_rule *rule)
{
    int result = 0;
    if (!keyword_expect(loader, where, YAML_MAP, "where"))
        return -1;
    rule->conditions = arena_array(loader->scratch, where->count, sizeof *rule->conditions);
    if (rule->conditions == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = where->children; child != NULL; child = child->next) {
        struct config_condition *condition = &rule->conditions[rule->condition_count++];
        if (secret_values_check(loader, child) != 0 ||
            find_param(loader, rule, child, &condition->param) != 0 ||
            read_values(loader, child, sets, rule->effect, condition) != 0)
            result = -1;
    }
    return result;
}
