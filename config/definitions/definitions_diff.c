#include "config/definitions/definitions_diff.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

enum { DIFF_LINE_MAX = 2560, DIFF_PATH_MAX = 2048, DIFF_DEPTH_MAX = 15 };

struct diff {
    const struct definitions *old, *new;
    void (*put)(void *context, const char *line);
    void *context;
    const struct definitions_action *action; /* which is compared */
    bool *seen;                              /* by object of `old`: compared for this action already */
    int count;
};

/* Not inlined: its line would lie in each frame of the recursion below. */
__attribute__((noinline)) static void tell(struct diff *diff, const char *path, const char *what)
{
    char line[DIFF_LINE_MAX];
    const char *name = diff->action->name;
    if (path[0] == '\0')
        (void)snprintf(line, sizeof line, "%s:%s: %s", diff->new->service, name, what);
    else
        (void)snprintf(line, sizeof line, "%s:%s: %s %s", diff->new->service, name, path, what);
    diff->put(diff->context, line);
    diff->count++;
}

__attribute__((noinline)) static void tell_change(struct diff *diff, const char *path, const char *old,
                                                  const char *new)
{
    char what[2 * DEFINITIONS_NAME_MAX + 32];
    if (strcmp(old, new) == 0)
        return;
    (void)snprintf(what, sizeof what, "was %s and is %s", old, new);
    tell(diff, path, what);
}

static void type_text(const struct definitions_member *member, char out[DEFINITIONS_NAME_MAX + 3])
{
    bool object = member->type == DEFINITIONS_OBJECT; /* its name tells nothing: its members are compared */
    (void)snprintf(out, DEFINITIONS_NAME_MAX + 3, member->list ? "a list of %s" : "%s",
                   object ? "object" : member->type_name);
}

static void compare_objects(struct diff *diff, const struct definitions_object *old,
                            const struct definitions_object *new, const char *path, int depth);

static void compare_members(struct diff *diff, const struct definitions_member *old,
                            const struct definitions_member *new, const char *path, int depth)
{
    char was[DEFINITIONS_NAME_MAX + 3], is[DEFINITIONS_NAME_MAX + 3];
    type_text(old, was);
    type_text(new, is);
    tell_change(diff, path, was, is);
    if (old->required != new->required)
        tell(diff, path, new->required ? "became required" : "is not required any more");
    if (old->disabled != new->disabled)
        tell(diff, path, new->disabled ? "was disabled" : "is not disabled any more");
    if (old->object != NULL && new->object != NULL && !diff->seen[old->object - diff->old->objects] &&
        depth < DIFF_DEPTH_MAX)
        compare_objects(diff, old->object, new->object, path, depth + 1);
}

static void compare_objects(struct diff *diff, const struct definitions_object *old,
                            const struct definitions_object *new, const char *path, int depth)
{
    char below[DIFF_PATH_MAX];
    diff->seen[old - diff->old->objects] = true;
    for (size_t i = 0; i < old->member_count; i++) {
        const struct definitions_member *member = &old->members[i];
        const struct definitions_member *other = definitions_member(new, member->name, strlen(member->name));
        (void)snprintf(below, sizeof below, "%s%s%s", path, strchr(" ", path[strlen(path) - 1]) ? "" : ".",
                       member->name);
        if (other == NULL)
            tell(diff, below, "went");
        else
            compare_members(diff, member, other, below, depth);
    }
    for (size_t i = 0; i < new->member_count; i++) {
        const struct definitions_member *member = &new->members[i];
        (void)snprintf(below, sizeof below, "%s%s%s", path, strchr(" ", path[strlen(path) - 1]) ? "" : ".",
                       member->name);
        if (definitions_member(old, member->name, strlen(member->name)) == NULL)
            tell(diff, below, member->required ? "came, and is required" : "came");
    }
}

static void compare_actions(struct diff *diff, const struct definitions_action *old,
                            const struct definitions_action *new)
{
    tell_change(diff, "", definitions_effect_name(old->effect), definitions_effect_name(new->effect));
    tell_change(diff, "", definitions_status_name(old->status), definitions_status_name(new->status));
    memset(diff->seen, 0, diff->old->object_count * sizeof *diff->seen);
    compare_objects(diff, old->input, new->input, "request ", 1);
    memset(diff->seen, 0, diff->old->object_count * sizeof *diff->seen);
    compare_objects(diff, old->output, new->output, "answer ", 1);
}

int definitions_diff(const struct definitions *old, const struct definitions *new,
                     void (*put)(void *context, const char *line), void *context, struct arena *arena)
{
    struct diff diff = {.old = old, .new = new, .put = put, .context = context};
    diff.seen = arena_array(arena, old->object_count + 1, sizeof *diff.seen);
    if (diff.seen == NULL)
        return -1;
    for (size_t i = 0; i < old->action_count; i++) {
        diff.action = &old->actions[i];
        const struct definitions_action *other = definitions_action(new, diff.action->name);
        if (other == NULL)
            tell(&diff, "", "went");
        else
            compare_actions(&diff, diff.action, other);
    }
    for (size_t i = 0; i < new->action_count; i++) {
        diff.action = &new->actions[i];
        if (definitions_action(old, diff.action->name) == NULL)
            tell(&diff, "", "came");
    }
    return diff.count;
}
