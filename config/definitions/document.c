#include "config/definitions/document.h"

#include "base/json.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_MAX_SHOWN = 200,
    NAME_SHOWN_MAX = 31, /* keys and tokens are longer */
    EXPONENT_MAX = 308
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

static bool is_unsigned(const struct json_value *value)
{
    static const char most[] = "18446744073709551615";
    if (value->kind != JSON_VALUE_NUMBER || value->length > sizeof most - 1)
        return false;
    for (size_t i = 0; i < value->length; i++)
        if (value->bytes[i] < '0' || value->bytes[i] > '9')
            return false;
    return value->length < sizeof most - 1 || strncmp(value->bytes, most, sizeof most - 1) <= 0;
}

/* Of "12e-3" -3; one that no number here has may be any other such. */
static long exponent_of(const char *text)
{
    const char *mark = strpbrk(text, "eE");
    return mark == NULL ? 0 : strtol(mark + 1, NULL, 10);
}

/* Also with an exponent beyond: the policy could not be told what it is. */
static bool is_in_range(const char *text)
{
    long exponent = exponent_of(text);
    return exponent <= EXPONENT_MAX && exponent >= -EXPONENT_MAX && isfinite(strtod(text, NULL));
}

static bool is_finite_number(const struct json_value *value)
{
    char text[DOCUMENT_NUMBER_MAX + 1];
    if (value->kind != JSON_VALUE_NUMBER || value->length > DOCUMENT_NUMBER_MAX)
        return false;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    return is_in_range(text);
}

static bool is_of_type(int type, const struct json_value *value)
{
    long long integer;
    switch (type) {
    case DEFINITIONS_INT64:
        return json_value_integer(value, &integer) == 0;
    case DEFINITIONS_UINT64:
        return is_unsigned(value);
    case DEFINITIONS_FLOAT:
        return is_finite_number(value);
    case DEFINITIONS_BOOL:
        return value->kind == JSON_VALUE_TRUE || value->kind == JSON_VALUE_FALSE;
    default:
        return value->kind == JSON_VALUE_STRING;
    }
}

/* U+0000 and halves of a pair: two readers of such a text can read two. */
static bool is_exact(const struct json_value *string)
{
    const char *end = string->bytes + string->length;
    for (const char *at = string->bytes; at + 5 < end; at++) {
        if (*at != '\\')
            continue;
        if (*++at != 'u')
            continue;
        unsigned long unit = 0;
        for (int i = 1; i <= 4; i++) {
            char hex[2] = {at[i], '\0'};
            unit = unit << 4 | strtoul(hex, NULL, 16);
        }
        bool high = unit >= 0xD800 && unit < 0xDC00;
        if (unit == 0 || (unit >= 0xDC00 && unit < 0xE000))
            return false;
        at += 4;
        if (!high)
            continue;
        if (end - at < 7 || at[1] != '\\' || at[2] != 'u' || (at[3] | 0x20) != 'd' ||
            strchr("cdefCDEF", at[4]) == NULL)
            return false;
        at += 6;
    }
    return true;
}

bool document_is_exact(const struct json_value *value)
{
    return value->kind == JSON_VALUE_NUMBER   ? is_finite_number(value)
           : value->kind == JSON_VALUE_STRING ? is_exact(value)
                                              : true;
}

static int read_object(struct reading *reading, const struct definitions_object *object,
                       const struct json_value *value, int depth);

static int read_one(struct reading *reading, const struct definitions_member *member,
                    const struct json_value *value, int depth)
{
    if (member->type == DEFINITIONS_OBJECT)
        return read_object(reading, member->object, value, depth + 1);
    if (!is_of_type(member->type, value))
        return wrong(reading, must_be[member->type]);
    if (value->kind == JSON_VALUE_STRING && !is_exact(value))
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

/* ---- texts ---- */

/* Digits and the place of the point: 12.5e1 is 125, 1 and 3 digits in front of the point. */
struct decimal {
    char digits[DOCUMENT_NUMBER_MAX];
    long count, point;
};

static void read_decimal(const char *text, size_t length, struct decimal *decimal)
{
    size_t i = 0;
    bool pointed = false;
    for (; i < length && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] == '.')
            pointed = true;
        else if (decimal->count > 0 || text[i] != '0')
            decimal->digits[decimal->count++] = text[i];
        if (!pointed)
            decimal->point = decimal->count;
        else if (text[i] == '0' && decimal->count == 0)
            decimal->point--;
    }
    decimal->point += exponent_of(text);
    while (decimal->count > 0 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
}

static void put_decimal(struct buf *out, const struct decimal *decimal)
{
    if (decimal->count == 0 || decimal->point <= 0)
        buf_put_char(out, '0');
    if (decimal->count == 0)
        return;
    for (long i = 0; i < decimal->point; i++)
        buf_put_char(out, i < decimal->count ? decimal->digits[i] : '0');
    if (decimal->point >= decimal->count)
        return;
    buf_put_char(out, '.');
    for (long i = decimal->point; i < decimal->count; i++)
        buf_put_char(out, i < 0 ? '0' : decimal->digits[i]);
}

static const char *number_text(const struct json_value *value, struct arena *arena)
{
    char text[DOCUMENT_NUMBER_MAX + 1];
    struct decimal decimal = {.count = 0};
    struct buf out;
    if (value->length > DOCUMENT_NUMBER_MAX)
        return NULL;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    if (!is_in_range(text))
        return NULL;
    bool negative = text[0] == '-';
    read_decimal(text + negative, value->length - negative, &decimal);
    buf_init(&out, 2 * EXPONENT_MAX + 4 * DOCUMENT_NUMBER_MAX);
    if (negative && decimal.count > 0) /* there is one zero */
        buf_put_char(&out, '-');
    put_decimal(&out, &decimal);
    const char *copy = out.failed ? NULL : arena_strdup(arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

const char *document_text(const struct json_value *value, struct arena *arena)
{
    switch (value->kind) {
    case JSON_VALUE_TRUE:
        return "true";
    case JSON_VALUE_FALSE:
        return "false";
    case JSON_VALUE_NUMBER:
        return number_text(value, arena);
    default:
        return json_value_text(value, SIZE_MAX, arena, NULL);
    }
}
