#include "config/catalog/answer_type.h"

#include "config/model/config.h"
#include "config/model/param_value.h"

#include <string.h>

static const char *const simple_names[] = {"string", "integer", "number", "boolean"};

static const struct config_answer_type *find_type(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->answer_type_count; i++)
        if (strcmp(config->answer_types[i].name, name) == 0)
            return &config->answer_types[i];
    return NULL;
}

/* ---- members ---- */

/* `none`: all that a generation can say of a member. */
static int read_absent(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    if (node->kind != YAML_SCALAR || strcmp(node->text, "none") != 0)
        return report_error(loader->report, &node->mark, "%s of an answer's member can only be none",
                            keyword->name);
    *(bool *)field = true;
    return 0;
}

#define MEMBER(field) offsetof(struct config_member, field)
static const struct keyword member_keywords[] = {
    {"type", keyword_name, MEMBER(type_name), REQUIRED, 0, 0, NULL},
    {"list", keyword_bool, MEMBER(list), OPTIONAL, 0, 0, NULL},
    {"required", keyword_bool, MEMBER(required), OPTIONAL, 0, 0, NULL},
    {"about", keyword_text, MEMBER(about), OPTIONAL, 0, 0, NULL},
    {"example", keyword_text, MEMBER(example), OPTIONAL, 0, 0, NULL},
    {"api2", read_absent, MEMBER(absent[CONFIG_API2]), OPTIONAL, 0, 0, NULL},
    {"api3", read_absent, MEMBER(absent[CONFIG_API3]), OPTIONAL, 0, 0, NULL},
};

/* An example goes into the OpenAPI document as it is. */
static bool fits_type(const struct config_member *member)
{
    static const int types[] = {[CONFIG_MEMBER_STRING] = CONFIG_STRING,
                                [CONFIG_MEMBER_INTEGER] = CONFIG_INTEGER,
                                [CONFIG_MEMBER_NUMBER] = CONFIG_NUMBER,
                                [CONFIG_MEMBER_BOOLEAN] = CONFIG_BOOLEAN};
    if (member->example == NULL)
        return true;
    return member->type != CONFIG_MEMBER_OBJECT &&
           param_value_is_of_type(&(struct config_param){.type = types[member->type]}, member->example);
}

static int read_member(struct loader *loader, const struct yaml_node *node, struct config_member *member)
{
    *member = (struct config_member){.name = node->key, .mark = node->key_mark, .type = CONFIG_MEMBER_OBJECT};
    if (keyword_read_map(loader, node, "member", member_keywords, COUNT(member_keywords), member) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(simple_names); i++)
        if (strcmp(member->type_name, simple_names[i]) == 0)
            member->type = (int)i;
    if (!fits_type(member))
        return report_error(loader->report, &member->mark,
                            "no answer could have the example: a member of type %.64s", member->type_name);
    if (member->absent[CONFIG_API2] && member->absent[CONFIG_API3])
        return report_error(loader->report, &member->mark, "api2 and api3 cannot both be none");
    return 0;
}

/* ---- types ---- */

/* It is the name of a schema, and of a type in the languages of those who generate clients: "Vpc".  Two are
 * the gateway's own. */
static int check_name(struct loader *loader, const struct yaml_node *node)
{
    bool good = node->key[0] >= 'A' && node->key[0] <= 'Z';
    for (const char *c = node->key; *c != '\0'; c++)
        good = good && ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9'));
    if (!good || strcmp(node->key, "Problem") == 0 || strcmp(node->key, "Upstream") == 0)
        return report_error(loader->report, &node->key_mark,
                            "a type's name is a capital, letters and digits, and not Problem or Upstream: "
                            "'%.64s'",
                            node->key);
    if (find_type(loader->config, node->key) != NULL)
        return report_error(loader->report, &node->key_mark, "there is a type '%.64s' already", node->key);
    return 0;
}

static int read_type(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    struct config *config = loader->config;
    if (check_name(loader, node) != 0 || !keyword_expect(loader, node, YAML_MAP, node->key))
        return -1;
    struct config_answer_type *type = &config->answer_types[config->answer_type_count];
    *type = (struct config_answer_type){
        .name = node->key,
        .mark = node->key_mark,
        .members = arena_array(loader->arena, node->count + 1, sizeof *type->members),
        .number = config->answer_type_count};
    if (type->members == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_member(loader, child, &type->members[type->member_count++]) != 0)
            result = -1;
    config->answer_type_count++;
    return result;
}

int answer_type_read_all(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                         void *field)
{
    int result = 0;
    struct config *config = loader->config;
    (void)field; /* a list and its count go straight to their place */
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    struct config_answer_type *types =
        arena_array(loader->arena, config->answer_type_count + node->count + 1, sizeof *types);
    if (types == NULL)
        return keyword_out_of_memory(loader);
    if (config->answer_type_count > 0)
        memcpy(types, config->answer_types, config->answer_type_count * sizeof *types);
    config->answer_types = types;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_type(loader, child) != 0)
            result = -1;
    return result;
}

/* ---- links ---- */

static int link_members(struct loader *loader, const struct config_answer_type *type)
{
    int result = 0;
    for (size_t i = 0; i < type->member_count; i++) {
        struct config_member *member = &type->members[i];
        if (member->type != CONFIG_MEMBER_OBJECT || member->type_name == NULL) /* NULL: was reported */
            continue;
        member->of = find_type(loader->config, member->type_name);
        if (member->of == NULL)
            result = report_error(loader->report, &member->mark,
                                  "type is string, integer, number, boolean or one of `types`: not '%.64s'",
                                  member->type_name);
    }
    return result;
}

int answer_type_link(struct loader *loader)
{
    int result = 0;
    struct config *config = loader->config;
    for (size_t i = 0; i < config->answer_type_count; i++)
        if (link_members(loader, &config->answer_types[i]) != 0)
            result = -1;
    for (size_t i = 0; i < config->route_count; i++) {
        struct config_route *route = &config->routes[i];
        if (route->returns_name == NULL)
            continue;
        route->returns = find_type(config, route->returns_name);
        if (route->returns == NULL)
            result = report_error(loader->report, &route->mark, "returns must be one of `types`: not '%.64s'",
                                  route->returns_name);
    }
    return result;
}
