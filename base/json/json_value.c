/* One file, longer than others, because it is one reader: strings, numbers and nesting share its cursor, and
 * the compiler sees all of what is looked at once for each byte. */
#include "base/json/json_value.h"

#include "base/json/json.h"
#include "base/text.h"

#include <limits.h>
#include <string.h>

/* Where we are; `wrong`: why no further. */
struct cursor {
    const char *at, *end;
    const char *wrong;
};

static const char too_deep[] = "nested deeper than";

/* The arrays and objects around it: one bit each. */
struct nest {
    uint64_t objects[JSON_VALUE_DEPTH_MAX / 64];
    size_t depth, most;
};

static bool fail(struct cursor *c, const char *wrong)
{
    c->wrong = wrong;
    return false;
}

static bool is_at(const struct cursor *c, char byte)
{
    return c->at < c->end && *c->at == byte;
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

/* ---- strings ---- */

/* The number of four hexadecimal digits; -1: they are none. */
static long read_unit(const char *digits, size_t left)
{
    long unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < left ? text_hex_value(digits[i]) : -1;
        if (value < 0)
            return -1;
        unit = unit * 16 + value;
    }
    return unit;
}

static bool skip_escape(struct cursor *c)
{
    size_t left = (size_t)(c->end - c->at);
    if (left > 1 && c->at[1] == 'u' && read_unit(c->at + 2, left - 2) >= 0)
        c->at += 6;
    else if (left > 1 && c->at[1] != '\0' && strchr("\"\\/bfnrt", c->at[1]) != NULL)
        c->at += 2;
    else
        return fail(c, "an escape that JSON does not have");
    return true;
}

static bool skip_character(struct cursor *c)
{
    size_t length = text_utf8_length(c->at, (size_t)(c->end - c->at));
    if ((unsigned char)*c->at < 0x20)
        return fail(c, "a control character in a string");
    if (length == 0)
        return fail(c, "a byte that is not UTF-8");
    c->at += length;
    return true;
}

static bool skip_string(struct cursor *c)
{
    c->at++;
    for (;;) {
        c->at += json_plain_run(c->at, (size_t)(c->end - c->at));
        if (c->at == c->end)
            return fail(c, "the text ends within a string");
        if (*c->at == '"')
            break;
        if (*c->at == '\\' ? !skip_escape(c) : !skip_character(c))
            return false;
    }
    c->at++;
    return true;
}

/* ---- other values without more in them ---- */

static bool skip_digits(struct cursor *c)
{
    const char *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return c->at > begin || fail(c, "a digit is missing");
}

/* RFC 8259 section 6 */
static bool skip_number(struct cursor *c)
{
    c->at += is_at(c, '-');
    if (is_at(c, '0'))
        c->at++;
    else if (!skip_digits(c))
        return false;
    if (is_at(c, '.')) {
        c->at++;
        if (!skip_digits(c))
            return false;
    }
    if (!is_at(c, 'e') && !is_at(c, 'E'))
        return true;
    c->at++;
    c->at += is_at(c, '+') || is_at(c, '-');
    return skip_digits(c);
}

static bool skip_word(struct cursor *c, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || strncmp(c->at, word, length) != 0)
        return fail(c, "a value is missing");
    c->at += length;
    return true;
}

static enum json_value_kind kind_at(const struct cursor *c)
{
    switch (c->at == c->end ? '\0' : *c->at) {
    case '{':
        return JSON_VALUE_OBJECT;
    case '[':
        return JSON_VALUE_ARRAY;
    case '"':
        return JSON_VALUE_STRING;
    case 't':
        return JSON_VALUE_TRUE;
    case 'f':
        return JSON_VALUE_FALSE;
    case 'n':
        return JSON_VALUE_NULL;
    default:
        return is_at(c, '-') || (c->at < c->end && *c->at >= '0' && *c->at <= '9') ? JSON_VALUE_NUMBER
                                                                                   : JSON_VALUE_NONE;
    }
}

static bool skip_scalar(struct cursor *c, enum json_value_kind kind)
{
    switch (kind) {
    case JSON_VALUE_STRING:
        return skip_string(c);
    case JSON_VALUE_NUMBER:
        return skip_number(c);
    case JSON_VALUE_TRUE:
        return skip_word(c, "true");
    case JSON_VALUE_FALSE:
        return skip_word(c, "false");
    case JSON_VALUE_NULL:
        return skip_word(c, "null");
    default:
        return fail(c, "a value is missing");
    }
}

/* ---- whole values ---- */

