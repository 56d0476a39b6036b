/* catalog.yaml, `parameters`: what a caller may say, and how each generation of the API says it. */
#include "config/catalog/param.h"

#include "base/text.h"
#include "config/catalog/param_secret.h"
#include "config/model/config.h"
#include "config/model/param_value.h"
#include "config/model/pattern.h"
#include "config/reader/keyword.h"

#include <string.h>

enum { PARAM_PATTERN_MAX = 512 };

static const char *const type_names[] = {"string", "integer", "boolean", "strings", "number",
                                         "object", "list",    "map",     NULL};
static const char *const api_names[CONFIG_APIS] = {"api2", "api3"};

static int read_sources(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    unsigned sources = 0;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        const char *text = item->kind == YAML_SCALAR ? item->text : "";
        if (strcmp(text, "path") == 0)
            sources |= CONFIG_IN_PATH;
        else if (strcmp(text, "query") == 0)
            sources |= CONFIG_IN_QUERY;
        else if (strcmp(text, "body") == 0)
            sources |= CONFIG_IN_BODY;
        else
            return report_error(loader->report, &item->mark, "in must list path, query or body");
    }
    if (sources == 0) /* nobody could ever give it */
        return report_error(loader->report, &node->mark, "in must list path, query or body");
    *(unsigned *)field = sources;
    return 0;
}

static int read_pattern(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct err err = {0};
    struct config_pattern *pattern = field;
    if (keyword_text(loader, node, keyword, &pattern->text) != 0)
        return -1;
    if (strlen(pattern->text) > PARAM_PATTERN_MAX)
        return report_error(loader->report, &node->mark, "%s is longer than %d characters", keyword->name,
                            PARAM_PATTERN_MAX);
    pattern->compiled = pattern_new(pattern->text, &err);
    if (pattern->compiled == NULL)
        return report_error(loader->report, &node->mark, "%s is no regular expression: %s", keyword->name,
                            err.text);
    return 0;
}

/* Any text, also an empty one and one with line feeds: param_value_check_default() tells whether it is
 * good. */
static int read_default(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    const char *copy = arena_strdup(loader->arena, node->text);
    if (copy == NULL)
        return keyword_out_of_memory(loader);
    *(const char **)field = copy;
    return 0;
}

/* The only values; of one alone, what a call has that does not say it. */
static int read_values(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_param *param = (struct config_param *)(void *)((char *)field - keyword->offset);
    if (keyword_expect_items(loader, node, keyword->name) != 0)
        return -1;
    param->values = arena_array(loader->arena, node->count, sizeof *param->values);
    if (param->values == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next)
        if (read_default(loader, item, keyword, &param->values[param->value_count++]) != 0)
            return -1;
    return 0;
}

/* ---- what a generation says in its place ---- */

#define WIRE(field) offsetof(struct config_wire, field)
static const struct keyword wire_keywords[] = {
    {"name", keyword_name, WIRE(name), OPTIONAL, 0, 0, NULL},
    {"filter", keyword_bool, WIRE(filter), OPTIONAL, 0, 0, NULL},
    {"quoted", keyword_bool, WIRE(quoted), OPTIONAL, 0, 0, NULL},
    {"pattern", read_pattern, WIRE(pattern), OPTIONAL, 0, 0, NULL},
    {"max_items", keyword_number, WIRE(max_items), OPTIONAL, 1, 1000, NULL},
};

/* `none`, another name, or a map of what differs. */
static int read_wire(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct config_wire *wire = field;
    if (node->kind != YAML_SCALAR)
        return keyword_read_map(loader, node, keyword->name, wire_keywords, COUNT(wire_keywords), wire);
    if (keyword_name(loader, node, keyword, &wire->name) != 0)
        return -1;
    if (strcmp(wire->name, "none") == 0)
        wire->name = NULL;
    return 0;
}

/* The vendor's convention: vpcId in 2.0 is VpcId in 3.0. */
static int name_wires(struct loader *loader, struct config_param *param)
{
    char *name = arena_strdup(loader->arena, param->name);
    if (name == NULL)
        return keyword_out_of_memory(loader);
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    param->wire[CONFIG_API2].name = param->name;
    param->wire[CONFIG_API3].name = name;
    return 0;
}

