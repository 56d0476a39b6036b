#include "config/catalog/task_route.h"

#include "config/model/config.h"

#include <string.h>

static const struct config_route *find_route(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i].id != NULL && strcmp(config->routes[i].id, id) == 0)
            return &config->routes[i];
    return NULL;
}

/* Wherever the task can begin, somebody must be able to tell how it is. */
static bool covers(const struct config_route *status, const struct config_route *route)
{
    for (int api = 0; api < CONFIG_APIS; api++)
        if (route->dialects[api].supported && !status->dialects[api].supported)
            return false;
    return true;
}

static int check(struct loader *loader, const struct config_route *route)
{
    const char *id = route->task_route;
    const struct config_route *status = find_route(loader->config, id);
    if (route->task == NULL)
        return report_error(loader->report, &route->mark, "task_route is for a route with `task`");
    if (status == NULL)
        return report_error(loader->report, &route->mark, "task_route: no route has the id '%.64s'", id);
    if (strcmp(status->service, route->service) != 0)
        return report_error(loader->report, &route->mark,
                            "task_route: '%.64s' is a route of %.64s, and this one of %.64s", id,
                            status->service, route->service);
    if (!config_tells_status(status))
        return report_error(loader->report, &route->mark,
                            "task_route: '%.64s' has no `status`: it does not tell how a task is", id);
    if (!covers(status, route))
        return report_error(loader->report, &route->mark,
                            "task_route: '%.64s' is not there in each generation that this route has", id);
    return 0;
}

int task_route_settle(struct loader *loader)
{
    int result = 0;
    for (size_t i = 0; i < loader->config->route_count; i++)
        if (loader->config->routes[i].task_route != NULL && check(loader, &loader->config->routes[i]) != 0)
            result = -1;
    return result;
}
