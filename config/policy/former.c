/* policy.yaml, `former_ids`: which current ids the ids of before are. */
#include "config/policy/former.h"

#include <stdlib.h>
#include <string.h>

/* Is one of them a former id and the other a current one of the same parameter? */
static bool is_pair(const struct config *config, const char *former, const char *current)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++) {
            const struct config_param *param = &config->routes[i].params[j];
            if (param->former.text != NULL && config_match(&param->former, former) == PATTERN_FITS &&
                config_match(&param->pattern, current) == PATTERN_FITS &&
                config_is_former(param, current) == PATTERN_DIFFERS)
                return true;
        }
    return false;
}

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct config_former_id *)left)->former,
                  ((const struct config_former_id *)right)->former);
}

int former_read(struct loader *loader, const struct yaml_node *node)
{
    static const struct keyword keyword = {.name = "former_ids"};
    int result = 0;
    struct config *config = loader->config;
    if (node == NULL)
        return 0;
    if (!keyword_expect(loader, node, YAML_MAP, keyword.name))
        return -1;
    config->former_ids = arena_array(loader->arena, node->count, sizeof *config->former_ids);
    if (config->former_ids == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_former_id *id = &config->former_ids[config->former_id_count];
        id->former = arena_strdup(loader->arena, child->key); /* the policy's tree goes */
        if (id->former == NULL)
            return keyword_out_of_memory(loader);
        if (keyword_text(loader, child, &keyword, &id->current) != 0)
            result = -1;
        else if (!is_pair(config, id->former, id->current))
            result = report_error(loader->report, &child->key_mark,
                                  "former_ids: no parameter has '%.64s' as a former id and '%.64s' as a "
                                  "current one",
                                  id->former, id->current);
        else
            config->former_id_count++;
    }
    if (config->former_id_count > 1)
        qsort(config->former_ids, config->former_id_count, sizeof *config->former_ids, compare);
    return result;
}
