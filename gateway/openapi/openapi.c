/* One file, longer than others, because what is written once at load and what is put together for each who
 * asks share the places of its parts. */
#include "gateway/openapi/openapi.h"

#include "auth/policy.h"
#include "base/json/json.h"
#include "gateway/openapi/answer_types.h"
#include "gateway/openapi/info.h"
#include "gateway/openapi/operation.h"
#include "gateway/openapi/security.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char openapi_components[]; /* components.json, embedded by CMake */

enum { INFO_MAX = 1024 };

/* A piece of `text`; of no length: there is none. */
struct part {
    size_t at;
    size_t length;
};

/* A route in the document. */
struct entry {
    const struct config_route *route;
    int api;               /* the generation in which it is served; -1: it is not */
    bool hashed;           /* by an upstream that signs a hash */
    struct part itself;    /* "get":{...}                       */
    struct part path;      /* "/vpcs/{vpcId}":, of the first of its path only */
    struct part tag;       /* {...}, of the first of its service only         */
    struct entry *leader;  /* the first of its path: OpenAPI does not look at the names of captures */
    struct entry *next;    /* of its path */
    struct entry *service; /* the first of its service */
};

struct openapi {
    const struct config *config;
    struct entry *entries; /* in the order of the routes */
    size_t count;
    struct part *types; /* "Vpc":{...}, by number; of no length: no route that is served has it */
    unsigned *marks;    /* room for as many */
    struct buf text;
};

/* ---- which are together ---- */

static int api_of(const struct config *config, const struct config_route *route)
{
    const struct config_upstream *upstream = config_upstream(config, route->service);
    if (config->upstream_count == 0)
        return OPERATION_BOTH;
    if (upstream == NULL || !route->dialects[upstream->api].supported)
        return -1;
    return upstream->api;
}

static bool is_hashed(const struct config *config, const struct config_route *route)
{
    const struct config_upstream *upstream = config_upstream(config, route->service);
    return upstream != NULL && upstream->scheme == CONFIG_TC3;
}

static int compare_paths(const struct config_route *a, const struct config_route *b)
{
    if (a->segment_count != b->segment_count)
        return a->segment_count < b->segment_count ? -1 : 1;
    for (size_t i = 0; i < a->segment_count; i++) {
        if (a->segments[i].capture != b->segments[i].capture)
            return a->segments[i].capture ? -1 : 1;
        int order = a->segments[i].capture ? 0 : strcmp(a->segments[i].text, b->segments[i].text);
        if (order != 0)
            return order;
    }
    return 0;
}

static int by_place(const struct entry *a, const struct entry *b)
{
    return a < b ? -1 : a > b;
}

static int by_path(const void *left, const void *right)
{
    const struct entry *a = *(struct entry *const *)left;
    const struct entry *b = *(struct entry *const *)right;
    int order = compare_paths(a->route, b->route);
    return order != 0 ? order : by_place(a, b);
}

static int by_service(const void *left, const void *right)
{
    const struct entry *a = *(struct entry *const *)left;
    const struct entry *b = *(struct entry *const *)right;
    int order = strcmp(a->route->service, b->route->service);
    return order != 0 ? order : by_place(a, b);
}

/* `order` has room for all; only those that are served are linked. */
static void link_entries(struct openapi *openapi, struct entry **order)
{
    size_t count = 0;
    for (size_t i = 0; i < openapi->count; i++)
        if (openapi->entries[i].api != -1)
            order[count++] = &openapi->entries[i];
    qsort(order, count, sizeof(struct entry *), by_path);
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && compare_paths(order[i - 1]->route, order[i]->route) == 0;
        order[i]->leader = same ? order[i - 1]->leader : order[i];
        if (same)
            order[i - 1]->next = order[i];
    }
    qsort(order, count, sizeof(struct entry *), by_service);
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && strcmp(order[i - 1]->route->service, order[i]->route->service) == 0;
        order[i]->service = same ? order[i - 1]->service : order[i];
    }
}

/* ---- what is written once ---- */

static struct part part_from(const struct buf *text, size_t at)
{
    return (struct part){at, text->length - at};
}

/* A member of an object, without the brace that lets it begin without a comma. */
static struct part put_operation(struct buf *text, const struct config *config, const struct entry *entry)
{
    const struct operation operation = {config, entry->route, entry->leader->route, entry->api,
                                        entry->hashed};
    buf_put_char(text, '{');
    size_t at = text->length;
    operation_put(text, &operation);
    return part_from(text, at);
}

