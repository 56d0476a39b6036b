#include "sandbox/state/state.h"

#include "sandbox/state/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct state *state_new(struct arena **arena)
{
    struct state *state = calloc(1, sizeof *state);
    struct state_task *tasks = calloc(STATE_TASKS_KEPT, sizeof *tasks);
    if (state == NULL || tasks == NULL || pthread_mutex_init(&state->lock, NULL) != 0) {
        free(state);
        free(tasks);
        arena_free(*arena);
        *arena = NULL;
        return NULL;
    }
    state->arena = *arena;
    state->tasks = tasks;
    state->next_task = STATE_FIRST_TASK;
    *arena = NULL;
    return state;
}

static void free_made(struct state *state)
{
    while (state->instances != NULL)
        state_remove_instance(state, state->instances);
    while (state->addresses != NULL)
        state_remove_address(state, state->addresses);
    while (state->groups != NULL)
        state_remove_group(state, state->groups);
    while (state->subnets != NULL)
        state_remove_subnet(state, state->subnets);
    while (state->vpcs != NULL)
        state_remove_vpc(state, state->vpcs);
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->account_count; i++) {
        secret_free(state->accounts[i].secret_key);
        secret_free(state->accounts[i].token);
    }
    for (size_t i = 0; i < state->role_count; i++)
        secret_free(state->roles[i].identity);
    session_free_all(state);
    free_made(state);
    pthread_mutex_destroy(&state->lock);
    free(state->tasks);
    arena_free(state->arena);
    free(state);
}

void state_lock(struct state *state)
{
    pthread_mutex_lock(&state->lock);
}

void state_unlock(struct state *state)
{
    pthread_mutex_unlock(&state->lock);
}

static bool is_either(const char *text, const char *one, const char *other)
{
    return (one != NULL && strcmp(text, one) == 0) || (other != NULL && strcmp(text, other) == 0);
}

const struct state_account *state_account(const struct state *state, const char *secret_id)
{
    for (size_t i = 0; i < state->account_count; i++)
        if (is_either(secret_id, state->accounts[i].secret_id, NULL))
            return &state->accounts[i];
    return NULL;
}

const struct state_region *state_region(const struct state *state, const char *name)
{
    for (size_t i = 0; i < state->region_count; i++)
        if (is_either(name, state->regions[i].name, state->regions[i].short_name))
            return &state->regions[i];
    return NULL;
}

struct state_vpc *state_vpc(const struct state *state, const char *id)
{
    struct state_vpc *vpc;
    DL_FOREACH(state->vpcs, vpc)
    if (is_either(id, vpc->id, vpc->legacy_id))
        return vpc;
    return NULL;
}

struct state_instance *state_instance(const struct state *state, const char *id)
{
    struct state_instance *instance;
    DL_FOREACH(state->instances, instance)
    if (is_either(id, instance->id, instance->legacy_id))
        return instance;
    return NULL;
}

struct state_subnet *state_subnet(const struct state *state, const char *id)
{
    struct state_subnet *subnet;
    DL_FOREACH(state->subnets, subnet)
    if (strcmp(id, subnet->id) == 0)
        return subnet;
    return NULL;
}

struct state_group *state_group(const struct state *state, const char *id)
{
    struct state_group *group;
    DL_FOREACH(state->groups, group)
    if (strcmp(id, group->id) == 0)
        return group;
    return NULL;
}

struct state_address *state_address(const struct state *state, const char *id)
{
    struct state_address *address;
    DL_FOREACH(state->addresses, address)
    if (strcmp(id, address->id) == 0)
        return address;
    return NULL;
}

void state_add_vpc(struct state *state, struct state_vpc *vpc)
{
    vpc->order = ++state->next_vpc;
    DL_APPEND(state->vpcs, vpc);
    state->vpc_count++;
}

void state_add_subnet(struct state *state, struct state_subnet *subnet)
{
    DL_APPEND(state->subnets, subnet);
    state->subnet_count++;
}

void state_add_group(struct state *state, struct state_group *group)
{
    DL_APPEND(state->groups, group);
    state->group_count++;
}

void state_add_address(struct state *state, struct state_address *address)
{
    DL_APPEND(state->addresses, address);
    state->address_count++;
}

void state_add_instance(struct state *state, struct state_instance *instance)
{
    DL_APPEND(state->instances, instance);
    state->instance_count++;
    if (instance->subnet != NULL)
        instance->subnet->instance_count++;
}

void state_remove_vpc(struct state *state, struct state_vpc *vpc)
{
    DL_DELETE(state->vpcs, vpc);
    state->vpc_count--;
    arena_free(vpc->arena);
}

void state_remove_subnet(struct state *state, struct state_subnet *subnet)
{
    DL_DELETE(state->subnets, subnet);
    state->subnet_count--;
    arena_free(subnet->arena);
}

