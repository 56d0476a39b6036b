#include "gateway/translate/document_pairs.h"

#include "base/json/json_value.h"
#include "base/text.h"
#include "config/definitions/document_value.h"
#include "config/model/param_value.h"

#include <string.h>

enum { NAME_SIZE = 2048 }; /* fifteen levels of names */

struct flattening {
    struct exchange *x;
    struct call_pair *pairs;
    size_t count, room, bytes;
    char name[NAME_SIZE]; /* of what is written */
};

static enum problem add_pair(struct flattening *flat, const struct json_value *value)
{
    struct exchange *x = flat->x;
    const char *name = arena_strdup(x->arena, flat->name);
    const char *text = value->kind == JSON_VALUE_STRING ? document_value_text(value, x->arena)
                                                        : arena_copy(x->arena, value->bytes, value->length);
    if (name == NULL || text == NULL)
        return exchange_fail(x);
    if (param_value_check_signed(name, x->call->upstream, text, &x->err) != 0)
        return PROBLEM_INVALID_PARAMETER;
    flat->bytes += strlen(name) + strlen(text);
    if (flat->bytes > DOCUMENT_PAIRS_MAX)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "the signature of this upstream joins all values, of %d bytes at most: one of "
                             "API 3.0 with TC3-HMAC-SHA256 takes more",
                             DOCUMENT_PAIRS_MAX);
    if (flat->count == flat->room) {
        size_t room = flat->room == 0 ? 16 : flat->room * 2;
        struct call_pair *larger = arena_array(x->arena, room, sizeof *larger);
        if (larger == NULL)
            return exchange_fail(x);
        if (flat->count > 0)
            memcpy(larger, flat->pairs, flat->count * sizeof *larger);
        flat->pairs = larger;
        flat->room = room;
    }
    flat->pairs[flat->count++] = (struct call_pair){name, text};
    return PROBLEM_NONE;
}

/* Goes on with one more part; NAME_SIZE: it would not fit. */
static size_t enter(struct flattening *flat, const char *part, size_t length)
{
    size_t at = strlen(flat->name);
    if (at + length + 2 > sizeof flat->name)
        return NAME_SIZE;
    size_t begin = at;
    if (at > 0)
        flat->name[begin++] = '.';
    memcpy(flat->name + begin, part, length);
    flat->name[begin + length] = '\0';
    return at;
}

/* As deep as document_read() lets a document be. */
static enum problem add_value(struct flattening *flat, const struct json_value *value)
{
    enum problem problem = PROBLEM_NONE;
    bool list = value->kind == JSON_VALUE_ARRAY;
    long long index = 0;
    if (!list && value->kind != JSON_VALUE_OBJECT)
        return add_pair(flat, value);
    if (value->count == 0 && flat->name[0] != '\0')
        return param_value_check_none(flat->name, flat->x->call->upstream, &flat->x->err) == 0
                   ? PROBLEM_NONE
                   : PROBLEM_INVALID_PARAMETER;
    struct json_items items = json_value_items(value);
    for (struct json_value item; problem == PROBLEM_NONE && json_value_next(&items, &item); index++) {
        char number[TEXT_NUMBER_SIZE];
        text_number(number, index);
        size_t at = enter(flat, list ? number : item.key + 1, list ? strlen(number) : item.key_length - 2);
        if (at == NAME_SIZE)
            return exchange_fail(flat->x);
        if (at == 0 && !config_is_param_name(flat->name))
            return exchange_stop(flat->x, PROBLEM_INVALID_PARAMETER,
                                 "%.64s is a name that the signature of this upstream has for itself",
                                 flat->name);
        problem = add_value(flat, &item);
        flat->name[at] = '\0';
    }
    return problem;
}

enum problem document_pairs_make(struct exchange *x)
{
    struct json_value root;
    struct call *call = x->call;
    struct flattening flat = {.x = x};
    if (json_value_read(call->document, call->document_length, JSON_VALUE_DEPTH_MAX, &root, NULL) != 0)
        return exchange_fail(x);
    enum problem problem = add_value(&flat, &root);
    if (problem == PROBLEM_NONE)
        call_set_pairs(call, flat.pairs, flat.count);
    return problem;
}
