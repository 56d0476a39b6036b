#include "gateway/translate/document_pages.h"

#include "config/definitions/paging.h"
#include "gateway/translate/build_call.h"
#include "gateway/translate/build_document.h"

#include <string.h>

static enum problem wrong(struct exchange *x, const char *reason)
{
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s", reason);
}

/* The first page, and nothing else. */
static bool is_first(const struct json_value *value)
{
    bool zero = value->kind == JSON_VALUE_NUMBER && value->length == 1 && value->bytes[0] == '0';
    return zero || json_value_is(value, "0") || json_value_is(value, "");
}

static enum problem check_document(struct exchange *x, const struct json_value *root,
                                   const struct paging *paging)
{
    struct json_items items = json_value_items(root);
    if (root->length > DOCUMENT_PAGES_BYTES_MAX)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "with all=true a document may have %d bytes",
                             DOCUMENT_PAGES_BYTES_MAX);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, paging->from->name) && !is_first(&member))
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                                 "all fetches every page: %s is for a single one", paging->from->name);
    return PROBLEM_NONE;
}

/* The members of the first document but this one, and this one behind them. */
static void put_document(struct buf *out, const struct json_value *first,
                         const struct definitions_member *changed, const struct json_value *value)
{
    struct json_items items = json_value_items(first);
    const char *separator = "{";
    for (struct json_value member; json_value_next(&items, &member);) {
        if (json_value_has_key(&member, changed->name))
            continue;
        buf_put(out, separator);
        buf_put_bytes(out, member.key, member.key_length);
        buf_put_char(out, ':');
        buf_put_bytes(out, member.bytes, member.length);
        separator = ",";
    }
    buf_put_format(out, "%s\"%s\":", separator, changed->name);
    buf_put_bytes(out, value->bytes, value->length);
    buf_put_char(out, '}');
}

/* A token that the action would not take from a caller is the cloud's mistake. */
static enum problem make_call(struct exchange *x, const struct json_value *value, struct call **call)
{
    const struct definitions_member *changed = x->paging->from;
    struct buf out;
    struct json_value first, next;
    const struct call *old = x->call;
    if (json_value_read(old->document, old->document_length, JSON_VALUE_DEPTH_MAX, &first, NULL) != 0)
        return exchange_fail(x);
    buf_init(&out, old->document_length + value->length + DEFINITIONS_NAME_MAX + 8);
    put_document(&out, &first, changed, value);
    const char *text = out.failed ? NULL : arena_copy(x->arena, out.bytes, out.length);
    size_t length = out.length;
    buf_done(&out);
    if (text == NULL || json_value_read(text, length, JSON_VALUE_DEPTH_MAX, &next, NULL) != 0)
        return exchange_fail(x);
    enum problem problem = build_document_again(x, &next, call);
    x->hint = (struct exchange_hint){0}; /* for a caller, who has not said this */
    return problem == PROBLEM_NONE || problem == PROBLEM_INTERNAL ? problem : PROBLEM_UPSTREAM_INVALID_ANSWER;
}

enum problem document_pages_choose(struct exchange *x, const struct json_value *root)
{
    const char *all = NULL;
    enum problem problem = build_call_own_key(x, "all", &all);
    if (problem != PROBLEM_NONE || all == NULL || strcmp(all, "false") == 0)
        return problem;
    if (strcmp(all, "true") != 0)
        return wrong(x, "all must be true or false");
    struct paging *paging = arena_alloc(x->arena, sizeof *paging);
    if (paging == NULL)
        return exchange_fail(x);
    if (exchange_changes(x) || !paging_find(x->route->document->definition, paging))
        return wrong(x, "all is for actions that read, and whose definition tells of one list in pages");
    x->all = true;
    x->paging = paging;
    x->page_call = make_call;
    return check_document(x, root, paging);
}
