/* catalog.yaml, `api2` and `api3` of a route: how one generation of the API does what the route is for. */
#include "config/catalog/dialect.h"

#include "base/text.h"
#include "config/catalog/route_list.h"
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
    {"next", keyword_name, DIALECT(next), OPTIONAL, 0, 0, NULL},
    {"last", route_list_read_last, DIALECT(last), OPTIONAL, 0, 0, NULL},
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

/* "nextToken" is NextToken in API 3.0, as parameters are. */
static int name_token(struct loader *loader, const struct config_route *route, struct config_dialect *three)
{
    if (route->next == NULL || three->next != NULL)
        return 0;
    char *name = arena_strdup(loader->arena, route->next);
    if (name == NULL)
        return keyword_out_of_memory(loader);
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    three->next = name;
    return 0;
}

/* What is not said has the vendor's usual name. */
static int fill(struct loader *loader, struct config_route *route)
{
    struct config_dialect *two = &route->dialects[CONFIG_API2];
    struct config_dialect *three = &route->dialects[CONFIG_API3];
    for (int api = 0; api < CONFIG_APIS; api++)
        if (route->dialects[api].action == NULL)
            route->dialects[api].action = route->action;
    if (route->list != NULL && route->total == NULL && route->next == NULL)
        route->total = "totalCount";
    two->list = route->list;
    two->total = route->total;
    two->next = route->next;
    two->task = route->task;
    if (three->list != NULL && three->total == NULL && route->total != NULL)
        three->total = "TotalCount";
    if (route->task != NULL && three->task == NULL)
        three->task = "RequestId"; /* the vendor's pages of its asynchronous VPC actions */
    if (three->version == NULL)
        three->version = "2017-03-12"; /* of the services vpc, cvm and cbs */
    return name_token(loader, route, three);
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

/* ---- members of answers ---- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* A member beside those that every answer has for itself: here callers would find no list of the route's. */
static int check_member(struct loader *loader, const struct config_route *route, const char *key,
                        const char *name, const char *const *taken)
{
    if (name == NULL || (!is_one_of(name, taken) && strchr(name, '.') == NULL))
        return 0;
    return report_error(loader->report, &route->mark,
                        is_one_of(name, taken)
                            ? "%s cannot be '%.64s': every answer has that for something else"
                            : "%s must be a member of the answer itself, not a path: '%.64s'",
                        key, name);
}

/* API 3.0's members begin with a capital letter (the vendor's "response structure" pages). */
static void warn_small(struct loader *loader, const struct config_route *route, const char *key,
                       const char *name)
{
    if (name != NULL && name[0] >= 'a' && name[0] <= 'z')
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SUGGESTION,
                                          .mark = &route->mark,
                                          .advice = "say the cloud's name, in api3"},
                    "%s is '%.64s', and no answer of API 3.0 has a member that begins with a small letter",
                    key, name);
}

/* `answer` renames what comes; `list` and `total` of api3 are what comes. */
static int check_renamed(struct loader *loader, const struct config_route *route, const char *key,
                         const char *from, const char *to)
{
    const struct config_dialect *three = &route->dialects[CONFIG_API3];
    const char *before = NULL;
    bool is_said = false;
    for (size_t i = 0; from != NULL && i < three->rename_count; i++) {
        const struct config_rename *rename = &three->renames[i];
        if (strcmp(rename->from, from) == 0 && strcmp(rename->to, to) != 0)
            return report_error(loader->report, &route->mark,
                                "api3: answer calls '%.64s' '%.64s', and as the %s it is '%.64s'", from,
                                rename->to, key, to);
        is_said = is_said || strcmp(rename->from, from) == 0;
        before = strcmp(rename->to, from) == 0 ? rename->from : before;
    }
    if (before == NULL || is_said)
        return 0;
    return report_error(loader->report, &route->mark,
                        "api3: %s is the cloud's name: '%.64s' is what callers call '%.64s'", key, from,
                        before);
}

/* The cloud's name of `one` in API 3.0. */
static const char *single_in_api3(const struct config_route *route)
{
    const struct config_dialect *three = &route->dialects[CONFIG_API3];
    for (size_t i = 0; route->single != NULL && i < three->rename_count; i++)
        if (strcmp(three->renames[i].to, route->single) == 0)
            return three->renames[i].from;
    return route->single;
}

/* What no answer has could never be paged, counted or found empty. */
static int check_members(struct loader *loader, const struct config_route *route)
{
    static const char *const ours[] = {"code", "codeDesc", "message", "requestId", NULL};
    static const char *const theirs[] = {"Error", "RequestId", NULL}; /* of `Response` */
    const struct config_dialect *three = &route->dialects[CONFIG_API3];
    int result = 0;
    if (check_member(loader, route, "list", route->list, ours) != 0 ||
        check_member(loader, route, "total", route->total, ours) != 0 ||
        check_member(loader, route, "next", route->next, ours) != 0 ||
        check_member(loader, route, "one", route->single, ours) != 0)
        result = -1;
    if (route->list != NULL && route->total != NULL && strcmp(route->list, route->total) == 0)
        result = report_error(loader->report, &route->mark, "list and total cannot be one member: '%.64s'",
                              route->list);
    if (route->list != NULL && route->next != NULL && strcmp(route->list, route->next) == 0)
        result = report_error(loader->report, &route->mark, "list and next cannot be one member: '%.64s'",
                              route->list);
    if (!three->supported)
        return result;
    if (check_member(loader, route, "api3: list", three->list, theirs) != 0 ||
        check_member(loader, route, "api3: total", three->total, theirs) != 0 ||
        check_member(loader, route, "api3: next", three->next, theirs) != 0 ||
        check_member(loader, route, "api3: last", three->last.member, theirs) != 0 ||
        check_member(loader, route, "api3: one", single_in_api3(route), theirs) != 0 ||
        (route->list != NULL && (check_renamed(loader, route, "list", three->list, route->list) != 0 ||
                                 check_renamed(loader, route, "total", three->total, route->total) != 0 ||
                                 check_renamed(loader, route, "next", three->next, route->next) != 0)))
        result = -1;
    if (result != 0)
        return -1;
    warn_small(loader, route, "list", three->list);
    warn_small(loader, route, "total", three->total);
    warn_small(loader, route, "next", three->next);
    warn_small(loader, route, "one", single_in_api3(route));
    return 0;
}

int dialect_check(struct loader *loader, struct config_route *route)
{
    int result = fill(loader, route);
    if (check_both(loader, route) != 0)
        result = -1;
    if (route_list_check(loader, route) != 0)
        result = -1;
    if (config_tells_status(route) && check_status(loader, route) != 0)
        result = -1;
    if (route->single != NULL && (route->effect != CONFIG_READ || route->list != NULL))
        result = report_error(loader->report, &route->mark, "one is for an action that reads, and no list");
    if (route->task != NULL && route->effect != CONFIG_CHANGE)
        result = report_error(loader->report, &route->mark, "task is for an action that changes");
    if (result == 0 && check_members(loader, route) != 0)
        result = -1;
    return result;
}
