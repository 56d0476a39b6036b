/* The cloud's own document is checked against its definition, written out again, and looked at where the
 * catalog or a rule has a name for what is there: those are the parameters that the policy judges. */
#include "gateway/translate/build_document.h"

#include "base/json/json.h"
#include "config/definitions/document.h"
#include "config/definitions/document_value.h"
#include "gateway/translate/build_call.h"
#include "gateway/translate/check_value.h"
#include "gateway/translate/client_token.h"
#include "gateway/translate/document_pairs.h"

#include <string.h>
#include <strings.h>

enum { ESCAPED_MAX = 6 }; /* bytes of a character of a name: \\u0076 */

/* Bytes of all that is judged: it is recorded whole, as the parameters of routes are. */
enum { JUDGED_MAX = REQUEST_BODY_MAX };

/* One parameter's values while they are collected. */
struct values {
    struct arena *arena;
    const char **items;
    size_t count, room;
    size_t left; /* of JUDGED_MAX */
    bool full;   /* there are more than that */
};

static int add_value(void *context, const struct json_value *value)
{
    struct values *values = context;
    values->full = value->length + 1 > values->left;
    if (values->full)
        return -1;
    values->left -= value->length + 1;
    const char *text = document_value_text(value, values->arena);
    if (values->count == values->room) {
        size_t room = values->room == 0 ? 4 : values->room * 2;
        const char **larger = arena_array(values->arena, room, sizeof *larger);
        if (larger == NULL)
            return -1;
        if (values->count > 0)
            memcpy(larger, values->items, values->count * sizeof *larger);
        values->items = larger;
        values->room = room;
    }
    values->items[values->count] = text;
    values->count += text != NULL;
    return text == NULL ? -1 : 0;
}

static struct json_value find_member(const struct json_value *object, const char *name)
{
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, name))
            return member;
    return (struct json_value){0};
}

/* ---- filters: [{"Name": "vpc-id", "Values": [...]}] ---- */

/* In any case: whether the cloud tells "VPC-ID" from "vpc-id" is not known; nor which of two it takes. */
static int find_filter(const struct json_value *root, const char *name, struct values *values, bool *gaps,
                       bool *there)
{
    const struct json_value filters = find_member(root, "Filters");
    static const char *const member[] = {"Values"};
    struct json_items items = json_value_items(&filters);
    for (struct json_value filter; json_value_next(&items, &filter);) {
        const struct json_value key = find_member(&filter, "Name");
        bool short_enough = key.length <= ESCAPED_MAX * strlen(name) + 2;
        const char *text =
            short_enough && key.kind == JSON_VALUE_STRING ? document_value_text(&key, values->arena) : "";
        if (text == NULL)
            return -1;
        if (strcasecmp(text, name) != 0)
            continue;
        bool lacks = false;
        bool found = false;
        *there = true;
        if (document_find(&filter, member, 1, add_value, values, &lacks, &found) != 0)
            return -1;
        *gaps = *gaps || lacks;
    }
    return 0;
}

/* ---- parameters ---- */

static enum problem add_param(struct exchange *x, const struct config_param *param,
                              const struct values *values, bool gaps, bool secret)
{
    const struct call_param read = {.param = param,
                                    .name = param->name,
                                    .number = param->number,
                                    .list = values->count != 1,
                                    .gaps = gaps,
                                    .secret = secret,
                                    .values = values->items,
                                    .count = values->count};
    size_t known = values->count < x->call->document_others ? values->count : x->call->document_others;
    x->call->document_others -= known;
    return call_add_read(x->call, &read, &x->err) == 0 ? PROBLEM_NONE : exchange_fail(x);
}

/* One thing has one spelling through every door: what a route would refuse could be another name of what a
 * rule denies. */
/* A list that the routes take as one is judged as one; values of several filters of a name are not one
 * list. */
