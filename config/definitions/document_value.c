#include "config/definitions/document_value.h"

#include "base/buf.h"
#include "config/definitions/definitions.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { EXPONENT_MAX = 308 };

/* ---- what it may be ---- */

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
    char text[DOCUMENT_VALUE_NUMBER_MAX + 1];
    if (value->kind != JSON_VALUE_NUMBER || value->length > DOCUMENT_VALUE_NUMBER_MAX)
        return false;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    return is_in_range(text);
}

bool document_value_is_of_type(const struct json_value *value, int type)
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

bool document_value_is_exact(const struct json_value *value)
{
    return value->kind == JSON_VALUE_NUMBER   ? is_finite_number(value)
           : value->kind == JSON_VALUE_STRING ? is_exact(value)
                                              : true;
}

/* ---- its text ---- */

/* Digits and the place of the point: 12.5e1 is 125, 1 and 3 digits in front of the point. */
struct decimal {
    char digits[DOCUMENT_VALUE_NUMBER_MAX];
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
    char text[DOCUMENT_VALUE_NUMBER_MAX + 1];
    struct decimal decimal = {.count = 0};
    struct buf out;
    if (value->length > DOCUMENT_VALUE_NUMBER_MAX)
        return NULL;
    memcpy(text, value->bytes, value->length);
    text[value->length] = '\0';
    if (!is_in_range(text))
        return NULL;
    bool negative = text[0] == '-';
    read_decimal(text + negative, value->length - negative, &decimal);
    buf_init(&out, 2 * EXPONENT_MAX + 4 * DOCUMENT_VALUE_NUMBER_MAX);
    if (negative && decimal.count > 0) /* there is one zero */
        buf_put_char(&out, '-');
    put_decimal(&out, &decimal);
    const char *copy = out.failed ? NULL : arena_strdup(arena, buf_text(&out));
    buf_done(&out);
    return copy;
}

const char *document_value_text(const struct json_value *value, struct arena *arena)
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
