#include "gateway/call/page.h"

#include "base/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/forward.h"
#include "gateway/call/view.h"
#include "gateway/exchange/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list while its pages come in. */
struct list {
    json_t *whole;   /* the first page's view, with every later page's items */
    json_t *items;   /* in it; borrowed */
    long long total; /* as the last page counts; -1: it does not */
    size_t calls;
    size_t bytes;
};

/* A number, or a string that holds one: official samples have both. */
static long long read_total(const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        return json_integer_value(value);
    if (text == NULL || text[0] == '\0' || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
        return -1;
    return strtoll(text, NULL, 10);
}

/* The page behind the items that are there, as a sealed call that the policy has allowed. */
static enum problem next_call(struct exchange *x, const struct list *list, struct call **call)
{
    char offset[24];
    if (snprintf(offset, sizeof offset, "%zu", json_array_size(list->items)) < 0)
        return exchange_fail(x);
    const char *text = arena_strdup(x->arena, offset);
    *call = text == NULL ? NULL : call_with(x->call, "offset", text, x->arena);
    if (*call == NULL)
        return exchange_fail(x);
    return authorize_further(x, *call, false)
               ? PROBLEM_NONE
               : exchange_stop(x, PROBLEM_NOT_ALLOWED, "the policy does not allow the page at offset %s",
                               text);
}

/* Takes the view.  False when it holds no page. */
static bool add_page(struct list *list, const struct config_route *route, json_t *view, size_t *count)
{
    json_t *items = json_object_get(view, route->list);
    bool good = json_is_array(items);
    *count = json_array_size(items);
    if (good)
        list->total = read_total(json_object_get(view, route->total));
    if (good && list->whole == NULL) {
        list->whole = view;
        list->items = items;
        return true;
    }
    json_t *total = json_object_get(view, route->total);
    good = good && json_array_extend(list->items, items) == 0 &&
           (total == NULL || json_object_set(list->whole, route->total, total) == 0);
    json_decref(view);
    return good;
}

static enum problem read_page(struct exchange *x, struct list *list, const struct answer *answer,
                              size_t *count)
{
    json_t *view = view_new(x->route, x->call->upstream->api, answer, &x->err);
    list->calls++;
    list->bytes += answer->length;
    if (view == NULL)
        return exchange_fail(x);
    if (!add_page(list, x->route, view, count))
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "the upstream's answer has no %s",
                             x->route->list);
    return PROBLEM_NONE;
}

static bool is_whole(const struct list *list, size_t count)
{
    return count == 0 || (list->total >= 0 && (long long)json_array_size(list->items) >= list->total);
}

/* The pages behind the first, which has `count` items. */
static enum problem collect(struct exchange *x, struct list *list, size_t count)
{
    struct answer answer = x->answer;
    enum problem problem = PROBLEM_NONE;
    int64_t until_us = clock_monotonic_us() + PAGE_TIME_US;
    while (problem == PROBLEM_NONE && !is_whole(list, count)) {
        struct call *call = NULL;
        if (list->calls == PAGE_CALLS_MAX || list->bytes > PAGE_BYTES_MAX)
            return exchange_stop(
                x, PROBLEM_INVALID_PARAMETER,
                "all is for lists of up to %d pages and %d bytes; this one is longer: use offset and "
                "limit",
                PAGE_CALLS_MAX, PAGE_BYTES_MAX);
        problem = next_call(x, list, &call);
        if (problem != PROBLEM_NONE)
            return problem;
        problem = forward_read(x, call, until_us, &answer);
        x->answer = answer; /* its code is what the caller is told when it is bad */
        if (problem == PROBLEM_NONE)
            problem = read_page(x, list, &answer, &count);
    }
    return problem;
}

enum problem page_collect(struct exchange *x)
{
    size_t count = 0;
    struct list list = {0};
    enum problem problem = read_page(x, &list, &x->answer, &count);
    if (problem == PROBLEM_NONE && !is_whole(&list, count)) {
        if (atomic_fetch_add(&x->gateway->collecting, 1) < PAGE_LISTS_MAX)
            problem = collect(x, &list, count);
        else
            problem =
                exchange_stop(x, PROBLEM_BUSY, "%d lists are put together already: ask for a page, or later",
                              PAGE_LISTS_MAX);
        atomic_fetch_sub(&x->gateway->collecting, 1);
    }
    if (problem == PROBLEM_NONE && view_write(list.whole, x->arena, &x->answer, &x->err) != 0)
        problem = exchange_fail(x);
    json_decref(list.whole);
    return problem;
}
