/* catalog.yaml: which requests there are, and what each becomes. */
#include "config/catalog/catalog.h"

#include "base/text.h"
#include "config/catalog/answer_type.h"
#include "config/catalog/dialect.h"
#include "config/catalog/param.h"
#include "config/catalog/param_secret.h"
#include "config/catalog/regions.h"
#include "config/catalog/route_id.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include <stdlib.h>
#include <string.h>

enum { CATALOG_SEGMENTS_MAX = 16 };

static const char *const methods[] = {"DELETE", "GET", "PATCH", "POST", "PUT", NULL};
static const char *const effect_names[] = {"read", "change", NULL};

static int read_params(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    return param_read_all(loader, node, (struct config_route *)(void *)((char *)field - keyword->offset));
}

static struct config_param *find_captured(struct config_route *route, const char *capture)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (strcmp(route->params[i].capture, capture) == 0)
            return &route->params[i];
    return NULL;
}

static int read_segment(struct loader *loader, struct config_route *route, const struct mark *mark,
                        char *text)
{
    size_t length = strlen(text);
    struct config_segment *segment = &route->segments[route->segment_count++];
    segment->capture = length > 2 && text[0] == '{' && text[length - 1] == '}';
    if (segment->capture) {
        text[length - 1] = '\0';
        text++;
    }
    segment->text = text;
    for (size_t i = 0; segment->capture && i + 1 < route->segment_count; i++)
        if (route->segments[i].capture && strcmp(route->segments[i].text, text) == 0)
            return report_error(loader->report, mark, "the path has {%s} twice", text);
    bool good = length > 0;
    for (const char *c = text; *c != '\0'; c++)
        good = good && text_is_unreserved((unsigned char)*c);
    if (!good)
        return report_error(loader->report, mark,
                            "a path segment is a word or a {capture}, with letters, digits and - . _ ~ only");
    return 0;
}

/* "/vpcs/{vpcId}" -> segments */
static int read_template(struct loader *loader, struct config_route *route, const struct mark *mark)
{
    char *copy = arena_strdup(loader->arena, route->template);
    route->segments = arena_array(loader->arena, CATALOG_SEGMENTS_MAX, sizeof *route->segments);
    if (copy == NULL || route->segments == NULL)
        return keyword_out_of_memory(loader);
    for (char *at = copy; at != NULL;) {
        char *next = strchr(at + 1, '/');
        if (next != NULL)
            *next = '\0';
        if (route->segment_count == CATALOG_SEGMENTS_MAX)
            return report_error(loader->report, mark, "more than %d path segments", CATALOG_SEGMENTS_MAX);
        if (read_segment(loader, route, mark, at + 1) != 0)
            return -1;
        at = next;
    }
    return 0;
}

/* "DELETE /vpcs/{vpcId}/classiclinks" */
static int read_request(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_route *route = (struct config_route *)(void *)((char *)field - keyword->offset);
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    for (int i = 0; methods[i] != NULL; i++) {
        size_t length = strlen(methods[i]);
        if (strncmp(text, methods[i], length) == 0 && text[length] == ' ' && text[length + 1] == '/') {
            route->method = methods[i];
            route->template = text + length + 1;
            return read_template(loader, route, &node->mark);
        }
    }
    return report_error(loader->report, &node->mark,
                        "request must be a method and a path, such as DELETE /vpcs/{vpcId}/classiclinks");
}

/* "{ vpcId: unVpcId }" */
static int read_tells(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    struct config_rename *tells = field;
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    if (node->count != 1)
        return report_error(loader->report, &node->mark, "tells is one parameter and one member");
    tells->to = node->children->key;
    return keyword_name(loader, node->children, keyword, &tells->from);
}

