#include "sandbox/call/maker.h"

#include "base/json/json.h"
#include "sandbox/http/number.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_MAX = 4 * 1024 * 1024, JSON_MAX = 1024 * 1024, NAME_SIZE = 80 };

void maker_start(struct maker *maker, struct action_call *call)
{
    *maker = (struct maker){.call = call, .arena = arena_new(ARENA_MAX)};
    maker->failed = maker->arena == NULL;
}

void *maker_thing(struct maker *maker, size_t size)
{
    void *thing = maker->failed ? NULL : arena_alloc(maker->arena, size);
    maker->failed = thing == NULL;
    if (thing != NULL)
        memset(thing, 0, size);
    return thing;
}

const char *maker_copy(struct maker *maker, const char *text)
{
    const char *copy = maker->failed ? NULL : arena_strdup(maker->arena, text);
    maker->failed = copy == NULL;
    return copy;
}

const char *maker_id(struct maker *maker, const char *prefix)
{
    char id[STATE_ID_SIZE];
    state_make_id(maker->call->state, prefix, id);
    return maker_copy(maker, id);
}

void maker_give(struct maker *maker, const char *member, struct buf *json)
{
    struct state_given *given = json->failed ? NULL : maker_thing(maker, sizeof *given);
    const char *copy = given == NULL ? NULL : maker_copy(maker, buf_text(json));
    buf_done(json);
    maker->failed = maker->failed || copy == NULL;
    if (copy == NULL)
        return;
    *given = (struct state_given){.name = member, .json = copy, .next = maker->given};
    maker->given = given;
}

void maker_give_text(struct maker *maker, const char *param, const char *member)
{
    struct buf json;
    const char *text = params_get(maker->call->params, param);
    if (text == NULL)
        return;
    buf_init(&json, JSON_MAX);
    json_put_string(&json, text, strlen(text));
    maker_give(maker, member, &json);
}

void maker_give_number(struct maker *maker, const char *param, const char *member)
{
    struct buf json;
    long long number;
    const char *text = params_get(maker->call->params, param);
    if (text == NULL)
        return;
    if (!number_parse(text, 0, INT_MAX, &number)) {
        maker->failed = outcome_refuse(maker->call->outcome, OUTCOME_BAD_RANGE,
                                       "%s must be a number from 0 to %d", param, INT_MAX) != 0;
        return;
    }
    buf_init(&json, JSON_MAX);
    buf_put_int(&json, number);
    maker_give(maker, member, &json);
}

/* JSON has true and false; in a form Python writes True and False, PHP 1 and 0. Where it is a text, clients
 * send an empty one for none. */
void maker_give_bool(struct maker *maker, const char *param, const char *member)
{
    static const char *const words[] = {"false", "False", "0", "true", "True", "1"};
    struct buf json;
    const char *text = params_get(maker->call->params, param);
    if (text == NULL || text[0] == '\0')
        return;
    size_t i = 0;
    while (i < COUNT(words) && strcmp(words[i], text) != 0)
        i++;
    if (i == COUNT(words)) {
        maker->failed =
            outcome_refuse(maker->call->outcome, OUTCOME_BAD_VALUE, "%s must be true or false", param) != 0;
        return;
    }
    buf_init(&json, JSON_MAX);
    buf_put(&json, i < COUNT(words) / 2 ? "false" : "true");
    maker_give(maker, member, &json);
}

void maker_give_texts(struct maker *maker, const char *param, const char *member)
{
    struct buf json;
    const char *text = params_member(maker->call->params, param, 0);
    if (text == NULL)
        return;
    buf_init(&json, JSON_MAX);
    buf_put_char(&json, '[');
    for (size_t i = 0; text != NULL; text = params_member(maker->call->params, param, ++i))
        json_element(&json, text);
    buf_put_char(&json, ']');
    maker_give(maker, member, &json);
}

static const char *tag_part(const struct maker *maker, const char *param, size_t index, const char *part)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "%.48s.%zu.%s", param, index, part);
    return params_get(maker->call->params, name);
}

void maker_give_tags(struct maker *maker, const char *param, const char *member)
{
    struct buf json;
    const char *key = tag_part(maker, param, 0, "Key");
    if (key == NULL)
        return;
    buf_init(&json, JSON_MAX);
    buf_put_char(&json, '[');
    for (size_t i = 0; key != NULL; key = tag_part(maker, param, ++i, "Key")) {
        const char *value = tag_part(maker, param, i, "Value");
        json_open(&json);
        json_member(&json, "Key", key);
        json_member(&json, "Value", value == NULL ? "" : value);
        json_close(&json);
    }
    buf_put_char(&json, ']');
    maker_give(maker, member, &json);
}

int maker_end(struct maker *maker)
{
    if (!maker->failed)
        return 0;
    arena_free(maker->arena);
    return outcome_refuse(maker->call->outcome, OUTCOME_INTERNAL,
                          "out of memory"); /* the first refusal wins */
}
