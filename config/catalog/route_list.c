/* catalog.yaml, `list`, `next` and `last`: pages go by `offset`, or by the token that each answer has for the
 * next one. */
#include "config/catalog/route_list.h"

#include <string.h>

static const char *const api_names[CONFIG_APIS] = {"api2", "api3"};

/* "{ ListOver: true }" */
int route_list_read_last(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                         void *field)
{
    struct config_last *last = field;
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    if (node->count != 1)
        return report_error(loader->report, &node->mark,
                            "last is one member, and what it is on the last page: { ListOver: true }");
    last->member = node->children->key;
    return keyword_bool(loader, node->children, keyword, &last->value);
}

/* NULL: it cannot be asked for in the query, or is no number. */
static const struct config_param *find_number(const struct config_route *route, const char *name)
{
    const struct config_param *param = config_param(route, name);
    bool good = param != NULL && param->type == CONFIG_INTEGER && (param->sources & CONFIG_IN_QUERY) != 0;
    return good ? param : NULL;
}

/* all=true asks for the largest page that there is. */
static bool has_largest(const struct config_param *limit)
{
    return limit != NULL && limit->max < CONFIG_INTEGER_MAX && limit->max >= 1;
}

/* NULL: every generation of the route can say it. */
static const char *lacking(const struct config_route *route, const struct config_param *param)
{
    for (int api = 0; api < CONFIG_APIS; api++)
        if (route->dialects[api].supported && param->wire[api].name == NULL)
            return api_names[api];
    return NULL;
}

static int check_offset(struct loader *loader, const struct config_route *route)
{
    const struct config_param *limit = find_number(route, "limit");
    const struct config_param *offset = find_number(route, "offset");
    if (offset == NULL || !has_largest(limit))
        return report_error(loader->report, &route->mark,
                            "list needs the query's integers offset and limit, and a max of limit below %d",
                            CONFIG_INTEGER_MAX);
    if (offset->min > 0)
        return report_error(loader->report, &offset->mark,
                            "offset must be able to be 0: all=true begins there");
    const char *lacks = lacking(route, offset) != NULL ? lacking(route, offset) : lacking(route, limit);
    if (lacks == NULL)
        return 0;
    return report_error(loader->report, &route->mark,
                        "list needs offset and limit in %s, too: all=true asks for pages by them", lacks);
}

/* The first page has no token, and each other one the one that came with the page before. */
static int check_token(struct loader *loader, const struct config_route *route)
{
    const struct config_param *token = config_param(route, route->next);
    const struct config_param *limit = config_param(route, "limit");
    bool told = route->dialects[CONFIG_API3].supported && route->dialects[CONFIG_API3].last.member != NULL;
    if (token == NULL || (token->sources & CONFIG_IN_QUERY) == 0 ||
        (token->type != CONFIG_STRING && token->type != CONFIG_INTEGER))
        return report_error(loader->report, &route->mark,
                            "next needs a parameter of the query, a string or an integer, that is called "
                            "like it: '%.64s'",
                            route->next);
    if (token->required || token->preset != NULL || token->secret)
        return report_error(loader->report, &token->mark,
                            "the token of a page is not required, not secret, and has no default");
    if (token->type == CONFIG_INTEGER && !told)
        return report_error(loader->report, &token->mark,
                            "a token that is an integer has no end: say `last` in api3");
    if (limit != NULL && (find_number(route, "limit") == NULL || !has_largest(limit)))
        return report_error(loader->report, &limit->mark,
                            "limit must be an integer of the query, with a max below %d", CONFIG_INTEGER_MAX);
    const char *lacks = lacking(route, token);
    if (lacks == NULL && limit != NULL)
        lacks = lacking(route, limit);
    if (lacks == NULL)
        return 0;
    return report_error(loader->report, &route->mark,
                        "next needs %.64s%s in %s, too: all=true asks for pages by %s", route->next,
                        limit == NULL ? "" : " and limit", lacks, limit == NULL ? "it" : "them");
}

int route_list_check(struct loader *loader, const struct config_route *route)
{
    const struct config_dialect *three = &route->dialects[CONFIG_API3];
    if (route->next != NULL && route->list == NULL)
        return report_error(loader->report, &route->mark, "next is for a list");
    if (route->next == NULL && (three->next != NULL || three->last.member != NULL))
        return report_error(loader->report, &route->mark,
                            "next and last of api3 are for a route with `next`: it goes by token");
    if (route->list == NULL)
        return 0;
    if (route->effect != CONFIG_READ)
        return report_error(loader->report, &route->mark, "list is for an action that reads");
    return route->next == NULL ? check_offset(loader, route) : check_token(loader, route);
}
