#include "gateway/response/answer.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_TASK_MAX = 64,
    ANSWER_CODE_DIGITS = 9, /* of a number in a string: more is a name */
};

bool answer_is_good(const struct answer *answer)
{
    return !answer->named && answer->code == 0;
}

/* ---- what the gateway decides by ---- */

/* Members of one object that are looked for. */
struct pick {
    const char *name;         /* NULL: nobody asks for it */
    struct json_value *value; /* where it goes */
};

static bool pick_member(const struct json_value *member, const struct pick *pick, struct err *err)
{
    if (pick->name == NULL || !json_value_has_key(member, pick->name))
        return true;
    if (pick->value->kind != JSON_VALUE_NONE) {
        err_set(err, ERR_INPUT, "the upstream's answer has `%s` twice", pick->name);
        return false;
    }
    *pick->value = *member;
    return true;
}

/* Two readers of one text can each believe another of two members: of these none may be there twice. */
static int pick_members(const struct json_value *object, const struct pick *picks, size_t count,
                        struct err *err)
{
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);)
        for (size_t i = 0; i < count; i++)
            if (!pick_member(&member, &picks[i], err))
                return -1;
    return 0;
}

/* "data.status" in {"data": {"status": 0}} */
static int pick_path(const struct json_value *root, const char *path, struct json_value *value,
                     struct err *err)
{
    char name[ANSWER_TEXT_MAX];
    struct json_value at = *root;
    while (path != NULL && at.kind == JSON_VALUE_OBJECT) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof name)
            return 0;
        memcpy(name, path, length);
        name[length] = '\0';
        struct json_value found = {0};
        if (pick_members(&at, &(struct pick){name, &found}, 1, err) != 0)
            return -1;
        at = found;
        if (path[length] == '\0') {
            *value = at;
            return 0;
        }
        path += length + 1;
    }
    return 0;
}

/* What the cloud calls the member that callers know as the route's `one`. */
static const char *cloud_name(const struct config_route *route, const struct config_dialect *dialect,
                              const char *name)
{
    if (name == NULL || (route->list != NULL && strcmp(name, route->list) == 0))
        return name == NULL ? NULL : dialect->list;
    for (size_t i = 0; i < dialect->rename_count; i++)
        if (strcmp(dialect->renames[i].to, name) == 0)
            return dialect->renames[i].from;
    return name;
}

/* ---- what it says ---- */

/* A number, or a string that holds one: official samples have both. */
static int read_code(const struct json_value *value, struct arena *arena, long long *code)
{
    if (value->kind != JSON_VALUE_STRING)
        return json_value_integer(value, code);
    const char *text = json_value_text(value, ANSWER_TEXT_MAX, arena, NULL);
    if (text == NULL || text[0] == '\0' || strlen(text) > ANSWER_CODE_DIGITS ||
        strspn(text, "-0123456789") != strlen(text))
        return -1;
    char *end = NULL;
    *code = strtoll(text, &end, 10);
    return *end == '\0' ? 0 : -1;
}

/* Strings are copied, cut where they are endless; anything else is absent. */
static const char *copy_text(const struct json_value *value, struct arena *arena)
{
    return value->kind == JSON_VALUE_STRING ? json_value_text(value, ANSWER_TEXT_MAX, arena, NULL) : NULL;
}

/* It becomes part of a Location: only what can stand in a path as it is. */
static const char *copy_task(const struct json_value *value, struct arena *arena)
{
    bool digits = value->kind == JSON_VALUE_NUMBER && value->length <= ANSWER_TASK_MAX;
    for (size_t i = 0; digits && i < value->length; i++)
        digits = value->bytes[i] >= '0' && value->bytes[i] <= '9';
    const char *text = digits ? arena_copy(arena, value->bytes, value->length)
                       : value->kind == JSON_VALUE_STRING
                           ? json_value_text(value, ANSWER_TEXT_MAX, arena, NULL)
                           : NULL;
    return text != NULL && strlen(text) <= ANSWER_TASK_MAX && text_is_name(text) ? text : NULL;
}

/* {"code": 0, "message": "", ...}; the numeric code and the codeDesc can both be there, either can be a
 * number or a string. */
static int read_api2(const struct json_value *root, const struct config_route *route, struct arena *arena,
                     struct answer *read, struct err *err)
{
    const struct config_dialect *dialect = &route->dialects[CONFIG_API2];
    struct json_value code = {0}, desc = {0}, message = {0}, detail = {0};
    const struct pick picks[] = {{"code", &code},
                                 {"codeDesc", &desc},
                                 {"message", &message},
                                 {"detail", &detail},
                                 {dialect->list, &read->list},
                                 {dialect->total, &read->total},
                                 {dialect->next, &read->next},
                                 {dialect->task, &read->task_value},
                                 {route->single, &read->single}};
    if (pick_members(root, picks, COUNT(picks), err) != 0 ||
        pick_path(root, dialect->status.from, &read->state, err) != 0)
        return -1;
    read->members = *root;
    read->code_desc = copy_text(&desc, arena);
    read->message = copy_text(&message, arena);
    read->task = copy_task(&read->task_value, arena);
    if (code.kind == JSON_VALUE_NONE)
        return err_set(err, ERR_INPUT, "the upstream's answer has no `code`");
    if (read_code(&code, arena, &read->code) != 0) {
        read->named = true; /* a name in its place counts as the codeDesc */
        read->code = -1;
        read->code_desc = copy_text(&code, arena);
        if (read->code_desc == NULL || read->code_desc[0] == '\0')
            return err_set(err, ERR_INPUT,
                           "the `code` of the upstream's answer is neither a whole number nor a name");
    }
    if (!answer_is_good(read) && detail.kind != JSON_VALUE_NONE)
        read->detail = arena_copy(arena, detail.bytes, detail.length);
    return 0;
}