static struct part put_path(struct buf *text, const struct entry *entry)
{
    size_t at = text->length;
    json_put_string(text, entry->route->template, strlen(entry->route->template));
    buf_put_char(text, ':');
    return part_from(text, at);
}

static void write_tag(struct buf *text, const char *service)
{
    char words[128]; /* a name has 64 characters at most */
    (void)snprintf(words, sizeof words, "Actions of the cloud's service `%s`", service);
    json_open(text);
    json_member(text, "name", service);
    json_member(text, "description", words);
    json_close(text);
}

static struct part put_tag(struct buf *text, const struct entry *entry)
{
    size_t at = text->length;
    write_tag(text, entry->route->service);
    return part_from(text, at);
}

static void write_entries(struct openapi *openapi)
{
    struct buf *text = &openapi->text;
    for (size_t i = 0; i < openapi->count; i++) {
        struct entry *entry = &openapi->entries[i];
        if (entry->api == -1)
            continue;
        entry->itself = put_operation(text, openapi->config, entry);
        if (entry->leader == entry)
            entry->path = put_path(text, entry);
        buf_put_char(text, '\n'); /* else a brace would be one more of a list's: see json.h */
        if (entry->service == entry)
            entry->tag = put_tag(text, entry);
    }
}

/* In the generations of the routes that are served. */
static void write_types(struct openapi *openapi)
{
    struct buf *text = &openapi->text;
    const struct config *config = openapi->config;
    for (size_t i = 0; i < openapi->count; i++)
        if (openapi->entries[i].api != -1)
            answer_types_mark(config, openapi->entries[i].route, answer_types_of(openapi->entries[i].api),
                              openapi->marks);
    for (size_t i = 0; i < config->answer_type_count; i++) {
        if (openapi->marks[i] == 0)
            continue;
        buf_put_char(text, '{');
        size_t at = text->length;
        answer_types_put(text, &config->answer_types[i], openapi->marks[i]);
        openapi->types[i] = part_from(text, at);
    }
}

static int prepare(struct openapi *openapi, struct err *err)
{
    const struct config *config = openapi->config;
    const struct openapi_view whole = {.prefix = config->prefix};
    struct entry **order = calloc(openapi->count + 1, sizeof(struct entry *));
    openapi->entries = calloc(openapi->count + 1, sizeof *openapi->entries);
    openapi->types = calloc(config->answer_type_count + 1, sizeof *openapi->types);
    openapi->marks = calloc(config->answer_type_count + 1, sizeof *openapi->marks);
    if (order == NULL || openapi->entries == NULL || openapi->types == NULL || openapi->marks == NULL) {
        free(order);
        return err_memory(err);
    }
    for (size_t i = 0; i < openapi->count; i++)
        openapi->entries[i] = (struct entry){.route = &config->routes[i],
                                             .api = api_of(config, &config->routes[i]),
                                             .hashed = is_hashed(config, &config->routes[i])};
    link_entries(openapi, order);
    free(order);
    write_entries(openapi);
    write_types(openapi);
    if (openapi->text.failed || openapi_put(NULL, openapi, &whole) > OPENAPI_MAX)
        return err_set(err, ERR_LIMIT,
                       "the OpenAPI document of %zu routes would have more than %d bytes, or memory is out: "
                       "fewer routes, or shorter phrases",
                       openapi->count, OPENAPI_MAX);
    return 0;
}

struct openapi *openapi_new(const struct config *config, struct err *err)
{
    struct openapi *openapi = calloc(1, sizeof *openapi);
    if (openapi == NULL) {
        err_memory(err);
        return NULL;
    }
    openapi->config = config;
    openapi->count = config->route_count;
    buf_init(&openapi->text, OPENAPI_MAX);
    if (prepare(openapi, err) == 0)
        return openapi;
    openapi_free(openapi);
    return NULL;
}

void openapi_free(struct openapi *openapi)
{
    if (openapi == NULL)
        return;
    free(openapi->entries);
    free(openapi->types);
    free(openapi->marks);
    buf_done(&openapi->text);
    free(openapi);
}

/* ---- what is put together for each who asks ---- */

