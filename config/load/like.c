#include "config/load/like.h"

#include "config/definitions/definitions_file.h"
#include "config/model/config.h"

#include <string.h>

enum { LIKE_ITEMS_MAX = 1000 }; /* of a list of texts: what a catalog's max_items may be */

/* ---- which definition ---- */

/* One version of a service; several routes can be like its actions. */
struct kept {
    struct definitions definitions;
    struct kept *next;
};

struct likes {
    struct loader *loader;
    struct digest *digest;
    struct kept *kept; /* the newest first */
};

static bool is_kept(const struct likes *likes, const char *service)
{
    for (const struct kept *kept = likes->kept; kept != NULL; kept = kept->next)
        if (strcmp(kept->definitions.service, service) == 0)
            return true;
    return false;
}

static int read_service(struct likes *likes, const struct config_route *route)
{
    struct loader *loader = likes->loader;
    const char *folder = loader->config->definitions_folder;
    struct err err = {0};
    const char **paths;
    size_t count;
    if (definitions_file_list(folder, route->like.service, &paths, &count, loader->arena, &err) != 0)
        return report_error(loader->report, &route->like.mark, "like: %s", err.text);
    if (count == 0)
        return report_error(loader->report, &route->like.mark,
                            "like: there are no definitions of '%.64s' in %.200s", route->like.service,
                            folder);
    for (size_t i = 0; i < count; i++) { /* the newest comes last */
        struct kept *kept = arena_alloc(loader->arena, sizeof *kept);
        if (kept == NULL)
            return keyword_out_of_memory(loader);
        if (definitions_file_read(paths[i], &kept->definitions, loader->arena, likes->digest, &err) != 0)
            return report_error(loader->report, &route->like.mark, "like: %s", err.text);
        if (strcmp(kept->definitions.service, route->like.service) != 0)
            return report_error(loader->report, &route->like.mark, "like: %.200s is of the service '%.64s'",
                                paths[i], kept->definitions.service);
        kept->next = likes->kept;
        likes->kept = kept;
    }
    return 0;
}

/* Of the version that the route says, or of the newest that has it. */
static const struct definitions_action *find_action(const struct likes *likes, struct config_route *route)
{
    struct config_dialect *dialect = &route->dialects[CONFIG_API3];
    const char *other = NULL; /* a version that has it */
    bool known = false;       /* there is the route's version */
    for (const struct kept *kept = likes->kept; kept != NULL; kept = kept->next) {
        if (strcmp(kept->definitions.service, route->like.service) != 0)
            continue;
        const struct definitions_action *action = definitions_action(&kept->definitions, route->like.action);
        bool wanted = route->like.any_version || strcmp(kept->definitions.version, dialect->version) == 0;
        known = known || wanted;
        if (action != NULL && wanted) {
            dialect->version = kept->definitions.version;
            return action;
        }
        other = action == NULL ? other : kept->definitions.version;
    }
    if (other != NULL)
        (void)report_error(
            likes->loader->report, &route->like.mark,
            "like: %.64s has the action '%.128s' in version %.16s, and api3 says version %.16s",
            route->like.service, route->like.action, other, dialect->version);
    else
        (void)report_error(likes->loader->report, &route->like.mark,
                           known ? "like: %.64s has no action '%.128s'"
                                 : "like: %.64s has no action '%.128s', and no version as api3 says it",
                           route->like.service, route->like.action);
    return NULL;
}

/* ---- what its members are as parameters ---- */

static int type_of(const struct definitions_member *member)
{
    if (member->list)
        return member->type != DEFINITIONS_OBJECT && member->type != DEFINITIONS_INT64 &&
                       member->type != DEFINITIONS_UINT64 && member->type != DEFINITIONS_FLOAT &&
                       member->type != DEFINITIONS_BOOL
                   ? CONFIG_STRINGS
                   : CONFIG_LIST;
    switch (member->type) {
    case DEFINITIONS_INT64:
    case DEFINITIONS_UINT64:
        return CONFIG_INTEGER;
    case DEFINITIONS_FLOAT:
        return CONFIG_NUMBER;
    case DEFINITIONS_BOOL:
        return CONFIG_BOOLEAN;
    case DEFINITIONS_OBJECT:
        return CONFIG_OBJECT;
    default:
        return CONFIG_STRING;
    }
}

