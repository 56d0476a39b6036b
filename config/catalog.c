/* catalog.yaml: which requests there are, and what each becomes. */
#include "config/parts.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    CATALOG_SEGMENTS_MAX = 16,
    CATALOG_PATTERN_MAX = 512,
    CATALOG_ITEMS_DEFAULT = 100,
};

static const char *const methods[] = {"DELETE", "GET", "PATCH", "POST", "PUT", NULL};
static const char *const effect_names[] = {"read", "change", NULL};
static const char *const type_names[] = {"string", "integer", "strings", NULL};

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

/* Matches whole values: ^(...)$ is put around it here, so that nobody forgets.  By itself it must be one,
 * too: "a)|(b" is one only between the two. */
static int compile_pattern(const char *text, const char *anchored, regex_t *pattern)
{
    int code = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
    if (code != 0)
        return code;
    regfree(pattern);
    return regcomp(pattern, anchored, REG_EXTENDED | REG_NOSUB);
}

static int read_pattern(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_param *param = (struct config_param *)(void *)((char *)field - keyword->offset);
    const char *text = NULL;
    char anchored[CATALOG_PATTERN_MAX + sizeof "^()$"];
    char reason[128];
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    size_t length = strlen(text);
    if (length > CATALOG_PATTERN_MAX)
        return report_error(loader->report, &node->mark, "pattern is longer than %d characters",
                            CATALOG_PATTERN_MAX);
    memcpy(anchored, "^(", 2);
    memcpy(anchored + 2, text, length);
    memcpy(anchored + 2 + length, ")$", sizeof ")$");
    int code = compile_pattern(text, anchored, &param->pattern);
    if (code != 0) {
        (void)regerror(code, &param->pattern, reason, sizeof reason);
        return report_error(loader->report, &node->mark, "pattern is not a POSIX extended one: %s", reason);
    }
    param->has_pattern = true;
    return 0;
}

#define PARAM(field) offsetof(struct config_param, field)
static const struct keyword param_keywords[] = {
    {"in", read_sources, PARAM(sources), REQUIRED, 0, 0, NULL},
    {"type", keyword_choice, PARAM(type), REQUIRED, 0, 0, type_names},
    {"required", keyword_bool, PARAM(required), OPTIONAL, 0, 0, NULL},
    {"pattern", read_pattern, PARAM(pattern), OPTIONAL, 0, 0, NULL},
    {"min", keyword_number, PARAM(min), OPTIONAL, 0, 0, NULL},
    {"max", keyword_number, PARAM(max), OPTIONAL, 0, 0, NULL},
    {"max_items", keyword_number, PARAM(max_items), OPTIONAL, 1, 1000, NULL},
};

static int read_params(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_route *route = (struct config_route *)(void *)((char *)field - keyword->offset);
    int result = 0;
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    route->params = arena_array(loader->arena, node->count, sizeof *route->params);
    if (route->params == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_param *param = &route->params[route->param_count++];
        *param = (struct config_param){.name = child->key,
                                       .mark = child->key_mark,
                                       .min = 0,
                                       .max = INT32_MAX,
                                       .max_items = CATALOG_ITEMS_DEFAULT};
        if (!config_is_param_name(child->key))
            result =
                report_error(loader->report, &child->key_mark,
                             "'%.64s' cannot be a parameter's name: letters and digits, and not one of the "
                             "common request parameters",
                             child->key);
        if (keyword_read_map(loader, child, "parameter", param_keywords, COUNT(param_keywords), param) != 0)
            result = -1;
        if (param->min > param->max)
            result = report_error(loader->report, &child->key_mark, "min is above max: no value would do");
    }
    return result;
}

static struct config_param *find_param(struct config_route *route, const char *name)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (strcmp(route->params[i].name, name) == 0)
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

#define ROUTE(field) offsetof(struct config_route, field)
static const struct keyword route_keywords[] = {
    {"request", read_request, ROUTE(method), REQUIRED, 0, 0, NULL},
    {"service", keyword_name, ROUTE(service), REQUIRED, 0, 0, NULL},
    {"action", keyword_name, ROUTE(action), REQUIRED, 0, 0, NULL},
    {"effect", keyword_choice, ROUTE(effect), REQUIRED, 0, 0, effect_names},
    {"success", keyword_number, ROUTE(success), OPTIONAL, 200, 299, NULL},
    {"task", keyword_name, ROUTE(task), OPTIONAL, 0, 0, NULL},
    {"parameters", read_params, ROUTE(params), REQUIRED, 0, 0, NULL},
};

/* Each capture is a parameter that says so, and the other way round. */
static int check_captures(struct loader *loader, struct config_route *route)
{
    int result = 0;
    for (size_t i = 0; i < route->segment_count; i++) {
        const struct config_segment *segment = &route->segments[i];
        const struct config_param *param = segment->capture ? find_param(route, segment->text) : NULL;
        if (segment->capture && (param == NULL || param->sources != CONFIG_IN_PATH))
            result = report_error(loader->report, &route->mark,
                                  "the capture {%s} needs a parameter of that name with in: [path]",
                                  segment->text);
    }
    for (size_t i = 0; i < route->param_count; i++) {
        bool captured = false;
        for (size_t j = 0; j < route->segment_count; j++)
            captured = captured || (route->segments[j].capture &&
                                    strcmp(route->segments[j].text, route->params[i].name) == 0);
        if ((route->params[i].sources & CONFIG_IN_PATH) != 0 && !captured)
            result = report_error(loader->report, &route->params[i].mark, "the path has no {%s}",
                                  route->params[i].name);
    }
    return result;
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
        if (other->action != NULL && strcmp(other->action, route->action) == 0) {
            route->action_index = other->action_index;
            return;
        }
    route->action_index = config->action_count++;
}

static int read_route(struct loader *loader, const struct yaml_node *node)
{
    struct config *config = loader->config;
    struct config_route *route = &config->routes[config->route_count++];
    *route = (struct config_route){.mark = node->mark, .success = 200};
    if (keyword_read_map(loader, node, "route", route_keywords, COUNT(route_keywords), route) != 0 ||
        check_captures(loader, route) != 0)
        return -1;
    number_action(config, route);
    for (size_t i = 0; i + 1 < config->route_count; i++)
        if (config->routes[i].segments != NULL && overlap(&config->routes[i], route))
            return report_error(loader->report, &node->mark,
                                "the route of line %u could take the same requests",
                                config->routes[i].mark.line);
    return 0;
}

static int read_routes(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    int result = 0;
    (void)field;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    loader->config->routes = arena_array(loader->arena, node->count, sizeof *loader->config->routes);
    if (loader->config->routes == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_route(loader, child) != 0)
            result = -1;
    return result;
}

static const struct keyword catalog_keywords[] = {
    {"version", keyword_version, 0, REQUIRED, 0, 0, NULL},
    {"routes", read_routes, 0, REQUIRED, 0, 0, NULL},
};

int catalog_read(struct loader *loader, const struct yaml_node *root)
{
    return keyword_read_map(loader, root, "catalog", catalog_keywords, COUNT(catalog_keywords),
                            loader->config);
}

void catalog_done(struct config_route *route)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (route->params[i].has_pattern)
            regfree(&route->params[i].pattern);
}
