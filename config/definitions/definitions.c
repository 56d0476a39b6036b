/* The compact form is lines of words: see docs/definitions.md. */
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

/* ---- the compact form ---- */

struct reader {
    struct definitions *definitions;
    struct arena *arena;
    bool ended; /* its last line was read */
};

/* The next word of a line, cut off; NULL: no more. */
static char *next_word(char **at)
{
    char *word = *at;
    if (*word == '\0')
        return NULL;
    char *blank = strchr(word, ' ');
    *at = blank == NULL ? word + strlen(word) : blank + 1;
    if (blank != NULL)
        *blank = '\0';
    return word;
}

static int read_service(struct reader *reader, char *rest, struct err *err)
{
    const char *service = next_word(&rest);
    const char *version = next_word(&rest);
    if (service == NULL || version == NULL || *rest != '\0' ||
        !definitions_is_name(service, strlen(service)) || !definitions_is_version(version))
        return err_set(err, ERR_INPUT, "a service and its version belong here, as in service vpc 2017-03-12");
    reader->definitions->service = service;
    reader->definitions->version = version;
    return 0;
}

/* NAME, or NAME and what stands behind it for the request's or the answer's object. */
static const char *object_name(struct reader *reader, const char *action, const char *suffix)
{
    size_t length = strlen(action);
    char *name = arena_alloc(reader->arena, length + strlen(suffix) + 1);
    if (name == NULL)
        return NULL;
    memcpy(name, action, length);
    memcpy(name + length, suffix, strlen(suffix) + 1);
    return name;
}

static int read_action(struct reader *reader, char *rest, struct err *err)
{
    struct definitions_action *action = &reader->definitions->actions[reader->definitions->action_count];
    const char *effect = NULL;
    const char *status = NULL;
    action->name = next_word(&rest);
    effect = next_word(&rest);
    status = next_word(&rest);
    action->input_name = next_word(&rest);
    action->output_name = next_word(&rest);
    if (action->name == NULL || effect == NULL || *rest != '\0' ||
        !definitions_is_name(action->name, strlen(action->name)) ||
        (action->input_name == NULL) != (action->output_name == NULL))
        return err_set(err, ERR_INPUT,
                       "an action is its name, its effect, and perhaps its status and objects");
    action->effect = definitions_effect_of(effect);
    action->status = status == NULL ? DEFINITIONS_ONLINE : definitions_status_of(status);
    if (action->effect < 0 || action->status < 0)
        return err_set(err, ERR_INPUT, "%.64s is no effect or no status",
                       action->effect < 0 ? effect : status);
    if (action->input_name == NULL) {
        action->input_name = object_name(reader, action->name, "Request");
        action->output_name = object_name(reader, action->name, "Response");
    }
    reader->definitions->action_count++;
    return action->input_name == NULL || action->output_name == NULL ? err_memory(err) : 0;
}

/* NAME:TYPE or NAME:[TYPE], with '!' behind it where it is required, '-' where it is disabled. */
static int read_member(char *word, struct definitions_member *member, struct err *err)
{
    char *type = strchr(word, ':');
    if (type == NULL || !definitions_is_name(word, (size_t)(type - word)))
        return err_set(err, ERR_INPUT, "a member is its name and type, as in VpcId:string!");
    *type++ = '\0';
    size_t length = strlen(type);
    for (; length > 0 && (type[length - 1] == '!' || type[length - 1] == '-'); type[--length] = '\0')
        *(type[length - 1] == '!' ? &member->required : &member->disabled) = true;
    member->list = length > 2 && type[0] == '[' && type[length - 1] == ']';
    if (member->list) {
        type[--length] = '\0';
        type++;
        length--;
    }
    if (!definitions_is_name(type, length))
        return err_set(err, ERR_INPUT, "the member %.64s has no type", word);
    member->name = word;
    member->type_name = type;
    member->type = (unsigned char)definitions_type_of(type);
    return 0;
}

static size_t count_words(const char *line)
{
    size_t count = *line != '\0';
    for (; *line != '\0'; line++)
        count += *line == ' ';
    return count;
}

