/* Two stages for built-in endpoints. The first recognises the path and serves public pages; the second, after
 * authentication and limits, serves the rest. */
#include "gateway/door/builtin.h"

#include "gateway/exchange/shared.h"
#include "gateway/door/accept_encoding.h"
#include "gateway/openapi/docs_page.h"
#include "gateway/openapi/openapi.h"
#include "gateway/door/whoami.h"
#include "gateway/door/actions.h"
#include "gateway/translate/build_call.h"
#include "gateway/door/door.h"

#include <stdio.h>
#include <string.h>

static void put_openapi(struct buf *out, const struct exchange *x)
{
    (void)openapi_put(out, x->snapshot->openapi, x->own.view);
}

/* ?service=vpc */
static enum problem read_service(struct exchange *x, const char **service)
{
    enum problem problem = build_call_own_key(x, "service", service);
    if (problem != PROBLEM_NONE || *service == NULL || config_upstream(x->config, *service) != NULL)
        return problem;
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "service must be one that this gateway calls");
}

static enum problem answer_openapi(struct exchange *x)
{
    const struct openapi *openapi = x->snapshot->openapi;
    struct action_operations_query query = {
        .client = x->client, .source = &x->address, .now = x->began_ms / 1000};
    struct openapi_view *view = arena_alloc(x->arena, sizeof *view);
    enum problem problem = read_service(x, &query.service);
    if (problem != PROBLEM_NONE)
        return problem;
    if (view == NULL || openapi_look(openapi, &query, x->arena, view) != 0)
        return exchange_fail(x);
    view->prefix = x->prefix;
    x->own = (struct exchange_own){.status = 200,
                                   .type = "application/json",
                                   .length = openapi_put(NULL, openapi, view),
                                   .put = put_openapi,
                                   .view = view};
    return PROBLEM_NONE;
}

static enum problem answer_whoami(struct exchange *x)
{
    struct buf out;
    const struct whoami_view view = {.config = x->config,
                                     .client = x->client,
                                     .token = x->token,
                                     .certificate = x->certificate,
                                     .now = x->began_ms / 1000,
                                     .limited = x->limits.limited,
                                     .left = x->limits.remaining};
    buf_init(&out, WHOAMI_MAX);
    whoami_put(&out, &view);
    return actions_keep(x, &out);
}

static const struct builtin_page pages[] = {{"openapi.json", answer_openapi}, {"whoami", answer_whoami}};

static const struct builtin_page action_page = {"actions", actions_answer};

static const struct builtin_page *find(const struct exchange *x)
{
    if (actions_has_path(x))
        return &action_page;
    for (size_t i = 0; i < COUNT(pages) && x->target.segment_count == 1 && !x->target.slash; i++)
        if (strcmp(pages[i].path, x->target.segments[0]) == 0)
            return &pages[i];
    return NULL;
}

/* "/docs" or "/docs/NAME", where the configuration has switched it on. */
static const struct docs_page_file *find_file(const struct exchange *x)
{
    const struct target *target = &x->target;
    if (!x->config->browsers.docs || target->slash || target->segment_count == 0 ||
        target->segment_count > 2 || strcmp(target->segments[0], "docs") != 0)
        return NULL;
    return docs_page_find(target->segment_count == 1 ? "" : target->segments[1]);
}

/* The address alone, as people type it first: the page is where they want to be. */
static bool is_root(const struct exchange *x)
{
    return x->config->browsers.docs && x->target.segment_count == 0;
}

bool builtin_has_path(const struct exchange *x)
{
    return find(x) != NULL || find_file(x) != NULL || is_root(x);
}

/* Browsers take gzip; a client that does not say so gets the file as it is. */
static void show_file(struct exchange *x, const struct docs_page_file *file)
{
    bool gzip = accept_encoding_has_gzip(x->head);
    x->own = (struct exchange_own){.status = 200,
                                   .type = file->type,
                                   .bytes = (const char *)(gzip ? file->gzip : file->plain),
                                   .length = gzip ? file->gzip_length : file->plain_length,
                                   .fields = docs_page_fields(gzip)};
}

static enum problem show_way(struct exchange *x)
{
    static const char words[] =
        "This is Countersign, a gateway to the cloud's API. For people: /docs. For programs: send your token "
        "as\n"
        "Authorization: Bearer <token>; GET /whoami says what it may call, GET /openapi.json how.\n";
    char fields[CONFIG_PREFIX_MAX + 64];
    (void)snprintf(fields, sizeof fields, "Location: %s/docs\r\nReferrer-Policy: no-referrer\r\n",
                   x->prefix == NULL ? "" : x->prefix);
    const char *kept = arena_strdup(x->arena, fields);
    if (kept == NULL)
        return exchange_fail(x);
    x->own = (struct exchange_own){.status = 303,
                                   .type = "text/plain; charset=utf-8",
                                   .bytes = words,
                                   .length = sizeof words - 1,
                                   .fields = kept};
    return PROBLEM_NONE;
}

/* The reference page is the same for everybody, and asks for no token: it asks its reader. */
enum problem builtin_match(struct exchange *x)
{
    if (!x->door->builtins)
        return PROBLEM_NONE;
    const struct builtin_page *page = find(x);
    const struct docs_page_file *file = find_file(x);
    bool reads = strcmp(x->head->method, "GET") == 0 || strcmp(x->head->method, "HEAD") == 0;
    x->path_exists = x->path_exists || page != NULL || file != NULL || is_root(x);
    if (reads)
        x->page = page;
    if (reads && file != NULL)
        show_file(x, file);
    return reads && is_root(x) ? show_way(x) : PROBLEM_NONE;
}

enum problem builtin_answer(struct exchange *x)
{
    return x->page == NULL ? PROBLEM_NONE : x->page->answer(x);
}