static void make_param(struct config_param *param, const struct definitions_member *member,
                       const struct mark *mark)
{
    *param = (struct config_param){.name = member->name,
                                   .capture = member->name,
                                   .mark = *mark,
                                   .sources = CONFIG_IN_BODY,
                                   .type = type_of(member),
                                   .required = member->required,
                                   .secret = definitions_gives_power(member),
                                   .secret_said = true,
                                   .empty = true,
                                   .length = CONFIG_LENGTH_MAX,
                                   .min = member->type == DEFINITIONS_UINT64 ? 0 : INT64_MIN,
                                   .max = INT64_MAX,
                                   .max_items = LIKE_ITEMS_MAX,
                                   .member = member};
    param->wire[CONFIG_API3].name = member->name;
    param->wire[CONFIG_API3].max_items = LIKE_ITEMS_MAX;
}

/* By a parameter of the route's own: filters are one member. */
static bool is_said(const struct config_route *route, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const struct config_wire *wire = &route->params[i].wire[CONFIG_API3];
        if (wire->name != NULL && strcmp(wire->filter ? "Filters" : wire->name, name) == 0)
            return true;
    }
    return false;
}

static int check_said(struct loader *loader, const struct config_route *route,
                      const struct definitions_object *input)
{
    int result = 0;
    for (size_t i = 0; i < route->param_count; i++) {
        const struct config_wire *wire = &route->params[i].wire[CONFIG_API3];
        const char *name = wire->name == NULL ? NULL : wire->filter ? "Filters" : wire->name;
        if (name != NULL && definitions_member(input, name, strlen(name)) == NULL)
            result =
                report_error(loader->report, &route->params[i].mark, "%.64s:%.128s has no parameter '%.64s'",
                             route->like.service, route->like.action, name);
    }
    return result;
}

static int add_params(struct loader *loader, struct config_route *route,
                      const struct definitions_object *input)
{
    size_t said = route->param_count;
    struct config_param *params = arena_array(loader->arena, said + input->member_count, sizeof *params);
    if (params == NULL)
        return keyword_out_of_memory(loader);
    if (said > 0)
        memcpy(params, route->params, said * sizeof *params);
    route->params = params;
    for (size_t i = 0; i < input->member_count; i++) {
        const struct definitions_member *member = &input->members[i];
        if (member->disabled || is_said(route, said, member->name))
            continue;
        if (!config_is_param_name(member->name))
            return report_error(loader->report, &route->like.mark,
                                "like: the parameter '%.64s' of %.128s has a name that no route can take",
                                member->name, route->like.action);
        make_param(&params[route->param_count++], member, &route->like.mark);
    }
    return 0;
}

static int settle_one(struct likes *likes, struct config_route *route)
{
    struct loader *loader = likes->loader;
    if (!is_kept(likes, route->like.service) && read_service(likes, route) != 0)
        return -1;
    const struct definitions_action *action = find_action(likes, route);
    if (action == NULL || check_said(loader, route, action->input) != 0)
        return -1;
    if (route->effect == CONFIG_READ && action->effect != DEFINITIONS_READ)
        return report_error(loader->report, &route->like.mark,
                            "like: the effect of %.64s:%.128s is %s, and the route's is read",
                            route->like.service, route->like.action, definitions_effect_name(action->effect));
    return add_params(loader, route, action->input);
}

int like_settle(struct loader *loader, struct digest *digest)
{
    struct likes likes = {.loader = loader, .digest = digest};
    struct config *config = loader->config;
    int result = 0;
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i].like.service != NULL && settle_one(&likes, &config->routes[i]) != 0)
            result = -1;
    return result;
}
