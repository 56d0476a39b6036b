#include "gateway/keeper/cam_policy.h"

#include "base/arena.h"
#include "base/json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_MAX = 16 * 1024 * 1024,
    ACTION_MAX = 160, /* bytes of "service:Action" */
};

/* How much of an action's name is said. */
enum width { WIDTH_ACTION, WIDTH_WORD, WIDTH_SERVICE, WIDTHS };

/* Where CAM has actions of an API's service under another one's name, too: disks, addresses and security
 * groups began as the CVM's. */
static const char *const other_names[][2] = {{"cbs", "cvm"}, {"vpc", "cvm"}};

struct gathering {
    const struct config *config;
    const struct config_client *client;
    const struct config_upstream *upstream; /* whose actions are looked at */
    struct arena *arena;
    const char **actions; /* "vpc:DetachClassicLinkVpc" */
    size_t count, room;
    bool failed; /* memory is out */
};

/* ---- what a client may do ---- */

/* A rule for other accounts allows nothing here. */
static bool is_for_account(const struct config_rule *rule, const struct config_upstream *upstream)
{
    const char *account = config_account_name(upstream);
    for (uint32_t i = 0; i < rule->condition_count && account != NULL; i++) {
        const struct config_condition *condition = &rule->conditions[i];
        bool found = condition->param != CONFIG_ACCOUNT;
        for (uint32_t j = 0; j < condition->count && !found; j++)
            found = value_set_match(condition->lists[j], account);
        if (!found)
            return false;
    }
    return true;
}

static bool may_call(const struct gathering *g, const struct config_route *route)
{
    for (size_t i = 0; i < g->client->bucket_count; i++) {
        const struct config_bucket_rules rules =
            config_bucket_find(g->client->buckets[i], route->action_index);
        for (size_t j = 0; j < rules.count; j++)
            if (rules.items[j]->effect == CONFIG_ALLOW && !rules.items[j]->audit &&
                config_has_effect(rules.items[j], route) && is_for_account(rules.items[j], g->upstream))
                return true;
    }
    return false;
}

static void add_named(struct gathering *g, const char *service, const char *action)
{
    char text[ACTION_MAX];
    int length = snprintf(text, sizeof text, "%s:%s", service, action);
    if (g->count == g->room) {
        size_t room = g->room * 2 + 64;
        const char **actions = arena_array(g->arena, room, sizeof *actions);
        if (actions != NULL && g->count > 0)
            memcpy(actions, g->actions, g->count * sizeof *actions);
        g->actions = actions;
        g->room = actions == NULL ? 0 : room;
    }
    if (g->actions == NULL || length < 0 || (size_t)length >= sizeof text) {
        g->failed = true; /* names have 64 characters: it is memory */
        return;
    }
    g->actions[g->count] = arena_strdup(g->arena, text);
    g->failed = g->failed || g->actions[g->count] == NULL;
    g->count++;
}

static void add(struct gathering *g, const char *action)
{
    if (g->failed)
        return;
    add_named(g, g->upstream->name, action);
    for (size_t i = 0; i < COUNT(other_names) && !g->failed; i++)
        if (strcmp(other_names[i][0], g->upstream->name) == 0)
            add_named(g, other_names[i][1], action);
}

static bool is_served(const struct gathering *g, const struct config_route *route)
{
    return strcmp(route->service, g->upstream->name) == 0 && route->dialects[g->upstream->api].supported;
}

/* What the gateway asks on the client's behalf. */
static void add_companions(struct gathering *g)
{
    for (size_t i = 0; i < g->config->route_count; i++) {
        const struct config_route *route = &g->config->routes[i];
        const struct config_dialect *dialect = &route->dialects[g->upstream->api];
        if (is_served(g, route) &&
            (dialect->status.from != NULL || (g->upstream->resolve_former_ids && route->tells.to != NULL)))
            add(g, dialect->action);
    }
}