static enum problem check_values(struct exchange *x, const struct config_param *param,
                                 const struct values *values)
{
    enum problem problem = PROBLEM_NONE;
    if (param->type == CONFIG_STRINGS && !param->wire[CONFIG_API3].filter)
        return check_value_check(x, param, values->items, values->count);
    for (size_t i = 0; i < values->count && problem == PROBLEM_NONE; i++)
        problem = check_value_check(x, param, &values->items[i], 1);
    return problem;
}

static enum problem too_much(struct exchange *x, const char *name, const struct values *values)
{
    if (!values->full)
        return exchange_fail(x);
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                         "%s is judged and recorded: what is may have at most %d KiB in all", name,
                         JUDGED_MAX / 1024);
}

/* A parameter of the catalog, by the name that it has in API 3.0. */
static enum problem read_param(struct exchange *x, const struct json_value *root,
                               const struct config_param *param, size_t *left)
{
    struct values values = {.arena = x->arena, .left = *left};
    const struct config_wire *wire = &param->wire[CONFIG_API3];
    bool gaps = false;
    bool there = false;
    int result = wire->filter ? find_filter(root, wire->name, &values, &gaps, &there)
                              : document_find(root, &wire->name, 1, add_value, &values, &gaps, &there);
    if (result != 0)
        return too_much(x, param->name, &values);
    *left = values.left;
    if (!there)
        return PROBLEM_NONE;
    enum problem problem = check_values(x, param, &values);
    return problem != PROBLEM_NONE ? problem : add_param(x, param, &values, gaps, false);
}

/* A path that a rule names. */
static enum problem read_path(struct exchange *x, const struct json_value *root,
                              const struct config_path *path, size_t *left)
{
    struct values values = {.arena = x->arena, .left = *left};
    bool gaps = false;
    bool there = false;
    if (document_find(root, path->members, path->depth, add_value, &values, &gaps, &there) != 0)
        return too_much(x, path->param.name, &values);
    *left = values.left;
    return there ? add_param(x, &path->param, &values, gaps, path->secret) : PROBLEM_NONE;
}

enum problem build_document_paths(struct exchange *x, const struct config_param *param,
                                  const struct json_value *value)
{
    size_t left = JUDGED_MAX;
    enum problem problem = PROBLEM_NONE;
    for (size_t i = 0; i < x->route->path_count && problem == PROBLEM_NONE; i++)
        if (x->route->paths[i].of == param)
            problem = read_path(x, value, &x->route->paths[i], &left);
    return problem;
}

static enum problem read_params(struct exchange *x, const struct json_value *root)
{
    size_t left = JUDGED_MAX;
    enum problem problem = PROBLEM_NONE;
    const struct config_action *action = x->route->document;
    for (size_t i = 0; i < x->route->param_count && problem == PROBLEM_NONE; i++)
        problem = read_param(x, root, &x->route->params[i], &left);
    for (size_t i = 0; i < action->path_count && problem == PROBLEM_NONE; i++)
        problem = read_path(x, root, &action->paths[i], &left);
    return problem;
}

/* ---- the whole call ---- */

/* What was read is what is sent, and what the audit file has the hash of. */
static enum problem keep_document(struct exchange *x, const struct buf *out)
{
    struct call *call = x->call;
    struct digest *digest = digest_new();
    digest_add(digest, out->bytes, out->length);
    call->document = arena_copy(x->arena, out->bytes, out->length);
    call->document_length = out->length;
    if (digest_end(digest, call->document_hash) != 0 || call->document == NULL)
        return exchange_fail(x);
    return call->upstream->scheme == CONFIG_TC3 ? PROBLEM_NONE : document_pairs_make(x);
}

static enum problem read_document(struct exchange *x, const struct json_value *root)
{
    struct buf out;
    struct err err = {0};
    enum problem problem = PROBLEM_NONE;
    buf_init(&out, root->length + 1); /* without blanks, and with names that were escaped: it only shrinks */
    if (document_read(x->route->document->definition->input, root, &out, &x->call->document_others, &err) !=
        0)
        problem = err.kind == ERR_MEMORY ? exchange_fail(x)
                                         : exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s", err.text);
    if (problem == PROBLEM_NONE)
        problem = keep_document(x, &out);
    buf_done(&out);
    return problem;
}

