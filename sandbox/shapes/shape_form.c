#include "sandbox/shapes/shape_form.h"

#include "base/json/json.h"
#include "base/json/json_value.h"
#include "sandbox/auth/auth_params.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 512 }; /* of a flattened name; the vendor's longest has some 100 characters */

struct form {
    const struct params *params;
    struct buf *out;
    char name[NAME_SIZE]; /* of what is written */
    bool read[PARAMS_MAX];
};

/* ---- parameters, which are in the order of their names ---- */

/* The first whose name is not before this one. */
static size_t find_first(const struct params *params, const char *name)
{
    size_t low = 0;
    size_t high = params->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(params->list[middle].wire_name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct param *find_param(struct form *form)
{
    size_t index = find_first(form->params, form->name);
    if (index == form->params->count || strcmp(form->params->list[index].wire_name, form->name) != 0)
        return NULL;
    form->read[index] = true;
    return &form->params->list[index];
}

/* Are there parameters whose names go on behind this one and a dot? */
static bool has_more(const struct form *form)
{
    char begin[NAME_SIZE + 1];
    int length = snprintf(begin, sizeof begin, "%s.", form->name);
    size_t index = find_first(form->params, begin);
    return index < form->params->count &&
           strncmp(form->params->list[index].wire_name, begin, (size_t)length) == 0;
}

/* How long the name was, or NAME_SIZE: it would be too long to be one. */
static size_t enter(struct form *form, const char *part)
{
    size_t length = strlen(form->name);
    if (length + strlen(part) + 2 > sizeof form->name)
        return NAME_SIZE;
    (void)snprintf(form->name + length, sizeof form->name - length, "%s%s", length > 0 ? "." : "", part);
    return length;
}

/* ---- values ---- */

static bool is_plain(const struct definitions_member *member, const char *text)
{
    struct json_value value;
    bool wanted = member->type == DEFINITIONS_INT64 || member->type == DEFINITIONS_UINT64 ||
                  member->type == DEFINITIONS_FLOAT || member->type == DEFINITIONS_BOOL;
    return wanted && json_value_read(text, strlen(text), 1, &value, NULL) == 0 &&
           (value.kind == JSON_VALUE_NUMBER || value.kind == JSON_VALUE_TRUE ||
            value.kind == JSON_VALUE_FALSE);
}

static void put_object(struct form *form, const struct definitions_object *object);

/* False: there is nothing of this name. */
static bool put_one(struct form *form, const struct definitions_member *member)
{
    if (member->type == DEFINITIONS_OBJECT) {
        if (!has_more(form))
            return false;
        put_object(form, member->object);
        return true;
    }
    const struct param *param = find_param(form);
    if (param == NULL)
        return false;
    if (is_plain(member, param->value))
        buf_put(form->out, param->value);
    else
        json_put_string(form->out, param->value, strlen(param->value));
    return true;
}

static bool put_list(struct form *form, const struct definitions_member *member)
{
    if (!has_more(form))
        return false;
    buf_put_char(form->out, '[');
    bool more = true;
    for (int index = 0; more && index < PARAMS_MAX; index++) {
        char number[16];
        size_t comma = form->out->length;
        (void)snprintf(number, sizeof number, "%d", index);
        size_t length = enter(form, number);
        if (index > 0)
            buf_put_char(form->out, ',');
        more = length != NAME_SIZE && put_one(form, member);
        if (!more)
            form->out->length = comma;
        if (length != NAME_SIZE)
            form->name[length] = '\0';
    }
    buf_put_char(form->out, ']');
    return true;
}

/* As deep as a name is long. */
static void put_object(struct form *form, const struct definitions_object *object)
{
    bool first = true;
    buf_put_char(form->out, '{');
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        size_t begun = form->out->length;
        size_t length = enter(form, member->name);
        if (length == NAME_SIZE)
            continue;
        buf_put_format(form->out, "%s\"%s\":", first ? "" : ",", member->name);
        if ((member->list ? put_list : put_one)(form, member))
            first = false;
        else
            form->out->length = begun;
        form->name[length] = '\0';
    }
    buf_put_char(form->out, '}');
}

int shape_form_put(struct buf *out, const struct params *params, const struct definitions_object *input,
                   struct outcome *outcome)
{
    struct form form = {.params = params, .out = out};
    put_object(&form, input);
    for (size_t i = 0; i < params->count; i++)
        if (!form.read[i] && !auth_params_is_common(params->list[i].wire_name))
            return outcome_refuse(outcome, OUTCOME_UNKNOWN_PARAMETER, "the parameter %.64s is unknown",
                                  params->list[i].wire_name);
    return out->failed ? outcome_refuse(outcome, OUTCOME_INTERNAL, "out of memory") : 0;
}