void state_remove_instance(struct state *state, struct state_instance *instance)
{
    DL_DELETE(state->instances, instance);
    state->instance_count--;
    if (instance->subnet != NULL)
        instance->subnet->instance_count--;
    if (instance->vpc != NULL)
        instance->vpc->link_count--;
    arena_free(instance->arena);
}

void state_remove_group(struct state *state, struct state_group *group)
{
    for (size_t i = 0; i < STATE_DIRECTIONS; i++)
        while (group->policies[i] != NULL)
            state_remove_policy(group, group->policies[i]);
    DL_DELETE(state->groups, group);
    state->group_count--;
    arena_free(group->arena);
}

void state_remove_address(struct state *state, struct state_address *address)
{
    DL_DELETE(state->addresses, address);
    state->address_count--;
    arena_free(address->arena);
}

void state_add_policy(struct state_group *group, struct state_policy *policy, size_t index)
{
    struct state_policy **list = &group->policies[policy->direction];
    struct state_policy *later = *list;
    while (later != NULL && index-- > 0)
        later = later->next;
    if (later == NULL)
        DL_APPEND(*list, policy);
    else
        DL_PREPEND_ELEM(*list, later, policy);
    group->policy_count[policy->direction]++;
}

void state_remove_policy(struct state_group *group, struct state_policy *policy)
{
    DL_DELETE(group->policies[policy->direction], policy);
    group->policy_count[policy->direction]--;
    arena_free(policy->arena);
}

/* Eight base-36 digits that never repeat, as the vendor's ids look. */
static void put_digits(unsigned long number, const char *prefix, char *out, size_t size)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char tail[9] = {0};
    for (size_t i = sizeof tail - 1; i > 0; i--) {
        tail[i - 1] = digits[number % 36];
        number /= 36;
    }
    (void)snprintf(out, size, "%s%s", prefix, tail);
}

/* The state's file may have taken one; its things come first.  What calls have made has other numbers. */
static bool is_taken(const struct state *state, const char *id)
{
    for (const struct state_vpc *vpc = state->vpcs; vpc != NULL && vpc->arena == NULL; vpc = vpc->next)
        if (is_either(id, vpc->id, vpc->legacy_id))
            return true;
    for (const struct state_instance *instance = state->instances;
         instance != NULL && instance->arena == NULL; instance = instance->next)
        if (is_either(id, instance->id, instance->legacy_id))
            return true;
    return false;
}

void state_make_id(struct state *state, const char *prefix, char out[STATE_ID_SIZE])
{
    do
        put_digits(++state->next_id, prefix, out, STATE_ID_SIZE);
    while (is_taken(state, out));
}

void state_attach(struct state *state, struct state_instance *instance, struct state_vpc *vpc,
                  const char *link_id, int64_t now)
{
    instance->vpc = vpc;
    instance->linked_at = now;
    instance->link_order = ++state->next_link;
    if (link_id == NULL)
        put_digits(instance->link_order, "vcx-", instance->link_id, sizeof instance->link_id);
    else
        (void)snprintf(instance->link_id, sizeof instance->link_id, "%s", link_id);
    vpc->link_count++;
}

bool state_detach(struct state_instance *instance, const struct state_vpc *vpc)
{
    if (instance->vpc != vpc)
        return false;
    instance->vpc->link_count--;
    instance->vpc = NULL;
    return true;
}

long long state_begin_task(struct state *state, int64_t now_ms)
{
    long long id = state->next_task++;
    struct state_task *task = &state->tasks[id % STATE_TASKS_KEPT];
    task->ends = now_ms + state->task_duration;
    request_id_salt(task->salt);
    return id;
}

enum state_progress state_task(const struct state *state, long long id, int64_t now_ms)
{
    if (id < STATE_FIRST_TASK || id >= state->next_task)
        return STATE_TASK_UNKNOWN;
    if (id < state->next_task - STATE_TASKS_KEPT)
        return STATE_TASK_DONE;
    return now_ms >= state->tasks[id % STATE_TASKS_KEPT].ends ? STATE_TASK_DONE : STATE_TASK_RUNNING;
}

void state_task_name(const struct state *state, long long id, char out[OUTCOME_REQUEST_ID_SIZE])
{
    request_id_format(state->tasks[id % STATE_TASKS_KEPT].salt, id, out);
}

long long state_task_named(const struct state *state, const char *name)
{
    char known[OUTCOME_REQUEST_ID_SIZE];
    long long id = request_id_number(name);
    if (id < STATE_FIRST_TASK || id >= state->next_task || id < state->next_task - STATE_TASKS_KEPT)
        return -1;
    state_task_name(state, id, known);
    return strcmp(known, name) == 0 ? id : -1;
}