static int check_wire(struct loader *loader, const struct config_param *param, int api)
{
    const struct config_wire *wire = &param->wire[api];
    if (wire->filter && (api == CONFIG_API2 || config_is_structured(param)))
        return report_error(loader->report, &param->mark, "%s: filters are API 3.0's, and texts",
                            api_names[api]);
    if (wire->quoted && (api == CONFIG_API2 || param->type != CONFIG_INTEGER))
        return report_error(loader->report, &param->mark, "%s: quoted is for an integer in API 3.0",
                            api_names[api]);
    if (wire->name != NULL && !wire->filter && config_is_param_name(param->name) &&
        !config_is_param_name(wire->name))
        return report_error(
            loader->report, &param->mark,
            "%s: '%.64s' cannot be a parameter's name: letters and digits, and not one of the "
            "common request parameters",
            api_names[api], wire->name);
    if (wire->filter && param->empty && param->type == CONFIG_STRINGS)
        return report_error(loader->report, &param->mark, "%s: a filter has values: empty is not for it",
                            api_names[api]);
    if (wire->max_items > param->max_items)
        return report_error(loader->report, &param->mark, "%s: max_items is above the parameter's own",
                            api_names[api]);
    return 0;
}

/* ---- a parameter ---- */

#define PARAM(field) offsetof(struct config_param, field)
static const struct keyword param_keywords[] = {
    {"in", read_sources, PARAM(sources), REQUIRED, 0, 0, NULL},
    {"type", keyword_choice, PARAM(type), REQUIRED, 0, 0, type_names},
    {"about", keyword_text, PARAM(about), OPTIONAL, 0, 0, NULL},
    {"example", keyword_text, PARAM(example), OPTIONAL, 0, 0, NULL},
    {"capture", keyword_name, PARAM(capture), OPTIONAL, 0, 0, NULL},
    {"required", keyword_bool, PARAM(required), OPTIONAL, 0, 0, NULL},
    {"default", read_default, PARAM(preset), OPTIONAL, 0, 0, NULL},
    {"values", read_values, PARAM(values), OPTIONAL, 0, 0, NULL},
    {"pattern", read_pattern, PARAM(pattern), OPTIONAL, 0, 0, NULL},
    {"former", read_pattern, PARAM(former), OPTIONAL, 0, 0, NULL},
    {"partial", keyword_bool, PARAM(partial), OPTIONAL, 0, 0, NULL},
    {"secret", param_secret_read, PARAM(secret), OPTIONAL, 0, 0, NULL},
    {"length", keyword_number, PARAM(length), OPTIONAL, 1, CONFIG_LENGTH_MAX, NULL},
    {"empty", keyword_bool, PARAM(empty), OPTIONAL, 0, 0, NULL},
    {"min", keyword_number, PARAM(min), OPTIONAL, 0, 0, NULL},
    {"max", keyword_number, PARAM(max), OPTIONAL, 0, 0, NULL},
    {"max_items", keyword_number, PARAM(max_items), OPTIONAL, 1, 1000, NULL},
    {"api2", read_wire, PARAM(wire[CONFIG_API2]), OPTIONAL, 0, 0, NULL},
    {"api3", read_wire, PARAM(wire[CONFIG_API3]), OPTIONAL, 0, 0, NULL},
};

static bool is_text(const struct config_param *param)
{
    return param->type == CONFIG_STRING || param->type == CONFIG_STRINGS;
}

static void warn_idle(struct loader *loader, const struct config_param *param, const char *keys,
                      const char *type)
{
    report_find(
        loader->report,
        &(struct report_kind){.severity = REPORT_SUGGESTION, .mark = &param->mark, .advice = "take it out"},
        "%s of '%.64s' bounds nothing: it is for %s", keys, param->name, type);
}

