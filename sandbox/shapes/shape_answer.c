#include "sandbox/shapes/shape_answer.h"

#include "base/json/json.h"

#include <string.h>

enum {
    FULL_LEVELS = 3,
    LEVELS_MAX = 16, /* an object that requires itself would never end */
};

/* Names that say where a list goes on, or whether: what they are on the last page, and on one before it. */
static const struct {
    const char *name, *last, *before;
} ends[] = {
    {"NextToken", "\"\"", "\"" SHAPE_SECOND "\""},
    {"Context", "\"\"", "\"" SHAPE_SECOND "\""},
    {"NextCursor", "\"\"", "\"" SHAPE_SECOND "\""},
    {"Cursor", "\"\"", "\"" SHAPE_SECOND "\""},
    {"ScrollToken", "\"\"", "\"" SHAPE_SECOND "\""},
    {"PageToken", "\"\"", "\"" SHAPE_SECOND "\""},
    {"Marker", "\"\"", "\"" SHAPE_SECOND "\""},
    {"PaginationToken", "\"\"", "\"" SHAPE_SECOND "\""},
    {"ListOver", "true", "false"},
    {"Listover", "true", "false"},
    {"IsOver", "true", "false"},
    {"IsTruncated", "false", "true"},
    {"HasMore", "false", "true"},
};

static const char *end_of_list(const struct definitions_member *member, enum shape_page page)
{
    int type = member->type;
    for (size_t i = 0; i < COUNT(ends) && !member->list; i++)
        if (strcmp(ends[i].name, member->name) == 0 &&
            type == (ends[i].last[0] == '"' ? DEFINITIONS_STRING : DEFINITIONS_BOOL))
            return page == SHAPE_FIRST ? ends[i].before : ends[i].last;
    return NULL;
}

/* NextCursor of an answer goes into Cursor of a request, NextToken into NextToken. */
static const struct definitions_member *taker_of(const struct definitions_object *input, const char *name)
{
    static const char prefix[] = "Next";
    const struct definitions_member *taker = definitions_member(input, name, strlen(name));
    if (taker == NULL && strncmp(name, prefix, sizeof prefix - 1) == 0) {
        name += sizeof prefix - 1;
        taker = definitions_member(input, name, strlen(name));
    }
    return taker != NULL && taker->type == DEFINITIONS_STRING && !taker->list ? taker : NULL;
}

const struct definitions_member *shape_answer_token(const struct definitions_action *action)
{
    const struct definitions_object *output = action->output;
    const struct definitions_member *token = NULL;
    bool lists = false;
    for (size_t i = 0; i < output->member_count; i++) {
        const struct definitions_member *member = &output->members[i];
        const char *end = end_of_list(member, SHAPE_LAST);
        lists = lists || member->list;
        if (token == NULL && end != NULL && end[0] == '"')
            token = taker_of(action->input, member->name);
    }
    return lists && action->effect == DEFINITIONS_READ ? token : NULL;
}

/* TotalCount, InstanceCount: of lists with one item. */
static bool is_count(const char *name)
{
    size_t length = strlen(name);
    return strcmp(name, "Total") == 0 || (length >= 5 && strcmp(name + length - 5, "Count") == 0);
}

static const char *plain_value(const struct definitions_member *member)
{
    switch (member->type) {
    case DEFINITIONS_INT64:
    case DEFINITIONS_UINT64:
        return is_count(member->name) ? "1" : "0";
    case DEFINITIONS_FLOAT:
        return "0.5";
    case DEFINITIONS_BOOL:
        return "false";
    case DEFINITIONS_DATE:
        return "\"2026-01-01\"";
    case DEFINITIONS_DATETIME:
        return "\"2026-01-01 00:00:00\"";
    case DEFINITIONS_DATETIME_ISO:
        return "\"2026-01-01T00:00:00+00:00\"";
    default:
        return "\"sandbox\"";
    }
}

static void put_members(struct buf *out, const struct definitions_object *object, int level,
                        enum shape_page page);

static void put_value(struct buf *out, const struct definitions_member *member, int level)
{
    if (member->type != DEFINITIONS_OBJECT) {
        buf_put(out, plain_value(member));
        return;
    }
    buf_put_char(out, '{');
    put_members(out, member->object, level + 1, SHAPE_LAST);
    buf_put_char(out, '}');
}

static void put_list(struct buf *out, const struct definitions_member *member, int level, bool empty)
{
    buf_put_char(out, '[');
    if (!empty)
        put_value(out, member, level);
    buf_put_char(out, ']');
}

/* Does it end here, so that an answer has an end, too? */
static bool is_too_deep(const struct definitions_member *member, int level)
{
    return member->type == DEFINITIONS_OBJECT &&
           (level >= LEVELS_MAX || (level >= FULL_LEVELS && !member->required));
}

/* The RequestId comes last; an Error with members of its own is a refusal to every client. */
static bool is_of_envelope(const struct definitions_member *member, int level)
{
    return level == 1 && (strcmp(member->name, "RequestId") == 0 ||
                          (member->object != NULL && !member->list && strcmp(member->name, "Error") == 0));
}

static void put_members(struct buf *out, const struct definitions_object *object, int level,
                        enum shape_page page)
{
    for (size_t i = 0; i < object->member_count; i++) {
        const struct definitions_member *member = &object->members[i];
        const char *end = level == 1 ? end_of_list(member, page) : NULL;
        bool deep = is_too_deep(member, level);
        if ((deep && !member->list) || is_of_envelope(member, level))
            continue;
        json_member_raw(out, member->name, "");
        if (end != NULL)
            buf_put(out, end);
        else if (member->list)
            put_list(out, member, level, page == SHAPE_PAST || deep);
        else
            put_value(out, member, level);
    }
}

void shape_answer_put(struct buf *out, const struct definitions_object *output, const char *request_id,
                      enum shape_page page)
{
    json_open(out);
    json_open_member(out, "Response");
    put_members(out, output, 1, page);
    json_member(out, "RequestId", request_id);
    json_close(out);
    json_close(out);
}