/* "vpc:CreateSecurityGroupPolicies" */
static int read_like(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct config_like *like = field;
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    const char *colon = strchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    if (length == 0 || length >= CONFIG_SERVICE_MAX || !definitions_is_name(colon + 1, strlen(colon + 1)))
        return report_error(loader->report, &node->mark,
                            "like is a service and an action, such as vpc:CreateSecurityGroupPolicies");
    like->mark = node->mark;
    like->action = colon + 1;
    like->service = arena_copy(loader->arena, text, length);
    return like->service == NULL ? keyword_out_of_memory(loader) : 0;
}

#define ROUTE(field) offsetof(struct config_route, field)
static const struct keyword route_keywords[] = {
    {"request", read_request, ROUTE(method), REQUIRED, 0, 0, NULL},
    {"id", keyword_name, ROUTE(id), OPTIONAL, 0, 0, NULL},
    {"summary", keyword_text, ROUTE(summary), OPTIONAL, 0, 0, NULL},
    {"service", keyword_name, ROUTE(service), OPTIONAL, 0, 0, NULL}, /* see settle_like() */
    {"action", keyword_name, ROUTE(action), OPTIONAL, 0, 0, NULL},
    {"effect", keyword_choice, ROUTE(effect), OPTIONAL, 0, 0, effect_names},
    {"like", read_like, ROUTE(like), OPTIONAL, 0, 0, NULL},
    {"safe", keyword_bool, ROUTE(safe), OPTIONAL, 0, 0, NULL},
    /* 205 and 206 promise what no answer of ours keeps: RFC 9110 sections 15.3.6 and 15.3.7 */
    {"success", keyword_number, ROUTE(success), OPTIONAL, 200, 204, NULL},
    {"task", keyword_name, ROUTE(task), OPTIONAL, 0, 0, NULL},
    {"task_route", keyword_name, ROUTE(task_route), OPTIONAL, 0, 0, NULL},
    {"status", dialect_read_status, ROUTE(dialects[CONFIG_API2].status), OPTIONAL, 0, 0, NULL},
    {"list", keyword_name, ROUTE(list), OPTIONAL, 0, 0, NULL},
    {"total", keyword_name, ROUTE(total), OPTIONAL, 0, 0, NULL},
    {"next", keyword_name, ROUTE(next), OPTIONAL, 0, 0, NULL},
    {"one", keyword_name, ROUTE(single), OPTIONAL, 0, 0, NULL},
    {"tells", read_tells, ROUTE(tells), OPTIONAL, 0, 0, NULL},
    {"returns", keyword_name, ROUTE(returns_name), OPTIONAL, 0, 0, NULL},
    {"api2", dialect_read_api2, ROUTE(dialects[CONFIG_API2]), OPTIONAL, 0, 0, NULL},
    {"api3", dialect_read_api3, ROUTE(dialects[CONFIG_API3]), OPTIONAL, 0, 0, NULL},
    {"parameters", read_params, ROUTE(params), OPTIONAL, 0, 0, NULL},
};

/* `like` says what else has to be said; config/load/like.c adds the parameters. */
static int settle_like(struct loader *loader, const struct yaml_node *node, struct config_route *route)
{
    static const char *const needed[] = {"service", "action", "effect", "parameters"};
    struct config_like *like = &route->like;
    struct config_dialect *three = &route->dialects[CONFIG_API3];
    int result = 0;
    for (size_t i = 0; node->kind == YAML_MAP && yaml_get(node, "like") == NULL && i < COUNT(needed); i++)
        if (yaml_get(node, needed[i]) == NULL)
            result = report_error(loader->report, &node->mark, "route lacks the key '%s'", needed[i]);
    if (like->service == NULL || route->method == NULL)
        return result;
    if (strcmp(route->method, "GET") == 0)
        return report_error(loader->report, &like->mark, "like is a body's, and a GET has none");
    if (route->service == NULL)
        route->service = like->service;
    if (route->action == NULL)
        route->action = like->action;
    if (three->action == NULL)
        three->action = like->action;
    if (yaml_get(node, "effect") == NULL)
        route->effect = route->safe ? CONFIG_READ : CONFIG_CHANGE;
    if (strcmp(route->service, like->service) != 0 || strcmp(three->action, like->action) != 0)
        return report_error(loader->report, &like->mark,
                            "like is of %.64s:%.128s, and the route of %.64s:%.128s", like->service,
                            like->action, route->service, three->action);
    if (!three->supported)
        return report_error(loader->report, &like->mark, "like is of API 3.0, and api3 is none");
    like->any_version = three->version == NULL;
    route->dialects[CONFIG_API2].supported = false; /* the definitions are API 3.0's */
    return 0;
}