enum problem build_document_call(struct exchange *x, const struct json_value *root, const char *region)
{
    static const struct json_value nothing = {.kind = JSON_VALUE_OBJECT, .bytes = "{}", .length = 2};
    const struct config_action *action = x->route->document;
    struct json_value whole = root->kind == JSON_VALUE_NONE ? nothing : *root;
    x->call =
        call_new_document(x->route, action->upstream, x->route->param_count + action->path_count, x->arena);
    if (x->call == NULL || build_call_name_client(x) != 0)
        return exchange_fail(x);
    enum problem problem = build_call_choose_region(x, region);
    if (problem == PROBLEM_NONE)
        problem = client_token_put(x, &whole);
    if (problem == PROBLEM_NONE)
        problem = read_document(x, &whole);
    if (problem == PROBLEM_NONE)
        problem = read_params(x, &whole);
    if (problem == PROBLEM_NONE)
        call_seal(x->call);
    return problem;
}

/* ---- a document to be shown ---- */

enum { MASK_GROWTH = sizeof CALL_SECRET + 2 }; /* for each byte: a digit becomes that text, in quotes */

struct masking {
    const struct config_action *action;
    struct buf *out;
    bool any; /* some value was secret */
};

/* Of the document's own members: does the catalog, or a rule's path, have it as a secret? */
static bool is_marked(const struct config_action *action, const char *name)
{
    for (size_t i = 0; i < action->route.param_count; i++) {
        const struct config_param *param = &action->route.params[i];
        const struct config_wire *wire = &param->wire[CONFIG_API3];
        if (param->secret && strcmp(wire->filter ? "Filters" : wire->name, name) == 0)
            return true;
    }
    for (size_t i = 0; i < action->path_count; i++)
        if (action->paths[i].secret && action->paths[i].depth == 1 &&
            strcmp(action->paths[i].members[0], name) == 0)
            return true;
    return false;
}

static bool is_secret(const struct config_action *action, const struct definitions_object *object,
                      const struct definitions_member *member)
{
    return definitions_gives_power(member) ||
           (object == action->definition->input && is_marked(action, member->name));
}

static void put_value(struct masking *masking, const struct json_value *value, bool secret)
{
    if (secret)
        json_put_string(masking->out, CALL_SECRET, sizeof CALL_SECRET - 1);
    else
        buf_put_bytes(masking->out, value->bytes, value->length);
    masking->any = masking->any || secret;
}

/* `object`: what has the value's members, or those of its items. */
static void put_masked(struct masking *masking, const struct definitions_object *object,
                       const struct json_value *value, bool secret)
{
    bool list = value->kind == JSON_VALUE_ARRAY;
    bool first = true;
    if (!list && value->kind != JSON_VALUE_OBJECT) {
        put_value(masking, value, secret);
        return;
    }
    buf_put_char(masking->out, list ? '[' : '{');
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item); first = false) {
        const struct definitions_member *member =
            list ? NULL : definitions_member(object, item.key + 1, item.key_length - 2);
        buf_put(masking->out, first ? "" : ",");
        if (member != NULL)
            buf_put_format(masking->out, "\"%s\":", member->name);
        put_masked(masking, member == NULL ? object : member->object, &item,
                   secret || (member != NULL && is_secret(masking->action, object, member)));
    }
    buf_put_char(masking->out, list ? ']' : '}');
}

enum problem build_document_mask(struct exchange *x, bool *any)
{
    struct buf out;
    struct json_value root;
    struct masking masking = {.action = x->route->document, .out = &out};
    enum problem problem = PROBLEM_NONE;
    buf_init(&out, MASK_GROWTH * x->call->document_length + 1);
    if (json_value_read(x->call->document, x->call->document_length, JSON_VALUE_DEPTH_MAX, &root, NULL) == 0)
        put_masked(&masking, masking.action->definition->input, &root, false);
    problem = out.length == 0 || out.failed ? exchange_fail(x) : keep_document(x, &out);
    buf_done(&out);
    *any = masking.any;
    return problem;
}
