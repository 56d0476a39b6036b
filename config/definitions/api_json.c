#include "config/definitions/api_json.h"

#include "base/json/json_value.h"
#include "config/definitions/effects.h"

#include <stdio.h>
#include <string.h>

enum { API_JSON_DEPTH_MAX = 32, API_JSON_TEXT_MAX = 200 };

struct reader {
    struct definitions *definitions;
    struct arena *arena;
    struct err *err;
};

static int wrong(struct reader *reader, const char *place, const char *what)
{
    return err_set(reader->err, ERR_INPUT, "%s %s: is it an api.json?", place, what);
}

/* The member of that name; none where there is none.  -1: two, or `object` is no object. */
static int find(struct reader *reader, const struct json_value *object, const char *key, const char *place,
                struct json_value *found)
{
    *found = (struct json_value){0};
    if (object->kind != JSON_VALUE_OBJECT)
        return wrong(reader, place, "is no object");
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);) {
        if (!json_value_has_key(&member, key))
            continue;
        if (found->kind != JSON_VALUE_NONE)
            return err_set(reader->err, ERR_INPUT, "%s has the key %s twice", place, key);
        *found = member;
    }
    return 0;
}

/* A text without anything that a line of the compact form could not hold; NULL where there is none. */
static int find_text(struct reader *reader, const struct json_value *object, const char *key,
                     const char *place, const char **text)
{
    struct json_value value;
    *text = NULL;
    if (find(reader, object, key, place, &value) != 0)
        return -1;
    if (value.kind == JSON_VALUE_NONE)
        return 0;
    if (value.kind != JSON_VALUE_STRING || value.length > API_JSON_TEXT_MAX)
        return err_set(reader->err, ERR_INPUT, "%s: %s must be a short text", place, key);
    *text = json_value_text(&value, API_JSON_TEXT_MAX, reader->arena, NULL);
    return *text == NULL ? err_memory(reader->err) : 0;
}

static int find_name(struct reader *reader, const struct json_value *object, const char *key,
                     const char *place, const char **name)
{
    if (find_text(reader, object, key, place, name) != 0)
        return -1;
    if (*name == NULL || !definitions_is_name(*name, strlen(*name)))
        return err_set(reader->err, ERR_INPUT, "%s: %s must be a name", place, key);
    return 0;
}

static int find_flag(struct reader *reader, const struct json_value *object, const char *key,
                     const char *place, bool *flag)
{
    struct json_value value;
    if (find(reader, object, key, place, &value) != 0)
        return -1;
    if (value.kind > JSON_VALUE_TRUE)
        return err_set(reader->err, ERR_INPUT, "%s: %s must be true or false", place, key);
    *flag = value.kind == JSON_VALUE_TRUE;
    return 0;
}

/* The key of an action or object, which is its name. */
static int read_key(struct reader *reader, const struct json_value *member, const char **name)
{
    const struct json_value key = {
        .kind = JSON_VALUE_STRING, .bytes = member->key, .length = member->key_length};
    const char *text = json_value_text(&key, DEFINITIONS_NAME_MAX + 1, reader->arena, NULL);
    if (text == NULL)
        return err_memory(reader->err);
    if (!definitions_is_name(text, strlen(text)))
        return err_set(reader->err, ERR_INPUT, "an action or an object has a key that is no name");
    *name = text;
    return 0;
}

/* `type` says what it is, `member` what is in it: int64 of int, an object's name of object or list. */
static int read_type(struct reader *reader, const char *place, const char *type,
                     struct definitions_member *member)
{
    static const struct {
        const char *type;
        unsigned members; /* bit: enum definitions_type */
    } kinds[] = {
        {"string", 1U << DEFINITIONS_STRING | 1U << DEFINITIONS_DATE | 1U << DEFINITIONS_DATETIME |
                       1U << DEFINITIONS_DATETIME_ISO},
        {"int", 1U << DEFINITIONS_INT64 | 1U << DEFINITIONS_UINT64},
        {"float", 1U << DEFINITIONS_FLOAT},
        {"bool", 1U << DEFINITIONS_BOOL},
        {"binary", 1U << DEFINITIONS_BINARY},
        {"object", 1U << DEFINITIONS_OBJECT},
        {"list", (1U << DEFINITIONS_TYPES) - 1},
    };
    member->type = (unsigned char)definitions_type_of(member->type_name);
    member->list = strcmp(type, "list") == 0;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0 && (kinds[i].members >> member->type & 1) != 0)
            return 0;
    return err_set(reader->err, ERR_INPUT, "%s: there is no type %.40s of %.80s", place, type,
                   member->type_name);
}

static int read_member(struct reader *reader, const struct json_value *value, const char *object,
                       struct definitions_member *member)
{
    char place[2 * DEFINITIONS_NAME_MAX + 2];
    const char *type = NULL;
    if (find_name(reader, value, "name", object, &member->name) != 0)
        return -1;
    (void)snprintf(place, sizeof place, "%s.%s", object, member->name);
    if (find_name(reader, value, "type", place, &type) != 0 ||
        find_name(reader, value, "member", place, &member->type_name) != 0 ||
        find_flag(reader, value, "required", place, &member->required) != 0 ||
        find_flag(reader, value, "disabled", place, &member->disabled) != 0)
        return -1;
    return read_type(reader, place, type, member);
}

