#include "gateway/dryrun/dry_run.h"

#include "gateway/door/actions.h"
#include "gateway/translate/build_document.h"
#include "gateway/door/door.h"
#include "gateway/request/doors.h"

#include <string.h>

int dry_run_translate(struct exchange *x, const char *method, const char *path, const char *body)
{
    const char *mark = strchr(path, '?');
    char *plain = arena_copy(x->arena, path, mark == NULL ? strlen(path) : (size_t)(mark - path));
    struct request_head *head = arena_alloc(x->arena, sizeof *head);
    if (plain == NULL || head == NULL)
        return err_memory(&x->err);
    head->method = method;
    x->head = head;
    x->body = body;
    x->body_length = body == NULL ? 0 : strlen(body);
    if (target_parse(plain, mark == NULL ? NULL : mark + 1, x->arena, &x->target, &x->err) != 0)
        return -1;
    x->body_max = actions_body_max(x);
    if (x->body_length > x->body_max)
        return err_set(&x->err, ERR_LIMIT, "the body may have at most %zu bytes", x->body_max);
    head->target = plain;
    doors_choose(x);
    x->problem = door_route(x);
    if (x->route == NULL)
        return err_set(&x->err, ERR_INPUT,
                       x->path_exists ? "this path does not take this method" : "there is no such route");
    x->problem = door_translate(x);
    return x->problem == PROBLEM_NONE ? 0 : -1;
}

int dry_run_mask(struct exchange *x, bool *any)
{
    *any = call_has_secret(x->call);
    if (x->call->document != NULL)
        x->problem = build_document_mask(x, any);
    else
        call_mask(x->call);
    return x->problem == PROBLEM_NONE ? 0 : -1;
}
