/* What a good answer still lacks: the names that callers know, its other pages. */
#include "gateway/call/complete.h"

#include "gateway/call/caller_view.h"
#include "gateway/call/pages.h"
#include "gateway/call/task_wait.h"

/* A list without entries is a list, also where the cloud calls it null: no caller has to tell them apart. */
static bool is_null_list(const struct exchange *x)
{
    return x->route->list != NULL && x->answer.list.kind == JSON_VALUE_NULL;
}

static enum problem view_answer(struct exchange *x)
{
    const struct answer answer = x->answer;
    const struct caller_view view = {.route = x->route,
                                     .api = x->call->upstream->api,
                                     .pages = &answer,
                                     .page_count = 1,
                                     .joined = is_null_list(x)};
    if (caller_view_write(&view, x->arena, &x->answer, &x->err) == 0)
        return PROBLEM_NONE;
    return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_UPSTREAM_INVALID_ANSWER;
}

/* Where a request is for one thing, the cloud's list of it must have it: not every action says NotFound. */
static enum problem find_one(struct exchange *x)
{
    const struct json_value *one = &x->answer.single;
    bool empty = one->kind == JSON_VALUE_NULL || (one->kind == JSON_VALUE_ARRAY && one->count == 0);
    return empty ? exchange_stop(x, PROBLEM_NOT_FOUND, "the cloud knows none of that name") : PROBLEM_NONE;
}

/* Its door knows what of the answer is shown.  SDKs ask for the task themselves. */
static enum problem follow_document(struct exchange *x)
{
    if (x->sdk != NULL || x->mcp != NULL)
        return PROBLEM_NONE;
    task_wait_begin_at_status(x);
    task_wait_begin(x);
    return PROBLEM_NONE;
}

enum problem complete_answer(struct exchange *x)
{
    enum problem problem = PROBLEM_NONE;
    if (x->all)
        return pages_collect(x);
    if (x->route->document != NULL)
        return follow_document(x);
    if (x->route->single != NULL)
        problem = find_one(x);
    if (problem == PROBLEM_NONE)
        task_wait_begin_at_status(x);
    if (problem == PROBLEM_NONE && (caller_view_differs(x->route, x->call->upstream->api) || is_null_list(x)))
        problem = view_answer(x);
    if (problem == PROBLEM_NONE)
        task_wait_begin(x);
    return problem;
}
