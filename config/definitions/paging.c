#include "config/definitions/paging.h"

#include <string.h>

static bool is_number(const struct definitions_member *member)
{
    return !member->list && (member->type == DEFINITIONS_INT64 || member->type == DEFINITIONS_UINT64);
}

static bool is_text(const struct definitions_member *member)
{
    return !member->list && member->type == DEFINITIONS_STRING;
}

static const struct definitions_member *find(const struct definitions_object *object, const char *name)
{
    return definitions_member(object, name, strlen(name));
}

/* The one list; NULL: there is none, or another. */
static const struct definitions_member *find_list(const struct definitions_object *answer)
{
    const struct definitions_member *list = NULL;
    for (size_t i = 0; i < answer->member_count; i++) {
        const struct definitions_member *member = &answer->members[i];
        if (member->list && list != NULL)
            return NULL;
        if (member->list)
            list = member;
    }
    return list;
}

static const struct definitions_member *find_total(const struct definitions_object *answer)
{
    static const char *const names[] = {"TotalCount", "Total", "TotalNum", "TotalNumber", "TotalCnt"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct definitions_member *total = find(answer, names[i]);
        if (total != NULL && is_number(total))
            return total;
    }
    return NULL;
}

/* The vendor's words for whether there is more. */
static void find_last(const struct definitions_object *answer, struct paging *paging)
{
    static const struct {
        const char *name;
        bool value; /* on the last page */
    } names[] = {{"ListOver", true},     {"Listover", true}, {"IsOver", true},
                 {"IsTruncated", false}, {"HasMore", false}, {"HasNextPage", false}};
    for (size_t i = 0; i < COUNT(names) && paging->last == NULL; i++) {
        const struct definitions_member *last = find(answer, names[i].name);
        if (last == NULL || last->list || last->type != DEFINITIONS_BOOL)
            continue;
        paging->last = last;
        paging->last_value = names[i].value;
    }
}

/* The vendor's words for what names a page: Token alone is what callers are known by, elsewhere. */
static bool is_token(const char *name)
{
    static const char *const names[] = {"NextToken", "PageToken", "PaginationToken", "ScrollToken",  "Token",
                                        "Context",   "Cursor",    "Marker",          "SearchContext"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The answer has it under the same name, or as NextCursor. */
static const struct definitions_member *find_next(const struct definitions_object *answer, const char *name)
{
    static const char prefix[] = "Next";
    const struct definitions_member *next = find(answer, name);
    for (size_t i = 0; next == NULL && i < answer->member_count; i++)
        if (strncmp(answer->members[i].name, prefix, sizeof prefix - 1) == 0 &&
            strcmp(answer->members[i].name + sizeof prefix - 1, name) == 0)
            next = &answer->members[i];
    return next != NULL && is_text(next) ? next : NULL;
}

static bool find_token(const struct definitions_action *action, struct paging *paging)
{
    const struct definitions_object *input = action->input;
    for (size_t i = 0; i < input->member_count && paging->next == NULL; i++) {
        const struct definitions_member *member = &input->members[i];
        if (!is_text(member) || !is_token(member->name))
            continue;
        paging->from = member;
        paging->next = find_next(action->output, member->name);
    }
    if (paging->next != NULL)
        find_last(action->output, paging);
    return paging->next != NULL;
}

/* Some actions take both as texts. */
static bool find_offset(const struct definitions_action *action, struct paging *paging)
{
    const struct definitions_member *offset = find(action->input, "Offset");
    const struct definitions_member *limit = find(action->input, "Limit");
    if (offset == NULL || limit == NULL || offset->disabled || !(is_number(offset) || is_text(offset)))
        return false;
    paging->from = offset;
    return true;
}

bool paging_find(const struct definitions_action *action, struct paging *paging)
{
    *paging = (struct paging){.list = find_list(action->output), .total = find_total(action->output)};
    return action->effect != DEFINITIONS_CHANGE && paging->list != NULL &&
           (find_token(action, paging) || find_offset(action, paging));
}
