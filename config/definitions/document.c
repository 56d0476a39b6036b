#include "config/definitions/document.h"

#include "base/json/json.h"
#include "config/definitions/document_value.h"

#include <stdlib.h>
#include <string.h>

enum {
    PATH_MAX_SHOWN = 200,
    NAME_SHOWN_MAX = 31, /* keys and tokens are longer */
};

struct reading {
    struct buf *out;
    struct err *err;
    size_t values;
    char path[PATH_MAX_SHOWN]; /* of what is read, cut where it is long */
};

/* ---- places ---- */

/* Where the path goes on; put back by cutting it there. */
static size_t enter(struct reading *reading, const char *name)
{
    size_t at = strlen(reading->path);
    size_t room = sizeof reading->path - at;
    if (at > 0 && room > 1) {
        reading->path[at] = '.';
        reading->path[at + 1] = '\0';
        room--;
    }
    strncat(reading->path, name, room - 1);
    return at;
}

static size_t enter_item(struct reading *reading, size_t index)
{
    size_t at = strlen(reading->path);
    char text[32];
    struct buf number;
    buf_init_in(&number, text, sizeof text);
    buf_put_char(&number, '[');
    buf_put_int(&number, (long long)index);
    buf_put_char(&number, ']');
    strncat(reading->path, text, sizeof reading->path - at - 1);
    return at;
}

static int wrong(struct reading *reading, const char *what)
{
    return err_set(reading->err, ERR_INPUT, "%s %s",
                   reading->path[0] == '\0' ? "the document" : reading->path, what);
}

/* ---- one value ---- */

static const char *const must_be[DEFINITIONS_TYPES] = {
    [DEFINITIONS_STRING] = "must be a string",
    [DEFINITIONS_INT64] = "must be a whole number",
    [DEFINITIONS_UINT64] = "must be a whole number, and not negative",
    [DEFINITIONS_FLOAT] = "must be a number",
    [DEFINITIONS_BOOL] = "must be true or false",
    [DEFINITIONS_DATE] = "must be a string",
    [DEFINITIONS_DATETIME] = "must be a string",
    [DEFINITIONS_DATETIME_ISO] = "must be a string",
    [DEFINITIONS_BINARY] = "must be a string",
    [DEFINITIONS_OBJECT] = "must be an object",
};

static int read_object(struct reading *reading, const struct definitions_object *object,
                       const struct json_value *value, int depth);

static int read_one(struct reading *reading, const struct definitions_member *member,
                    const struct json_value *value, int depth)
{
    if (member->type == DEFINITIONS_OBJECT)
        return read_object(reading, member->object, value, depth + 1);
    if (!document_value_is_of_type(value, member->type))
        return wrong(reading, must_be[member->type]);
    if (value->kind == JSON_VALUE_STRING && !document_value_is_exact(value))
        return wrong(reading, "holds U+0000 or half of a surrogate pair, which no text can");
    buf_put_bytes(reading->out, value->bytes, value->length);
    reading->values++;
    return 0;
}

static int read_list(struct reading *reading, const struct definitions_member *member,
                     const struct json_value *value, int depth)
{
    size_t index = 0;
    if (value->kind != JSON_VALUE_ARRAY)
        return wrong(reading, "must be an array");
    if (value->count > DOCUMENT_ITEMS_MAX)
        return err_set(reading->err, ERR_INPUT, "%s may have at most %d items", reading->path,
                       DOCUMENT_ITEMS_MAX);
    buf_put_char(reading->out, '[');
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item); index++) {
        size_t at = enter_item(reading, index);
        if (index > 0)
            buf_put_char(reading->out, ',');
        if (read_one(reading, member, &item, depth) != 0)
            return -1;
        reading->path[at] = '\0';
    }
    buf_put_char(reading->out, ']');
    return 0;
}

/* ---- objects ---- */

/* Only a name that looks like one is repeated: it could be a secret in the wrong place. */
static int unknown(struct reading *reading, const char *name, size_t length)
{
    char text[DEFINITIONS_NAME_MAX + 1];
    if (!definitions_is_name(name, length) || length > NAME_SHOWN_MAX)
        return wrong(reading, "has a member that does not look like one");
    memcpy(text, name, length);
    text[length] = '\0';
    (void)enter(reading, text);
    return err_set(reading->err, ERR_INPUT, "there is no %s in this action", reading->path);
}

/* Names are ASCII: one that comes with escapes is decoded first. */
static const char *decode_key(const struct json_value *member, char *text, size_t size, size_t *length)
{
    const char *key = member->key + 1;
    *length = member->key_length - 2;
    if (memchr(key, '\\', *length) == NULL)
        return key;
    size_t used = 0;
    for (size_t i = 0; i < *length; i++) {
        char hex[5] = "";
        if (used + 1 >= size)
            return NULL;
        if (key[i] != '\\') {
            text[used++] = key[i];
            continue;
        }
        if (key[++i] != 'u' || *length - i < 5)
            return NULL; /* no other escape is a character of a name */
        memcpy(hex, key + i + 1, 4);
        unsigned long code = strtoul(hex, NULL, 16);
        if (code == 0 || code > 127)
            return NULL;
        text[used++] = (char)code;
        i += 4;
    }
    *length = used;
    return text;
}

