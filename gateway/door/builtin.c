/* Two stages for built-in endpoints. The first recognises the path and serves public pages; the second, after
 * authentication and limits, serves the rest. */
#include "gateway/door/builtin.h"

#include "gateway/exchange/shared.h"
#include "gateway/door/accept_encoding.h"
#include "gateway/openapi/docs_page.h"
#include "gateway/openapi/openapi.h"
#include "gateway/door/whoami.h"
#include "gateway/door/actions.h"
#include "gateway/door/door.h"

#include <string.h>

static void put_openapi(struct buf *out, const struct exchange *x)
{
    (void)openapi_put(out, x->snapshot->openapi, x->own.shown, x->client, x->prefix);
}

static enum problem answer_openapi(struct exchange *x)
{
    const struct openapi *openapi = x->snapshot->openapi;
    const bool *shown = openapi_shown(openapi, x->client, &x->address, x->began_ms / 1000, x->arena);
    if (shown == NULL)
        return exchange_fail(x);
    x->own = (struct exchange_own){.status = 200,
                                   .type = "application/json",
                                   .length = openapi_put(NULL, openapi, shown, x->client, x->prefix),
                                   .put = put_openapi,
                                   .shown = shown};
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

bool builtin_has_path(const struct exchange *x)
{
    return find(x) != NULL || find_file(x) != NULL;
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

/* The reference page is the same for everybody, and asks for no token: it asks its reader. */
enum problem builtin_match(struct exchange *x)
{
    if (!x->door->builtins)
        return PROBLEM_NONE;
    const struct builtin_page *page = find(x);
    const struct docs_page_file *file = find_file(x);
    bool reads = strcmp(x->head->method, "GET") == 0 || strcmp(x->head->method, "HEAD") == 0;
    x->path_exists = x->path_exists || page != NULL || file != NULL;
    if (reads)
        x->page = page;
    if (reads && file != NULL)
        show_file(x, file);
    return PROBLEM_NONE;
}

enum problem builtin_answer(struct exchange *x)
{
    return x->page == NULL ? PROBLEM_NONE : x->page->answer(x);
}