/* What is said is for another type: of the older keys a warning, since catalogs have them. */
static int check_keys(struct loader *loader, const struct config_param *param)
{
    if (param->type != CONFIG_INTEGER && (param->min != 0 || param->max != CONFIG_INTEGER_MAX))
        warn_idle(loader, param, "min or max", "an integer");
    if (param->type != CONFIG_STRINGS && param->max_items != 0)
        warn_idle(loader, param, "max_items", "strings");
    if (!is_text(param) && (param->length != 0 || param->empty))
        return report_error(loader->report, &param->mark,
                            "length and empty are for a string and for strings");
    if (config_is_structured(param) && param->sources != CONFIG_IN_BODY)
        return report_error(loader->report, &param->mark, "object, list and map are for the body");
    if (config_is_structured(param) &&
        (param->pattern.text != NULL || param->preset != NULL || param->values != NULL || param->secret))
        return report_error(loader->report, &param->mark,
                            "pattern, default, values and secret are not for an object, a list or a map");
    if (param->empty && param->sources == CONFIG_IN_PATH)
        return report_error(loader->report, &param->mark,
                            "empty is for the query and the body: a segment of a path never is");
    return 0;
}

/* Bytes of the shortest text that can have the form; 0: nobody knows. */
static size_t shortest(const struct config_param *param, const struct config_pattern *wire)
{
    size_t own = param->pattern.compiled == NULL ? 0 : pattern_shortest(param->pattern.compiled);
    size_t former = param->former.compiled == NULL ? own : pattern_shortest(param->former.compiled);
    size_t other = wire->compiled == NULL ? 0 : pattern_shortest(wire->compiled);
    size_t least = former < own ? former : own;
    return other > least ? other : least;
}

/* Bounds that contradict one another: every call would be refused. */
static int check_bounds(struct loader *loader, const struct config_param *param)
{
    if (param->min > param->max)
        return report_error(loader->report, &param->mark,
                            "min %lld is above max %lld: no value would do (where they are not said they are "
                            "0 and %d)",
                            param->min, param->max, CONFIG_INTEGER_MAX);
    if (param->type == CONFIG_BOOLEAN && param_value_check(param, NULL, "true", NULL) != 0 &&
        param_value_check(param, NULL, "false", NULL) != 0)
        return report_error(loader->report, &param->mark,
                            "pattern fits neither true nor false: no value would do");
    for (int api = 0; api < CONFIG_APIS && is_text(param); api++) {
        size_t least = shortest(param, &param->wire[api].pattern);
        if (least > (size_t)param->length)
            return report_error(loader->report, &param->mark,
                                "pattern needs %zu bytes, and length is %lld: no value would do", least,
                                param->length);
    }
    return 0;
}

/* As a call would have it, in any generation: param_check_default() is for the upstream's own. */
static int check_default(struct loader *loader, const struct config_param *param)
{
    struct err err = {0};
    if (param->preset == NULL)
        return 0;
    if (param->required)
        return report_error(loader->report, &param->mark, "what is required needs no default");
    if (param_value_check_default(param, NULL, param->preset, &err) != 0)
        return report_error(loader->report, &param->mark, "no call could have the default: %s", err.text);
    return 0;
}

/* As a call would have them. */
static int check_values(struct loader *loader, struct config_param *param)
{
    for (size_t i = 0; i < param->value_count; i++) {
        struct err err = {0};
        if (param_value_check(param, NULL, param->values[i], &err) != 0)
            return report_error(loader->report, &param->mark, "no call could have the value: %s", err.text);
    }
    if (param->value_count == 1 && param->preset == NULL && !param->required && param->type != CONFIG_STRINGS)
        param->preset = param->values[0];
    return 0;
}

/* One value, which readers may copy. */
static int check_example(struct loader *loader, const struct config_param *param)
{
    struct err err = {0};
    if (param->example == NULL)
        return 0;
    if (config_is_structured(param))
        return report_error(loader->report, &param->mark, "example is not for an object, a list or a map");
    if (param_value_check(param, NULL, param->example, &err) != 0)
        return report_error(loader->report, &param->mark, "no call could have the example: %s", err.text);
    return 0;
}

