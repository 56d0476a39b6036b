/* Captures, query and JSON become a validated, sealed call: action, region, parameters. */
#include "gateway/request/build_call.h"

#include "base/json_value.h"
#include "base/text.h"
#include "base/version.h"
#include "config/definitions/free_document.h"
#include "gateway/request/build_document.h"
#include "gateway/request/check_value.h"
#include "gateway/request/hint.h"

#include <string.h>

enum { BUILD_CALL_DEPTH_MAX = 32, BUILD_CALL_NAME_MAX = 32 };

/* Who names its arguments puts every parameter into one object, wherever a request has it. */
enum { BUILD_CALL_ANYWHERE = CONFIG_IN_PATH | CONFIG_IN_QUERY | CONFIG_IN_BODY };

/* The object that a caller sent. */
struct given {
    const struct json_value *root; /* none: there is no body */
    unsigned sources;              /* which parameters are in it: of enum config_source */
    const char *const *own;        /* members that are none, ended by NULL; or NULL */
    struct json_value *values;     /* by parameter; NULL: there is no body */
};

/* One parameter's values while they are collected. */
struct collected {
    const char **values;
    const char **said; /* NULL: the values are what the caller said */
    size_t count;
    bool empty; /* the caller said an empty list */
};

/* A name goes back to the caller and into the log only when it looks like one: it could be a token that was
 * put in the wrong place. */
static enum problem unknown(struct exchange *x, const char *what, const char *name)
{
    if (text_is_name(name) && strlen(name) < BUILD_CALL_NAME_MAX) {
        if (strcmp(what, "region") != 0)
            hint_name(x, name);
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is no %s '%s' here", what, name);
    }
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is a %s here that does not look like one",
                         what);
}

/* "ids[]=a" with its brackets escaped; those that stand for themselves never come so far. */
static enum problem unknown_key(struct exchange *x, const char *name)
{
    char before[TARGET_NAME_SIZE];
    if (strchr(name, '[') != NULL && target_put_list_name(name, before))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, TARGET_BRACKETS, before, before, before);
    return unknown(x, "query key", name);
}

static const struct config_param *find_param(const struct config_route *route, const char *name,
                                             enum config_source source)
{
    for (size_t i = 0; i < route->param_count; i++)
        if ((route->params[i].sources & source) != 0 && strcmp(route->params[i].name, name) == 0)
            return &route->params[i];
    return NULL;
}

/* ---- where values come from ---- */

static enum problem from_path(struct exchange *x, const struct config_param *param,
                              struct collected *collected)
{
    for (size_t i = 0; i < x->route->segment_count; i++)
        if (x->captures[i] != NULL && strcmp(x->route->segments[i].text, param->capture) == 0)
            collected->values[collected->count++] = x->captures[i];
    return PROBLEM_NONE;
}

static enum problem from_query(struct exchange *x, const struct config_param *param,
                               struct collected *collected)
{
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, param->name) == 0)
            collected->values[collected->count++] = x->target.pairs[i].value;
    return PROBLEM_NONE;
}

static bool has_kind(const struct config_param *param, const struct json_value *value)
{
    if (value->kind != (param->type == CONFIG_LIST ? JSON_VALUE_ARRAY : JSON_VALUE_OBJECT))
        return false;
    struct json_items items = json_value_items(value);
    for (struct json_value item; param->type == CONFIG_MAP && json_value_next(&items, &item);)
        if (item.kind != JSON_VALUE_STRING)
            return false;
    return true;
}

