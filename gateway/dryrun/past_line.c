#include "gateway/dryrun/past_line.h"

#include "base/arena.h"
#include "base/json/json_value.h"

enum {
    PAST_LINE_DEPTH = 8,
    PAST_LINE_ARENA_MAX = 16 * 1024 * 1024, /* bytes of its texts; a line has a few KiB */
};

struct copying {
    struct arena *arena;
    bool twice; /* an object has a key twice: nobody knows which of them counts */
};

static json_t *copy_text(const char *bytes, size_t length, struct arena *arena)
{
    const struct json_value string = {.kind = JSON_VALUE_STRING, .bytes = bytes, .length = length};
    const char *text = json_value_text(&string, length, arena, NULL);
    return text == NULL ? NULL : json_string(text);
}

static json_t *copy_of(const struct json_value *value, struct copying *copying);

static int add_item(json_t *list, const struct json_value *item, struct copying *copying)
{
    json_t *copy = copy_of(item, copying);
    if (json_is_array(list))
        return json_array_append_new(list, copy);
    json_t *key = copy_text(item->key, item->key_length, copying->arena);
    copying->twice = copying->twice || json_object_get(list, json_string_value(key)) != NULL;
    int result = json_object_set(list, json_string_value(key), copy);
    json_decref(key);
    json_decref(copy);
    return result;
}

/* What we look at: texts, and what holds them.  NULL when memory is out.  jansson's own reader leaves out
 * characters then: a value would be another one. */
static json_t *copy_of(const struct json_value *value, struct copying *copying)
{
    if (value->kind == JSON_VALUE_STRING)
        return copy_text(value->bytes, value->length, copying->arena);
    if (value->kind != JSON_VALUE_ARRAY && value->kind != JSON_VALUE_OBJECT)
        return json_null();
    json_t *copy = value->kind == JSON_VALUE_ARRAY ? json_array() : json_object();
    struct json_items items = json_value_items(value);
    for (struct json_value item; copy != NULL && json_value_next(&items, &item);)
        if (add_item(copy, &item, copying) != 0) {
            json_decref(copy);
            return NULL;
        }
    return copy;
}

int past_line_read(const char *bytes, size_t length, json_t **line)
{
    struct json_value root;
    *line = NULL;
    if (json_value_read(bytes, length, PAST_LINE_DEPTH, &root, NULL) != 0 || root.kind != JSON_VALUE_OBJECT)
        return 0;
    struct copying copying = {.arena = arena_new(PAST_LINE_ARENA_MAX)};
    json_t *copy = copying.arena == NULL ? NULL : copy_of(&root, &copying);
    arena_free(copying.arena);
    if (!copying.twice) {
        *line = copy;
        return copy == NULL ? -1 : 0;
    }
    json_decref(copy);
    return 0;
}
