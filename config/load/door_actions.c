#include "config/load/door_actions.h"

#include "config/definitions/definitions_file.h"
#include "config/load/like.h"
#include "config/load/tasks.h"

#include <string.h>

/* The cloud's answer, and no more is known: it is read as API 3.0 has it. */
static const char door_template[] = "/actions/{service}/{Action}";

/* ---- what the routes of the catalog know of an action ---- */

static bool is_route_of(const struct config_route *route, const char *service, const char *action)
{
    const struct config_dialect *dialect = &route->dialects[CONFIG_API3];
    return strcmp(route->service, service) == 0 && dialect->supported &&
           dialect->action != NULL && /* else something of the route is wrong, and was reported */
           strcmp(dialect->action, action) == 0;
}

/* The first of its routes, with the parameters of all: a document may have any of them. */
static int copy_routes(struct loader *loader, struct config_action *action)
{
    const struct config *config = loader->config;
    const char *service = action->upstream->name;
    const char *name = action->definition->name;
    size_t room = 0;
    for (size_t i = 0; i < config->route_count; i++)
        if (is_route_of(&config->routes[i], service, name))
            room += config->routes[i].param_count;
    struct config_param *params = arena_array(loader->arena, room, sizeof *params);
    if (params == NULL)
        return keyword_out_of_memory(loader);
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        if (!is_route_of(route, service, name))
            continue;
        if (!action->has_route) {
            action->route = *route;
            action->route.params = params;
            action->route.param_count = 0;
        }
        action->has_route = true;
        for (size_t j = 0; j < route->param_count; j++)
            if (route->params[j].wire[CONFIG_API3].name != NULL &&
                config_param(&action->route, route->params[j].name) == NULL)
                params[action->route.param_count++] = route->params[j];
    }
    return 0;
}

/* ---- one action ---- */

static int effect_of(const struct config *config, const struct config_action *action)
{
    for (size_t i = 0; i < config->exception_count; i++) {
        struct config_exception *exception = &config->exceptions[i];
        const char *colon = strchr(exception->name, ':');
        size_t length = (size_t)(colon - exception->name);
        if (strncmp(exception->name, action->upstream->name, length) != 0 ||
            action->upstream->name[length] != '\0' || strcmp(colon + 1, action->definition->name) != 0)
            continue;
        exception->used = true;
        return exception->effect;
    }
    return action->definition->effect; /* enum definitions_effect has the same order */
}
_Static_assert((int)DEFINITIONS_READ == (int)CONFIG_READ && (int)DEFINITIONS_CHANGE == (int)CONFIG_CHANGE &&
                   (int)DEFINITIONS_SECRET == (int)CONFIG_SECRET,
               "effects of definitions are those of routes");

static int make_action(struct loader *loader, const struct config_service *service,
                       struct config_action *action)
{
    struct config_route *route = &action->route;
    if (copy_routes(loader, action) != 0)
        return -1;
    if (!action->has_route) {
        route->mark = service->upstream->mark;
        route->service = service->upstream->name;
        route->action = action->definition->name;
        route->action_index = loader->config->action_count++;
        route->effect = effect_of(loader->config, action);
        route->success = 200;
        route->dialects[CONFIG_API3].supported = true;
        route->dialects[CONFIG_API3].action = action->definition->name;
        if (route->effect == CONFIG_CHANGE && tasks_begins(route->service, route->action))
            route->task = route->dialects[CONFIG_API3].task = "RequestId";
    }
    route->method = "POST";
    route->template = door_template;
    route->segments = NULL;
    route->segment_count = 0;
    route->list = route->total = route->next = NULL; /* one page, as the caller asks for it */
    route->single = NULL;
    route->tells = (struct config_rename){0};
    route->dialects[CONFIG_API3].version = service->definitions->version;
    route->document = action;
    return 0;
}

/* ---- services ---- */

