#include "gateway/call/pages.h"

#include "base/time/clock.h"
#include "base/text.h"
#include "config/definitions/paging.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/call/frozen.h"
#include "gateway/exchange/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGES_TOTAL_MAX = 9, /* digits of a total in a string */
    PAGES_MARGIN = 2,    /* times PAGES_BYTES_MAX by the first page's entries: others may be smaller */
};

/* A list while its pages come in. */
struct list {
    struct answer *pages; /* room for PAGES_CALLS_MAX */
    size_t count;
    size_t items, bytes; /* of all of them */
    long long total;     /* as the last page counts; -1: it does not */
    size_t step;      /* entries of the first page, and of each but the last while several are on their way */
    size_t at_a_time; /* 0: one after the other */
    struct forward *started[PAGES_AT_A_TIME]; /* the pages behind those that are there, in order */
    size_t started_count;
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

static bool goes_by_token(const struct exchange *x)
{
    return x->paging != NULL ? x->paging->next != NULL : x->route->next != NULL;
}

enum pages_next pages_next(const struct answer *answer, bool last_value)
{
    const struct json_value *next = &answer->next;
    const struct json_value *last = &answer->last;
    bool told = last->kind == JSON_VALUE_TRUE || last->kind == JSON_VALUE_FALSE;
    bool none = next->kind == JSON_VALUE_NONE || next->kind == JSON_VALUE_NULL || json_value_is(next, "");
    if (!told && last->kind != JSON_VALUE_NONE && last->kind != JSON_VALUE_NULL)
        return PAGES_NEXT_BAD;
    if (told && (last->kind == JSON_VALUE_TRUE) == last_value)
        return PAGES_NEXT_NONE;
    if (none)
        return told ? PAGES_NEXT_BAD : PAGES_NEXT_NONE;
    if (next->kind != JSON_VALUE_STRING && next->kind != JSON_VALUE_NUMBER)
        return PAGES_NEXT_BAD;
    return !told && answer->list.count == 0 ? PAGES_NEXT_NONE : PAGES_NEXT_TOKEN;
}

/* The page at this offset, or of the last one's token, as a sealed call that is allowed. */
static enum problem make_call(struct exchange *x, const struct list *list, size_t from, struct call **call)
{
    char text[TEXT_NUMBER_SIZE];
    char offset[TEXT_NUMBER_SIZE + 2];
    struct json_value page = list->pages[list->count - 1].next;
    if (!goes_by_token(x)) {
        bool quoted = x->paging != NULL && x->paging->from->type == DEFINITIONS_STRING;
        text_number(text, (long long)from);
        int length = snprintf(offset, sizeof offset, quoted ? "\"%s\"" : "%s", text);
        page = (struct json_value){.kind = quoted ? JSON_VALUE_STRING : JSON_VALUE_NUMBER,
                                   .bytes = offset,
                                   .length = (size_t)length};
    }
    enum problem problem = x->page_call(x, &page, call);
    if (problem == PROBLEM_UPSTREAM_INVALID_ANSWER) {
        err_clear(&x->err); /* it has a caller's sentence, and nobody called so */
        return exchange_stop(x, problem,
                             "the upstream's token of the page behind %zu entries is none that a request "
                             "could have",
                             from);
    }
    if (problem == PROBLEM_NONE && !authorize_further(x, *call, false))
        problem = exchange_stop(x, PROBLEM_NOT_ALLOWED,
                                "the policy does not allow the page behind %zu entries", from);
    return problem == PROBLEM_NONE ? frozen_refuse(x) : problem;
}

static enum problem too_long(struct exchange *x)
{
    return exchange_stop(
        x, PROBLEM_INVALID_PARAMETER,
        "all is for lists of up to %d pages and %d bytes; this one is longer: ask for one page at a time",
        PAGES_CALLS_MAX, PAGES_BYTES_MAX);
}

/* Twice: false, and nobody knows which it is. */
static bool find_member(const struct answer *answer, const struct definitions_member *wanted,
                        struct json_value *found)
{
    struct json_items items = json_value_items(&answer->members);
    *found = (struct json_value){0};
    for (struct json_value member; wanted != NULL && json_value_next(&items, &member);) {
        if (!json_value_has_key(&member, wanted->name))
            continue;
        if (found->kind != JSON_VALUE_NONE)
            return false;
        *found = member;
    }
    return true;
}

/* A route's dialect has told where they are. */
static bool find_members(const struct paging *paging, struct answer *answer)
{
    return paging == NULL || (find_member(answer, paging->list, &answer->list) &&
                              find_member(answer, paging->total, &answer->total) &&
                              find_member(answer, paging->next, &answer->next) &&
                              find_member(answer, paging->last, &answer->last));
}

/* One more page; `*count` is what it has. */
static enum problem add_page(struct exchange *x, struct list *list, const struct answer *answer,
                             size_t *count)
{
    const char *name = x->paging == NULL ? x->route->list : x->paging->list->name;
    struct answer *added = &list->pages[list->count++];
    const struct json_value *page = &added->list;
    *added = *answer;
    list->bytes += answer->length;
    if (!find_members(x->paging, added))
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER,
                             "the upstream's answer has a member of its pages twice");
    if (page->kind == JSON_VALUE_NONE)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "the upstream's answer has no %s", name);
    if (page->kind != JSON_VALUE_ARRAY && page->kind != JSON_VALUE_NULL)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER, "%s of the upstream's answer is no list",
                             name);
    *count = page->count;
    list->items += page->count;
    list->total = pages_total(&added->total, x->arena);
    return list->bytes > PAGES_BYTES_MAX ? too_long(x) : PROBLEM_NONE;
}