static int find_missing(struct reading *reading, const struct definitions_object *object,
                        const unsigned char *seen)
{
    for (size_t i = 0; i < object->member_count; i++)
        if (object->members[i].required && (seen[i / 8] >> (i % 8) & 1) == 0) {
            (void)enter(reading, object->members[i].name);
            return wrong(reading, "is missing");
        }
    return 0;
}

static int read_member(struct reading *reading, const struct definitions_object *object,
                       const struct json_value *value, unsigned char *seen, int depth)
{
    char text[DEFINITIONS_NAME_MAX + 1];
    size_t length = 0;
    const char *name = decode_key(value, text, sizeof text, &length);
    const struct definitions_member *member = name == NULL ? NULL : definitions_member(object, name, length);
    if (member == NULL)
        return unknown(reading, name == NULL ? "" : name, name == NULL ? 0 : length);
    size_t index = (size_t)(member - object->members);
    size_t at = enter(reading, member->name);
    if ((seen[index / 8] >> (index % 8) & 1) != 0)
        return wrong(reading, "is there twice");
    seen[index / 8] |= (unsigned char)(1U << (index % 8));
    json_put_string(reading->out, member->name, strlen(member->name));
    buf_put_char(reading->out, ':');
    if ((member->list ? read_list : read_one)(reading, member, value, depth) != 0)
        return -1;
    reading->path[at] = '\0';
    return 0;
}

static int read_object(struct reading *reading, const struct definitions_object *object,
                       const struct json_value *value, int depth)
{
    unsigned char seen[DEFINITIONS_MEMBERS_MAX / 8 + 1] = {0};
    bool first = true;
    if (value->kind != JSON_VALUE_OBJECT)
        return wrong(reading, must_be[DEFINITIONS_OBJECT]);
    if (depth > DOCUMENT_DEPTH_MAX)
        return err_set(reading->err, ERR_INPUT, "the document nests deeper than %d levels",
                       DOCUMENT_DEPTH_MAX);
    buf_put_char(reading->out, '{');
    struct json_items items = json_value_items(value);
    for (struct json_value member; json_value_next(&items, &member); first = false) {
        if (!first)
            buf_put_char(reading->out, ',');
        if (read_member(reading, object, &member, seen, depth) != 0)
            return -1;
    }
    buf_put_char(reading->out, '}');
    return find_missing(reading, object, seen);
}

int document_read(const struct definitions_object *object, const struct json_value *root, struct buf *out,
                  size_t *values, struct err *err)
{
    struct reading reading = {.out = out, .err = err};
    if (read_object(&reading, object, root, 1) != 0)
        return -1;
    *values = reading.values;
    return out->failed ? err_memory(err) : 0;
}

int document_read_member(const struct definitions_member *member, const struct json_value *value,
                         struct buf *out, struct err *err)
{
    struct reading reading = {.out = out, .err = err};
    (void)enter(&reading, member->name);
    if ((member->list ? read_list : read_one)(&reading, member, value, 1) != 0)
        return -1;
    return out->failed ? err_memory(err) : 0;
}

/* ---- what a path leads to ---- */

struct search {
    const char *const *members;
    size_t depth;
    int (*found)(void *context, const struct json_value *value);
    void *context;
    bool gaps, there;
};

static int search_value(struct search *search, const struct json_value *value, size_t at);

static int search_items(struct search *search, const struct json_value *list, size_t at)
{
    struct json_items items = json_value_items(list);
    search->gaps = search->gaps || list->count == 0;
    for (struct json_value item; json_value_next(&items, &item);)
        if (search_value(search, &item, at) != 0)
            return -1;
    return 0;
}

/* `at` members of the path lead to the value. */
static int search_value(struct search *search, const struct json_value *value, size_t at)
{
    if (at == search->depth)
        search->there = true;
    if (value->kind == JSON_VALUE_ARRAY)
        return search_items(search, value, at);
    if (at == search->depth)
        return value->kind == JSON_VALUE_OBJECT ? 0 : search->found(search->context, value);
    struct json_items items = json_value_items(value);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, search->members[at]))
            return search_value(search, &member, at + 1);
    search->gaps = true;
    return 0;
}

int document_find(const struct json_value *root, const char *const *members, size_t depth,
                  int (*found)(void *context, const struct json_value *value), void *context, bool *gaps,
                  bool *there)
{
    struct search search = {.members = members, .depth = depth, .found = found, .context = context};
    int result = search_value(&search, root, 0);
    *gaps = search.gaps;
    *there = search.there;
    return result;
}