static int read_object(struct reader *reader, char *rest, struct err *err)
{
    struct definitions_object *object = &reader->definitions->objects[reader->definitions->object_count];
    object->name = next_word(&rest);
    size_t count = count_words(rest);
    if (object->name == NULL || !definitions_is_name(object->name, strlen(object->name)) ||
        definitions_type_of(object->name) != DEFINITIONS_OBJECT || count > DEFINITIONS_MEMBERS_MAX)
        return err_set(err, ERR_INPUT, "an object is its name and at most %d members",
                       DEFINITIONS_MEMBERS_MAX);
    object->members = arena_array(reader->arena, count + 1, sizeof *object->members);
    if (object->members == NULL)
        return err_memory(err);
    for (char *word; (word = next_word(&rest)) != NULL; object->member_count++)
        if (read_member(word, &object->members[object->member_count], err) != 0)
            return -1;
    reader->definitions->object_count++;
    return 0;
}

/* How many there are, so that what is cut is noticed wherever it is. */
static int read_end(struct reader *reader, const char *rest, struct err *err)
{
    char *end = NULL;
    unsigned long actions = strtoul(rest, &end, 10);
    unsigned long objects = *end == ' ' ? strtoul(end + 1, &end, 10) : 0;
    if (*end != '\0' || actions != reader->definitions->action_count ||
        objects != reader->definitions->object_count)
        return err_set(err, ERR_INPUT, "it does not have as many actions and objects as its last line says");
    reader->ended = true;
    return 0;
}

static int read_line(struct reader *reader, char *line, struct err *err)
{
    char *rest = line;
    const char *kind = next_word(&rest);
    if (kind == NULL || reader->ended)
        return err_set(err, ERR_INPUT,
                       reader->ended ? "nothing may stand behind the last line" : "a line is empty");
    if (strcmp(kind, "service") == 0)
        return read_service(reader, rest, err);
    if (strcmp(kind, "source") == 0 || strcmp(kind, "license") == 0) {
        *(kind[0] == 's' ? &reader->definitions->source : &reader->definitions->license) = rest;
        return 0;
    }
    if (strcmp(kind, "action") == 0)
        return read_action(reader, rest, err);
    if (strcmp(kind, "object") == 0)
        return read_object(reader, rest, err);
    if (strcmp(kind, "end") == 0)
        return read_end(reader, rest, err);
    return err_set(err, ERR_INPUT, "there is no line of that kind");
}

static size_t count_lines(const char *text, const char *kind)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, kind)) != NULL; at++)
        count++;
    return count;
}

static const char first_line[] = "countersign-definitions 1\n";

static int prepare(struct reader *reader, const char *text, size_t length, struct err *err)
{
    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return err_set(err, ERR_INPUT, "it does not begin with the line countersign-definitions 1");
    if (strlen(text) != length || text[length - 1] != '\n')
        return err_set(err, ERR_INPUT, "it is cut, or no text");
    reader->definitions->actions =
        arena_array(reader->arena, count_lines(text, "\naction "), sizeof *reader->definitions->actions);
    reader->definitions->objects =
        arena_array(reader->arena, count_lines(text, "\nobject "), sizeof *reader->definitions->objects);
    return reader->definitions->actions == NULL || reader->definitions->objects == NULL ? err_memory(err) : 0;
}

static int read_lines(struct reader *reader, char *text, size_t *number, struct err *err)
{
    for (char *line = text; *line != '\0'; (*number)++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (*number > 1 && read_line(reader, line, err) != 0)
            return -1;
        line = end + 1;
    }
    if (!reader->ended || reader->definitions->service == NULL)
        return err_set(err, ERR_INPUT, "it is cut: its last line is missing");
    return 0;
}

int definitions_read(struct definitions *definitions, char *text, size_t length, const char *name,
                     struct arena *arena, struct err *err)
{
    struct reader reader = {.definitions = definitions, .arena = arena};
    struct err cause = {0};
    size_t line = 1;
    *definitions = (struct definitions){.source = "", .license = ""};
    if (prepare(&reader, text, length, &cause) == 0 && read_lines(&reader, text, &line, &cause) == 0) {
        if (definitions_settle(definitions, arena, &cause) == 0)
            return 0;
        line = 0;
    }
    if (line == 0)
        return err_set(err, cause.kind, "%.120s: %s", name, cause.text);
    return err_set(err, cause.kind, "%.120s:%zu: %s", name, line, cause.text);
}
