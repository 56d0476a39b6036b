#include "gateway/schema/schema.h"

#include "base/json/json.h"
#include "gateway/schema/definition_schema.h"

#include <ctype.h>
#include <string.h>

enum { PATTERN_MAX = 2048 };

/* What call_add() lets into a string that is joined and signed, where the catalog says nothing narrower. */
#define SIGNABLE "[^@&=\\u0000-\\u001f\\u007f][^&=\\u0000-\\u001f\\u007f]*"

/* PCRE2's regular expressions and ECMA-262's mean the same, but for what begins so: classes such as
 * [[:alpha:]], options and look-arounds, verbs, possessive repetitions, and most escapes of letters. */
static bool is_portable(const char *pattern)
{
    static const char *const others[] = {"[:", "[.", "[=", "(?", "(*", "*+", "++", "?+", "}+"};
    for (size_t i = 0; i < COUNT(others); i++)
        if (strstr(pattern, others[i]) != NULL)
            return false;
    for (const char *at = pattern; (at = strchr(at, '\\')) != NULL && at[1] != '\0'; at += 2)
        if (isalnum((unsigned char)at[1]) && strchr("dDwW", at[1]) == NULL)
            return false;
    return true;
}

/* "asc|desc": words, and nothing that an expression would be needed for. */
static bool is_words(const char *pattern)
{
    char last = '|';
    for (const char *c = pattern; *c != '\0'; last = *c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-' && (*c != '|' || last == '|'))
            return false;
    return last != '|';
}

/* A parameter without values of its own, whose form is a list of words. */
static bool has_words(const struct config_param *param)
{
    return param->pattern.text != NULL && param->former.text == NULL && param->value_count == 0 &&
           is_words(param->pattern.text);
}

static void put_words(struct buf *out, const char *pattern, bool empty)
{
    json_open_array(out, "enum");
    for (const char *word = pattern; word != NULL;) {
        size_t length = strcspn(word, "|");
        buf_put(out, word == pattern ? "" : ",");
        json_put_string(out, word, length);
        word = word[length] == '\0' ? NULL : word + length + 1;
    }
    if (empty)
        json_element(out, "");
    json_close_array(out);
}

/* `former` may be NULL: another form that is taken.  `empty`: and no text at all. */
static void put_pattern(struct buf *out, const char *pattern, const char *former, bool empty)
{
    struct buf whole;
    if (pattern == NULL || !is_portable(pattern) || (former != NULL && !is_portable(former)))
        return;
    buf_init(&whole, PATTERN_MAX);
    buf_put(&whole, "^(?:");
    buf_put(&whole, pattern);
    buf_put(&whole, former == NULL ? "" : "|");
    buf_put(&whole, former == NULL ? "" : former);
    buf_put(&whole, empty ? ")?$" : ")$");
    json_member(out, "pattern", whole.failed ? NULL : buf_text(&whole));
    buf_done(&whole);
}

static void put_string(struct buf *out, const struct config_param *param, const struct config_wire *wire,
                       bool hashed)
{
    bool empty = param->empty && param->type == CONFIG_STRING;
    json_member(out, "type", "string");
    if (param->secret)
        json_member(out, "format", "password");
    json_member_int(out, "minLength", empty ? 0 : 1);
    json_member_int(out, "maxLength", param->length); /* of bytes: no text has more characters */
    if (param->pattern.text == NULL && !hashed)
        json_member(out, "pattern", empty ? "^(" SIGNABLE ")?$" : "^" SIGNABLE "$");
    if (has_words(param))
        put_words(out, param->pattern.text, empty);
    else
        put_pattern(out, param->pattern.text, param->former.text, empty);
    if (wire == NULL || wire->pattern.text == NULL)
        return;
    json_open_array(out, "allOf"); /* both must match, and a schema has one pattern */
    json_open(out);
    put_pattern(out, wire->pattern.text, NULL, empty);
    json_close(out);
    json_close_array(out);
}

/* What 32 bits do not hold is named as what it is (OpenAPI 3.1 section 4.4). */
static void put_integer(struct buf *out, const struct config_param *param)
{
    json_member(out, "type", "integer");
    if (param->min < INT32_MIN || param->max > INT32_MAX)
        json_member(out, "format", "int64");
    json_member_int(out, "minimum", param->min);
    json_member_int(out, "maximum", param->max);
}

static void put_choices(struct buf *out, const struct config_param *param)
{
    bool text = param->type == CONFIG_STRING || param->type == CONFIG_STRINGS;
    if (param->value_count == 0)
        return;
    json_open_array(out, "enum");
    for (size_t i = 0; i < param->value_count; i++) {
        if (text)
            json_element(out, param->values[i]);
        else
            buf_put_format(out, "%s%s", i == 0 ? "" : ",", param->values[i]);
    }
    json_close_array(out);
}

static void put_value(struct buf *out, const struct config_param *param, const struct config_wire *wire,
                      bool hashed)
{
    if (param->member != NULL && config_is_structured(param)) {
        definition_schema_put_inline(out, param->member);
        return;
    }
    switch (param->type) {
    case CONFIG_INTEGER:
        put_integer(out, param);
        break;
    case CONFIG_BOOLEAN:
        json_member(out, "type", "boolean");
        break;
    case CONFIG_NUMBER:
        json_member(out, "type", "number");
        break;
    case CONFIG_LIST:
        json_member(out, "type", "array");
        break;
    case CONFIG_OBJECT:
    case CONFIG_MAP:
        json_member(out, "type", "object");
        if (param->type == CONFIG_MAP)
            json_member_raw(out, "additionalProperties", "{\"type\":\"string\"}");
        break;
    default:
        put_string(out, param, wire, hashed);
    }
    put_choices(out, param);
}

/* The catalog holds the text that is sent: a number or true is JSON already. */
static void put_preset(struct buf *out, const struct config_param *param)
{
    if (param->type == CONFIG_INTEGER || param->type == CONFIG_BOOLEAN || param->type == CONFIG_NUMBER)
        json_member_raw(out, "default", param->preset);
    else if (param->type == CONFIG_STRING)
        json_member(out, "default", param->preset);
}

void schema_put(struct buf *out, const char *key, const struct config_param *param,
                const struct config_wire *wire, bool hashed)
{
    json_open_member(out, key);
    json_member(out, "description", param->about);
    if (param->type == CONFIG_STRINGS) {
        json_member(out, "type", "array");
        schema_put_one(out, "items", param, wire, hashed);
        json_member_bool(out, "uniqueItems", true);
        json_member_int(out, "minItems", param->empty && hashed ? 0 : 1);
        json_member_int(out, "maxItems", wire == NULL ? param->max_items : wire->max_items);
    } else {
        put_value(out, param, wire, hashed);
        put_preset(out, param);
    }
    json_close(out);
}

void schema_put_one(struct buf *out, const char *key, const struct config_param *param,
                    const struct config_wire *wire, bool hashed)
{
    json_open_member(out, key);
    put_value(out, param, wire, hashed);
    json_close(out);
}
