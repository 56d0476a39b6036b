#include "gateway/dryrun/replay_document.h"

#include <string.h>

static const char withheld[] = "withheld"; /* what records have instead of the values of a secret member */

/* ---- which action ---- */

const struct config_action *replay_document_action(const struct config *config, const char *service,
                                                   const char *action)
{
    const struct config_action *named = config_action(config, service, action, NULL);
    if (named != NULL && strcmp(named->route.action, action) == 0)
        return named;
    for (size_t i = config->service_count; i-- > 0;) { /* a route's name for it, which is API 2.0's */
        const struct config_service *one = &config->services[i];
        for (size_t j = 0; strcmp(one->upstream->name, service) == 0 && j < one->definitions->action_count;
             j++)
            if (strcmp(one->actions[j].route.action, action) == 0)
                return &one->actions[j];
    }
    return NULL;
}

/* ---- what is known ---- */

static bool has_name(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        if (json_string_value(json_array_get(names, i)) != NULL &&
            strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return true;
    return false;
}

static bool is_known(const struct config_action *action, const json_t *line, const char *name)
{
    const json_t *document = json_object_get(line, "document");
    const json_t *value = json_object_get(json_object_get(line, "params"), name);
    const char *text = json_string_value(value);
    if (value != NULL)
        return text == NULL || strcmp(text, withheld) != 0;
    const json_t *others = json_object_get(document, "others");
    return (json_is_integer(others) && json_integer_value(others) == 0) ||
           config_param(&action->route, name) != NULL || /* those of a route are always looked for */
           has_name(json_object_get(document, "absent"), name);
}

static bool asks_for_more(const struct config *config, const struct config_action *action,
                          const struct config_rule *rule, const json_t *line)
{
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        uint32_t param = rule->conditions[i].param;
        if (param != CONFIG_REGION && param < config->param_name_count &&
            !is_known(action, line, config->param_names[param]))
            return true;
    }
    return false;
}

bool replay_document_is_known(const struct config *config, const struct config_client *client,
                              const struct config_action *action, const json_t *line)
{
    for (size_t i = 0; client != NULL && i < config->rule_count; i++) {
        const struct config_rule *rule = config->rules[i];
        if (!rule->audit && config_matches(&rule->clients, client->name) &&
            config_reaches(rule, &action->route) && config_has_effect(rule, &action->route) &&
            asks_for_more(config, action, rule, line))
            return false;
    }
    return true;
}

/* ---- the call ---- */

static int add_param(struct call *call, const struct config *config, const struct config_param *param,
                     const json_t *value, bool gaps)
{
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    struct call_param read = {.param = param,
                              .name = param->name,
                              .number = param->number,
                              .list = json_is_array(value),
                              .gaps = gaps};
    read.values = arena_array(call->arena, count + 1, sizeof *read.values);
    read.said = arena_array(call->arena, count + 1, sizeof *read.said);
    if (read.values == NULL || read.said == NULL)
        return -1;
    for (; read.count < count; read.count++) {
        const json_t *item = json_is_array(value) ? json_array_get(value, read.count) : value;
        const char *text = json_string_value(item);
        const char *copy = text == NULL ? NULL : arena_strdup(call->arena, text);
        const char *current = param->formers == NULL || copy == NULL ? NULL : config_current_id(config, copy);
        if (copy == NULL)
            return -1;
        read.said[read.count] = current == NULL ? NULL : copy;
        read.values[read.count] = current == NULL ? copy : current;
    }
    if (call_add_read(call, &read, NULL) != 0)
        return -1;
    call_note_said(call, read.said);
    return 0;
}

static int add_params(struct call *call, const struct config *config, const struct config_action *action,
                      const json_t *line)
{
    const json_t *params = json_object_get(line, "params");
    const json_t *gaps = json_object_get(json_object_get(line, "document"), "gaps");
    size_t count = action->route.param_count;
    for (size_t i = 0; i < count + action->path_count; i++) {
        const struct config_param *param =
            i < count ? &action->route.params[i] : &action->paths[i - count].param;
        const json_t *value = json_object_get(params, param->name);
        if (value != NULL && add_param(call, config, param, value, has_name(gaps, param->name)) != 0)
            return -1;
    }
    return 0;
}

struct call *replay_document_call(const struct config *config, const struct config_action *action,
                                  const json_t *line, const char *region, struct arena *arena)
{
    size_t room = action->route.param_count + action->path_count;
    struct call *call = call_new_document(&action->route, action->upstream, room, arena);
    if (call == NULL || region == NULL || call_set_region(call, region, NULL) != 0 ||
        add_params(call, config, action, line) != 0)
        return NULL;
    call_seal(call);
    return call;
}
