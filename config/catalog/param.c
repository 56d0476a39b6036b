/* catalog.yaml, `parameters`: what a caller may say, and how each generation of the API says it. */
#include "config/catalog/param.h"

#include "base/text.h"
#include "config/catalog/param_secret.h"
#include "config/model/config.h"
#include "config/model/pattern.h"
#include "config/reader/keyword.h"

#include <string.h>

enum { PARAM_PATTERN_MAX = 512, PARAM_ITEMS_DEFAULT = 100 };

static const char *const type_names[] = {"string", "integer", "boolean", "strings", NULL};
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
    if (wire->filter && api == CONFIG_API2)
        return report_error(loader->report, &param->mark, "%s: filters are API 3.0's", api_names[api]);
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
    {"capture", keyword_name, PARAM(capture), OPTIONAL, 0, 0, NULL},
    {"required", keyword_bool, PARAM(required), OPTIONAL, 0, 0, NULL},
    {"default", keyword_text, PARAM(preset), OPTIONAL, 0, 0, NULL},
    {"pattern", read_pattern, PARAM(pattern), OPTIONAL, 0, 0, NULL},
    {"former", read_pattern, PARAM(former), OPTIONAL, 0, 0, NULL},
    {"partial", keyword_bool, PARAM(partial), OPTIONAL, 0, 0, NULL},
    {"secret", param_secret_read, PARAM(secret), OPTIONAL, 0, 0, NULL},
    {"min", keyword_number, PARAM(min), OPTIONAL, 0, 0, NULL},
    {"max", keyword_number, PARAM(max), OPTIONAL, 0, 0, NULL},
    {"max_items", keyword_number, PARAM(max_items), OPTIONAL, 1, 1000, NULL},
    {"api2", read_wire, PARAM(wire[CONFIG_API2]), OPTIONAL, 0, 0, NULL},
    {"api3", read_wire, PARAM(wire[CONFIG_API3]), OPTIONAL, 0, 0, NULL},
};

/* What nobody said must be as good as what a caller could have said. */
static bool is_good_preset(const struct config_param *param)
{
    long long number = 0;
    const char *text = param->preset;
    if (strlen(text) > CONFIG_VALUE_MAX)
        return false;
    switch (param->type) {
    case CONFIG_INTEGER:
        return keyword_parse_number(text, &number) && number >= param->min && number <= param->max &&
               text[0] != '-' && (text[0] != '0' || text[1] == '\0');
    case CONFIG_BOOLEAN:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case CONFIG_STRING:
        return config_match(&param->pattern, text) == PATTERN_FITS;
    default:
        return false;
    }
}

static int check_param(struct loader *loader, const struct config_param *param)
{
    int result = 0;
    if (!config_is_param_name(param->name))
        result = report_error(loader->report, &param->mark,
                              "'%.64s' cannot be a parameter's name: letters and digits, and not one of the "
                              "common request parameters",
                              param->name);
    if (param->former.text != NULL &&
        (param->pattern.text == NULL || (param->type != CONFIG_STRING && param->type != CONFIG_STRINGS)))
        result = report_error(loader->report, &param->mark,
                              "former is for ids: texts, with a pattern that says the current form");
    if (param->min > param->max)
        result = report_error(loader->report, &param->mark, "min is above max: no value would do");
    if (param->preset != NULL && param->required)
        result = report_error(loader->report, &param->mark, "what is required needs no default");
    else if (param->preset != NULL && !is_good_preset(param))
        result = report_error(loader->report, &param->mark, "the default is no value of its type and bounds");
    for (int api = 0; api < CONFIG_APIS; api++)
        if (check_wire(loader, param, api) != 0)
            result = -1;
    return param_secret_check(loader, param) != 0 ? -1 : result;
}

static int read_param(struct loader *loader, const struct yaml_node *node, struct config_param *param)
{
    *param = (struct config_param){.name = node->key,
                                   .capture = node->key,
                                   .mark = node->key_mark,
                                   .min = 0,
                                   .max = INT32_MAX,
                                   .max_items = PARAM_ITEMS_DEFAULT};
    if (name_wires(loader, param) != 0)
        return -1;
    int result = keyword_read_map(loader, node, "parameter", param_keywords, COUNT(param_keywords), param);
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

static int check_pair(struct loader *loader, const struct config_param *a, const struct config_param *b,
                      int api)
{
    const struct config_wire *one = &a->wire[api];
    const struct config_wire *other = &b->wire[api];
    if (one->name == NULL || other->name == NULL || one->filter != other->filter ||
        strcmp(one->name, other->name) != 0)
        return 0;
    return report_error(loader->report, &b->mark, "%s: %s is called '%s', too", api_names[api], a->name,
                        one->name);
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
