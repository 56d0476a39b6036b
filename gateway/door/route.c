/* Method and path to a route and its captures.  An unknown route is reported by the authenticate stage, so
 * that anonymous callers cannot probe routes. */
#include "gateway/door/route.h"

#include <string.h>

bool route_fits(const struct config_route *route, const struct exchange *x)
{
    if (route->segment_count != x->target.segment_count)
        return false;
    for (size_t i = 0; i < route->segment_count; i++)
        if (!route->segments[i].capture && strcmp(route->segments[i].text, x->target.segments[i]) != 0)
            return false;
    const struct config_upstream *upstream = config_upstream(x->config, route->service);
    return upstream != NULL && route->dialects[upstream->api].supported;
}

bool route_serves(const struct config_route *route, const struct exchange *x)
{
    return !x->target.slash && route_fits(route, x);
}

static bool is_first(const struct config *config, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(config->routes[i].method, config->routes[index].method) == 0)
            return false;
    return true;
}

void route_put_methods(struct buf *out, const struct config *config)
{
    const char *separator = "";
    for (size_t i = 0; i < config->route_count; i++)
        if (is_first(config, i)) {
            buf_put_format(out, "%s%s", separator, config->routes[i].method);
            separator = ", ";
        }
}

/* HEAD is GET without the content: RFC 9110 section 9.3.2. */
static bool takes(const struct config_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0 && route->effect == CONFIG_READ);
}

enum problem route_match(struct exchange *x)
{
    for (size_t i = 0; i < x->config->route_count && x->route == NULL; i++) {
        const struct config_route *route = &x->config->routes[i];
        if (!route_serves(route, x))
            continue;
        x->path_exists = true;
        if (takes(route, x->head->method))
            x->route = route;
    }
    for (size_t i = 0; x->route != NULL && i < x->route->segment_count; i++)
        x->captures[i] = x->route->segments[i].capture ? x->target.segments[i] : NULL;
    return PROBLEM_NONE;
}