/* Which routes; NULL: memory is out. */
static const bool *find_shown(const struct openapi *openapi, const struct action_operations_query *query,
                              struct arena *arena)
{
    bool *shown = arena_array(arena, openapi->count + 1, sizeof *shown);
    for (size_t i = 0; shown != NULL && i < openapi->count; i++) {
        const struct config_route *route = openapi->entries[i].route;
        shown[i] = openapi->entries[i].api != -1 &&
                   (query->service == NULL || strcmp(query->service, route->service) == 0) &&
                   (query->client == NULL || policy_may(query->client, route, query->source, query->now));
    }
    return shown;
}

int openapi_look(const struct openapi *openapi, const struct action_operations_query *query,
                 struct arena *arena, struct openapi_view *view)
{
    bool whole = query->client == NULL && query->service == NULL;
    *view = (struct openapi_view){.client = query->client};
    view->shown = whole ? NULL : find_shown(openapi, query, arena);
    if (view->shown == NULL && !whole)
        return -1;
    return action_operations_write(&view->actions, openapi->config, query, arena);
}

/* The document on its way: counted, and written where somebody wants it. */
struct writing {
    const struct openapi *openapi;
    const struct openapi_view *view;
    struct buf *out; /* or NULL */
    size_t length;
};

static void put(struct writing *writing, const char *bytes, size_t length)
{
    writing->length += length;
    if (writing->out != NULL)
        buf_put_bytes(writing->out, bytes, length);
}

static void put_text(struct writing *writing, const char *text)
{
    put(writing, text, strlen(text));
}

static void put_part(struct writing *writing, const char *separator, const struct part *part)
{
    put_text(writing, separator);
    put(writing, buf_text(&writing->openapi->text) + part->at, part->length);
}

static bool is_shown(const struct writing *writing, const struct entry *entry)
{
    const bool *shown = writing->view->shown;
    return entry->api != -1 && (shown == NULL || shown[entry - writing->openapi->entries]);
}

static void put_and_end(struct writing *writing, struct buf *text)
{
    put(writing, buf_text(text), text->length);
    if (text->failed && writing->out != NULL)
        writing->out->failed = true;
    buf_done(text);
}

static void put_info(struct writing *writing)
{
    struct buf out;
    const struct openapi_view *view = writing->view;
    buf_init(&out, INFO_MAX);
    info_put(&out, view->prefix == NULL ? "" : view->prefix, view->client == NULL, view->actions.left_out);
    buf_put(&out, ",\"security\":");
    security_put(&out, writing->openapi->config, view->client);
    put_and_end(writing, &out);
}

/* Has a route of the service a tag? */
static bool is_tagged(const struct openapi *openapi, const bool *tagged, const char *service)
{
    for (size_t i = 0; i < openapi->count; i++)
        if (tagged[i] && strcmp(openapi->entries[i].route->service, service) == 0)
            return true;
    return false;
}

/* Of services that have actions, and no route.  The versions of one follow each other. */
static const char *put_action_tags(struct writing *writing, const bool *tagged, const char *separator)
{
    struct buf out;
    const char *last = "";
    const struct config *config = writing->openapi->config;
    buf_init(&out, INFO_MAX);
    for (size_t i = 0; writing->view->actions.services != NULL && i < config->service_count; i++) {
        const char *service = config->services[i].upstream->name;
        if (!writing->view->actions.services[i] || strcmp(service, last) == 0 ||
            is_tagged(writing->openapi, tagged, service))
            continue;
        last = service;
        buf_reset(&out);
        write_tag(&out, service);
        put_text(writing, separator);
        put(writing, buf_text(&out), out.length);
        separator = ",";
    }
    if (out.failed && writing->out != NULL)
        writing->out->failed = true;
    buf_done(&out);
    return separator;
}

/* Of a service whose first route is not shown, too. */
static void put_tags(struct writing *writing)
{
    const char *separator = ",\"tags\":[";
    const struct openapi *openapi = writing->openapi;
    const struct entry *last = NULL; /* most routes are of the service of the one before */
    bool *tagged = calloc(openapi->count + 1, sizeof *tagged);
    for (size_t i = 0; tagged != NULL && i < openapi->count; i++) {
        const struct entry *entry = &openapi->entries[i];
        if (!is_shown(writing, entry) || entry->service == last || tagged[entry->service - openapi->entries])
            continue;
        last = entry->service;
        tagged[last - openapi->entries] = true;
        put_part(writing, separator, &last->tag);
        separator = ",";
    }
    if (tagged != NULL)
        separator = put_action_tags(writing, tagged, separator);
    put_text(writing, separator[0] == ',' && separator[1] == '\0' ? "]" : ",\"tags\":[]");
    if (tagged == NULL && writing->out != NULL)
        writing->out->failed = true;
    free(tagged);
}

