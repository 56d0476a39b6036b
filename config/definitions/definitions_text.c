#include "config/definitions/definitions_text.h"

#include <string.h>

enum { SHOWN_DEPTH_MAX = 15, SHOWN_OBJECTS_MAX = 256, SHOWN_INDENT = 2 };

void definitions_text_put_type(struct buf *out, const struct definitions_member *member)
{
    buf_put_format(out, member->list ? "[%s]" : "%s", member->type_name);
}

static void put_action(struct buf *out, const struct definitions_action *action)
{
    size_t length = strlen(action->name);
    bool usual = strncmp(action->input_name, action->name, length) == 0 &&
                 strcmp(action->input_name + length, "Request") == 0 &&
                 strncmp(action->output_name, action->name, length) == 0 &&
                 strcmp(action->output_name + length, "Response") == 0;
    buf_put_format(out, "action %s %s", action->name, definitions_effect_name(action->effect));
    if (action->status != DEFINITIONS_ONLINE || !usual)
        buf_put_format(out, " %s", definitions_status_name(action->status));
    if (!usual)
        buf_put_format(out, " %s %s", action->input_name, action->output_name);
    buf_put_char(out, '\n');
}

static void put_object(struct buf *out, const struct definitions_object *object)
{
    buf_put_format(out, "object %s", object->name);
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        buf_put_format(out, " %s:", member->name);
        definitions_text_put_type(out, member);
        buf_put(out, member->required ? "!" : "");
        buf_put(out, member->disabled ? "-" : "");
    }
    buf_put_char(out, '\n');
}

void definitions_text_put(struct buf *out, const struct definitions *definitions)
{
    buf_put_format(out, "countersign-definitions 1\nservice %s %s\nsource %s\nlicense %s\n",
                   definitions->service, definitions->version, definitions->source, definitions->license);
    for (size_t i = 0; i < definitions->action_count; i++)
        put_action(out, &definitions->actions[i]);
    for (size_t i = 0; i < definitions->object_count; i++)
        put_object(out, &definitions->objects[i]);
    buf_put_format(out, "end %zu %zu\n", definitions->action_count, definitions->object_count);
}

/* ---- for people ---- */

struct shown {
    const struct definitions_object *objects[SHOWN_OBJECTS_MAX];
    size_t count;
};

static bool is_shown(const struct shown *shown, const struct definitions_object *object)
{
    for (size_t i = 0; i < shown->count; i++)
        if (shown->objects[i] == object)
            return true;
    return shown->count == SHOWN_OBJECTS_MAX;
}

static void show_members(struct buf *out, const struct definitions_object *object, struct shown *shown,
                         int depth)
{
    shown->objects[shown->count++] = object;
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        buf_put_format(out, "%*s%s ", SHOWN_INDENT * depth, "", member->name);
        definitions_text_put_type(out, member);
        buf_put(out, member->required ? ", required" : "");
        buf_put(out, member->disabled ? ", disabled" : "");
        bool again = member->object != NULL && is_shown(shown, member->object);
        buf_put(out, again ? ", as above\n" : "\n");
        if (member->object != NULL && !again && depth < SHOWN_DEPTH_MAX)
            show_members(out, member->object, shown, depth + 1);
    }
}

void definitions_text_show(struct buf *out, const struct definitions *definitions,
                           const struct definitions_action *action)
{
    struct shown shown = {.count = 0};
    buf_put_format(out, "%s:%s, version %s, %s%s%s\n", definitions->service, action->name,
                   definitions->version, definitions_effect_name(action->effect),
                   action->status == DEFINITIONS_ONLINE ? "" : ", ",
                   action->status == DEFINITIONS_ONLINE ? "" : definitions_status_name(action->status));
    buf_put(out, action->input->member_count == 0 ? "takes nothing\n" : "takes\n");
    show_members(out, action->input, &shown, 1);
    shown.count = 0;
    buf_put(out, "answers\n");
    show_members(out, action->output, &shown, 1);
}
