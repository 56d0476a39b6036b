#include "sandbox/shapes/shape_check.h"

#include <string.h>

enum { PATH_SIZE = 160, UINT64_DIGITS = 20 };

struct check {
    struct outcome *outcome;
    char path[PATH_SIZE]; /* of what is looked at, cut where it is long */
};

static const struct definitions_member *find_member(const struct definitions_object *object,
                                                    const struct json_value *item)
{
    if (memchr(item->key, '\\', item->key_length) == NULL)
        return definitions_member(object, item->key + 1, item->key_length - 2);
    for (size_t i = 0; i < object->member_count; i++)
        if (json_value_has_key(item, object->members[i].name))
            return &object->members[i];
    return NULL;
}

/* How long the path was. */
static size_t enter(struct check *check, const char *name)
{
    size_t length = strlen(check->path);
    if (length > 0)
        strncat(check->path, ".", sizeof check->path - length - 1);
    strncat(check->path, name, sizeof check->path - strlen(check->path) - 1);
    return length;
}

/* ---- values ---- */

static bool is_uint64(const struct json_value *value)
{
    if (value->kind != JSON_VALUE_NUMBER || value->length > UINT64_DIGITS)
        return false;
    for (size_t i = 0; i < value->length; i++)
        if (value->bytes[i] < '0' || value->bytes[i] > '9')
            return false;
    return value->length < UINT64_DIGITS || strncmp(value->bytes, "18446744073709551615", UINT64_DIGITS) <= 0;
}

static bool is_of_type(const struct json_value *value, int type)
{
    long long number;
    switch (type) {
    case DEFINITIONS_INT64:
        return json_value_integer(value, &number) == 0;
    case DEFINITIONS_UINT64:
        return is_uint64(value);
    case DEFINITIONS_FLOAT:
        return value->kind == JSON_VALUE_NUMBER;
    case DEFINITIONS_BOOL:
        return value->kind == JSON_VALUE_TRUE || value->kind == JSON_VALUE_FALSE;
    case DEFINITIONS_OBJECT:
        return value->kind == JSON_VALUE_OBJECT;
    default:
        return value->kind == JSON_VALUE_STRING;
    }
}

static int check_object(struct check *check, const struct definitions_object *object,
                        const struct json_value *value);

static int check_one(struct check *check, const struct definitions_member *member,
                     const struct json_value *value)
{
    if (!is_of_type(value, member->type))
        return outcome_refuse(check->outcome, OUTCOME_BAD_TYPE, "the type of %s is not right", check->path);
    return member->type == DEFINITIONS_OBJECT ? check_object(check, member->object, value) : 0;
}

static int check_list(struct check *check, const struct definitions_member *member,
                      const struct json_value *value)
{
    if (value->kind != JSON_VALUE_ARRAY)
        return outcome_refuse(check->outcome, OUTCOME_BAD_TYPE, "%s must be a list", check->path);
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item);)
        if (check_one(check, member, &item) != 0)
            return -1;
    return 0;
}

/* ---- objects ---- */

static int check_required(struct check *check, const struct definitions_object *object,
                          const unsigned char *seen)
{
    for (size_t i = 0; i < object->member_count; i++)
        if (object->members[i].required && seen[i] == 0) {
            (void)enter(check, object->members[i].name);
            return outcome_refuse(check->outcome, OUTCOME_MISSING, "%s is missing", check->path);
        }
    return 0;
}

static int check_object(struct check *check, const struct definitions_object *object,
                        const struct json_value *value)
{
    unsigned char seen[DEFINITIONS_MEMBERS_MAX] = {0};
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item);) {
        const struct definitions_member *member = find_member(object, &item);
        if (member == NULL)
            return outcome_refuse(check->outcome, OUTCOME_UNKNOWN_PARAMETER,
                                  "%s has a parameter that is unknown",
                                  check->path[0] == '\0' ? "the request" : check->path);
        size_t length = enter(check, member->name);
        if (seen[member - object->members]++ != 0)
            return outcome_refuse(check->outcome, OUTCOME_BAD_REQUEST, "%s is there twice", check->path);
        if ((member->list ? check_list : check_one)(check, member, &item) != 0)
            return -1;
        check->path[length] = '\0';
    }
    return check_required(check, object, seen);
}

int shape_check(const struct definitions_object *input, const struct json_value *root,
                struct outcome *outcome)
{
    struct check check = {.outcome = outcome};
    if (root->kind != JSON_VALUE_OBJECT)
        return outcome_refuse(outcome, OUTCOME_BAD_REQUEST, "the body is not one JSON object");
    return check_object(&check, input, root);
}