static bool in_object(const struct nest *nest)
{
    return (nest->objects[(nest->depth - 1) / 64] >> (nest->depth - 1) % 64 & 1) != 0;
}

static bool enter(struct cursor *c, struct nest *nest, enum json_value_kind kind)
{
    uint64_t bit = UINT64_C(1) << nest->depth % 64;
    if (nest->depth == nest->most)
        return fail(c, too_deep);
    if (kind == JSON_VALUE_OBJECT)
        nest->objects[nest->depth / 64] |= bit;
    else
        nest->objects[nest->depth / 64] &= ~bit;
    nest->depth++;
    c->at++;
    skip_blanks(c);
    return true;
}

/* "key" : */
static bool skip_key(struct cursor *c)
{
    if (!is_at(c, '"'))
        return fail(c, "a key is missing");
    if (!skip_string(c))
        return false;
    skip_blanks(c);
    if (!is_at(c, ':'))
        return fail(c, "a colon is missing");
    c->at++;
    skip_blanks(c);
    return true;
}

/* Behind a value: out of what ends here, and to the next item of what does not. */
static bool go_on(struct cursor *c, struct nest *nest)
{
    while (nest->depth > 0) {
        skip_blanks(c);
        if (!is_at(c, in_object(nest) ? '}' : ']'))
            break;
        c->at++;
        nest->depth--;
    }
    if (nest->depth == 0)
        return true;
    if (!is_at(c, ','))
        return fail(c, "a comma or a bracket is missing");
    c->at++;
    skip_blanks(c);
    return !in_object(nest) || skip_key(c);
}

static bool skip_value(struct cursor *c, size_t most, struct json_value *value)
{
    struct nest nest;
    nest.depth = 0;
    nest.most = most;
    value->kind = kind_at(c);
    value->bytes = c->at;
    value->count = 0;
    do {
        enum json_value_kind kind = kind_at(c);
        bool holds = kind == JSON_VALUE_OBJECT || kind == JSON_VALUE_ARRAY;
        value->count += nest.depth == 1;
        if (!(holds ? enter(c, &nest, kind) : skip_scalar(c, kind)))
            return false;
        if (holds && !is_at(c, kind == JSON_VALUE_OBJECT ? '}' : ']')) {
            if (kind == JSON_VALUE_OBJECT && !skip_key(c))
                return false;
            continue; /* with its first item */
        }
        if (!go_on(c, &nest))
            return false;
    } while (nest.depth > 0);
    value->length = (size_t)(c->at - value->bytes);
    return true;
}

static int tell(const struct cursor *c, const char *bytes, size_t most, struct err *err)
{
    size_t line = 1;
    const char *begin = bytes;
    for (const char *at = bytes; at < c->at; at++)
        if (*at == '\n') {
            line++;
            begin = at + 1;
        }
    size_t column = (size_t)(c->at - begin) + 1;
    if (c->wrong == too_deep)
        return err_set(err, ERR_INPUT, "line %zu, column %zu: %s %zu levels", line, column, c->wrong, most);
    return err_set(err, ERR_INPUT, "line %zu, column %zu: %s", line, column, c->wrong);
}

int json_value_read(const char *bytes, size_t length, size_t depth, struct json_value *value, struct err *err)
{
    struct cursor c = {bytes, bytes + length, NULL};
    struct json_value read = {0};
    size_t most = depth < JSON_VALUE_DEPTH_MAX ? depth : JSON_VALUE_DEPTH_MAX;
    skip_blanks(&c);
    if (length > 2 && strncmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        c.wrong = "a byte order mark, which JSON does not have";
    } else if (skip_value(&c, most, &read)) {
        skip_blanks(&c);
        if (c.at < c.end)
            c.wrong = "something behind the value";
    }
    if (c.wrong != NULL)
        return tell(&c, bytes, most, err);
    *value = read;
    return 0;
}

struct json_items json_value_items(const struct json_value *value)
{
    if (value->kind != JSON_VALUE_OBJECT && value->kind != JSON_VALUE_ARRAY)
        return (struct json_items){NULL, NULL, false};
    return (struct json_items){value->bytes + 1, value->bytes + value->length - 1,
                               value->kind == JSON_VALUE_OBJECT};
}

