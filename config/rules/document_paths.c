#include "config/rules/document_paths.h"

#include "config/rules/secret_values.h"

#include <stdio.h>
#include <string.h>

/* ---- one name, in one document ---- */

static const struct definitions_member *find_member(const struct config_action *action, const char *name)
{
    const struct definitions_object *object = action->definition->input;
    const struct definitions_member *member = NULL;
    for (size_t depth = 1; object != NULL && depth <= CONFIG_PATH_DEPTH; depth++) {
        size_t length = strcspn(name, ".");
        member = definitions_member(object, name, length);
        if (member == NULL || name[length] == '\0')
            return member;
        object = member->object;
        name += length + 1;
    }
    return NULL;
}

/* What the cloud calls a parameter of the catalog: a rule about vpcId is about VpcId, too, where no route
 * says how the action calls it. */
static const char *cloud_name(const struct config *config, const struct config_action *action,
                              const char *name)
{
    for (size_t i = 0; i < config->route_count && !action->has_route; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++) {
            const struct config_wire *wire = &config->routes[i].params[j].wire[CONFIG_API3];
            if (strcmp(config->routes[i].params[j].name, name) == 0 && wire->name != NULL && !wire->filter &&
                find_member(action, wire->name) != NULL)
                return wire->name;
        }
    return NULL;
}

/* As it stands in the document; NULL: it has no such member. */
static const char *name_in(const struct config *config, const struct config_action *action, const char *name)
{
    return find_member(action, name) != NULL ? name : cloud_name(config, action, name);
}

/* ---- numbers ---- */

int document_paths_name(struct loader *loader, const char *name, uint32_t *number)
{
    struct config *config = loader->config;
    for (*number = CONFIG_FIRST_PARAM; *number < config->param_name_count; (*number)++)
        if (strcmp(config->param_names[*number], name) == 0)
            return 0;
    const char *copy = arena_strdup(loader->arena, name);
    if (copy == NULL)
        return keyword_out_of_memory(loader);
    if (config->param_name_count == config->param_name_room)
        return report_error(loader->report, NULL, "rules name more than %d members of documents",
                            DOCUMENT_PATHS_MAX);
    config->param_names[config->param_name_count++] = copy;
    return 0;
}

int document_paths_number(struct loader *loader, const struct config_rule *rule, const char *name,
                          uint32_t *number, bool *is_object)
{
    const struct config *config = loader->config;
    *number = UINT32_MAX;
    *is_object = false;
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++) {
            const struct config_action *action = &config->services[i].actions[j];
            const char *inside = name_in(config, action, name);
            if (inside == NULL || !config_reaches(rule, &action->route))
                continue;
            *is_object = *is_object || find_member(action, inside)->type == DEFINITIONS_OBJECT;
            if (*number == UINT32_MAX && document_paths_name(loader, name, number) != 0)
                return -1;
        }
    return 0;
}

bool document_paths_reached(const struct config *config, const struct config_rule *rule)
{
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++)
            if (!config->services[i].actions[j].has_route &&
                config_reaches(rule, &config->services[i].actions[j].route))
                return true;
    return false;
}

size_t document_paths_count(const struct config *config, const struct config_rule *rule)
{
    size_t count = 0;
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++)
            count += !config->services[i].actions[j].has_route &&
                     config_has_effect(rule, &config->services[i].actions[j].route) &&
                     config_reaches(rule, &config->services[i].actions[j].route);
    return count;
}

/* ---- what each action's rules name ---- */

/* The forms of former ids, by the catalog's parameter of that name, or of what the cloud calls so. */
static const struct config_pattern *formers_of(const struct config *config, const char *name,
                                               const char *inside)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++) {
            const struct config_param *param = &config->routes[i].params[j];
            const struct config_wire *wire = &param->wire[CONFIG_API3];
            if (param->formers != NULL &&
                (strcmp(param->name, name) == 0 || (wire->name != NULL && strcmp(wire->name, inside) == 0)))
                return param->formers;
        }
    return NULL;
}

/* Called like a secret, or marked in the catalog, whose parameter it is by either of its names. */
static bool is_secret(const struct config *config, const struct config_action *action, uint32_t number,
                      const char *inside)
{
    return definitions_gives_power(find_member(action, inside)) || config->param_secrets[number] ||
           secret_values_has_wire(config, inside);
}

/* `inside`: where it leads, in the document or the parameter. */
static int make_path(struct loader *loader, struct config_path *path, uint32_t number, const char *inside)
{
    const struct config *config = loader->config;
    char *text = arena_strdup(loader->arena, inside);
    path->members = arena_array(loader->arena, CONFIG_PATH_DEPTH, sizeof *path->members);
    if (text == NULL || path->members == NULL)
        return keyword_out_of_memory(loader);
    path->param = (struct config_param){.name = config->param_names[number],
                                        .number = number,
                                        .type = CONFIG_STRINGS,
                                        .inside = true,
                                        .formers = formers_of(config, config->param_names[number], inside)};
    for (char *dot = text; text != NULL && path->depth < CONFIG_PATH_DEPTH; text = dot) {
        dot = strchr(text, '.');
        if (dot != NULL)
            *dot++ = '\0';
        path->members[path->depth++] = text;
    }
    return 0;
}

