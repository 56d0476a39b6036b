#include "gateway/schema/definition_schema.h"

#include "base/json/json.h"
#include "config/definitions/document.h"

static const char *type_name(const struct definitions_member *member)
{
    static const char *const types[] = {[DEFINITIONS_INT64] = "integer",
                                        [DEFINITIONS_UINT64] = "integer",
                                        [DEFINITIONS_FLOAT] = "number",
                                        [DEFINITIONS_BOOL] = "boolean",
                                        [DEFINITIONS_OBJECT] = "object"};
    const char *type = member->type < COUNT(types) ? types[member->type] : NULL;
    return type == NULL ? "string" : type;
}

static void put_required(struct buf *out, const struct definitions_object *object)
{
    if (object->required_count == 0)
        return;
    json_open_array(out, "required");
    for (size_t i = 0; i < object->member_count; i++)
        if (object->members[i].required)
            json_element(out, object->members[i].name);
    json_close_array(out);
}

/* ---- by reference ---- */

int definition_schema_begin(struct definition_schema *schema, const struct definitions *definitions,
                            struct arena *arena)
{
    *schema = (struct definition_schema){.room = definitions->object_count};
    schema->items = arena_array(arena, schema->room, sizeof *schema->items);
    return schema->items == NULL ? -1 : 0;
}

static void reach_one(struct definition_schema *schema, const struct definitions_object *object)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->items[i] == object)
            return;
    if (schema->count < schema->room)
        schema->items[schema->count++] = object;
}

void definition_schema_reach(struct definition_schema *schema, const struct definitions_object *object)
{
    size_t next = schema->count;
    reach_one(schema, object);
    for (; next < schema->count; next++)
        for (size_t i = 0; i < schema->items[next]->member_count; i++)
            if (schema->items[next]->members[i].object != NULL)
                reach_one(schema, schema->items[next]->members[i].object);
}

static void put_reference(struct buf *out, const struct definitions_member *member, const char *at)
{
    char name[2 * DEFINITIONS_NAME_MAX];
    struct buf reference;
    buf_init_in(&reference, name, sizeof name);
    if (member->object == NULL) {
        json_member(out, "type", type_name(member));
        if (member->type == DEFINITIONS_UINT64)
            json_member_int(out, "minimum", 0);
        return;
    }
    buf_put(&reference, at);
    buf_put(&reference, member->object->name);
    json_member(out, "$ref", reference.failed ? NULL : buf_text(&reference));
}

static void put_object(struct buf *out, const struct definitions_object *object, const char *at)
{
    json_member(out, "type", "object");
    json_member_bool(out, "additionalProperties", false);
    json_open_member(out, "properties");
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        json_open_member(out, member->name);
        if (member->list) {
            json_member(out, "type", "array");
            json_open_member(out, "items");
        }
        put_reference(out, member, at);
        if (member->list)
            json_close(out);
        json_close(out);
    }
    json_close(out);
    put_required(out, object);
}

void definition_schema_put(struct buf *out, const struct definition_schema *schema, const char *prefix,
                           const char *at)
{
    for (size_t i = 0; i < schema->count; i++) {
        char name[2 * DEFINITIONS_NAME_MAX];
        struct buf key;
        buf_init_in(&key, name, sizeof name);
        buf_put(&key, prefix);
        buf_put(&key, schema->items[i]->name);
        json_open_member(out, buf_text(&key));
        put_object(out, schema->items[i], at);
        json_close(out);
    }
}

/* ---- in its place ---- */

static void put_inline(struct buf *out, const struct definitions_member *member, bool list, int depth);

static void put_members(struct buf *out, const struct definitions_object *object, int depth)
{
    json_member_bool(out, "additionalProperties", false);
    json_open_member(out, "properties");
    for (size_t i = 0; i < object->member_count; i++) {
        json_open_member(out, object->members[i].name);
        put_inline(out, &object->members[i], object->members[i].list, depth + 1);
        json_close(out);
    }
    json_close(out);
    put_required(out, object);
}

static void put_inline(struct buf *out, const struct definitions_member *member, bool list, int depth)
{
    if (list) {
        json_member(out, "type", "array");
        json_open_member(out, "items");
        put_inline(out, member, false, depth);
        json_close(out);
        return;
    }
    json_member(out, "type", type_name(member));
    if (member->type == DEFINITIONS_UINT64)
        json_member_int(out, "minimum", 0);
    if (member->object != NULL && depth < DOCUMENT_DEPTH_MAX)
        put_members(out, member->object, depth);
}

void definition_schema_put_inline(struct buf *out, const struct definitions_member *member)
{
    put_inline(out, member, member->list, 0);
}
