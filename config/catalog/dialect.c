/* catalog.yaml, `api2` and `api3` of a route: how one generation of the API does what the route is for. */
#include "config/catalog/dialect.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include <string.h>

/* "data.status": names with dots between them */
static int read_path(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    const char *text = NULL;
    if (keyword_name(loader, node, keyword, &text) != 0)
        return -1;
    if (strstr(text, "..") != NULL || text[strlen(text) - 1] == '.')
        return report_error(loader->report, &node->mark, "%s must be members with dots between them",
                            keyword->name);
    *(const char **)field = text;
    return 0;
}

#define STATUS(field) offsetof(struct config_status, field)
static const struct keyword status_keywords[] = {
    {"from", read_path, STATUS(from), REQUIRED, 0, 0, NULL},
    {"done", keyword_text, STATUS(names[CONFIG_DONE]), REQUIRED, 0, 0, NULL},
    {"failed", keyword_text, STATUS(names[CONFIG_FAILED]), REQUIRED, 0, 0, NULL},
    {"running", keyword_text, STATUS(names[CONFIG_RUNNING]), REQUIRED, 0, 0, NULL},
};

int dialect_read_status(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    return keyword_read_map(loader, node, keyword->name, status_keywords, COUNT(status_keywords), field);
}

/* The cloud's names and the callers'. */
static int read_renames(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_dialect *dialect = (struct config_dialect *)(void *)((char *)field - keyword->offset);
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    dialect->renames = arena_array(loader->arena, node->count, sizeof *dialect->renames);
    if (dialect->renames == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_rename *rename = &dialect->renames[dialect->rename_count];
        rename->from = child->key;
        if (keyword_name(loader, child, keyword, &rename->to) != 0)
            return -1;
        for (size_t i = 0; i < dialect->rename_count; i++)
            if (strcmp(dialect->renames[i].to, rename->to) == 0)
                return report_error(loader->report, &child->mark, "two members would be called '%s'",
                                    rename->to);
        dialect->rename_count++;
    }
    return 0;
}

#define DIALECT(field) offsetof(struct config_dialect, field)
static const struct keyword dialect_keywords[] = {
    {"action", keyword_name, DIALECT(action), OPTIONAL, 0, 0, NULL},
    {"version", keyword_name, DIALECT(version), OPTIONAL, 0, 0, NULL},
    {"list", keyword_name, DIALECT(list), OPTIONAL, 0, 0, NULL},
    {"total", keyword_name, DIALECT(total), OPTIONAL, 0, 0, NULL},
    {"task", keyword_name, DIALECT(task), OPTIONAL, 0, 0, NULL},
    {"status", dialect_read_status, DIALECT(status), OPTIONAL, 0, 0, NULL},
    {"answer", read_renames, DIALECT(renames), OPTIONAL, 0, 0, NULL},
};

/* `none`, or what differs: the first `known` keywords. */
static int read_dialect(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        struct config_dialect *dialect, size_t known)
{
    if (node->kind == YAML_SCALAR && strcmp(node->text, "none") == 0) {
        dialect->supported = false;
        return 0;
    }
    return keyword_read_map(loader, node, keyword->name, dialect_keywords, known, dialect);
}

/* API 2.0's own names are the route's: only its action can have another. */
int dialect_read_api2(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    return read_dialect(loader, node, keyword, field, 1);
}

int dialect_read_api3(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    return read_dialect(loader, node, keyword, field, COUNT(dialect_keywords));
}

/* What is not said has the vendor's usual name. */
static void fill(struct config_route *route)
{
    struct config_dialect *two = &route->dialects[CONFIG_API2];
    struct config_dialect *three = &route->dialects[CONFIG_API3];
    for (int api = 0; api < CONFIG_APIS; api++)
        if (route->dialects[api].action == NULL)
            route->dialects[api].action = route->action;
    if (route->list != NULL && route->total == NULL)
        route->total = "totalCount";
    two->list = route->list;
    two->total = route->total;
    two->task = route->task;
    if (three->list != NULL && three->total == NULL)
        three->total = "TotalCount";
    if (route->task != NULL && three->task == NULL)
        three->task = "RequestId"; /* the vendor's pages of its asynchronous VPC actions */
    if (three->version == NULL)
        three->version = "2017-03-12"; /* of the services vpc, cvm and cbs */
}

static const struct config_param *find_number(const struct config_route *route, const char *name)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (strcmp(route->params[i].name, name) == 0 && route->params[i].type == CONFIG_INTEGER &&
            (route->params[i].sources & CONFIG_IN_QUERY) != 0)
            return &route->params[i];
    return NULL;
}

static int check_list(struct loader *loader, const struct config_route *route)
{
    const struct config_param *limit = find_number(route, "limit");
    if (route->effect != CONFIG_READ)
        return report_error(loader->report, &route->mark, "list is for an action that reads");
    if (find_number(route, "offset") == NULL || limit == NULL || limit->max == INT32_MAX || limit->max < 1)
        return report_error(loader->report, &route->mark,
                            "list needs the query's integers offset and limit, and a max of limit");
    return 0;
}

/* A task is known by the one capture of the path: Location is made from it. */
static int check_status(struct loader *loader, const struct config_route *route)
{
    size_t captures = 0;
    for (size_t i = 0; i < route->segment_count; i++)
        captures += route->segments[i].capture;
    if (route->effect != CONFIG_READ || strcmp(route->method, "GET") != 0 || captures != 1)
        return report_error(loader->report, &route->mark,
                            "status is for a GET that reads, with the task as the one capture of its path");
    return 0;
}

static int check_both(struct loader *loader, const struct config_route *route)
{
    const struct config_dialect *two = &route->dialects[CONFIG_API2];
    const struct config_dialect *three = &route->dialects[CONFIG_API3];
    if (!two->supported && !three->supported)
        return report_error(loader->report, &route->mark, "api2 and api3 cannot both be none");
    if (three->supported && (three->list != NULL) != (route->list != NULL))
        return report_error(loader->report, &route->mark, "list must be said for the route and for api3");
    if (two->supported && three->supported && (two->status.from != NULL) != (three->status.from != NULL))
        return report_error(loader->report, &route->mark, "status must be said for the route and for api3");
    return 0;
}

int dialect_check(struct loader *loader, struct config_route *route)
{
    fill(route);
    int result = check_both(loader, route);
    if (route->list != NULL && check_list(loader, route) != 0)
        result = -1;
    if (config_tells_status(route) && check_status(loader, route) != 0)
        result = -1;
    if (route->single != NULL && (route->effect != CONFIG_READ || route->list != NULL))
        result = report_error(loader->report, &route->mark, "one is for an action that reads, and no list");
    if (route->task != NULL && route->effect != CONFIG_CHANGE)
        result = report_error(loader->report, &route->mark, "task is for an action that changes");
    return result;
}
