#include "config/definitions/definitions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const types[] = {"string", "int64",    "uint64",       "float",  "bool",
                                    "date",   "datetime", "datetime_iso", "binary", "object"};
static const char *const effects[] = {"read", "change", "secret"};
static const char *const statuses[] = {"online", "deprecated", "offline"};

static int find_word(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return (int)i;
    return -1;
}

const char *definitions_type_name(int type)
{
    return types[type];
}

const char *definitions_effect_name(int effect)
{
    return effects[effect];
}

const char *definitions_status_name(int status)
{
    return statuses[status];
}

int definitions_effect_of(const char *word)
{
    return find_word(effects, COUNT(effects), word);
}

int definitions_status_of(const char *word)
{
    return find_word(statuses, COUNT(statuses), word);
}

int definitions_type_of(const char *word)
{
    int type = find_word(types, COUNT(types) - 1, word);
    return type < 0 ? DEFINITIONS_OBJECT : type;
}

bool definitions_is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return length > 0 && length <= DEFINITIONS_NAME_MAX;
}

bool definitions_is_version(const char *text)
{
    static const char form[] = "0000-00-00";
    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* What a text of an answer is called that gives power: its end, in any case; the last is its whole name. */
static const char *const power[] = {
    "kubeconfig",     "vncurl",       "secretkey",    "secretaccesskey", "accesskeysecret", "accesskey",
    "password",       "passwd",       "privatekey",   "privatekeypem",   "apikey",          "authkey",
    "secret",         "secretstring", "secretbinary", "secretvalue",     "passwordvalue",   "authtoken",
    "sessiontoken",   "accesstoken",  "bearertoken",  "refreshtoken",    "securitytoken",   "tmptoken",
    "usersig",        "signkey",      "aeskey",       "encryptkey",      "credential",      "credentials",
    "tokenorpassword"};

bool definitions_gives_power(const struct definitions_member *member)
{
    size_t length = strlen(member->name);
    if (member->type != DEFINITIONS_STRING)
        return false;
    for (size_t i = 0; i < COUNT(power); i++) {
        size_t end = strlen(power[i]);
        if (length >= end && strcasecmp(member->name + length - end, power[i]) == 0)
            return true;
    }
    return strcasecmp(member->name, "token") == 0;
}

/* ---- looking up ---- */

static int compare_actions(const void *a, const void *b)
{
    return strcmp(((const struct definitions_action *)a)->name, ((const struct definitions_action *)b)->name);
}

static int compare_objects(const void *a, const void *b)
{
    return strcmp(((const struct definitions_object *)a)->name, ((const struct definitions_object *)b)->name);
}

const struct definitions_action *definitions_action(const struct definitions *definitions, const char *name)
{
    const struct definitions_action wanted = {.name = name};
    if (definitions->action_count == 0)
        return NULL;
    return bsearch(&wanted, definitions->actions, definitions->action_count, sizeof wanted, compare_actions);
}

const struct definitions_object *definitions_object(const struct definitions *definitions, const char *name)
{
    const struct definitions_object wanted = {.name = name};
    if (definitions->object_count == 0)
        return NULL;
    return bsearch(&wanted, definitions->objects, definitions->object_count, sizeof wanted, compare_objects);
}

/* strcmp(), where the second text has a length instead of an end. */
static int compare_name(const char *name, const char *text, size_t length)
{
    int order = strncmp(name, text, length);
    return order != 0 ? order : name[length] == '\0' ? 0 : 1;
}

const struct definitions_member *definitions_member(const struct definitions_object *object, const char *name,
                                                    size_t length)
{
    size_t low = 0;
    size_t high = object->member_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct definitions_member *member = &object->members[object->order[middle]];
        int order = compare_name(member->name, name, length);
        if (order == 0)
            return member;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- settling ---- */

static int order_members(struct definitions_object *object, struct arena *arena, struct err *err)
{
    object->order = arena_array(arena, object->member_count + 1, sizeof *object->order);
    if (object->order == NULL)
        return err_memory(err);
    object->required_count = 0;
    for (size_t i = 0; i < object->member_count; i++) { /* nearly all have fewer than 20 */
        size_t at = i;
        const char *name = object->members[i].name;
        for (; at > 0 && strcmp(object->members[object->order[at - 1]].name, name) > 0; at--)
            object->order[at] = object->order[at - 1];
        if (at > 0 && strcmp(object->members[object->order[at - 1]].name, name) == 0)
            return err_set(err, ERR_INPUT, "the object %s has %s twice", object->name, name);
        object->order[at] = (uint16_t)i;
        object->required_count += object->members[i].required;
    }
    return 0;
}

static int find_types(const struct definitions *definitions, const struct definitions_object *object,
                      struct err *err)
{
    for (size_t i = 0; i < object->member_count; i++) {
        struct definitions_member *member = &object->members[i];
        if (member->type != DEFINITIONS_OBJECT)
            continue;
        member->object = definitions_object(definitions, member->type_name);
        if (member->object == NULL)
            return err_set(err, ERR_INPUT, "%s.%s is of the type %s, which is not there", object->name,
                           member->name, member->type_name);
    }
    return 0;
}

static int find_objects(const struct definitions *definitions, struct definitions_action *action,
                        struct err *err)
{
    action->input = definitions_object(definitions, action->input_name);
    action->output = definitions_object(definitions, action->output_name);
    if (action->input == NULL || action->output == NULL)
        return err_set(err, ERR_INPUT, "the action %s takes or gives an object %s, which is not there",
                       action->name, action->input == NULL ? action->input_name : action->output_name);
    return 0;
}

int definitions_settle(struct definitions *definitions, struct arena *arena, struct err *err)
{
    if (definitions->action_count > 0)
        qsort(definitions->actions, definitions->action_count, sizeof *definitions->actions, compare_actions);
    if (definitions->object_count > 0)
        qsort(definitions->objects, definitions->object_count, sizeof *definitions->objects, compare_objects);
    for (size_t i = 1; i < definitions->action_count; i++)
        if (compare_actions(&definitions->actions[i - 1], &definitions->actions[i]) == 0)
            return err_set(err, ERR_INPUT, "the action %s is there twice", definitions->actions[i].name);
    for (size_t i = 1; i < definitions->object_count; i++)
        if (compare_objects(&definitions->objects[i - 1], &definitions->objects[i]) == 0)
            return err_set(err, ERR_INPUT, "the object %s is there twice", definitions->objects[i].name);
    for (size_t i = 0; i < definitions->object_count; i++)
        if (order_members(&definitions->objects[i], arena, err) != 0 ||
            find_types(definitions, &definitions->objects[i], err) != 0)
            return -1;
    for (size_t i = 0; i < definitions->action_count; i++)
        if (find_objects(definitions, &definitions->actions[i], err) != 0)
            return -1;
    return 0;
}