static int read_file(struct loader *loader, const struct config_upstream *upstream, const char *path,
                     struct digest *digest)
{
    struct err err = {0};
    struct config *config = loader->config;
    struct config_service *service = &config->services[config->service_count];
    struct definitions *definitions = arena_alloc(loader->arena, sizeof *definitions);
    if (definitions == NULL)
        return keyword_out_of_memory(loader);
    if (definitions_file_read(path, definitions, loader->arena, digest, &err) != 0)
        return report_error(loader->report, &upstream->mark, "%s", err.text);
    if (strcmp(definitions->service, upstream->name) != 0)
        return report_error(loader->report, &upstream->mark, "%.200s is of the service '%.64s'", path,
                            definitions->service);
    service->definitions = definitions;
    service->upstream = upstream;
    service->actions = arena_array(loader->arena, definitions->action_count, sizeof *service->actions);
    if (service->actions == NULL)
        return keyword_out_of_memory(loader);
    for (size_t i = 0; i < definitions->action_count; i++) {
        service->actions[i].definition = &definitions->actions[i];
        service->actions[i].upstream = upstream;
        if (make_action(loader, service, &service->actions[i]) != 0)
            return -1;
    }
    config->service_count++;
    return 0;
}

/* TC3 signs them as JSON, the query signatures flattened. */
static bool takes_documents(const struct config_upstream *upstream)
{
    return upstream->api == CONFIG_API3 || upstream->any_generation;
}

static void tell(struct loader *loader, const struct config_upstream *upstream, const char *advice,
                 const char *what)
{
    report_find(
        loader->report,
        &(struct report_kind){.severity = REPORT_SUGGESTION, .mark = &upstream->mark, .advice = advice},
        "no action of '%s' can be called by its document: %s", upstream->name, what);
}

static int read_service(struct loader *loader, const struct config_upstream *upstream, struct digest *digest)
{
    struct err err = {0};
    const char **paths;
    size_t count;
    int result = 0;
    struct config *config = loader->config;
    if (definitions_file_list(config->definitions_folder, upstream->name, &paths, &count, loader->arena,
                              &err) != 0)
        return report_error(loader->report, &upstream->mark, "%s", err.text);
    if (count == 0)
        tell(loader, upstream, "import them (countersign definitions import)",
             "there are no definitions of it");
    struct config_service *services =
        arena_array(loader->arena, config->service_count + count, sizeof *services);
    if (services == NULL)
        return keyword_out_of_memory(loader);
    if (config->service_count > 0)
        memcpy(services, config->services, config->service_count * sizeof *services);
    config->services = services;
    for (size_t i = 0; i < count; i++)
        if (read_file(loader, upstream, paths[i], digest) != 0)
            result = -1;
    return result;
}

static void check_exceptions(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->exception_count && config_takes_documents(config); i++)
        if (!config->exceptions[i].used)
            report_find(loader->report,
                        &(struct report_kind){.severity = REPORT_SECURITY,
                                              .mark = &config->exceptions[i].mark,
                                              .advice = "correct its name, or take it out"},
                        "no action '%.128s' of an upstream has its effect from the definitions",
                        config->exceptions[i].name);
}

/* "vpc" of ".../vpc-20170312.txt.gz": definitions_file_list() gives no other paths. */
static const char *service_of(const char *path, struct arena *arena)
{
    const char *name = strrchr(path, '/') + 1;
    return arena_copy(arena, name, (size_t)(strrchr(name, '-') - name));
}

/* Which words are services of the cloud, whether they have an upstream or not. */
static int read_known(struct loader *loader)
{
    struct err err = {0};
    struct config *config = loader->config;
    if (definitions_file_list(config->definitions_folder, NULL, &config->known_services,
                              &config->known_service_count, loader->arena, &err) != 0)
        return report_error(loader->report, NULL, "%s", err.text);
    for (size_t i = 0; i < config->known_service_count; i++) {
        config->known_services[i] = service_of(config->known_services[i], loader->arena);
        if (config->known_services[i] == NULL)
            return keyword_out_of_memory(loader);
    }
    return 0;
}

int door_actions_read(struct loader *loader, struct digest *digest)
{
    int result = 0;
    struct config *config = loader->config;
    config->route_action_count = config->action_count;
    if (config->definitions_folder == NULL)
        config->definitions_folder = DEFINITIONS_FOLDER;
    if (like_settle(loader, digest) != 0)
        result = -1;
    for (size_t i = 0; i < config->upstream_count && config_takes_documents(config); i++) {
        const struct config_upstream *upstream = &config->upstreams[i];
        if (config_upstream(config, upstream->name) != upstream)
            continue; /* another account's service */
        if (config->policy_alone && !upstream->any_generation)
            continue; /* the policy names no action of it */
        if (!takes_documents(upstream))
            tell(loader, upstream, "say generation: 3", "documents are of API 3.0");
        else if (read_service(loader, upstream, digest) != 0)
            result = -1;
    }
    if (config->sdk_door && read_known(loader) != 0)
        result = -1;
    check_exceptions(loader);
    return result;
}
