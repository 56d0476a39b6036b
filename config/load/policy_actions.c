#include "config/load/policy_actions.h"

#include "config/definitions/definitions_file.h"
#include "config/model/config.h"

#include <string.h>

enum { SERVICES_MAX = 64 }; /* that one policy names; what is more stays unknown, as without definitions */

struct named {
    struct loader *loader;
    const char *services[SERVICES_MAX];
    const struct yaml_node *at[SERVICES_MAX]; /* where first */
    size_t count;
};

static bool is_known(const struct named *named, const char *service, size_t length)
{
    for (size_t i = 0; i < named->count; i++)
        if (strncmp(named->services[i], service, length) == 0 && named->services[i][length] == '\0')
            return true;
    return false;
}

static bool has_definitions(const struct loader *loader, const char *service)
{
    struct err err = {0};
    const char **paths;
    size_t count;
    return definitions_file_list(loader->config->definitions_folder, service, &paths, &count, loader->arena,
                                 &err) == 0 &&
           count > 0;
}

/* "vpc" of "vpc:Describe*" */
static int add_service(struct named *named, const struct yaml_node *node)
{
    const char *colon = node->kind == YAML_SCALAR ? strchr(node->text, ':') : NULL;
    size_t length = colon == NULL ? 0 : (size_t)(colon - node->text);
    if (length == 0 || length >= CONFIG_SERVICE_MAX || named->count == SERVICES_MAX ||
        !definitions_is_name(node->text, length) || is_known(named, node->text, length))
        return 0;
    const char *service = arena_copy(named->loader->arena, node->text, length);
    if (service == NULL)
        return keyword_out_of_memory(named->loader);
    named->at[named->count] = node;
    named->services[named->count] = service;
    named->count += has_definitions(named->loader, service);
    return 0;
}

/* Of each rule or test: a text, or a list of texts. */
static int add_all(struct named *named, const struct yaml_node *policy, const char *part, const char *key)
{
    const struct yaml_node *items = policy->kind == YAML_MAP ? yaml_get(policy, part) : NULL;
    for (const struct yaml_node *item = items == NULL ? NULL : items->children; item != NULL;
         item = item->next) {
        const struct yaml_node *actions = item->kind == YAML_MAP ? yaml_get(item, key) : NULL;
        if (actions != NULL && actions->kind == YAML_SCALAR && add_service(named, actions) != 0)
            return -1;
        for (const struct yaml_node *one = actions == NULL ? NULL : actions->children; one != NULL;
             one = one->next)
            if (add_service(named, one) != 0)
                return -1;
    }
    return 0;
}

static int add_upstreams(const struct named *named, const char *region)
{
    struct config *config = named->loader->config;
    size_t room = config->upstream_count + named->count;
    struct config_upstream *upstreams = arena_array(named->loader->arena, room, sizeof *upstreams);
    if (upstreams == NULL)
        return keyword_out_of_memory(named->loader);
    if (config->upstream_count > 0)
        memcpy(upstreams, config->upstreams, config->upstream_count * sizeof *upstreams);
    config->upstreams = upstreams;
    for (size_t i = 0; i < named->count; i++) {
        size_t known = 0;
        while (known < config->upstream_count && strcmp(upstreams[known].name, named->services[i]) != 0)
            known++;
        if (known == config->upstream_count) {
            upstreams[config->upstream_count++] = (struct config_upstream){.name = named->services[i],
                                                                           .mark = named->at[i]->mark,
                                                                           .region = region,
                                                                           .api = CONFIG_API3,
                                                                           .scheme = CONFIG_TC3};
        }
        upstreams[known].any_generation = true;
    }
    return 0;
}

int policy_actions_open(struct loader *loader, const struct yaml_node *policy, const char *region)
{
    struct named named = {.loader = loader};
    if (loader->config->definitions_folder == NULL)
        loader->config->definitions_folder = DEFINITIONS_FOLDER;
    if (add_all(&named, policy, "rules", "actions") != 0 || add_all(&named, policy, "tests", "action") != 0)
        return -1;
    if (named.count == 0)
        return 0;
    loader->config->actions_door = true;
    return add_upstreams(&named, region);
}