static void gather(struct gathering *g)
{
    size_t before = g->count;
    for (size_t i = 0; i < g->config->route_count; i++)
        if (is_served(g, &g->config->routes[i]) && may_call(g, &g->config->routes[i]))
            add(g, g->config->routes[i].dialects[g->upstream->api].action);
    for (size_t i = 0; i < g->config->service_count; i++) {
        const struct config_service *service = &g->config->services[i];
        for (size_t j = 0; strcmp(service->upstream->name, g->upstream->name) == 0 &&
                           j < service->definitions->action_count;
             j++)
            if (may_call(g, &service->actions[j].route))
                add(g, service->actions[j].definition->name);
    }
    if (g->count > before)
        add_companions(g);
}

/* ---- as CAM has it ---- */

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* How many bytes of it are said: "vpc:Describe" of "vpc:DescribeVpcs". */
static size_t shown(const char *action, enum width width)
{
    size_t length = strcspn(action, ":") + 1;
    if (width == WIDTH_ACTION)
        return strlen(action);
    if (width == WIDTH_SERVICE || action[length] == '\0')
        return length;
    do
        length++;
    while (action[length] != '\0' && !isupper((unsigned char)action[length]));
    return length;
}

/* The actions are in order: what is said twice is said in a row. */
static void put_actions(struct buf *out, const struct gathering *g, enum width width)
{
    char text[ACTION_MAX + 1];
    size_t before = 0;
    for (size_t i = 0; i < g->count; i++) {
        size_t length = shown(g->actions[i], width);
        if (i > 0 && length == before && strncmp(g->actions[i], g->actions[i - 1], length) == 0)
            continue;
        before = length;
        (void)snprintf(text, sizeof text, "%.*s%s", (int)length, g->actions[i],
                       width == WIDTH_ACTION ? "" : "*");
        json_element(out, text);
    }
}

/* A client that may do nothing has a session that may do nothing. */
static void put_policy(struct buf *out, const struct gathering *g, enum width width)
{
    json_open(out);
    json_member(out, "version", "2.0");
    json_open_array(out, "statement");
    json_open(out);
    json_member(out, "effect", g->count == 0 ? "deny" : "allow");
    json_open_array(out, "action");
    if (g->count == 0 || width == WIDTHS)
        json_element(out, "*");
    else
        put_actions(out, g, width);
    json_close_array(out);
    json_open_array(out, "resource");
    json_element(out, "*");
    json_close_array(out);
    json_close(out);
    json_close_array(out);
    json_close(out);
}

static int keep(const struct buf *text, struct cam_policy *policy)
{
    struct cam_policy made = {.text = strdup(buf_text(text))};
    struct digest *digest = digest_new();
    digest_add(digest, text->bytes, text->length);
    if (digest_end(digest, made.print) != 0 || made.text == NULL) {
        free(made.text);
        return -1;
    }
    *policy = made;
    return 0;
}

/* The narrowest form that fits.  Its memory is there before: what fails in it is too long, and a wider one is
 * never taken because memory was out. */
static int write_policy(struct gathering *g, struct cam_policy *policy)
{
    int result = -1;
    bool fits = false;
    char *bytes = malloc(CAM_POLICY_MAX);
    if (g->count > 0)
        qsort(g->actions, g->count, sizeof *g->actions, compare);
    for (int width = WIDTH_ACTION; width <= WIDTHS && bytes != NULL && !fits; width++) {
        struct buf text;
        buf_init_in(&text, bytes, CAM_POLICY_MAX);
        put_policy(&text, g, (enum width)width);
        fits = !text.failed;
        if (fits)
            result = keep(&text, policy);
    }
    free(bytes);
    return result;
}

int cam_policy_make(const struct config *config, const struct config_credential *credential,
                    const struct config_client *client, struct cam_policy *policy, struct err *err)
{
    struct gathering g = {.config = config, .client = client, .arena = arena_new(ARENA_MAX)};
    g.failed = g.arena == NULL;
    for (size_t i = 0; i < config->upstream_count && !g.failed; i++) {
        g.upstream = &config->upstreams[i];
        if (g.upstream->credential == credential || g.upstream->fallback == credential)
            gather(&g);
    }
    int result = g.failed ? -1 : write_policy(&g, policy);
    arena_free(g.arena);
    return result == 0 ? 0 : err_memory(err);
}

void cam_policy_done(struct cam_policy *policy)
{
    free(policy->text);
}