static bool is_repeated(const struct list *list)
{
    const struct json_value *next = &list->pages[list->count - 1].next;
    for (size_t i = 0; i + 1 < list->count; i++) {
        const struct json_value *other = &list->pages[i].next;
        if (other->length == next->length && strncmp(other->bytes, next->bytes, next->length) == 0)
            return true;
    }
    return false;
}

static enum problem look_for_token(struct exchange *x, const struct list *list, bool *whole)
{
    const struct answer *answer = &list->pages[list->count - 1];
    bool last_value =
        x->paging != NULL ? x->paging->last_value : x->route->dialects[x->call->upstream->api].last.value;
    enum pages_next next = pages_next(answer, last_value);
    if (next == PAGES_NEXT_BAD)
        return exchange_stop(x, PROBLEM_UPSTREAM_INVALID_ANSWER,
                             "the upstream's answer does not tell which page comes next");
    *whole = next == PAGES_NEXT_NONE;
    if (!*whole && is_repeated(list))
        return exchange_stop(
            x, PROBLEM_UPSTREAM_INVALID_ANSWER,
            "the upstream's answer names a page that was there already: the list has no end");
    return PROBLEM_NONE;
}

/* A total may count what the caller cannot see. */
static enum problem look_behind(struct exchange *x, const struct list *list, size_t count, bool *whole)
{
    if (goes_by_token(x))
        return look_for_token(x, list, whole);
    *whole = count == 0 || (list->total >= 0 && (long long)list->items >= list->total);
    return PROBLEM_NONE;
}

/* The first page tells that the others would be fetched for nothing. */
static bool is_hopeless(const struct exchange *x, const struct list *list)
{
    const struct call_param *limit = call_find(x->call, "limit");
    long long page = limit == NULL || limit->count == 0 ? 0 : strtoll(limit->values[0], NULL, 10);
    if (list->items == 0 || list->total < 0)
        return false;
    return (page > 0 && (list->total - 1) / page >= PAGES_CALLS_MAX) ||
           list->total / PAGES_MARGIN > PAGES_BYTES_MAX / (long long)(list->bytes / list->items + 1);
}

/* Pages that are not on their way yet, as many as may be, from the one that is read next. */
static enum problem start_pages(struct exchange *x, struct list *list, int64_t until_us)
{
    while (list->started_count < list->at_a_time) {
        struct call *call = NULL;
        size_t from = list->items + list->started_count * list->step;
        if ((long long)from >= list->total || list->count + list->started_count == PAGES_CALLS_MAX)
            break;
        enum problem problem = make_call(x, list, from, &call);
        if (problem != PROBLEM_NONE)
            return problem;
        if ((list->started[list->started_count] = forward_start(x, call, until_us)) == NULL)
            break;
        list->started_count++;
    }
    return PROBLEM_NONE;
}