/* JSON in its shortest form is the value; what rules name in it is judged beside it. */
static enum problem translate_structured(struct exchange *x, const struct config_param *param,
                                         const struct json_value *value)
{
    struct buf out;
    bool secret = false;
    const char **values = arena_array(x->arena, 1, sizeof *values);
    if (!has_kind(param, value))
        return check_value_wrong_type(x, param);
    buf_init(&out, value->length + 1);
    int result = free_document_read(param->name, value, &out, &secret, &x->err);
    if (values != NULL && result == 0)
        *values = arena_copy(x->arena, out.bytes, out.length);
    buf_done(&out);
    if (result != 0)
        return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
    if (values == NULL || *values == NULL)
        return exchange_fail(x);
    enum problem problem = check_value_check(x, param, values, 1);
    if (problem != PROBLEM_NONE)
        return problem;
    if (call_add(x->call, param, values, 1, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
    if (secret)
        call_note_secret(x->call);
    return build_document_paths(x, param, value);
}

/* One text in the place of a list. */
static enum problem no_array(struct exchange *x, const struct config_param *param,
                             const struct json_value *value)
{
    const char *text =
        value->kind == JSON_VALUE_STRING ? json_value_text(value, HINT_MAX, x->arena, NULL) : NULL;
    enum problem problem = check_value_wrong(x, param, "must be an array of at least one string");
    if (text != NULL)
        hint_value(x, param, text);
    return problem;
}

static enum problem from_body(struct exchange *x, const struct config_param *param,
                              const struct json_value *value, struct collected *collected)
{
    if (value->kind == JSON_VALUE_NONE)
        return PROBLEM_NONE;
    if (param->type != CONFIG_STRINGS || (param->sources & CONFIG_IN_PATH) != 0) {
        collected->values[collected->count] = check_value_text(x, param, value);
        return collected->values[collected->count++] == NULL ? PROBLEM_INVALID_PARAMETER : PROBLEM_NONE;
    }
    if (value->kind != JSON_VALUE_ARRAY)
        return no_array(x, param, value);
    collected->empty = value->count == 0;
    if (value->count > (size_t)param->max_items)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s may have at most %lld items", param->name,
                             param->max_items);
    struct json_items items = json_value_items(value);
    for (struct json_value item; json_value_next(&items, &item);) {
        collected->values[collected->count] = check_value_text(x, param, &item);
        if (collected->values[collected->count++] == NULL)
            return PROBLEM_INVALID_PARAMETER;
    }
    return PROBLEM_NONE;
}

/* ---- what the gateway itself reads ---- */

enum problem build_call_own_key(struct exchange *x, const char *name, const char **value)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        if (strcmp(x->target.pairs[i].name, name) != 0)
            continue;
        if (*value != NULL)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s is given more than once", name);
        *value = x->target.pairs[i].value;
    }
    return PROBLEM_NONE;
}

/* Did the caller say the parameter, wherever? */
static bool is_said(const struct exchange *x, const struct given *given, const char *name)
{
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, name) == 0)
            return true;
    for (size_t i = 0; given->values != NULL && i < x->route->param_count; i++)
        if (given->values[i].kind != JSON_VALUE_NONE && strcmp(x->route->params[i].name, name) == 0)
            return true;
    return false;
}

/* all=true: the call is that of the first of the largest pages. */
static enum problem choose_pages(struct exchange *x, const struct given *given)
{
    const char *all = NULL;
    if (x->route->list == NULL)
        return PROBLEM_NONE;
    enum problem problem = build_call_own_key(x, "all", &all);
    if (problem != PROBLEM_NONE || all == NULL)
        return problem;
    if (strcmp(all, "true") != 0 && strcmp(all, "false") != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "all must be true or false");
    x->all = strcmp(all, "true") == 0;
    if (x->all && (is_said(x, given, "offset") || is_said(x, given, "limit")))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "all fetches every page: offset and limit are for a single one");
    return PROBLEM_NONE;
}

/* What all=true says in the caller's place; NULL: nothing. */
static const char *page_value(const struct exchange *x, const struct config_param *param)
{
    char limit[TEXT_NUMBER_SIZE];
    if (!x->all || strcmp(param->name, "offset") == 0)
        return x->all ? "0" : NULL;
    if (strcmp(param->name, "limit") != 0)
        return NULL;
    text_number(limit, param->max);
    return arena_strdup(x->arena, limit);
}

/* ---- one name for one thing ---- */

/* Ids of before become the current ones that the policy knows; `said` is what the caller said in their place,
 * by value, NULL where nothing changed. */
static enum problem name_things(struct exchange *x, const struct config_param *param,
                                struct collected *collected)
{
    if (param->formers == NULL || x->config->former_id_count == 0)
        return PROBLEM_NONE;
    for (size_t i = 0; i < collected->count; i++) {
        const char *current = config_current_id(x->config, collected->values[i]);
        if (current == NULL)
            continue;
        if (collected->said == NULL)
            collected->said = arena_array(x->arena, collected->count, sizeof *collected->said);
        if (collected->said == NULL)
            return exchange_fail(x);
        collected->said[i] = collected->values[i];
        collected->values[i] = current;
    }
    return PROBLEM_NONE;
}

/* ---- the whole call ---- */