/* What was read once is well-formed. */
bool json_value_next(struct json_items *items, struct json_value *item)
{
    struct cursor c = {items->at, items->end, NULL};
    *item = (struct json_value){0};
    skip_blanks(&c);
    if (c.at == c.end)
        return false;
    if (is_at(&c, ',')) {
        c.at++;
        skip_blanks(&c);
    }
    item->key = items->members ? c.at : NULL;
    if (items->members && !skip_string(&c))
        return false;
    item->key_length = items->members ? (size_t)(c.at - item->key) : 0;
    skip_blanks(&c);
    if (is_at(&c, ':'))
        c.at++;
    skip_blanks(&c);
    if (!skip_value(&c, JSON_VALUE_DEPTH_MAX, item))
        return false;
    items->at = c.at;
    return true;
}

/* ---- what they say ---- */

/* The characters of a string, one after the other. */
struct characters {
    const char *at, *end;
};

static struct characters characters_of(const char *string, size_t length)
{
    return (struct characters){string + 1, string + length - 1};
}

static size_t put_utf8(unsigned long point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3F));
        point >>= 6;
    }
    out[0] = (char)(leads[length] | point);
    return length;
}

/* \u1234, or a pair of them; what no text can hold is U+FFFD, and not `*exact`. */
static unsigned long read_point(struct characters *text, bool *exact)
{
    long high = read_unit(text->at + 2, 4);
    text->at += 6;
    long low = high >= 0xD800 && high < 0xDC00 && text->end - text->at >= 6 && text->at[0] == '\\' &&
                       text->at[1] == 'u'
                   ? read_unit(text->at + 2, 4)
                   : -1;
    if (low >= 0xDC00 && low < 0xE000) {
        text->at += 6;
        return 0x10000 + (((unsigned long)high - 0xD800) << 10) + ((unsigned long)low - 0xDC00);
    }
    if (high > 0 && (high < 0xD800 || high >= 0xE000))
        return (unsigned long)high;
    *exact = false;
    return 0xFFFD;
}

/* The bytes of the next character; 0: there is none. */
static size_t next_character(struct characters *text, char out[4], bool *exact)
{
    static const char names[] = "bfnrt";
    static const char controls[] = "\b\f\n\r\t";
    if (text->at == text->end)
        return 0;
    if (*text->at != '\\') {
        size_t length = text_utf8_length(text->at, (size_t)(text->end - text->at));
        memcpy(out, text->at, length);
        text->at += length;
        return length;
    }
    if (text->at[1] == 'u')
        return put_utf8(read_point(text, exact), out);
    const char *name = strchr(names, text->at[1]);
    out[0] = name == NULL ? text->at[1] : controls[name - names];
    text->at += 2;
    return 1;
}

static bool string_is(const char *string, size_t length, const char *text)
{
    char bytes[4];
    bool exact = true;
    size_t plain = length - 2;
    if (memchr(string, '\\', length) == NULL)
        return strlen(text) == plain && strncmp(string + 1, text, plain) == 0;
    struct characters rest = characters_of(string, length);
    for (size_t got; (got = next_character(&rest, bytes, &exact)) > 0; text += got)
        if (!exact || strncmp(text, bytes, got) != 0)
            return false;
    return *text == '\0';
}

bool json_value_has_key(const struct json_value *member, const char *key)
{
    return member->key != NULL && string_is(member->key, member->key_length, key);
}

bool json_value_is(const struct json_value *string, const char *text)
{
    return string->kind == JSON_VALUE_STRING && string_is(string->bytes, string->length, text);
}

int json_value_integer(const struct json_value *number, long long *integer)
{
    bool negative = number->kind == JSON_VALUE_NUMBER && number->bytes[0] == '-';
    unsigned long long most = negative ? (unsigned long long)LLONG_MAX + 1 : LLONG_MAX;
    unsigned long long value = 0;
    if (number->kind != JSON_VALUE_NUMBER)
        return -1;
    for (size_t i = negative; i < number->length; i++) {
        unsigned digit = (unsigned)(unsigned char)number->bytes[i] - '0';
        if (digit > 9 || value > (most - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    *integer = negative ? (long long)(0 - value) : (long long)value;
    return 0;
}

char *json_value_text(const struct json_value *string, size_t most, struct arena *arena, bool *exact)
{
    char bytes[4];
    size_t length = 0;
    bool whole = true;
    size_t room = string->length - 2; /* no escape is shorter than what it stands for */
    char *text = arena_alloc(arena, (room < most ? room : most) + 1);
    struct characters rest = characters_of(string->bytes, string->length);
    for (size_t got; text != NULL && (got = next_character(&rest, bytes, &whole)) > 0; length += got) {
        if (length + got > most)
            break;
        memcpy(text + length, bytes, got);
    }
    if (exact != NULL)
        *exact = whole;
    return text;
}
