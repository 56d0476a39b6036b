#include "sandbox/call/action.h"

#include <string.h>

/* No document gives the old ids (gz_vpc_245, qcvm10001) a place in generation 3. */
static bool is_malformed(const struct action_call *call, const char *id, const char *prefix)
{
    return call->generation == 3 && strncmp(id, prefix, strlen(prefix)) != 0;
}

const char *action_required(struct action_call *call, const char *name)
{
    const char *value = params_get(call->params, name);
    if (value != NULL && value[0] != '\0')
        return value;
    (void)outcome_refuse(call->outcome, OUTCOME_MISSING, "%s is missing", name);
    return NULL;
}

struct state_vpc *action_vpc(struct action_call *call, const char *id)
{
    struct state_vpc *vpc = is_malformed(call, id, "vpc-") ? NULL : state_vpc(call->state, id);
    if (vpc != NULL && vpc->region == call->region)
        return vpc;
    if (is_malformed(call, id, "vpc-"))
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of a vpc", id);
    else
        (void)outcome_refuse(call->outcome, OUTCOME_NO_VPC, "the vpc %.64s does not exist", id);
    return NULL;
}

struct state_instance *action_instance(struct action_call *call, const char *id)
{
    struct state_instance *instance = is_malformed(call, id, "ins-") ? NULL : state_instance(call->state, id);
    if (instance != NULL && instance->region == call->region)
        return instance;
    if (is_malformed(call, id, "ins-"))
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of an instance", id);
    else
        (void)outcome_refuse(call->outcome, OUTCOME_NO_INSTANCE, "the instance %.64s does not exist", id);
    return NULL;
}
