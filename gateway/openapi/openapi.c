#include "gateway/openapi/openapi.h"

#include "auth/policy.h"
#include "base/json.h"
#include "base/version.h"
#include "gateway/openapi/operation.h"

#include <string.h>

extern const char openapi_components[]; /* components.json, embedded by CMake */

/* The generation in which a route is served; -1: it is not. */
static int api_of(const struct openapi_view *view, const struct config_route *route)
{
    const struct config_upstream *upstream = config_upstream(view->config, route->service);
    if (view->config->upstream_count == 0)
        return OPERATION_BOTH;
    if (upstream == NULL || !route->dialects[upstream->api].spoken)
        return -1;
    return upstream->api;
}

static bool is_shown(const struct openapi_view *view, const struct config_route *route)
{
    return api_of(view, route) >= 0 &&
           (view->client == NULL || policy_may(view->client, route, &view->source, view->now));
}

/* Whether the two are one path of OpenAPI, which does not look at the names of captures. */
static bool is_same_path(const struct config_route *one, const struct config_route *other)
{
    if (one->segment_count != other->segment_count)
        return false;
    for (size_t i = 0; i < one->segment_count; i++)
        if (one->segments[i].capture != other->segments[i].capture ||
            (!one->segments[i].capture && strcmp(one->segments[i].text, other->segments[i].text) != 0))
            return false;
    return true;
}

/* The first shown route of the same path. */
static const struct config_route *leader_of(const struct openapi_view *view, const struct config_route *route)
{
    for (size_t i = 0; i < view->config->route_count; i++)
        if (is_shown(view, &view->config->routes[i]) && is_same_path(&view->config->routes[i], route))
            return &view->config->routes[i];
    return route;
}

static void put_path(struct buf *out, const struct openapi_view *view, const struct config_route *leader)
{
    json_open_member(out, leader->template);
    for (size_t i = 0; i < view->config->route_count; i++) {
        const struct config_route *route = &view->config->routes[i];
        const struct operation operation = {route, leader, api_of(view, route)};
        if (is_shown(view, route) && is_same_path(route, leader))
            operation_put(out, &operation);
    }
    json_close(out);
}

static void put_paths(struct buf *out, const struct openapi_view *view)
{
    json_open_member(out, "paths");
    for (size_t i = 0; i < view->config->route_count; i++) {
        const struct config_route *route = &view->config->routes[i];
        if (is_shown(view, route) && leader_of(view, route) == route)
            put_path(out, view, route);
    }
    json_close(out);
}

static bool is_first_of_service(const struct openapi_view *view, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_shown(view, &view->config->routes[i]) &&
            strcmp(view->config->routes[i].service, view->config->routes[index].service) == 0)
            return false;
    return is_shown(view, &view->config->routes[index]);
}

static void put_tags(struct buf *out, const struct openapi_view *view)
{
    struct buf words;
    buf_init(&words, OPENAPI_MAX);
    json_open_array(out, "tags");
    for (size_t i = 0; i < view->config->route_count; i++) {
        if (!is_first_of_service(view, i))
            continue;
        buf_reset(&words);
        buf_put_format(&words, "Actions of the cloud's service `%s`", view->config->routes[i].service);
        json_open(out);
        json_member(out, "name", view->config->routes[i].service);
        json_member(out, "description", buf_text(&words));
        json_close(out);
    }
    json_close_array(out);
    buf_done(&words);
}

static void put_info(struct buf *out, const struct openapi_view *view)
{
    json_open_member(out, "info");
    json_member(out, "title", "Countersign");
    json_member(out, "version", VERSION_TEXT);
    json_member(out, "description",
                view->client == NULL
                    ? "What this gateway takes, and which action of the cloud each becomes."
                    : "What the token that asked may call; its policy still looks at each call.");
    json_open_member(out, "contact");
    json_member(out, "name", "The operator of this gateway");
    json_close(out);
    json_open_member(out, "license");
    json_member(out, "name", "MIT");
    json_member(out, "identifier", "MIT");
    json_close(out);
    json_close(out);
}

void openapi_put(struct buf *out, const struct openapi_view *view)
{
    json_open(out);
    json_member(out, "openapi", "3.1.0");
    put_info(out, view);
    json_member_raw(out, "servers", "[{\"url\":\"/\"}]");
    json_member_raw(out, "security", "[{\"token\":[]}]");
    put_tags(out, view);
    put_paths(out, view);
    json_member_raw(out, "components", openapi_components);
    json_close(out);
    buf_put_char(out, '\n');
}
