#include "sandbox/action.h"

#include "base/json.h"
#include "sandbox/describe.h"

#include <stdlib.h>
#include <string.h>

struct state_vpc *action_vpc(struct action_call *call, const char *id)
{
    struct state_vpc *vpc = state_vpc(call->state, id);
    if (vpc != NULL && vpc->region == call->region)
        return vpc;
    (void)outcome_refuse(call->outcome, OUTCOME_NOT_FOUND, "InvalidVpc.NotFound",
                         "the vpc %.64s does not exist", id);
    return NULL;
}

/* The VPC and the instances that a change names. */
struct subjects {
    struct state_vpc *vpc;
    struct state_instance *list[PARAMS_MAX];
    size_t count;
};

static int add_instance(struct action_call *call, struct subjects *subjects, const char *id)
{
    struct state_instance *instance = state_instance(call->state, id);
    if (instance == NULL || instance->region != call->region)
        return outcome_refuse(call->outcome, OUTCOME_NOT_FOUND, "InvalidInstance.NotFound",
                              "the instance %.64s does not exist", id);
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
    const char *vpc = params_get(call->params, "vpcId");
    if (vpc == NULL || vpc[0] == '\0')
        return outcome_refuse(call->outcome, OUTCOME_BAD_PARAMETER, NULL, "vpcId is missing");
    if (params_count(call->params, "instanceIds", &count, &err) != 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_PARAMETER, NULL, "%s", err.text);
    if (count == 0)
        return outcome_refuse(call->outcome, OUTCOME_BAD_PARAMETER, NULL, "instanceIds.0 is missing");
    subjects->vpc = action_vpc(call, vpc);
    if (subjects->vpc == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (add_instance(call, subjects, params_member(call->params, "instanceIds", i)) != 0)
            return -1;
    return 0;
}

static int answer_task(struct action_call *call)
{
    call->outcome->task_id = state_begin_task(call->state, call->now_ms);
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
            return outcome_refuse(call->outcome, OUTCOME_FAILED, "InstanceAlreadyLinked",
                                  "the instance %.64s is linked already", subjects->list[i]->id);
    if (subjects->vpc->link_count + subjects->count > STATE_LINKS_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FAILED, "InstanceLimitExceeded",
                              "a vpc takes at most %d instances", STATE_LINKS_MAX);
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
        return outcome_refuse(call->outcome, OUTCOME_INTERNAL, NULL, "out of memory");
    int result = change(call, subjects);
    free(subjects);
    return result;
}

static int run_detach(struct action_call *call)
{
    return with_subjects(call, detach);
}

static int run_attach(struct action_call *call)
{
    return with_subjects(call, attach);
}

static const struct action actions[] = {
    {"DetachClassicLinkVpc", run_detach},       {"AttachClassicLinkVpc", run_attach},
    {"DescribeVpcClassicLink", describe_links}, {"DescribeVpcTaskResult", describe_task},
    {"DescribeVpcEx", describe_vpcs},           {"DescribeInstances", describe_instances},
};

const struct action *action_find(const char *name)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

size_t action_index(const struct action *action)
{
    return (size_t)(action - actions);
}

const struct action *action_table(size_t *count)
{
    *count = COUNT(actions);
    return actions;
}
