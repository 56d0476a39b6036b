/* Method and path to a route and its captures.  No match is told later, to an authenticated caller only. */
#include "gateway/request/route.h"

#include <string.h>

bool route_serves(const struct config_route *route, const struct exchange *x)
{
    if (route->segment_count != x->target.segment_count)
        return false;
    for (size_t i = 0; i < route->segment_count; i++)
        if (!route->segments[i].capture && strcmp(route->segments[i].text, x->target.segments[i]) != 0)
            return false;
    const struct config_upstream *upstream = config_upstream(x->config, route->service);
    return upstream != NULL && route->dialects[upstream->api].spoken;
}

enum problem route_match(struct exchange *x)
{
    for (size_t i = 0; i < x->config->route_count && x->route == NULL; i++) {
        const struct config_route *route = &x->config->routes[i];
        if (!route_serves(route, x))
            continue;
        x->path_exists = true;
        if (strcmp(route->method, x->framing.method) == 0)
            x->route = route;
    }
    for (size_t i = 0; x->route != NULL && i < x->route->segment_count; i++)
        x->captures[i] = x->route->segments[i].capture ? x->target.segments[i] : NULL;
    return PROBLEM_NONE;
}
