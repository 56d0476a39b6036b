#include "config/definitions/free_document.h"

#include "config/definitions/definitions.h"
#include "config/definitions/document.h"
#include "config/definitions/document_value.h"

#include <string.h>

enum { PLACE_SIZE = 160, KEY_MAX = DEFINITIONS_NAME_MAX };

struct reading {
    struct buf *out;
    struct err *err;
    bool secret;
    char place[PLACE_SIZE]; /* of what is read, cut where it is long */
};

static int wrong(struct reading *reading, const char *what)
{
    return err_set(reading->err, ERR_INPUT, "%s %s", reading->place, what);
}

static int read_value(struct reading *reading, const struct json_value *value, int depth);

/* The key as the plain characters that it must be. */
static int read_key(struct reading *reading, const struct json_value *object, const struct json_value *member,
                    char key[KEY_MAX + 1])
{
    size_t length = member->key_length - 2;
    if (length == 0 || length > KEY_MAX || memchr(member->key, '\\', member->key_length) != NULL)
        return wrong(reading, "has a member whose name is empty, too long, or escaped");
    memcpy(key, member->key + 1, length);
    key[length] = '\0';
    struct json_items items = json_value_items(object);
    for (struct json_value other; json_value_next(&items, &other) && other.key != member->key;)
        if (other.key_length == member->key_length && strncmp(other.key + 1, key, length) == 0)
            return wrong(reading, "has a member twice");
    return 0;
}

static int read_object(struct reading *reading, const struct json_value *object, int depth)
{
    char key[KEY_MAX + 1];
    struct json_items items = json_value_items(object);
    bool first = true;
    if (object->count > FREE_DOCUMENT_MEMBERS_MAX)
        return wrong(reading, "has too many members");
    buf_put_char(reading->out, '{');
    for (struct json_value member; json_value_next(&items, &member); first = false) {
        if (read_key(reading, object, &member, key) != 0)
            return -1;
        const struct definitions_member named = {.name = key, .type = DEFINITIONS_STRING};
        reading->secret = reading->secret || definitions_gives_power(&named);
        buf_put(reading->out, first ? "" : ",");
        buf_put_bytes(reading->out, member.key, member.key_length);
        buf_put_char(reading->out, ':');
        if (read_value(reading, &member, depth) != 0)
            return -1;
    }
    buf_put_char(reading->out, '}');
    return 0;
}

static int read_list(struct reading *reading, const struct json_value *list, int depth)
{
    struct json_items items = json_value_items(list);
    bool first = true;
    if (list->count > DOCUMENT_ITEMS_MAX)
        return wrong(reading, "has a list of too many items");
    buf_put_char(reading->out, '[');
    for (struct json_value item; json_value_next(&items, &item); first = false) {
        buf_put(reading->out, first ? "" : ",");
        if (read_value(reading, &item, depth) != 0)
            return -1;
    }
    buf_put_char(reading->out, ']');
    return 0;
}

static int read_value(struct reading *reading, const struct json_value *value, int depth)
{
    if (depth == DOCUMENT_DEPTH_MAX)
        return wrong(reading, "nests too deep");
    if (value->kind == JSON_VALUE_OBJECT)
        return read_object(reading, value, depth + 1);
    if (value->kind == JSON_VALUE_ARRAY)
        return read_list(reading, value, depth + 1);
    if (value->kind == JSON_VALUE_NULL)
        return wrong(reading, "has null in it");
    if (!document_value_is_exact(value))
        return wrong(reading, "has a number out of range, or a text that holds U+0000 or half of a pair");
    buf_put_bytes(reading->out, value->bytes, value->length);
    return 0;
}

int free_document_read(const char *name, const struct json_value *value, struct buf *out, bool *secret,
                       struct err *err)
{
    struct reading reading = {.out = out, .err = err};
    strncat(reading.place, name, sizeof reading.place - 1);
    if (read_value(&reading, value, 0) != 0)
        return -1;
    *secret = reading.secret;
    return out->failed ? err_memory(err) : 0;
}
