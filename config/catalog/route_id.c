#include "config/catalog/route_id.h"

#include "base/text.h"

#include <string.h>

enum { ROUTE_ID_MAX = 64 }; /* characters of one that is said: a tool's name has no more */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* NULL: no route before this one has it. */
static const struct config_route *find_before(const struct config *config, const struct config_route *route,
                                              const char *id)
{
    for (const struct config_route *other = config->routes; other < route; other++)
        if (other->id != NULL && strcmp(other->id, id) == 0)
            return other;
    return NULL;
}

/* What is said: a name in any language that clients are generated for. */
static int check_said(struct loader *loader, const struct config_route *route)
{
    bool good = is_letter(route->id[0]) && strlen(route->id) <= ROUTE_ID_MAX;
    for (const char *c = route->id; *c != '\0'; c++)
        good = good && (is_letter(*c) || is_digit(*c));
    if (!good)
        return report_error(loader->report, &route->mark,
                            "id has a letter, then letters and digits, %d characters at most: '%.64s'",
                            ROUTE_ID_MAX, route->id);
    const struct config_route *other = find_before(loader->config, route, route->id);
    if (other == NULL)
        return 0;
    return report_error(loader->report, &route->mark, "the route of %.200s:%u has the id '%.64s', too",
                        other->mark.file, other->mark.line, route->id);
}

/* "/disks/{diskId}/snapshots" behind "post": words begin with a capital. */
static void put_words(struct buf *out, const char *text)
{
    bool begins = true;
    for (; *text != '\0'; text++) {
        bool letter = is_letter(*text);
        if (letter || is_digit(*text))
            buf_put_char(out, begins && *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text);
        begins = !letter && !is_digit(*text);
    }
}

static void put_small(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_put_char(out, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text);
}

static bool is_first_of_action(const struct config *config, const struct config_route *route)
{
    for (const struct config_route *other = config->routes; other < route; other++)
        if (other->action_index == route->action_index)
            return false;
    return true;
}

/* "createSnapshot", where that can be a name. */
static bool put_action(struct buf *out, const struct config *config, const struct config_route *route)
{
    bool good = is_letter(route->action[0]) && is_first_of_action(config, route);
    for (const char *c = route->action; *c != '\0'; c++)
        good = good && (is_letter(*c) || is_digit(*c));
    if (!good)
        return false;
    char first[] = {route->action[0], '\0'};
    put_small(out, first);
    buf_put(out, route->action + 1);
    return find_before(config, route, buf_text(out)) == NULL;
}

/* The n-th name by method and path. */
static void put_path(struct buf *out, const struct config_route *route, size_t n)
{
    buf_reset(out);
    put_small(out, route->method);
    for (size_t i = 0; i < route->segment_count; i++)
        put_words(out, route->segments[i].text);
    if (n > 1)
        buf_put_format(out, "%zu", n);
}

int route_id_settle(struct loader *loader, struct config_route *route)
{
    struct buf id;
    if (route->id != NULL)
        return check_said(loader, route);
    buf_init(&id, 64 * 1024); /* four times what a request line can have */
    if (!put_action(&id, loader->config, route))
        for (size_t n = 1; n == 1 || find_before(loader->config, route, buf_text(&id)) != NULL; n++)
            put_path(&id, route, n);
    route->id = id.failed ? NULL : arena_strdup(loader->arena, buf_text(&id));
    buf_done(&id);
    return route->id == NULL ? keyword_out_of_memory(loader) : 0;
}