/* The operations of one path; nothing where none is shown. */
static bool put_operations(struct writing *writing, const char *separator, const struct entry *leader)
{
    const char *between = "{";
    for (const struct entry *entry = leader; entry != NULL; entry = entry->next) {
        if (!is_shown(writing, entry))
            continue;
        if (between[0] == '{')
            put_part(writing, separator, &leader->path);
        put_part(writing, between, &entry->itself);
        between = ",";
    }
    if (between[0] == ',')
        put_text(writing, "}");
    return between[0] == ',';
}

static void put_paths(struct writing *writing)
{
    const char *separator = "";
    const struct action_operations *actions = &writing->view->actions;
    put_text(writing, ",\"paths\":{");
    for (size_t i = 0; i < writing->openapi->count; i++) {
        const struct entry *entry = &writing->openapi->entries[i];
        if (entry->leader == entry && put_operations(writing, separator, entry))
            separator = ",";
    }
    if (actions->paths_length > 0) {
        put_text(writing, separator);
        put(writing, actions->paths, actions->paths_length);
    }
    put_text(writing, "},\"components\":");
}

static void put_schemes(struct writing *writing)
{
    struct buf out;
    buf_init(&out, INFO_MAX);
    buf_put_char(&out, '{');
    security_put_schemes(&out, writing->openapi->config);
    buf_put_char(&out, ',');
    put_and_end(writing, &out);
}

/* In a pattern of JSON Schema a '.' is any character, and in JSON a '\\' is two. */
static void put_types(struct writing *writing, const char *types, bool in_pattern)
{
    for (const char *c = types; *c != '\0'; c++) {
        if (in_pattern && strchr(".?+", *c) != NULL)
            put_text(writing, "\\\\");
        put(writing, c, 1);
    }
}

/* The gateway's own components, in whose problems a `type` begins as this configuration says. */
static void put_own(struct writing *writing, const char *begin, const char *end)
{
    static const char usual[] = CONFIG_PROBLEM_TYPES;
    const char *types = writing->openapi->config->problem_types;
    const char *found;
    while ((found = strstr(begin, usual)) != NULL && found < end) {
        put(writing, begin, (size_t)(found - begin));
        put_types(writing, types == NULL ? usual : types, found[-1] == '^');
        begin = found + sizeof usual - 1;
    }
    put(writing, begin, (size_t)(end - begin));
}

/* The schemes first; then the gateway's own; the types of what is shown behind them, and the documents of
 * actions: `schemas` is the last member there. */
static void put_components(struct writing *writing)
{
    const struct openapi *openapi = writing->openapi;
    const struct action_operations *actions = &writing->view->actions;
    const char *begin = strchr(openapi_components, '{') + 1;
    const char *end = strrchr(openapi_components, '}');
    while (*--end != '}')
        ;
    put_schemes(writing);
    put_own(writing, begin, end);
    unsigned *marks = calloc(openapi->config->answer_type_count + 1, sizeof *marks);
    for (size_t i = 0; marks != NULL && i < openapi->count; i++)
        if (is_shown(writing, &openapi->entries[i]))
            answer_types_mark(openapi->config, openapi->entries[i].route,
                              answer_types_of(openapi->entries[i].api), marks);
    for (size_t i = 0; marks != NULL && i < openapi->config->answer_type_count; i++)
        if (marks[i] != 0)
            put_part(writing, ",", &openapi->types[i]);
    if (marks == NULL && writing->out != NULL)
        writing->out->failed = true;
    free(marks);
    if (actions->schemas_length > 0) {
        put_text(writing, ",");
        put(writing, actions->schemas, actions->schemas_length);
    }
    put_text(writing, end);
}

size_t openapi_put(struct buf *out, const struct openapi *openapi, const struct openapi_view *view)
{
    struct writing writing = {.openapi = openapi, .view = view, .out = out};
    put_info(&writing);
    put_tags(&writing);
    put_paths(&writing);
    put_components(&writing);
    put_text(&writing, "}\n");
    return writing.length;
}