static int check_param(struct loader *loader, struct config_param *param)
{
    int result = check_values(loader, param) != 0 || check_example(loader, param) != 0 ? -1 : 0;
    if (!config_is_param_name(param->name))
        result = report_error(loader->report, &param->mark,
                              "'%.64s' cannot be a parameter's name: letters and digits, and not one of the "
                              "common request parameters",
                              param->name);
    if (param->former.text != NULL &&
        (param->pattern.text == NULL || (param->type != CONFIG_STRING && param->type != CONFIG_STRINGS)))
        result = report_error(loader->report, &param->mark,
                              "former is for ids: texts, with a pattern that says the current form");
    if (check_bounds(loader, param) != 0 || check_default(loader, param) != 0)
        result = -1;
    for (int api = 0; api < CONFIG_APIS; api++)
        if (check_wire(loader, param, api) != 0)
            result = -1;
    return param_secret_check(loader, param) != 0 ? -1 : result;
}

static int read_param(struct loader *loader, const struct yaml_node *node, struct config_param *param)
{
    *param = (struct config_param){
        .name = node->key, .capture = node->key, .mark = node->key_mark, .min = 0, .max = CONFIG_INTEGER_MAX};
    if (name_wires(loader, param) != 0)
        return -1;
    int result = keyword_read_map(loader, node, "parameter", param_keywords, COUNT(param_keywords), param);
    if (check_keys(loader, param) != 0)
        result = -1;
    if (param->length == 0)
        param->length = CONFIG_LENGTH_DEFAULT;
    if (param->max_items == 0)
        param->max_items = CONFIG_ITEMS_DEFAULT;
    for (int api = 0; api < CONFIG_APIS; api++)
        if (param->wire[api].max_items == 0)
            param->wire[api].max_items = param->max_items;
    return check_param(loader, param) != 0 ? -1 : result;
}

int param_read_all(struct loader *loader, const struct yaml_node *node, struct config_route *route)
{
    int result = 0;
    if (!keyword_expect(loader, node, YAML_MAP, "parameters"))
        return -1;
    route->params = arena_array(loader->arena, node->count, sizeof *route->params);
    if (route->params == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_param(loader, child, &route->params[route->param_count++]) != 0)
            result = -1;
    return result;
}

/* Two would be one: by the same name, or as Filters and a filter. */
static int check_pair(struct loader *loader, const struct config_param *a, const struct config_param *b,
                      int api)
{
    const struct config_wire *one = &a->wire[api];
    const struct config_wire *other = &b->wire[api];
    if (one->name == NULL || other->name == NULL)
        return 0;
    if (one->filter == other->filter && strcmp(one->name, other->name) == 0)
        return report_error(loader->report, &b->mark, "%s: %s is called '%s', too", api_names[api], a->name,
                            one->name);
    const struct config_wire *whole = one->filter ? other : one;
    if (one->filter != other->filter && strcmp(whole->name, "Filters") == 0)
        return report_error(loader->report, &b->mark,
                            "%s: %s would be Filters, which is made of the filters: %s is one",
                            api_names[api], one->filter ? b->name : a->name, one->filter ? a->name : b->name);
    return 0;
}

int param_check_wires(struct loader *loader, const struct config_route *route)
{
    int result = 0;
    for (int api = 0; api < CONFIG_APIS; api++)
        for (size_t i = 0; route->dialects[api].supported && i < route->param_count; i++) {
            const struct config_param *param = &route->params[i];
            if (param->required && param->wire[api].name == NULL)
                result = report_error(loader->report, &param->mark, "%s cannot be none: it is required",
                                      api_names[api]);
            for (size_t j = 0; j < i; j++)
                if (check_pair(loader, &route->params[j], param, api) != 0)
                    result = -1;
        }
    return result;
}

int param_check_default(struct loader *loader, const struct config_param *param,
                        const struct config_upstream *upstream)
{
    struct err err = {0};
    if (param->preset == NULL || param_value_check_default(param, upstream, param->preset, &err) == 0)
        return 0;
    return report_error(loader->report, &param->mark,
                        "the upstream '%.64s' refuses each call that leaves it to the default: %s",
                        upstream->name, err.text);
}
