#include "gateway/call/pages.h"

#include "base/time/clock.h"
#include "base/text.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/exchange/shared.h"

#include <stdlib.h>
#include <string.h>

enum { PAGES_TOTAL_MAX = 9 }; /* digits of a total in a string */

/* A list while its pages come in. */
struct list {
    struct answer *pages; /* room for PAGES_CALLS_MAX */
    size_t count;
    size_t items, bytes; /* of all of them */
    long long total;     /* as the last page counts; -1: it does not */
};

/* Official samples have both. */
long long pages_total(const struct json_value *value, struct arena *arena)
{
    long long total = -1;
    if (value->kind != JSON_VALUE_STRING)
        return json_value_integer(value, &total) == 0 ? total : -1;
    const char *text = json_value_text(value, PAGES_TOTAL_MAX + 1, arena, NULL);
    if (text == NULL || text[0] == '\0' || strlen(text) > PAGES_TOTAL_MAX ||
        strspn(text, "0123456789") != strlen(text))
        return -1;
    return strtoll(text, NULL, 10);
}

/* The page behind the items that are there, as a sealed call that the policy has allowed. */
static enum problem next_call(struct exchange *x, const struct list *list, struct call **call)
{
    char offset[TEXT_NUMBER_SIZE];
    text_number(offset, (long long)list->items);
    const char *text = arena_strdup(x->arena, offset);
    *call = text == NULL ? NULL : call_with(x->call, "offset", text, x->arena);
    if (*call == NULL)
        return exchange_fail(x);
    return authorize_further(x, *call, false)
               ? PROBLEM_NONE
               : exchange_stop(x, PROBLEM_NOT_ALLOWED, "the policy does not allow the page at offset %s",
                               text);
}

static enum problem too_long(struct exchange *x)
{
    return exchange_stop(
        x, PROBLEM_INVALID_PARAMETER,
        "all is for lists of up to %d pages and %d bytes; this one is longer: use offset and limit",
        PAGES_CALLS_MAX, PAGES_BYTES_MAX);
}

/* One more page; `*count` is what it has. */
static enum problem add_page(struct exchange *x, struct list *list, const struct answer *answer,
                             size_t *count)
{
    const struct json_value *page = &answer->list;
    list->pages[list->count++] = *answer;
    list->bytes += answer->length;
    if (page->kind == JSON_VALUE_NONE)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "the upstream's answer has no %s",
                             x->route->list);
    if (page->kind != JSON_VALUE_ARRAY && page->kind != JSON_VALUE_NULL)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s of the upstream's answer is no list",
                             x->route->list);
    *count = page->count;
    list->items += page->count;
    list->total = pages_total(&answer->total, x->arena);
    return list->bytes > PAGES_BYTES_MAX ? too_long(x) : PROBLEM_NONE;
}

static bool is_whole(const struct list *list, size_t count)
{
    return count == 0 || (list->total >= 0 && (long long)list->items >= list->total);
}

/* The pages behind the first, which has `count` items. */
static enum problem collect(struct exchange *x, struct list *list, size_t count)
{
    struct answer answer = x->answer;
    enum problem problem = PROBLEM_NONE;
    int64_t until_us = clock_monotonic_us() + PAGES_TIME_US;
    while (problem == PROBLEM_NONE && !is_whole(list, count)) {
        struct call *call = NULL;
        if (list->count == PAGES_CALLS_MAX)
            return too_long(x);
        problem = next_call(x, list, &call);
        if (problem != PROBLEM_NONE)
            return problem;
        problem = forward_read(x, call, until_us, &answer);
        x->answer = answer; /* its code is what the caller is told when it is bad */
        if (problem == PROBLEM_NONE)
            problem = add_page(x, list, &answer, &count);
    }
    return problem;
}

static enum problem write_list(struct exchange *x, const struct list *list)
{
    const struct caller_view view = {.route = x->route,
                                     .api = x->call->upstream->api,
                                     .pages = list->pages,
                                     .page_count = list->count,
                                     .joined = true};
    return caller_view_write(&view, x->arena, &x->answer, &x->err) == 0 ? PROBLEM_NONE : exchange_fail(x);
}

enum problem pages_collect(struct exchange *x)
{
    size_t count = 0;
    struct list list = {.pages = arena_array(x->arena, PAGES_CALLS_MAX, sizeof *list.pages)};
    if (list.pages == NULL)
        return exchange_fail(x);
    enum problem problem = add_page(x, &list, &x->answer, &count);
    if (problem == PROBLEM_NONE && !is_whole(&list, count)) {
        if (atomic_fetch_add(&x->gateway->collecting, 1) < PAGES_LISTS_MAX)
            problem = collect(x, &list, count);
        else
            problem =
                exchange_stop(x, PROBLEM_BUSY, "%d lists are put together already: ask for a page, or later",
                              PAGES_LISTS_MAX);
        atomic_fetch_sub(&x->gateway->collecting, 1);
    }
    return problem == PROBLEM_NONE ? write_list(x, &list) : problem;
}
