#include "sandbox/command/plain_action.h"

#include "base/json/json_value.h"
#include "sandbox/shapes/shape_answer.h"
#include "sandbox/shapes/shape_check.h"
#include "sandbox/shapes/shape_form.h"

#include <string.h>

/* Of either kind: 5 or "5". */
static bool is_zero(const struct json_value *value)
{
    return json_value_is(value, "0") || (value->length == 1 && value->bytes[0] == '0');
}

static struct json_value find(const struct json_value *root, const char *name)
{
    struct json_items items = json_value_items(root);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, name))
            return member;
    return (struct json_value){0};
}

/* Pages have one item: by token there are two of them, and one that begins later is empty. */
static enum shape_page page_of(const struct definitions_action *action, const struct json_value *root)
{
    const struct definitions_member *taker = shape_answer_token(action);
    const struct json_value offset = find(root, "Offset");
    if (offset.kind != JSON_VALUE_NONE && !is_zero(&offset))
        return SHAPE_PAST;
    if (taker == NULL)
        return SHAPE_LAST;
    const struct json_value token = find(root, taker->name);
    return token.kind == JSON_VALUE_NONE || json_value_is(&token, "") ? SHAPE_FIRST : SHAPE_LAST;
}

/* As DescribeVpcTaskResult can be asked about: the task has the RequestId's name. */
static void begin_task(struct api_request *x)
{
    state_lock(x->state);
    x->outcome.task_id = state_begin_task(x->state, x->received_ms);
    state_task_name(x->state, x->outcome.task_id, x->outcome.request_id);
    state_unlock(x->state);
}

static int answer(struct api_request *x, const char *service, const struct definitions_action *action,
                  const struct buf *document)
{
    struct json_value root;
    if (json_value_read(buf_text(document), document->length, PARAMS_DEPTH_MAX, &root, NULL) != 0)
        return outcome_refuse(&x->outcome, OUTCOME_BAD_REQUEST, "the parameters cannot be read");
    if (shape_check(action->input, &root, &x->outcome) != 0)
        return -1;
    if (action->effect == DEFINITIONS_CHANGE && service != NULL && strcmp(service, "vpc") == 0)
        begin_task(x);
    shape_answer_put(&x->answer->body, action->output, x->outcome.request_id, page_of(action, &root));
    return 0;
}

int plain_action_run(struct api_request *x, const char *service, const struct definitions_action *action)
{
    struct buf form;
    if (x->json)
        return answer(x, service, action, &x->request->body);
    buf_init(&form, 2 * HTTP_BODY_MAX); /* what was percent-encoded is escaped */
    int result = shape_form_put(&form, &x->params, action->input, &x->outcome);
    if (result == 0)
        result = answer(x, service, action, &form);
    buf_done(&form);
    return result;
}
