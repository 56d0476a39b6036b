#include "config/rules/secret_values.h"

#include <string.h>

bool secret_values_has_wire(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++) {
            const struct config_param *param = &config->routes[i].params[j];
            const char *wire = param->wire[CONFIG_API3].name;
            if (param->secret && wire != NULL && strcmp(wire, name) == 0)
                return true;
        }
    return false;
}

static bool is_secret(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->param_name_count; i++)
        if (config->param_secrets[i] && strcmp(config->param_names[i], name) == 0)
            return true;
    return secret_values_has_wire(config, name);
}

int secret_values_check(struct loader *loader, const struct yaml_node *node)
{
    const struct yaml_node *only = node->count == 1 ? node->children : NULL;
    bool any =
        node->kind == YAML_LIST && only != NULL && only->kind == YAML_SCALAR && strcmp(only->text, "*") == 0;
    bool absent = node->kind == YAML_MAP && only != NULL && strcmp(only->key, "absent") == 0;
    if (any || absent || !is_secret(loader->config, node->key))
        return 0;
    return report_error(loader->report, &node->mark,
                        "'%.64s' is secret: a rule has no values of it, only [\"*\"] or { absent: true }",
                        node->key);
}