static int read_error(const struct json_value *error, struct arena *arena, struct answer *read,
                      struct err *err)
{
    struct json_value code = {0}, message = {0};
    const struct pick picks[] = {{"Code", &code}, {"Message", &message}};
    if (pick_members(error, picks, COUNT(picks), err) != 0)
        return -1;
    read->named = true;
    read->code = -1;
    read->code_desc = copy_text(&code, arena);
    read->message = copy_text(&message, arena);
    if (read->code_desc == NULL || read->code_desc[0] == '\0')
        return err_set(err, ERR_INPUT, "the `Error` of the upstream's answer has no `Code`");
    return 0;
}

/* {"Response": {..., "RequestId": ""}}, or {"Response": {"Error": {"Code": "", "Message": ""}, "RequestId":
 * ""}} */
static int read_api3(const struct json_value *root, const struct config_route *route, struct arena *arena,
                     struct answer *read, struct err *err)
{
    const struct config_dialect *dialect = &route->dialects[CONFIG_API3];
    struct json_value error = {0}, id = {0};
    const struct pick picks[] = {{"Error", &error},
                                 {"RequestId", &id},
                                 {dialect->list, &read->list},
                                 {dialect->total, &read->total},
                                 {dialect->next, &read->next},
                                 {dialect->last.member, &read->last},
                                 {dialect->task, &read->task_value},
                                 {cloud_name(route, dialect, route->single), &read->single}};
    if (pick_members(root, &(struct pick){"Response", &read->members}, 1, err) != 0)
        return -1;
    if (read->members.kind != JSON_VALUE_OBJECT)
        return err_set(err, ERR_INPUT, "the upstream's answer has no `Response` that is an object");
    if (pick_members(&read->members, picks, COUNT(picks), err) != 0 ||
        pick_path(&read->members, dialect->status.from, &read->state, err) != 0)
        return -1;
    read->request_id = copy_task(&id, arena);
    read->task = copy_task(&read->task_value, arena);
    return error.kind == JSON_VALUE_NONE || error.kind == JSON_VALUE_NULL
               ? 0
               : read_error(&error, arena, read, err);
}

/* ---- the whole ---- */

/* What came instead, as far as it can be told without quoting it. */
static int no_json(const char *bytes, size_t length, const struct err *why, struct err *err)
{
    char size[TEXT_NUMBER_SIZE];
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", bytes[blank]) != NULL && bytes[blank] != '\0')
        blank++;
    text_thousands(size, length);
    if (blank == length)
        return err_set(err, ERR_INPUT, "the upstream's answer is empty");
    if (length - blank > 4 && strncmp(bytes + blank, "<?xml", 5) == 0)
        return err_set(err, ERR_INPUT, "the upstream's answer is an XML document of %s bytes", size);
    if (bytes[blank] == '<')
        return err_set(err, ERR_INPUT, "the upstream's answer is an HTML page of %s bytes", size);
    if (length > 1 && strncmp(bytes, "\x1F\x8B", 2) == 0) /* RFC 1952 section 2.3.1 */
        return err_set(err, ERR_INPUT,
                       "the upstream's answer is compressed by gzip, which it was not asked for");
    return err_set(err, ERR_INPUT, "the upstream's answer of %s bytes cannot be read as JSON: %s", size,
                   why->text);
}

int answer_read(const char *bytes, size_t length, const struct config_route *route, int api,
                struct arena *arena, struct answer *answer, struct err *err)
{
    struct err why = {0};
    struct json_value root;
    struct answer read = {.bytes = bytes, .length = length};
    if (json_value_read(bytes, length, JSON_VALUE_DEPTH_MAX, &root, &why) != 0)
        return no_json(bytes, length, &why, err);
    if (root.kind != JSON_VALUE_OBJECT)
        return err_set(err, ERR_INPUT, "the upstream's answer is JSON, but not an object");
    if ((api == CONFIG_API3 ? read_api3 : read_api2)(&root, route, arena, &read, err) != 0)
        return -1;
    *answer = read;
    return 0;
}

static void move(struct json_value *value, const char *from, const char *to)
{
    if (value->key != NULL)
        value->key = to + (value->key - from);
    if (value->bytes != NULL)
        value->bytes = to + (value->bytes - from);
}

int answer_keep(struct answer *answer, struct arena *arena)
{
    struct json_value *const values[] = {&answer->members, &answer->list,  &answer->total,
                                         &answer->single,  &answer->state, &answer->task_value,
                                         &answer->next,    &answer->last};
    const char *from = answer->bytes;
    const char *copy = arena_copy(arena, from, answer->length);
    if (copy == NULL)
        return -1;
    for (size_t i = 0; i < COUNT(values); i++)
        move(values[i], from, copy);
    answer->bytes = copy;
    return 0;
}
