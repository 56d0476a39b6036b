/* Any bytes as JSON, against what jansson reads in them.  Where jansson takes a text, the same is read, value
 * by value; where only we take it, it is for one of the four things that jansson cannot hold. */
#include "tests/fuzz/fuzz.h"

#include "base/json/json_value.h"
#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_FUZZ_MAX = 64 * 1024 };

static void check(const struct json_value *value, const json_t *read, size_t depth);

static void check_string(const struct json_value *value, const json_t *read)
{
    bool exact = false;
    const char *text = json_string_value(read);
    const char *ours = json_value_text(value, SIZE_MAX, fuzz_arena(), &exact);
    size_t length = json_string_length(read);
    bool holds_nul = memchr(text, '\0', length) != NULL;
    FUZZ_MUST(ours != NULL && text_is_utf8(ours, strlen(ours)));
    FUZZ_MUST(exact == !holds_nul);
    FUZZ_MUST(holds_nul || (strlen(ours) == length && strcmp(ours, text) == 0));
    FUZZ_MUST(holds_nul || json_value_is(value, text));
}

static void check_number(const struct json_value *value, const json_t *read)
{
    long long number = 0;
    bool whole = json_value_integer(value, &number) == 0;
    FUZZ_MUST(whole == json_is_integer(read));
    FUZZ_MUST(!whole || number == json_integer_value(read));
    char *text = strndup(value->bytes, value->length);
    if (text == NULL)
        abort();
    FUZZ_MUST(whole || strtod(text, NULL) == json_real_value(read));
    free(text);
}

/* The last member of a key is the one that jansson keeps; in the order in which keys came first. */
static void check_object(const struct json_value *value, const json_t *read, size_t depth)
{
    size_t distinct = 0;
    struct json_items items = json_value_items(value);
    for (struct json_value member; json_value_next(&items, &member);) {
        struct json_value key = {.kind = JSON_VALUE_STRING, .bytes = member.key, .length = member.key_length};
        char *name = strdup(json_value_text(&key, SIZE_MAX, fuzz_arena(), NULL));
        if (name == NULL)
            abort();
        FUZZ_MUST(json_value_has_key(&member, name));
        bool later = false;
        struct json_items rest = items;
        for (struct json_value other; json_value_next(&rest, &other);)
            later = later || json_value_has_key(&other, name);
        const json_t *theirs = json_object_get(read, name);
        free(name);
        FUZZ_MUST(theirs != NULL);
        distinct += !later;
        if (!later)
            check(&member, theirs, depth + 1);
    }
    FUZZ_MUST(distinct == json_object_size(read));
}

static void check_array(const struct json_value *value, const json_t *read, size_t depth)
{
    size_t index = 0;
    struct json_items items = json_value_items(value);
    FUZZ_MUST(value->count == json_array_size(read));
    for (struct json_value item; json_value_next(&items, &item); index++)
        check(&item, json_array_get(read, index), depth + 1);
    FUZZ_MUST(index == value->count);
}

static void check(const struct json_value *value, const json_t *read, size_t depth)
{
    static const enum json_value_kind kinds[] = {
        [JSON_OBJECT] = JSON_VALUE_OBJECT, [JSON_ARRAY] = JSON_VALUE_ARRAY,
        [JSON_STRING] = JSON_VALUE_STRING, [JSON_INTEGER] = JSON_VALUE_NUMBER,
        [JSON_REAL] = JSON_VALUE_NUMBER,   [JSON_TRUE] = JSON_VALUE_TRUE,
        [JSON_FALSE] = JSON_VALUE_FALSE,   [JSON_NULL] = JSON_VALUE_NULL};
    FUZZ_MUST(depth <= JSON_VALUE_DEPTH_MAX + 1 && value->kind == kinds[json_typeof(read)]);
    if (json_is_object(read))
        check_object(value, read, depth);
    else if (json_is_array(read))
        check_array(value, read, depth);
    else if (json_is_string(read))
        check_string(value, read);
    else if (json_is_number(read))
        check_number(value, read);
}

/* What is read again by itself is the same, to the last byte: spans are whole values, and nothing else. */
static void check_spans(const struct json_value *value)
{
    struct json_value again = {0};
    struct json_items items = json_value_items(value);
    FUZZ_MUST(json_value_read(value->bytes, value->length, JSON_VALUE_DEPTH_MAX, &again, NULL) == 0);
    FUZZ_MUST(again.kind == value->kind && again.length == value->length && again.count == value->count);
    for (struct json_value item; json_value_next(&items, &item);)
        FUZZ_MUST(item.bytes > value->bytes && item.bytes + item.length < value->bytes + value->length);
}

/* Numbers beyond a double or 64 bits, halves of pairs, U+0000 in a key, and more levels than it has. */
static bool is_beyond_jansson(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_numeric_overflow:
    case json_error_null_byte_in_key:
    case json_error_null_character:
    case json_error_stack_overflow:
        return true;
    default:
        return strstr(error->text, "invalid Unicode") != NULL || strstr(error->text, "too big") != NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_error_t error = {0};
    struct err err = {0};
    struct json_value value = {0};
    if (size > JSON_FUZZ_MAX)
        return 0;
    char *text = malloc(size + (size == 0)); /* exactly what came */
    if (text == NULL)
        abort();
    memmove(text, bytes, size);
    bool taken = json_value_read(text, size, JSON_VALUE_DEPTH_MAX, &value, &err) == 0;
    json_t *read = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    FUZZ_MUST(taken == (err.kind == ERR_NONE));
    if (read != NULL && !taken) /* jansson 2.14 passes over a NUL behind a number or a word */
        FUZZ_MUST(memchr(text, '\0', size) != NULL || strstr(err.text, "nested deeper") != NULL);
    if (read == NULL && taken)
        FUZZ_MUST(is_beyond_jansson(&error));
    if (taken)
        check_spans(&value);
    if (taken && read != NULL)
        check(&value, read, 1);
    json_decref(read);
    free(text);
    return 0;
}