static int add_path(struct loader *loader, struct config_action *action, uint32_t number, const char *inside)
{
    struct config_path *path = &action->paths[action->path_count];
    if (make_path(loader, path, number, inside) != 0)
        return -1;
    path->secret = is_secret(loader->config, action, number, inside);
    action->path_count++;
    return 0;
}

/* ---- structured parameters of routes ---- */

static const char *behind(const char *before, const char *name)
{
    size_t length = before == NULL ? 0 : strlen(before);
    return length > 0 && strncmp(name, before, length) == 0 && name[length] == '.' ? name + length + 1 : NULL;
}

const char *document_paths_inside(const struct config_param *param, const char *name)
{
    const char *inside = config_is_structured(param) ? behind(param->name, name) : NULL;
    if (inside == NULL && config_is_structured(param))
        inside = behind(param->wire[CONFIG_API3].name, name);
    bool good = inside != NULL && inside[0] != '\0' && inside[0] != '.' && strstr(inside, "..") == NULL &&
                inside[strlen(inside) - 1] != '.';
    return good ? inside : NULL;
}

static int add_inside(struct loader *loader, struct config_route *route, const struct config_param *param,
                      uint32_t number)
{
    struct config_path *path = &route->paths[route->path_count++];
    const char *inside = document_paths_inside(param, loader->config->param_names[number]);
    const char *dot = strrchr(inside, '.');
    const struct definitions_member last = {.name = dot == NULL ? inside : dot + 1,
                                            .type = DEFINITIONS_STRING};
    path->of = param;
    path->secret = definitions_gives_power(&last);
    return make_path(loader, path, number, inside);
}

static int place_route(struct loader *loader, struct config_route *route)
{
    const struct config *config = loader->config;
    size_t room = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < route->param_count; i++)
            for (uint32_t j = CONFIG_FIRST_PARAM; j < config->param_name_count; j++) {
                if (document_paths_inside(&route->params[i], config->param_names[j]) == NULL)
                    continue;
                room++;
                if (pass == 1 && add_inside(loader, route, &route->params[i], j) != 0)
                    return -1;
            }
        if (pass == 0)
            route->paths = arena_array(loader->arena, room + 1, sizeof *route->paths);
        if (route->paths == NULL)
            return keyword_out_of_memory(loader);
    }
    return 0;
}

/* "tags.Key" is about "Tags.Key" of the document; NULL: the action has no route with such a parameter. */
static const char *inside_of_route(struct loader *loader, const struct config_action *action,
                                   const char *name)
{
    for (size_t i = 0; i < action->route.param_count; i++) {
        const struct config_param *param = &action->route.params[i];
        const char *inside = document_paths_inside(param, name);
        size_t length = inside == NULL ? 0 : strlen(param->wire[CONFIG_API3].name) + strlen(inside) + 2;
        char *path = inside == NULL ? NULL : arena_alloc(loader->arena, length);
        if (path == NULL)
            continue;
        (void)snprintf(path, length, "%s.%s", param->wire[CONFIG_API3].name, inside);
        return find_member(action, path) != NULL ? path : NULL;
    }
    return NULL;
}

/* `named`: by number, does a rule of the action name it? */
static int place_action(struct loader *loader, struct config_action *action, const bool *named)
{
    const struct config *config = loader->config;
    size_t room = 0;
    for (size_t i = CONFIG_FIRST_PARAM; i < config->param_name_count; i++)
        room += named[i];
    action->paths = arena_array(loader->arena, room, sizeof *action->paths);
    if (action->paths == NULL)
        return keyword_out_of_memory(loader);
    for (uint32_t i = CONFIG_FIRST_PARAM; i < config->param_name_count; i++) {
        const char *inside = !named[i] || config_param(&action->route, config->param_names[i]) != NULL
                                 ? NULL
                                 : name_in(config, action, config->param_names[i]);
        if (named[i] && inside == NULL)
            inside = inside_of_route(loader, action, config->param_names[i]);
        if (inside != NULL && add_path(loader, action, i, inside) != 0)
            return -1;
    }
    return 0;
}

static void note_named(const struct rule_index *index, size_t action, bool *named)
{
    for (size_t i = 0; i < index->rules->count; i++) {
        const struct config_rule *rule = &index->rules->items[i];
        for (uint32_t j = 0; index->reaches[i][action] && j < rule->condition_count; j++)
            if (rule->conditions[j].param < index->loader->config->param_name_count)
                named[rule->conditions[j].param] = true;
    }
}

int document_paths_place(struct rule_index *index)
{
    struct loader *loader = index->loader;
    const struct config *config = loader->config;
    bool *named = arena_array(loader->scratch, config->param_name_count, sizeof *named);
    if (named == NULL)
        return keyword_out_of_memory(loader);
    for (size_t i = 0; i < config->route_count; i++)
        if (place_route(loader, &config->routes[i]) != 0)
            return -1;
    for (size_t i = 0; i < config->service_count; i++)
        for (size_t j = 0; j < config->services[i].definitions->action_count; j++) {
            struct config_action *action = &config->services[i].actions[j];
            memset(named, 0, config->param_name_count * sizeof *named);
            note_named(index, action->route.action_index, named);
            if (place_action(loader, action, named) != 0)
                return -1;
        }
    return 0;
}
