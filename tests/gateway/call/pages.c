/* A list of so many entries, in pages of so many, put together: how often the cloud is asked, at which
 * offsets, and how many pages are on their way at a time.  The cloud, the slots, the policy and the writing
 * of the answer are this file's. */
#include "gateway/call/pages.h"

#include "auth/call.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/call/frozen.h"
#include "gateway/exchange/shared.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the cloud has. */
struct cloud {
    size_t entries, page;
    size_t page_bytes;
    bool counts;       /* its answers have a total, ... */
    bool in_text;      /* ... as a string */
    size_t fails_at;   /* this offset; 0: none */
    size_t refused_at; /* likewise, by the policy */
    size_t frozen_at;  /* from this offset on the client is frozen */
    size_t short_at;   /* this page has one entry less */
    size_t again_at;   /* this page has to be asked for twice */
    size_t slots;      /* beside that of a page which goes alone */
};

/* A page on its way. */
struct forward {
    struct exchange *x;
    const struct call *call;
};

static struct cloud cloud;
static size_t asked;   /* calls beside the first */
static size_t written; /* pages in the answer */
static size_t items;   /* in them */
static size_t under_way, most_under_way;
static size_t judged; /* the offset of the page that was judged last */

static size_t offset_of(const struct call *call)
{
    return (size_t)strtoul(call->params[0].values[0], NULL, 10);
}

static void make_answer(struct answer *answer, size_t offset, struct arena *arena)
{
    char number[32];
    char *text = NULL;
    size_t left = offset < cloud.entries ? cloud.entries - offset : 0;
    size_t count = left < cloud.page ? left : cloud.page;
    bool is_short = cloud.short_at != 0 && offset == cloud.short_at;
    *answer = (struct answer){.length = cloud.page_bytes};
    answer->list = (struct json_value){.kind = JSON_VALUE_ARRAY, .count = count - is_short};
    (void)snprintf(number, sizeof number, cloud.in_text ? "\"%zu\"" : "%zu", cloud.entries);
    text = arena_strdup(arena, number);
    assert_non_null(text);
    if (cloud.counts)
        assert_int_equal(json_value_read(text, strlen(text), 4, &answer->total, NULL), 0);
}

enum problem forward_read(struct exchange *x, const struct call *call, int64_t until_us,
                          struct answer *answer)
{
    assert_true(until_us > 0 && under_way == 0);
    asked++;
    x->extra_calls += cloud.again_at != 0 && offset_of(call) == cloud.again_at ? 2 : 1;
    make_answer(answer, offset_of(call), x->arena);
    return cloud.fails_at != 0 && offset_of(call) == cloud.fails_at ? PROBLEM_UPSTREAM_FAILED : PROBLEM_NONE;
}

struct forward *forward_start(struct exchange *x, const struct call *call, int64_t until_us)
{
    assert_true(until_us > 0);
    if (under_way == cloud.slots)
        return NULL;
    struct forward *started = arena_array(x->arena, 1, sizeof *started);
    assert_non_null(started);
    *started = (struct forward){.x = x, .call = call};
    under_way++;
    if (under_way > most_under_way)
        most_under_way = under_way;
    return started;
}

static void end(struct forward *started)
{
    assert_non_null(started->call);
    started->call = NULL; /* once */
    under_way--;
}

enum problem forward_finish(struct forward *started, int64_t until_us, struct answer *answer)
{
    const struct call *call = started->call;
    size_t others = under_way - 1;
    end(started);
    under_way = 0;
    enum problem problem = forward_read(started->x, call, until_us, answer);
    under_way = others;
    return problem;
}

void forward_drop(struct forward *started)
{
    asked++;
    end(started);
}

bool authorize_further(const struct exchange *x, const struct call *call, bool granted)
{
    (void)x;
    assert_false(granted);
    judged = offset_of(call);
    return cloud.refused_at == 0 || judged != cloud.refused_at;
}

