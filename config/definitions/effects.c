#include "config/definitions/effects.h"

#include <ctype.h>
#include <string.h>

extern const char effects_exceptions[]; /* exceptions.txt, embedded by CMake */
extern const size_t effects_exceptions_size;

/* Of 15,210 actions 6,640 begin with the first eleven (counted in the vendor's definitions of 2026-08). */
static const char *const reading[] = {"Describe", "Get",           "List",    "Query",   "Search",
                                      "Inquiry",  "Inquire",       "Fetch",   "Preview", "View",
                                      "Count",    "BatchDescribe", "BatchGet"};

static bool begins_with(const char *name, const char *word)
{
    size_t length = strlen(word);
    return strncmp(name, word, length) == 0 && !islower((unsigned char)name[length]);
}

static bool is_reading(const char *name)
{
    for (size_t i = 0; i < COUNT(reading); i++)
        if (begins_with(name, reading[i]))
            return true;
    return false;
}

/* ---- what can be reached from an object ---- */

struct walk {
    const struct definitions *definitions;
    bool *seen;                                /* by object */
    const struct definitions_object **waiting; /* each object at most once */
    size_t count;
};

static void wait_for(struct walk *walk, const struct definitions_object *object)
{
    bool *seen = &walk->seen[object - walk->definitions->objects];
    if (!*seen)
        walk->waiting[walk->count++] = object;
    *seen = true;
}

static const struct definitions_object *next_object(struct walk *walk)
{
    if (walk->count == 0)
        return NULL;
    const struct definitions_object *object = walk->waiting[--walk->count];
    for (size_t i = 0; i < object->member_count; i++)
        if (object->members[i].object != NULL)
            wait_for(walk, object->members[i].object);
    return object;
}

static int walk_init(struct walk *walk, const struct definitions *definitions, struct arena *arena)
{
    *walk = (struct walk){.definitions = definitions};
    walk->seen = arena_array(arena, definitions->object_count + 1, sizeof *walk->seen);
    walk->waiting = arena_array(arena, definitions->object_count + 1, sizeof *walk->waiting);
    return walk->seen == NULL || walk->waiting == NULL ? -1 : 0;
}

static bool answers_power(struct walk *walk, const bool *carried, const struct definitions_action *action)
{
    bool found = false;
    memset(walk->seen, 0, walk->definitions->object_count * sizeof *walk->seen);
    wait_for(walk, action->output);
    for (const struct definitions_object *object; (object = next_object(walk)) != NULL;)
        for (size_t i = 0; i < object->member_count && !carried[object - walk->definitions->objects]; i++)
            found = found || definitions_gives_power(&object->members[i]);
    return found;
}

/* ---- exceptions ---- */

/* Is the line "SERVICE ACTION EFFECT" about this action?  Its effect then, or -1. */
static int excepted(const char *line, const char *service, const char *action)
{
    size_t length = strlen(service);
    char effect[8] = "";
    if (strncmp(line, service, length) != 0 || line[length] != ' ')
        return -1;
    line += length + 1;
    length = strlen(action);
    if (strncmp(line, action, length) != 0 || line[length] != ' ')
        return -1;
    line += length + 1;
    length = strcspn(line, "\n");
    memcpy(effect, line, length < sizeof effect ? length : 0);
    return definitions_effect_of(effect);
}

static int exception(const char *service, const char *action)
{
    for (const char *line = effects_exceptions; *line != '\0'; line += strcspn(line, "\n") + 1) {
        int effect = excepted(line, service, action);
        if (effect >= 0)
            return effect;
    }
    return -1;
}

int effects_find(struct definitions *definitions, struct arena *arena, struct err *err)
{
    struct walk requests, answers;
    if (walk_init(&requests, definitions, arena) != 0 || walk_init(&answers, definitions, arena) != 0)
        return err_memory(err);
    for (size_t i = 0; i < definitions->action_count; i++)
        wait_for(&requests, definitions->actions[i].input);
    while (next_object(&requests) != NULL)
        ;
    for (size_t i = 0; i < definitions->action_count; i++) {
        struct definitions_action *action = &definitions->actions[i];
        int known = exception(definitions->service, action->name);
        if (known >= 0)
            action->effect = known;
        else if (!is_reading(action->name))
            action->effect = DEFINITIONS_CHANGE;
        else
            action->effect =
                answers_power(&answers, requests.seen, action) ? DEFINITIONS_SECRET : DEFINITIONS_READ;
    }
    return 0;
}