/* From then on one goes after the other. */
static void drop_pages(struct list *list)
{
    for (size_t i = 0; i < list->started_count; i++)
        forward_drop(list->started[i]);
    list->started_count = list->at_a_time = 0;
}

static enum problem end_page(struct exchange *x, struct list *list, int64_t until_us, struct answer *answer)
{
    struct forward *next = list->started[0];
    unsigned before = x->extra_calls;
    list->started_count--;
    memmove(list->started, list->started + 1, list->started_count * sizeof *list->started);
    enum problem problem = forward_finish(next, until_us, answer);
    if (x->extra_calls - before > 1)
        list->at_a_time = 0; /* the cloud may want fewer */
    return problem;
}

/* The page behind those that are there. */
static enum problem read_page(struct exchange *x, struct list *list, int64_t until_us, struct answer *answer)
{
    struct call *call = NULL;
    enum problem problem = start_pages(x, list, until_us);
    if (problem == PROBLEM_NONE && list->started_count > 0)
        return end_page(x, list, until_us, answer);
    if (problem == PROBLEM_NONE)
        problem = make_call(x, list, list->items, &call);
    return problem == PROBLEM_NONE ? forward_read(x, call, until_us, answer) : problem;
}

/* The pages behind the first. */
static enum problem collect(struct exchange *x, struct list *list)
{
    struct answer answer = x->answer;
    enum problem problem = PROBLEM_NONE;
    int64_t until_us = clock_monotonic_us() + PAGES_TIME_US;
    list->step = list->items;
    list->at_a_time = goes_by_token(x) || list->total < 0 ? 0 : PAGES_AT_A_TIME;
    for (bool whole = false; problem == PROBLEM_NONE && !whole;) {
        size_t count = 0;
        problem = list->count == PAGES_CALLS_MAX ? too_long(x) : read_page(x, list, until_us, &answer);
        x->answer = answer; /* its code is what the caller is told when it is bad */
        if (problem == PROBLEM_NONE)
            problem = add_page(x, list, &answer, &count);
        if (count != list->step)
            drop_pages(list); /* they begin elsewhere */
        if (problem == PROBLEM_NONE)
            problem = look_behind(x, list, count, &whole);
    }
    drop_pages(list); /* what a list that is not whole, or has become shorter, does not need */
    return problem;
}

static enum problem write_list(struct exchange *x, const struct list *list)
{
    const struct caller_view view = {.route = x->route,
                                     .api = x->call->upstream->api,
                                     .pages = list->pages,
                                     .page_count = list->count,
                                     .joined = true};
    if (caller_view_write(&view, x->arena, &x->answer, &x->err) != 0)
        return exchange_fail(x);
    if (x->paging != NULL) /* whoever sent a document sees these */
        x->answer.members = (struct json_value){
            .kind = JSON_VALUE_OBJECT, .bytes = x->answer.bytes, .length = x->answer.length};
    return PROBLEM_NONE;
}

enum problem pages_collect(struct exchange *x)
{
    size_t count = 0;
    struct list list = {.pages = arena_array(x->arena, PAGES_CALLS_MAX, sizeof *list.pages)};
    if (list.pages == NULL)
        return exchange_fail(x);
    enum problem problem = add_page(x, &list, &x->answer, &count);
    bool whole = false;
    if (problem == PROBLEM_NONE && is_hopeless(x, &list))
        problem = too_long(x);
    if (problem == PROBLEM_NONE)
        problem = look_behind(x, &list, count, &whole);
    if (problem == PROBLEM_NONE && !whole) {
        if (atomic_fetch_add(&x->gateway->collecting, 1) < PAGES_LISTS_MAX)
            problem = collect(x, &list);
        else
            problem =
                exchange_stop(x, PROBLEM_BUSY, "%d lists are put together already: ask for a page, or later",
                              PAGES_LISTS_MAX);
        atomic_fetch_sub(&x->gateway->collecting, 1);
    }
    return problem == PROBLEM_NONE ? write_list(x, &list) : problem;
}
