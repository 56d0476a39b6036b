/* Two stations: is it a path of our own, and, once the caller is known and within its limits, the answer. */
#include "gateway/own.h"

#include "gateway/openapi.h"
#include "gateway/stations.h"

#include <string.h>

static enum problem answer_openapi(struct exchange *x)
{
    struct buf out;
    const struct openapi_view view = {
        .config = x->config, .client = x->token->client, .source = x->address, .now = x->began_ms / 1000};
    buf_init(&out, OPENAPI_MAX);
    openapi_put(&out, &view);
    const char *bytes = out.failed ? NULL : arena_copy(x->arena, out.bytes, out.length);
    if (bytes != NULL)
        x->own = (struct exchange_own){200, "application/json", bytes, out.length};
    buf_done(&out);
    return bytes != NULL ? PROBLEM_NONE : exchange_fail(x);
}

static const struct own_page pages[] = {{"openapi.json", answer_openapi}};

static const struct own_page *find(const struct exchange *x)
{
    for (size_t i = 0; i < COUNT(pages) && x->target.segment_count == 1; i++)
        if (strcmp(pages[i].path, x->target.segments[0]) == 0)
            return &pages[i];
    return NULL;
}

bool own_has_path(const struct exchange *x)
{
    return find(x) != NULL;
}

enum problem own_match(struct exchange *x)
{
    const struct own_page *page = find(x);
    if (page == NULL)
        return PROBLEM_NONE;
    x->path_exists = true;
    if (strcmp(x->framing.method, "GET") == 0 || strcmp(x->framing.method, "HEAD") == 0)
        x->page = page;
    return PROBLEM_NONE;
}

enum problem own_answer(struct exchange *x)
{
    return x->page == NULL ? PROBLEM_NONE : x->page->answer(x);
}