/* Some clients (Node's http.request) send the content of a DELETE without saying how long it is: it is no
 * body then, and nothing behind the header may be read. */
static enum problem missing(struct exchange *x, const struct config_param *param)
{
    const struct request_message *message = &x->head->message;
    if ((param->sources & CONFIG_IN_BODY) == 0 || message->has_length || message->chunked ||
        request_head_field(x->head, "Content-Type") == NULL)
        return check_value_wrong(x, param, "is missing");
    x->close = true;
    hint_about(x, param);
    return exchange_stop(x, PROBLEM_LENGTH_REQUIRED,
                         "%s is missing: a body needs a Content-Length, and this request has none",
                         param->name);
}

static enum problem translate_param(struct exchange *x, const struct config_param *param,
                                    const struct given *given)
{
    struct collected collected = {0};
    size_t room = x->target.pair_count + 1;
    const struct json_value *value = given->values == NULL ? NULL : &given->values[param - x->route->params];
    if (config_is_structured(param) && value != NULL && value->kind != JSON_VALUE_NONE)
        return translate_structured(x, param, value);
    if (room < (size_t)param->max_items)
        room = (size_t)param->max_items;
    collected.values = arena_array(x->arena, room, sizeof *collected.values);
    if (collected.values == NULL)
        return exchange_fail(x);
    enum problem problem = PROBLEM_NONE;
    if (value != NULL && (param->sources & given->sources) != 0)
        problem = from_body(x, param, value, &collected);
    else if ((param->sources & CONFIG_IN_PATH) != 0)
        problem = from_path(x, param, &collected);
    else if ((param->sources & CONFIG_IN_QUERY) != 0)
        problem = from_query(x, param, &collected);
    if (problem == PROBLEM_NONE)
        problem = name_things(x, param, &collected);
    if (problem != PROBLEM_NONE)
        return problem;
    const char *unsaid = page_value(x, param);
    if (unsaid == NULL && collected.count == 0 && !collected.empty)
        unsaid = param->preset;
    if (unsaid != NULL)
        collected.values[collected.count++] = unsaid;
    if (collected.count == 0 && !collected.empty)
        return param->required || (param->sources & CONFIG_IN_PATH) != 0 ? missing(x, param) : PROBLEM_NONE;
    problem = check_value_check(x, param, collected.values, collected.count);
    if (problem != PROBLEM_NONE)
        return problem;
    if (call_add(x->call, param, collected.values, collected.count, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
    call_note_said(x->call, collected.said);
    return PROBLEM_NONE;
}

/* Query keys that the route does not know, and a parameter in the body's place while there is a body. */
static enum problem check_query(struct exchange *x, bool body)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        const char *name = x->target.pairs[i].name;
        const struct config_param *param = find_param(x->route, name, CONFIG_IN_QUERY);
        if (param == NULL && strcmp(name, "region") != 0 &&
            (x->route->list == NULL || strcmp(name, "all") != 0))
            return unknown_key(x, name);
        if (param != NULL && body && (param->sources & CONFIG_IN_BODY) != 0)
            return check_value_wrong(x, param, "goes into the body or the query, not both at once");
    }
    return PROBLEM_NONE;
}

/* The parameter that the member of a body is for. */
static const struct config_param *find_member(const struct config_route *route, const struct given *given,
                                              const struct json_value *member)
{
    for (size_t i = 0; i < route->param_count; i++)
        if ((route->params[i].sources & given->sources) != 0 &&
            json_value_has_key(member, route->params[i].name))
            return &route->params[i];
    return NULL;
}

enum problem build_call_unknown_member(struct exchange *x, const struct json_value *member)
{
    const struct json_value key = {
        .kind = JSON_VALUE_STRING, .bytes = member->key, .length = member->key_length};
    const char *name = json_value_text(&key, BUILD_CALL_NAME_MAX, x->arena, NULL);
    return name == NULL ? exchange_fail(x) : unknown(x, "field", name);
}

static bool is_own(const struct given *given, const struct json_value *member)
{
    for (const char *const *name = given->own; name != NULL && *name != NULL; name++)
        if (json_value_has_key(member, *name))
            return true;
    return false;
}

/* Each parameter's member of the body, and nothing else, and none of them twice: within a value there is no
 * object, so no other key either. */
