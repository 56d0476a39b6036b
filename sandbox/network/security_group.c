#include "sandbox/network/security_group.h"

#include "base/json/json.h"
#include "sandbox/call/filter.h"
#include "sandbox/call/maker.h"
#include "sandbox/call/model.h"
#include "sandbox/call/page.h"
#include "sandbox/call/rows.h"

#include <string.h>
#include <utlist.h>

enum { LIMIT_MAX = 100, NAME_LENGTH_MAX = 60, DESCRIPTION_LENGTH_MAX = 100 }; /* the vendor's pages */

struct state_group *security_group_find(struct action_call *call, const char *id)
{
    struct state_group *group = state_group(call->state, id);
    if (strncmp(id, "sg-", sizeof "sg-" - 1) != 0)
        (void)outcome_refuse(call->outcome, OUTCOME_MALFORMED, "%.64s is no id of a security group", id);
    else if (group != NULL && group->region == call->region)
        return group;
    (void)outcome_refuse(call->outcome, OUTCOME_NOT_FOUND, "the security group %.64s does not exist", id);
    return NULL;
}

static int check(struct action_call *call, const char *name, const char *description)
{
    if (name == NULL)
        return -1;
    if (description == NULL) /* an empty one is good */
        return outcome_refuse(call->outcome, OUTCOME_MISSING, "GroupDescription is missing");
    if (strlen(name) > NAME_LENGTH_MAX || strlen(description) > DESCRIPTION_LENGTH_MAX)
        return outcome_refuse(call->outcome, OUTCOME_TOO_LONG,
                              "GroupName has at most %d bytes, GroupDescription %d", NAME_LENGTH_MAX,
                              DESCRIPTION_LENGTH_MAX);
    if (call->state->group_count >= STATE_MADE_MAX)
        return outcome_refuse(call->outcome, OUTCOME_FULL, "the sandbox takes at most %d security groups",
                              STATE_MADE_MAX);
    return 0;
}

static struct state_group *make(struct maker *maker, const char *name, const char *description)
{
    struct state_group *group = maker_thing(maker, sizeof *group);
    const char *id = maker_id(maker, "sg-");
    name = maker_copy(maker, name);
    description = maker_copy(maker, description);
    maker_give_text(maker, "ProjectId", "ProjectId");
    maker_give_tags(maker, "Tags", "TagSet");
    if (maker_end(maker) != 0)
        return NULL;
    *group = (struct state_group){.arena = maker->arena,
                                  .id = id,
                                  .name = name,
                                  .description = description,
                                  .region = maker->call->region,
                                  .created = maker->call->now_ms / 1000,
                                  .updated = maker->call->now_ms / 1000,
                                  .given = maker->given};
    return group;
}

int security_group_create(struct action_call *call)
{
    struct maker maker;
    const char *name = action_required(call, "GroupName");
    const char *description = params_get(call->params, "GroupDescription");
    if (check(call, name, description) != 0)
        return -1;
    maker_start(&maker, call);
    struct state_group *group = make(&maker, name, description);
    if (group == NULL)
        return -1;
    state_add_group(call->state, group);
    call->outcome->changed = true;
    json_open_member(call->body, "SecurityGroup");
    model_put_group(call->body, group);
    json_close(call->body);
    return 0;
}

static bool has_group(const struct state_instance *instance, const char *id)
{
    for (size_t i = 0; instance->groups != NULL && instance->groups[i] != NULL; i++)
        if (strcmp(instance->groups[i], id) == 0)
            return true;
    return false;
}

/* Do the policies of `owner` name the group? */
static bool names(const struct state_group *owner, const char *id)
{
    const struct state_policy *policy;
    for (size_t i = 0; i < STATE_DIRECTIONS; i++)
        DL_FOREACH(owner->policies[i], policy)
    if (strcmp(policy->group, id) == 0)
        return true;
    return false;
}

int security_group_delete(struct action_call *call)
{
    const char *id = action_required(call, "SecurityGroupId");
    struct state_group *group = id == NULL ? NULL : security_group_find(call, id);
    const struct state_group *other;
    if (group == NULL)
        return -1;
    DL_FOREACH(call->state->groups, other)
    if (other != group && names(other, id))
        return outcome_refuse(call->outcome, OUTCOME_IN_USE, "a policy of %.64s names it", other->id);
    const struct state_instance *instance;
    DL_FOREACH(call->state->instances, instance)
    if (has_group(instance, id))
        return outcome_refuse(call->outcome, OUTCOME_IN_USE, "the instance %.64s has it", instance->id);
    state_remove_group(call->state, group);
    call->outcome->changed = true;
    return 0;
}

static const char *group_id(const void *row)
{
    return ((const struct state_group *)row)->id;
}

static const char *group_name(const void *row)
{
    return ((const struct state_group *)row)->name;
}

/* Every id that is named must be there; and ids and filters exclude each other. */
static int check_ids(struct action_call *call)
{
    const char *id = params_member(call->params, "SecurityGroupIds", 0);
    if (id != NULL && params_get(call->params, "Filters.0.Name") != NULL)
        return outcome_refuse(call->outcome, OUTCOME_TOGETHER,
                              "SecurityGroupIds and Filters exclude each other");
    for (size_t i = 0; id != NULL; id = params_member(call->params, "SecurityGroupIds", ++i))
        if (security_group_find(call, id) == NULL)
            return -1;
    return 0;
}

int security_group_describe(struct action_call *call)
{
    static const struct filter filters[] = {{"security-group-id", group_id, false},
                                            {"security-group-name", group_name, true},
                                            {NULL, NULL, false}};
    static const char *const no_order[] = {NULL};
    struct page page;
    struct rows rows;
    if (page_read(&page, call, LIMIT_MAX, no_order) != 0 || filter_check(filters, call) != 0 ||
        check_ids(call) != 0 || rows_init(&rows, call, call->state->group_count) != 0)
        return -1;
    bool all = params_member(call->params, "SecurityGroupIds", 0) == NULL;
    const struct state_group *group;
    DL_FOREACH(call->state->groups, group)
    if (group->region == call->region && (all || params_lists(call->params, "SecurityGroupIds", group->id)) &&
        filter_passes(filters, call, group))
        rows_add(&rows, group);
    rows_answer(&rows, &page, call->body, "SecurityGroupSet", model_put_group);
    return 0;
}
