#include "gateway/request/next_page.h"

#include "base/text.h"
#include "gateway/call/pages.h"
#include "gateway/door/rest.h"

#include <string.h>

/* Requests that say their page in the query, and were answered with one. */
static bool is_page(const struct exchange *x)
{
    return x->door == &rest_door && x->route != NULL && x->route->list != NULL && !x->all &&
           x->own.status == 0 && x->call != NULL && x->body == NULL &&
           x->answer.list.kind == JSON_VALUE_ARRAY;
}

/* As the call has it; 0 where nobody said it. */
static long long offset_of(const struct exchange *x)
{
    long long offset = 0;
    for (size_t i = 0; i < x->call->param_count; i++) {
        const struct call_param *param = &x->call->params[i];
        if (strcmp(param->name, "offset") != 0 || param->count == 0)
            continue;
        const struct json_value value = {
            .kind = JSON_VALUE_NUMBER, .bytes = param->values[0], .length = strlen(param->values[0])};
        return json_value_integer(&value, &offset) == 0 ? offset : -1;
    }
    return 0;
}

/* The largest offset that the route takes: behind it nobody can ask. */
static long long offset_max(const struct config_route *route)
{
    const struct config_param *offset = config_param(route, "offset");
    return offset == NULL ? -1 : offset->max;
}

static void put_pair(struct buf *out, const char *name, const char *value)
{
    buf_put(out, out->length == 0 ? "?" : "&");
    buf_put_percent(out, name, strlen(name));
    buf_put(out, "=");
    buf_put_percent(out, value, strlen(value));
}

/* The same query for another page: with that value of the parameter that names it. */
static void put_link(struct buf *out, const struct exchange *x, const char *name, const char *value)
{
    struct buf query;
    buf_init(&query, NEXT_PAGE_MAX);
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, name) != 0)
            put_pair(&query, x->target.pairs[i].name, x->target.pairs[i].value);
    put_pair(&query, name, value);
    if (!query.failed) {
        buf_put(out, "Link: <");
        buf_put(out, buf_text(&query));
        buf_put(out, ">; rel=\"next\"\r\n");
    }
    buf_done(&query);
}

static void put_token(struct buf *out, const struct exchange *x)
{
    const struct json_value *next = &x->answer.next;
    if (pages_next(&x->answer, x->route->dialects[x->call->upstream->api].last.value) != PAGES_NEXT_TOKEN)
        return;
    bool exact = true;
    const char *text = next->kind == JSON_VALUE_STRING
                           ? json_value_text(next, NEXT_PAGE_MAX, x->arena, &exact)
                           : arena_copy(x->arena, next->bytes, next->length);
    const struct call_param *asked = call_find(x->call, x->route->next);
    bool again = text != NULL && asked != NULL && asked->count == 1 && strcmp(asked->values[0], text) == 0;
    if (text != NULL && exact && !again) /* a page that names itself has no next one */
        put_link(out, x, x->route->next, text);
}

void next_page_put(struct buf *out, const struct exchange *x)
{
    char text[TEXT_NUMBER_SIZE];
    if (!is_page(x))
        return;
    if (x->route->next != NULL) {
        put_token(out, x);
        return;
    }
    long long offset = offset_of(x);
    long long total = pages_total(&x->answer.total, x->arena);
    long long count = (long long)x->answer.list.count;
    if (offset < 0 || count == 0 || offset > offset_max(x->route) - count || offset + count >= total)
        return;
    text_number(text, offset + count);
    put_link(out, x, "offset", text);
}
