#include "sandbox/http/params.h"

#include "base/json/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_ARENA_MAX = 8 * 1024 * 1024, NUMBER_SIZE = 24 };

static int add_value(struct params *params, const char *name, const char *value, enum param_kind kind,
                     struct err *err)
{
    if (params->count == PARAMS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d parameters", PARAMS_MAX);
    char *copy = arena_strdup(params->arena, value);
    if (copy == NULL)
        return err_memory(err);
    params->list[params->count++] =
        (struct param){.wire_name = name, .name = name, .value = copy, .kind = kind};
    return 0;
}

static int add_scalar(struct params *params, const char *name, const json_t *value, struct err *err)
{
    char number[NUMBER_SIZE];
    switch (json_typeof(value)) {
    case JSON_STRING:
        return add_value(params, name, json_string_value(value), PARAM_STRING, err);
    case JSON_INTEGER:
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        return add_value(params, name, number, PARAM_NUMBER, err);
    case JSON_TRUE:
    case JSON_FALSE:
        return add_value(params, name, json_is_true(value) ? "true" : "false", PARAM_BOOL, err);
    default:
        return add_value(params, name, "", PARAM_OTHER, err);
    }
}

/* "Filters" and "0" to "Filters.0". */
static char *join(struct params *params, const char *name, const char *key)
{
    size_t size = strlen(name) + 1 + strlen(key) + 1;
    char *joined = arena_alloc(params->arena, size);
    if (joined != NULL)
        (void)snprintf(joined, size, "%s%s%s", name, name[0] == '\0' ? "" : ".", key);
    return joined;
}

static int add_tree(struct params *params, const char *name, json_t *tree, struct err *err);

static int add_member(struct params *params, const char *name, const char *key, json_t *value,
                      struct err *err)
{
    const char *joined = join(params, name, key);
    return joined == NULL ? err_memory(err) : add_tree(params, joined, value, err);
}

/* As deep as PARAMS_DEPTH_MAX, which was measured before. */
static int add_tree(struct params *params, const char *name, json_t *tree, struct err *err)
{
    const char *key;
    json_t *value;
    size_t index;
    if (!json_is_object(tree) && !json_is_array(tree))
        return add_scalar(params, name, tree, err);
    json_object_foreach(tree, key, value)
    {
        if (key[0] == '\0' || strpbrk(key, "._") != NULL)
            return err_set(err, ERR_INPUT, "a key is empty or holds a '.' or '_'");
        if (add_member(params, name, key, value, err) != 0)
            return -1;
    }
    json_array_foreach(tree, index, value)
    {
        char number[NUMBER_SIZE];
        (void)snprintf(number, sizeof number, "%zu", index);
        if (add_member(params, name, number, value, err) != 0)
            return -1;
    }
    return 0;
}

int params_json_parse(struct params *params, const char *bytes, size_t length, struct err *err)
{
    *params = (struct params){0};
    params->list = calloc(PARAMS_MAX, sizeof *params->list);
    params->arena = arena_new(PARAMS_ARENA_MAX);
    if (params->list == NULL || params->arena == NULL)
        return err_memory(err);
    if (json_depth(bytes, length, PARAMS_DEPTH_MAX) > PARAMS_DEPTH_MAX)
        return err_set(err, ERR_LIMIT, "the body is nested more than %d deep", PARAMS_DEPTH_MAX);
    json_error_t reason;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &reason);
    int result = json_is_object(root) ? add_tree(params, "", root, err)
                                      : err_set(err, ERR_INPUT, "the body is not one JSON object");
    json_decref(root);
    return result;
}
