/* Two stations: is it a path of our own (a page that everybody may see is answered there), and, once the
 * caller is known and within its limits, the answer. */
#include "gateway/request/own.h"

#include "gateway/openapi/openapi.h"
#include "gateway/openapi/reference.h"
#include "gateway/openapi/whoami.h"

#include <string.h>

static enum problem answer_json(struct exchange *x, struct buf *out)
{
    const char *bytes = out->failed ? NULL : arena_copy(x->arena, out->bytes, out->length);
    if (bytes != NULL)
        x->own = (struct exchange_own){
            .status = 200, .type = "application/json", .bytes = bytes, .length = out->length};
    buf_done(out);
    return bytes != NULL ? PROBLEM_NONE : exchange_fail(x);
}

static enum problem answer_openapi(struct exchange *x)
{
    struct buf out;
    const struct openapi_view view = {
        .config = x->config, .client = x->token->client, .source = x->address, .now = x->began_ms / 1000};
    buf_init(&out, OPENAPI_MAX);
    openapi_put(&out, &view);
    return answer_json(x, &out);
}

static enum problem answer_whoami(struct exchange *x)
{
    struct buf out;
    const struct whoami_view view = {.config = x->config,
                                     .token = x->token,
                                     .now = x->began_ms / 1000,
                                     .limited = x->limits.limited,
                                     .left = x->limits.remaining};
    buf_init(&out, WHOAMI_MAX);
    whoami_put(&out, &view);
    return answer_json(x, &out);
}

static const struct own_page pages[] = {{"openapi.json", answer_openapi}, {"whoami", answer_whoami}};

static const struct own_page *find(const struct exchange *x)
{
    for (size_t i = 0; i < COUNT(pages) && x->target.segment_count == 1 && !x->target.slash; i++)
        if (strcmp(pages[i].path, x->target.segments[0]) == 0)
            return &pages[i];
    return NULL;
}

/* "/docs" or "/docs/NAME", where the configuration has switched it on. */
static const struct reference_file *find_file(const struct exchange *x)
{
    const struct target *target = &x->target;
    if (!x->config->browsers.docs || target->slash || target->segment_count == 0 ||
        target->segment_count > 2 || strcmp(target->segments[0], "docs") != 0)
        return NULL;
    return reference_find(target->segment_count == 1 ? "" : target->segments[1]);
}

bool own_has_path(const struct exchange *x)
{
    return find(x) != NULL || find_file(x) != NULL;
}

/* The reference page is the same for everybody, and asks for no token: it asks its reader. */
enum problem own_match(struct exchange *x)
{
    const struct own_page *page = find(x);
    const struct reference_file *file = find_file(x);
    bool reads = strcmp(x->head->method, "GET") == 0 || strcmp(x->head->method, "HEAD") == 0;
    x->path_exists = x->path_exists || page != NULL || file != NULL;
    if (reads)
        x->page = page;
    if (reads && file != NULL)
        x->own = (struct exchange_own){.status = 200,
                                       .type = file->type,
                                       .bytes = (const char *)file->bytes,
                                       .length = file->length,
                                       .fields = reference_fields};
    return PROBLEM_NONE;
}

enum problem own_answer(struct exchange *x)
{
    return x->page == NULL ? PROBLEM_NONE : x->page->answer(x);
}
