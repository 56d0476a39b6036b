#include "gateway/openapi/answer_types.h"

#include "base/json/json.h"
#include "gateway/openapi/operation.h"

#include <stdio.h>

enum {
    ABOUT_MAX = 2048,
    EXAMPLE_DEPTH = 4, /* objects in one another, in an example */
};

unsigned answer_types_of(int api)
{
    return api == OPERATION_BOTH ? (1U << CONFIG_API2) | (1U << CONFIG_API3) : 1U << api;
}

static bool is_described(const struct config_member *member, unsigned apis)
{
    return ((apis & (1U << CONFIG_API2)) != 0 && !member->absent[CONFIG_API2]) ||
           ((apis & (1U << CONFIG_API3)) != 0 && !member->absent[CONFIG_API3]);
}

/* In each generation that is described. */
static bool is_required(const struct config_member *member, unsigned apis)
{
    return member->required && ((apis & (1U << CONFIG_API2)) == 0 || !member->absent[CONFIG_API2]) &&
           ((apis & (1U << CONFIG_API3)) == 0 || !member->absent[CONFIG_API3]);
}

/* ---- schemas ---- */

static void put_about(struct buf *out, const struct config_member *member, unsigned apis)
{
    struct buf words;
    bool both = apis == answer_types_of(OPERATION_BOTH);
    const char *only = both && member->absent[CONFIG_API3]   ? "API 2.0 only"
                       : both && member->absent[CONFIG_API2] ? "API 3.0 only"
                                                             : "";
    if (member->about == NULL && only[0] == '\0')
        return;
    buf_init(&words, ABOUT_MAX);
    if (member->about == NULL)
        buf_put(&words, only);
    else
        buf_put_format(&words, only[0] == '\0' ? "%s%s" : "%s (%s)", member->about, only);
    json_member(out, "description", buf_text(&words));
    buf_done(&words);
}

void answer_types_put_reference(struct buf *out, const char *key, const struct config_answer_type *type)
{
    char reference[256];
    (void)snprintf(reference, sizeof reference, "#/components/schemas/%.200s", type->name);
    json_open_member(out, key);
    json_member(out, "$ref", reference);
    json_close(out);
}

static void put_member(struct buf *out, const struct config_member *member, unsigned apis)
{
    static const char *const names[] = {"string", "integer", "number", "boolean"};
    bool simple = member->type != CONFIG_MEMBER_OBJECT;
    json_open_member(out, member->name);
    put_about(out, member, apis);
    if (member->list) {
        json_member(out, "type", "array");
        if (!simple) {
            answer_types_put_reference(out, "items", member->of);
        } else {
            json_open_member(out, "items");
            json_member(out, "type", names[member->type]);
            json_close(out);
        }
    } else if (simple) {
        json_member(out, "type", names[member->type]);
    } else {
        char reference[256];
        (void)snprintf(reference, sizeof reference, "#/components/schemas/%.200s", member->of->name);
        json_member(out, "$ref", reference);
    }
    json_close(out);
}

void answer_types_put_members(struct buf *out, const struct config_answer_type *type, unsigned apis)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (is_described(&type->members[i], apis))
            put_member(out, &type->members[i], apis);
}

void answer_types_put_required(struct buf *out, const struct config_answer_type *type, unsigned apis)
{
    for (size_t i = 0; i < type->member_count; i++)
        if (is_required(&type->members[i], apis))
            json_element(out, type->members[i].name);
}

void answer_types_put(struct buf *out, const struct config_answer_type *type, unsigned apis)
{
    json_open_member(out, type->name);
    json_member(out, "type", "object");
    json_open_member(out, "properties");
    answer_types_put_members(out, type, apis);
    json_close(out);
    json_open_array(out, "required");
    answer_types_put_required(out, type, apis);
    json_close_array(out);
    json_close(out);
}

/* ---- examples ---- */

static void put_members_example(struct buf *out, const struct config_answer_type *type, unsigned apis,
                                int depth);

/* What no example is said for shows its type. */
static void put_value(struct buf *out, const struct config_member *member, unsigned apis, int depth)
{
    const char *text = member->example;
    switch (member->type) {
    case CONFIG_MEMBER_STRING:
        text = text == NULL ? "" : text;
        json_put_string(out, text, strlen(text));
        break;
    case CONFIG_MEMBER_BOOLEAN:
        buf_put(out, text == NULL ? "false" : text);
        break;
    case CONFIG_MEMBER_OBJECT:
        json_open(out);
        if (depth < EXAMPLE_DEPTH)
            put_members_example(out, member->of, apis, depth + 1);
        json_close(out);
        break;
    default:
        buf_put(out, text == NULL ? "0" : text);
    }
}

/* Those that are always there, and those that have an example. */
static void put_members_example(struct buf *out, const struct config_answer_type *type, unsigned apis,
                                int depth)
{
    for (size_t i = 0; i < type->member_count; i++) {
        const struct config_member *member = &type->members[i];
        if (!is_described(member, apis) || (member->example == NULL && !is_required(member, apis)))
            continue;
        struct buf value;
        buf_init(&value, ABOUT_MAX);
        buf_put(&value, member->list ? "[" : "");
        put_value(&value, member, apis, depth);
        buf_put(&value, member->list ? "]" : "");
        json_member_raw(out, member->name, value.failed ? NULL : buf_text(&value));
        buf_done(&value);
    }
}

void answer_types_put_example(struct buf *out, const struct config_answer_type *type, unsigned apis)
{
    put_members_example(out, type, apis, 0);
}

/* ---- which of them ---- */

/* In which of these generations the type has the member. */
static unsigned apis_of(const struct config_member *member, unsigned apis)
{
    for (int api = 0; api < CONFIG_APIS; api++)
        if (member->absent[api])
            apis &= ~(1U << api);
    return apis;
}

/* True when anything is new. */
static bool mark_members(const struct config_answer_type *type, unsigned apis, unsigned *marks)
{
    bool more = false;
    for (size_t i = 0; i < type->member_count; i++) {
        const struct config_answer_type *of = type->members[i].of;
        unsigned new = of == NULL ? 0 : apis_of(&type->members[i], apis) & ~marks[of->number];
        if (new != 0)
            marks[of->number] |= new;
        more = more || new != 0;
    }
    return more;
}

/* Types may name one another: round by round, until nothing is new. */
void answer_types_mark(const struct config *config, const struct config_route *route, unsigned apis,
                       unsigned *marks)
{
    const struct config_answer_type *type = route->returns;
    bool named = type != NULL && (route->list != NULL || route->single != NULL);
    bool more = type != NULL && !named && mark_members(type, apis, marks);
    if (named && (apis & ~marks[type->number]) != 0) {
        marks[type->number] |= apis;
        more = true;
    }
    while (more) {
        more = false;
        for (size_t i = 0; i < config->answer_type_count; i++)
            more = mark_members(&config->answer_types[i], marks[i], marks) || more;
    }
}