enum problem frozen_refuse(struct exchange *x)
{
    return cloud.frozen_at != 0 && judged >= cloud.frozen_at
               ? exchange_stop(x, PROBLEM_NOT_ALLOWED, "this client is frozen")
               : PROBLEM_NONE;
}

int caller_view_write(const struct caller_view *view, struct arena *arena, struct answer *answer,
                      struct err *err)
{
    (void)arena;
    (void)answer;
    (void)err;
    assert_true(view->joined);
    written = view->page_count;
    for (size_t i = 0; i < view->page_count; i++)
        items += view->pages[i].list.count;
    return 0;
}

/* Of a route by offset. */
static enum problem page_call(struct exchange *x, const struct json_value *page, struct call **call)
{
    const char *text = arena_copy(x->arena, page->bytes, page->length);
    *call = text == NULL ? NULL : call_with(x->call, &x->route->params[0], text, x->arena);
    return *call == NULL ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

static const struct row {
    const char *name;
    struct cloud cloud;
    unsigned others;   /* lists that are put together at the same time */
    const char *limit; /* of a page, as the call has it; NULL: it has none */
    size_t asked;
    size_t dropped; /* of them */
    size_t most;    /* at a time, but for those that go alone */
    enum problem problem;
} rows[] = {
    {.name = "none", .cloud = {.page = 10, .counts = true}},
    {.name = "one page", .cloud = {.entries = 10, .page = 10, .counts = true}},
    {.name = "one more than a page", .cloud = {.entries = 11, .page = 10, .counts = true}, .asked = 1},
    {.name = "a total in a string",
     .cloud = {.entries = 30, .page = 10, .counts = true, .in_text = true},
     .asked = 2},
    {.name = "no total: until a page is empty", .cloud = {.entries = 30, .page = 10}, .asked = 3},
    {.name = "as many pages as may be", .cloud = {.entries = 1000, .page = 10, .counts = true}, .asked = 99},
    {.name = "one page too many",
     .cloud = {.entries = 1001, .page = 10, .counts = true},
     .asked = 99,
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "as many pages as may be, and the first says so",
     .cloud = {.entries = 1000, .page = 10, .counts = true},
     .limit = "10",
     .asked = 99},
    {.name = "one page too many, and the first says so",
     .cloud = {.entries = 1001, .page = 10, .counts = true},
     .limit = "10",
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "pages that are shorter than asked for may be too many later",
     .cloud = {.entries = 1001, .page = 10, .counts = true},
     .limit = "20",
     .asked = 99,
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "too many bytes, by the first page's",
     .cloud = {.entries = 100, .page = 10, .counts = true, .page_bytes = 400000},
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "too many bytes",
     .cloud = {.entries = 30, .page = 10, .counts = true, .page_bytes = 400000},
     .asked = 2,
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "a page that fails",
     .cloud = {.entries = 40, .page = 10, .counts = true, .fails_at = 20},
     .asked = 2,
     .problem = PROBLEM_UPSTREAM_FAILED},
    {.name = "a page that is denied",
     .cloud = {.entries = 40, .page = 10, .counts = true, .refused_at = 20},
     .asked = 1,
     .problem = PROBLEM_NOT_ALLOWED},
    {.name = "a client that is frozen meanwhile",
     .cloud = {.entries = 40, .page = 10, .counts = true, .frozen_at = 20},
     .asked = 1,
     .problem = PROBLEM_NOT_ALLOWED},
    {.name = "four at a time, a client that is frozen meanwhile",
     .cloud = {.entries = 80, .page = 10, .counts = true, .frozen_at = 30, .slots = 9},
     .asked = 2,
     .dropped = 2,
     .most = 2,
     .problem = PROBLEM_NOT_ALLOWED},
    {.name = "two of four pages",
     .cloud = {.entries = 30, .page = 10, .counts = true, .slots = 9},
     .asked = 2,
     .most = 2},
    {.name = "four at a time, as many pages as may be",
     .cloud = {.entries = 1000, .page = 10, .counts = true, .slots = 9},
     .asked = 99,
     .most = 4},
    {.name = "four at a time, one page too many",
     .cloud = {.entries = 1001, .page = 10, .counts = true, .slots = 9},
     .asked = 99,
     .most = 4,
     .problem = PROBLEM_INVALID_PARAMETER},
    {.name = "fewer slots than pages",
     .cloud = {.entries = 80, .page = 10, .counts = true, .slots = 2},
     .asked = 7,
     .most = 2},
    {.name = "no total: nobody knows what there is to start",
     .cloud = {.entries = 30, .page = 10, .slots = 9},
     .asked = 3},
    {.name = "four at a time, a page that fails",
     .cloud = {.entries = 80, .page = 10, .counts = true, .fails_at = 20, .slots = 9},
     .asked = 5, /* one more was started when the first had come */
     .dropped = 3,
     .most = 4,
     .problem = PROBLEM_UPSTREAM_FAILED},
    {.name = "four at a time, a page that is denied",
     .cloud = {.entries = 80, .page = 10, .counts = true, .refused_at = 30, .slots = 9},
     .asked = 2,
     .dropped = 2,
     .most = 2,
     .problem = PROBLEM_NOT_ALLOWED},
    {.name = "four at a time, a page that is shorter: one after the other from its end",
     .cloud = {.entries = 59, .page = 10, .counts = true, .short_at = 20, .slots = 9},
     .asked = 8,
     .dropped = 3,
     .most = 4},
    {.name = "four at a time, a page that was asked for twice: no others are started",
     .cloud = {.entries = 100, .page = 10, .counts = true, .again_at = 20, .slots = 9},
     .asked = 9,
     .most = 4},
    {.name = "too many lists at a time",
     .cloud = {.entries = 30, .page = 10, .counts = true},
     .others = PAGES_LISTS_MAX,
     .problem = PROBLEM_BUSY},
    {.name = "a page is no list to put together",
     .cloud = {.entries = 5, .page = 10, .counts = true},
     .others = PAGES_LISTS_MAX},
};

static const struct config_param params[] = {{.name = "offset"}, {.name = "limit"}};
static const struct config_route route = {.action = "Describe",
                                          .list = "data",
                                          .params = (struct config_param *)(uintptr_t)params,
                                          .param_count = COUNT(params)};
static const struct config_upstream upstream = {.name = "vpc"};

static int check(const struct row *row)
{
    static struct shared gateway;
    const char *first[] = {"0"};
    const char *limit = row->limit;
    struct exchange x = {
        .gateway = &gateway, .route = &route, .page_call = page_call, .arena = arena_new(4 * 1024 * 1024)};
    assert_non_null(x.arena);
    x.call = call_new(&route, &upstream, x.arena);
    assert_non_null(x.call);
    assert_int_equal(call_set_region(x.call, "ap-guangzhou", NULL), 0);
    assert_int_equal(call_add(x.call, &params[0], first, 1, NULL), 0);
    if (row->limit != NULL)
        assert_int_equal(call_add(x.call, &params[1], &limit, 1, NULL), 0);
    call_seal(x.call);
    cloud = row->cloud;
    asked = written = items = most_under_way = 0;
    atomic_store(&gateway.collecting, row->others);
    make_answer(&x.answer, 0, x.arena);
    enum problem problem = pages_collect(&x);
    bool whole = problem != PROBLEM_NONE ? written == 0
                                         : written == asked - row->dropped + 1 && items == cloud.entries;
    int wrong = unit_wrong(row->name, problem == row->problem) + unit_wrong(row->name, asked == row->asked) +
                unit_wrong(row->name, whole) + unit_wrong(row->name, under_way == 0) +
                unit_wrong(row->name, most_under_way == row->most) +
                unit_wrong(row->name, atomic_load(&gateway.collecting) == row->others);
    arena_free(x.arena);
    return wrong;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(&rows[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