static enum problem read_members(struct exchange *x, struct given *given)
{
    struct json_items members = json_value_items(given->root);
    given->values = arena_array(x->arena, x->route->param_count + 1, sizeof *given->values);
    if (given->values == NULL)
        return exchange_fail(x);
    for (struct json_value member; json_value_next(&members, &member);) {
        const struct config_param *param = find_member(x->route, given, &member);
        if (param == NULL && is_own(given, &member))
            continue;
        if (param == NULL)
            return build_call_unknown_member(x, &member);
        struct json_value *place = &given->values[param - x->route->params];
        if (place->kind != JSON_VALUE_NONE)
            return check_value_wrong(x, param, "is in the body twice");
        *place = member;
    }
    return PROBLEM_NONE;
}

enum problem build_call_choose_region(struct exchange *x, const char *region)
{
    const struct config_upstream *upstream = x->call->upstream;
    if (call_set_region(x->call, region == NULL ? upstream->region : region, &x->err) != 0)
        return PROBLEM_INVALID_PARAMETER; /* it does not even look like one */
    if (region == NULL) {
        call_send_region(x->call, upstream->sent_region);
        return PROBLEM_NONE;
    }
    const struct config_region *known = config_region(x->config, region);
    if (known == NULL)
        return unknown(x, "region", region);
    if (call_set_region(x->call, known->name, &x->err) != 0)
        return PROBLEM_INVALID_PARAMETER;
    if (upstream->short_regions && known->short_name != NULL)
        call_send_region(x->call, known->short_name);
    return PROBLEM_NONE;
}

static enum problem build_call(struct exchange *x, struct given *given)
{
    const char *region = NULL;
    bool body = given->root->kind != JSON_VALUE_NONE;
    x->call = call_new(x->route, config_upstream(x->config, x->route->service), x->arena);
    if (x->call == NULL || build_call_name_client(x) != 0)
        return exchange_fail(x);
    enum problem problem = check_query(x, body);
    if (problem == PROBLEM_NONE && body)
        problem = read_members(x, given);
    if (problem == PROBLEM_NONE)
        problem = build_call_own_key(x, "region", &region);
    if (problem == PROBLEM_NONE)
        problem = build_call_choose_region(x, region);
    if (problem == PROBLEM_NONE)
        problem = choose_pages(x, given);
    for (size_t i = 0; i < x->route->param_count && problem == PROBLEM_NONE; i++)
        problem = translate_param(x, &x->route->params[i], given);
    if (problem == PROBLEM_NONE)
        call_seal(x->call);
    return problem;
}

enum problem build_call_read_body(struct exchange *x, struct json_value *root)
{
    struct err err = {0};
    if (x->body == NULL)
        return PROBLEM_NONE;
    if (json_value_read(x->body, x->body_length, BUILD_CALL_DEPTH_MAX, root, &err) != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body cannot be read as JSON: %s", err.text);
    if (root->kind != JSON_VALUE_OBJECT)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body must be a JSON object");
    return PROBLEM_NONE;
}

int build_call_name_client(const struct exchange *x)
{
    return x->client == NULL ? 0 : call_set_client(x->call, "countersign-" VERSION_TEXT, x->client->name);
}

/* The query has the region, and the version by which the route was found. */
static enum problem build_action(struct exchange *x, const struct json_value *root)
{
    const char *version = NULL;
    const char *region = NULL;
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, "region") != 0 && strcmp(x->target.pairs[i].name, "version") != 0)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                                 "the query of an action is region and version: all else is in its document");
    enum problem problem = build_call_own_key(x, "version", &version);
    if (problem == PROBLEM_NONE)
        problem = build_call_own_key(x, "region", &region);
    return problem != PROBLEM_NONE ? problem : build_document_call(x, root, region);
}

enum problem build_call_request(struct exchange *x)
{
    struct json_value root = {0};
    struct given given = {.root = &root, .sources = CONFIG_IN_BODY};
    enum problem problem = build_call_read_body(x, &root);
    if (problem != PROBLEM_NONE)
        return problem;
    if (x->route->document != NULL)
        return build_action(x, &root);
    return build_call(x, &given);
}

enum problem build_call_arguments(struct exchange *x, const struct json_value *arguments,
                                  const char *const *own)
{
    static const struct json_value none = {.kind = JSON_VALUE_OBJECT, .bytes = "{}", .length = 2};
    struct given given = {.root = arguments->kind == JSON_VALUE_NONE ? &none : arguments,
                          .sources = BUILD_CALL_ANYWHERE,
                          .own = own};
    return build_call(x, &given);
}