/* Whatever stands between repeats a GET, and nobody but us knows that a DELETE only reads: what the method
 * promises and what the route does must be the same (RFC 9110 section 9.2). */
static int check_effect(struct loader *loader, const struct config_route *route)
{
    bool safe = strcmp(route->method, "GET") == 0;
    bool reads = route->effect == CONFIG_READ;
    if (safe && !reads)
        return report_error(loader->report, &route->mark,
                            "effect: change is not for GET, which proxies and callers repeat: use POST, "
                            "PUT, PATCH or DELETE");
    if (route->safe && (safe || !reads))
        return report_error(loader->report, &route->mark,
                            "safe: true is for a route that reads by another method than GET");
    if (!safe && reads && !route->safe)
        return report_error(loader->report, &route->mark,
                            "effect: read of a %s would repeat it where an answer is lost: write safe: true "
                            "as well if it changes nothing",
                            route->method);
    return 0;
}

/* Each capture is a parameter that says so, and the other way round. */
static int check_captures(struct loader *loader, struct config_route *route)
{
    int result = 0;
    for (size_t i = 0; i < route->segment_count; i++) {
        const struct config_segment *segment = &route->segments[i];
        const struct config_param *param = segment->capture ? find_captured(route, segment->text) : NULL;
        if (segment->capture && (param == NULL || param->sources != CONFIG_IN_PATH))
            result = report_error(loader->report, &route->mark,
                                  "the capture {%s} needs a parameter of that name with in: [path]",
                                  segment->text);
    }
    for (size_t i = 0; i < route->param_count; i++) {
        bool captured = false;
        for (size_t j = 0; j < route->segment_count; j++)
            captured = captured || (route->segments[j].capture &&
                                    strcmp(route->segments[j].text, route->params[i].capture) == 0);
        if ((route->params[i].sources & CONFIG_IN_PATH) != 0 && !captured)
            result = report_error(loader->report, &route->params[i].mark, "the path has no {%s}",
                                  route->params[i].capture);
    }
    return result;
}

/* A former id is looked up by a call that needs nothing else, for an answer that is one thing. */
static int check_tells(struct loader *loader, const struct config_route *route)
{
    bool good = route->single != NULL && route->effect == CONFIG_READ;
    if (route->tells.to == NULL)
        return 0;
    for (size_t i = 0; i < route->param_count; i++)
        good = good && strcmp(route->params[i].name, route->tells.to) == 0 &&
               route->params[i].former.text != NULL;
    if (good && route->param_count == 1)
        return 0;
    return report_error(loader->report, &route->mark,
                        "tells is for a read with `one`, and one parameter that has `former`: '%.64s'",
                        route->tells.to);
}

/* Two routes that one request could match: nobody should have to know which comes first. */
static bool overlap(const struct config_route *a, const struct config_route *b)
{
    if (strcmp(a->method, b->method) != 0 || a->segment_count != b->segment_count)
        return false;
    for (size_t i = 0; i < a->segment_count; i++)
        if (!a->segments[i].capture && !b->segments[i].capture &&
            strcmp(a->segments[i].text, b->segments[i].text) != 0)
            return false;
    return true;
}

/* Actions are numbered: tables beside the catalog are indexed by them. */
static void number_action(struct config *config, struct config_route *route)
{
    for (const struct config_route *other = config->routes; other < route; other++)
        if (other->action != NULL && other->service != NULL && strcmp(other->action, route->action) == 0 &&
            strcmp(other->service, route->service) == 0) {
            route->action_index = other->action_index;
            return;
        }
    route->action_index = config->action_count++;
}