static int read_object(struct reader *reader, const struct json_value *value)
{
    struct definitions_object *object = &reader->definitions->objects[reader->definitions->object_count++];
    struct json_value members;
    if (read_key(reader, value, &object->name) != 0 ||
        find(reader, value, "members", object->name, &members) != 0)
        return -1;
    if (definitions_type_of(object->name) != DEFINITIONS_OBJECT || members.kind != JSON_VALUE_ARRAY ||
        members.count > DEFINITIONS_MEMBERS_MAX)
        return err_set(reader->err, ERR_INPUT, "the object %s needs at most %d members", object->name,
                       DEFINITIONS_MEMBERS_MAX);
    object->members = arena_array(reader->arena, members.count + 1, sizeof *object->members);
    if (object->members == NULL)
        return err_memory(reader->err);
    struct json_items items = json_value_items(&members);
    for (struct json_value member; json_value_next(&items, &member); object->member_count++)
        if (read_member(reader, &member, object->name, &object->members[object->member_count]) != 0)
            return -1;
    return 0;
}

static int read_action(struct reader *reader, const struct json_value *value)
{
    struct definitions_action *action = &reader->definitions->actions[reader->definitions->action_count++];
    const char *status = NULL;
    if (read_key(reader, value, &action->name) != 0 ||
        find_name(reader, value, "input", action->name, &action->input_name) != 0 ||
        find_name(reader, value, "output", action->name, &action->output_name) != 0 ||
        find_text(reader, value, "status", action->name, &status) != 0)
        return -1;
    action->status = status == NULL ? DEFINITIONS_ONLINE : definitions_status_of(status);
    return action->status >= 0
               ? 0
               : err_set(reader->err, ERR_INPUT, "%s: there is no status '%.40s'", action->name, status);
}

static int read_all(struct reader *reader, const struct json_value *list,
                    int (*read)(struct reader *reader, const struct json_value *value))
{
    struct json_items items = json_value_items(list);
    for (struct json_value value; json_value_next(&items, &value);)
        if (read(reader, &value) != 0)
            return -1;
    return 0;
}

static int read_metadata(struct reader *reader, const struct json_value *root)
{
    struct definitions *definitions = reader->definitions;
    struct json_value metadata;
    const char *folder = NULL;
    char date[sizeof "20170312"] = "";
    char source[API_JSON_TEXT_MAX];
    if (find(reader, root, "metadata", "the file", &metadata) != 0 ||
        find_name(reader, &metadata, "serviceShortName", "metadata", &definitions->service) != 0 ||
        find_text(reader, &metadata, "apiVersion", "metadata", &definitions->version) != 0)
        return -1;
    if (definitions->version == NULL || !definitions_is_version(definitions->version))
        return err_set(reader->err, ERR_INPUT, "metadata: apiVersion must be a date, such as 2017-03-12");
    (void)snprintf(date, sizeof date, "%.4s%.2s%.2s", definitions->version, definitions->version + 5,
                   definitions->version + 8);
    folder =
        strcmp(definitions->service, "as") == 0 ? "autoscaling" : definitions->service; /* Python's `as` */
    (void)snprintf(source, sizeof source,
                   "https://github.com/TencentCloud/tencentcloud-cli tccli/services/%.64s/v%s/api.json",
                   folder, date);
    definitions->source = arena_strdup(reader->arena, source);
    definitions->license = "Apache-2.0";
    return definitions->source == NULL ? err_memory(reader->err) : 0;
}

int api_json_read(struct definitions *definitions, const char *bytes, size_t length, struct arena *arena,
                  struct err *err)
{
    struct reader reader = {.definitions = definitions, .arena = arena, .err = err};
    struct json_value root, actions, objects;
    *definitions = (struct definitions){0};
    if (json_value_read(bytes, length, API_JSON_DEPTH_MAX, &root, err) != 0 ||
        read_metadata(&reader, &root) != 0 || find(&reader, &root, "actions", "the file", &actions) != 0 ||
        find(&reader, &root, "objects", "the file", &objects) != 0)
        return -1;
    if (actions.kind != JSON_VALUE_OBJECT || objects.kind != JSON_VALUE_OBJECT)
        return wrong(&reader, "the file", "has no actions or no objects");
    definitions->actions = arena_array(arena, actions.count + 1, sizeof *definitions->actions);
    definitions->objects = arena_array(arena, objects.count + 1, sizeof *definitions->objects);
    if (definitions->actions == NULL || definitions->objects == NULL)
        return err_memory(err);
    if (read_all(&reader, &actions, read_action) != 0 || read_all(&reader, &objects, read_object) != 0 ||
        definitions_settle(definitions, arena, err) != 0)
        return -1;
    return effects_find(definitions, arena, err);
}
