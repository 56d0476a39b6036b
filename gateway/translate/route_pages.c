#include "gateway/translate/route_pages.h"

#include "base/text.h"
#include "gateway/translate/check_value.h"

#include <string.h>

/* The first of the largest pages. */
const char *route_pages_value(const struct exchange *x, const struct config_param *param)
{
    char limit[TEXT_NUMBER_SIZE];
    if (!x->all)
        return NULL;
    if (strcmp(param->name, "offset") == 0)
        return x->route->next == NULL ? "0" : NULL;
    if (strcmp(param->name, "limit") != 0)
        return NULL;
    text_number(limit, param->max);
    return arena_strdup(x->arena, limit);
}

/* A token that the route would not take from a caller is the cloud's mistake.  NULL: it is. */
static const char *token_text(struct exchange *x, const struct config_param *param,
                              const struct json_value *page)
{
    const char *text = check_value_text(x, param, page);
    if (text == NULL || check_value_check(x, param, &text, 1) != PROBLEM_NONE)
        text = NULL;
    x->hint = (struct exchange_hint){0};
    return text;
}

enum problem route_pages_call(struct exchange *x, const struct json_value *page, struct call **call)
{
    const char *name = x->route->next == NULL ? "offset" : x->route->next;
    const struct config_param *param = config_param(x->route, name);
    if (param == NULL)
        return exchange_fail(x);
    const char *text =
        x->route->next == NULL ? arena_copy(x->arena, page->bytes, page->length) : token_text(x, param, page);
    if (text == NULL)
        return x->route->next == NULL ? exchange_fail(x) : PROBLEM_UPSTREAM_INVALID_ANSWER;
    *call = call_with(x->call, param, text, x->arena);
    return *call == NULL ? exchange_fail(x) : PROBLEM_NONE;
}
