/* What a good answer still lacks: the names that callers know, its other pages, the end of its task. */
#include "gateway/call/follow.h"

#include "gateway/call/page.h"
#include "gateway/call/task.h"
#include "gateway/call/view.h"

static enum problem view_answer(struct exchange *x)
{
    json_t *view = view_new(x->route, x->call->upstream->api, &x->answer, &x->err);
    if (view == NULL && x->err.kind != ERR_MEMORY)
        return PROBLEM_UPSTREAM_INVALID_ANSWER;
    int result = view == NULL ? -1 : view_write(view, x->arena, &x->answer, &x->err);
    json_decref(view);
    return result == 0 ? PROBLEM_NONE : exchange_fail(x);
}

/* Where a request is for one thing, the cloud's list of it must have it: not every action says NotFound. */
static enum problem find_one(struct exchange *x)
{
    json_t *view = view_new(x->route, x->call->upstream->api, &x->answer, &x->err);
    if (view == NULL)
        return exchange_fail(x);
    const json_t *list = json_object_get(view, x->route->one);
    bool missing = json_is_array(list) && json_array_size(list) == 0;
    json_decref(view);
    return missing ? exchange_stop(x, PROBLEM_NOT_FOUND, "the cloud knows none of that name") : PROBLEM_NONE;
}

enum problem follow_answer(struct exchange *x)
{
    enum problem problem = PROBLEM_NONE;
    if (x->all)
        return page_collect(x);
    if (x->route->one != NULL)
        problem = find_one(x);
    if (problem == PROBLEM_NONE && view_differs(x->route, x->call->upstream->api))
        problem = view_answer(x);
    if (problem == PROBLEM_NONE)
        task_wait(x);
    return problem;
}