static int report_pair(struct loader *loader, const struct config_route *route,
                       const struct config_route *other, const char *what)
{
    if (strcmp(other->mark.file, route->mark.file) == 0)
        return report_error(loader->report, &route->mark, "the route of line %u %s", other->mark.line, what);
    return report_error(loader->report, &route->mark, "the route of %.200s:%u %s", other->mark.file,
                        other->mark.line, what);
}

static bool is_same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0; /* NULL: was reported */
}

/* Do both lead to one action: by the name that policies know, or by the one that is sent? */
static bool is_same_action(const struct config_route *a, const struct config_route *b)
{
    bool same = is_same_name(a->action, b->action);
    for (int api = 0; api < CONFIG_APIS && strcmp(a->service, b->service) == 0; api++)
        same = same || (a->dialects[api].supported && b->dialects[api].supported &&
                        is_same_name(a->dialects[api].action, b->dialects[api].action));
    return same;
}

/* Beside those that are there already. */
static int check_others(struct loader *loader, const struct config_route *route)
{
    for (const struct config_route *other = loader->config->routes; other < route; other++) {
        if (other->segments == NULL || other->service == NULL)
            continue; /* was reported */
        if (overlap(other, route))
            return report_pair(loader, route, other, "could take the same requests");
        if (other->effect != route->effect && is_same_action(other, route))
            return report_pair(loader, route, other, "has the same action, with another effect");
    }
    return 0;
}

static int read_route(struct loader *loader, const struct yaml_node *node)
{
    struct config *config = loader->config;
    struct config_route *route = &config->routes[config->route_count++];
    *route = (struct config_route){
        .mark = node->mark, .success = 200, .dialects = {{.supported = true}, {.supported = true}}};
    int result = keyword_read_map(loader, node, "route", route_keywords, COUNT(route_keywords), route);
    param_secret_warn(loader, route);
    if (settle_like(loader, node, route) != 0 || result != 0 || check_captures(loader, route) != 0 ||
        dialect_check(loader, route) != 0 || param_check_wires(loader, route) != 0 ||
        check_tells(loader, route) != 0 || check_effect(loader, route) != 0) {
        route->like.service = NULL;                            /* was reported */
        if (route->service == NULL || route->action == NULL) { /* nothing could refer to it */
            config_route_done(route);
            config->route_count--;
        }
        return -1;
    }
    number_action(config, route);
    return check_others(loader, route) != 0 || route_id_settle(loader, route) != 0 ? -1 : 0;
}

/* Room for `count` more. */
static int grow(struct loader *loader, size_t count)
{
    struct config *config = loader->config;
    struct config_route *routes = arena_array(loader->arena, config->route_count + count, sizeof *routes);
    if (routes == NULL)
        return keyword_out_of_memory(loader);
    if (config->route_count > 0)
        memcpy(routes, config->routes, config->route_count * sizeof *routes);
    config->routes = routes;
    return 0;
}

static int read_routes(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    int result = 0;
    (void)field;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    if (grow(loader, node->count) != 0)
        return -1;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_route(loader, child) != 0)
            result = -1;
    return result;
}

static const struct keyword catalog_keywords[] = {
    {"version", keyword_version, 0, REQUIRED, 0, 0, NULL},
    {"routes", read_routes, 0, OPTIONAL, 0, 0, NULL},
    {"regions", regions_read, 0, OPTIONAL, 0, 0, NULL},
    {"types", answer_type_read_all, 0, OPTIONAL, 0, 0, NULL},
};

int catalog_read(struct loader *loader, const struct yaml_node *root)
{
    int result =
        keyword_read_map(loader, root, "catalog", catalog_keywords, COUNT(catalog_keywords), loader->config);
    return answer_type_link(loader) != 0 ? -1 : result;
}
