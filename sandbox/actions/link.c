#include "sandbox/actions/link.h"

#include "base/json/json.h"

#include <stdlib.h>

/* The VPC and the instances that a change names. */
struct subjects {
    struct state_vpc *vpc;
    struct state_instance *list[PARAMS_MAX];
    size_t count;
};

static int add_instance(struct action_call *call, struct subjects *subjects, const char *id)
{
    struct state_instance *instance = action_instance(call, id);
    if (instance == NULL)
        return -1;
    if (instance->subnet != NULL)
        return outcome_refuse(call->outcome, OUTCOME_NOT_CLASSIC, "%.64s is no classic instance", id);
    for (size_t i = 0; i < subjects->count; i++)
        if (subjects->list[i] == instance) /* named twice: one is enough */
            return 0;
    subjects->list[subjects->count++] = instance;
    return 0;
}

static int find_subjects(struct action_call *call, struct subjects *subjects)
{
    struct err err = {0};
    size_t count = 0;
    const char *vpc_key = call->generation == 3 ? "VpcId" : "vpcId";
    const char *list = call->generation == 3 ? "InstanceIds" : "instanceIds";
    const char *vpc = params_get(call->params, vpc_key);
    if (vpc == NULL || vpc[0] == '\0')
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "%s is missing", vpc_key);
    if (params_count(call->params, list, &count, &err) != 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_REQUEST, "%s", err.text);
    if (count == 0)
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "%s.0 is missing", list);
    subjects->vpc = action_vpc(call, vpc);
    if (subjects->vpc == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (add_instance(call, subjects, params_member(call->params, list, i)) != 0)
            return -1;
    return 0;
}

/* In generation 3 the answer's RequestId is the task's name, and all that it holds. */
static int answer_task(struct action_call *call)
{
    call->outcome->task_id = state_begin_task(call->state, call->now_ms);
    if (call->generation == 3) {
        state_task_name(call->state, call->outcome->task_id, call->outcome->request_id);
        return 0;
    }
    json_open(call->body);
    json_member_int(call->body, "code", OUTCOME_GOOD);
    json_member(call->body, "message", "");
    json_member_int(call->body, "taskId", call->outcome->task_id);
    json_close(call->body);
    return 0;
}

/* All or nothing: an unknown instance among known ones changes nothing. */
static int detach(struct action_call *call, struct subjects *subjects)
{
    if (find_subjects(call, subjects) != 0)
        return -1;
    for (size_t i = 0; i < subjects->count; i++)
        if (state_detach(subjects->list[i], subjects->vpc))
            call->outcome->changed = true;
    return answer_task(call);
}

static int may_attach(struct action_call *call, const struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->count; i++)
        if (subjects->list[i]->vpc != NULL)
            return outcome_refuse(call->outcome, OUTCOME_LINKED, "the instance %.64s is linked already",
                                  subjects->list[i]->id);
    if (subjects->vpc->link_count + subjects->count > STATE_LINKS_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "a vpc takes at most %d instances",
                              STATE_LINKS_MAX);
    return 0;
}

static int attach(struct action_call *call, struct subjects *subjects)
{
    if (find_subjects(call, subjects) != 0 || may_attach(call, subjects) != 0)
        return -1;
    for (size_t i = 0; i < subjects->count; i++)
        state_attach(call->state, subjects->list[i], subjects->vpc, NULL, call->now_ms / 1000);
    call->outcome->changed = true;
    return answer_task(call);
}

/* The list of instances is too large for a thread's small stack. */
static int with_subjects(struct action_call *call, int (*change)(struct action_call *, struct subjects *))
{
    struct subjects *subjects = calloc(1, sizeof *subjects);
    if (subjects == NULL)
        return outcome_refuse(call->outcome, OUTCOME_INTERNAL, "out of memory");
    int result = change(call, subjects);
    free(subjects);
    return result;
}

int link_detach(struct action_call *call)
{
    return with_subjects(call, detach);
}

int link_attach(struct action_call *call)
{
    return with_subjects(call, attach);
}
