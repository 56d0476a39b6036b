/* Captures, query and JSON become a validated, sealed call: action, region, parameters. */
#include "gateway/request/translate.h"

#include "base/document.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/request/value.h"

#include <string.h>

enum { TRANSLATE_DEPTH_MAX = 32, TRANSLATE_NAME_MAX = 32 };

/* One parameter's values while they are collected. */
struct collected {
    const char **values;
    const char **said; /* NULL: the values are what the caller said */
    size_t count;
};

/* A name goes back to the caller and into the log only when it looks like one: it could be a token that was
 * put in the wrong place. */
static enum problem unknown(struct exchange *x, const char *what, const char *name)
{
    if (text_is_name(name) && strlen(name) < TRANSLATE_NAME_MAX)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is no %s '%s' here", what, name);
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is a %s here that does not look like one",
                         what);
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

static const char *const must_be[] = {
    [CONFIG_STRING] = "must be a string",
    [CONFIG_INTEGER] = "must be a whole number",
    [CONFIG_BOOLEAN] = "must be true or false",
};

static const char *json_text(struct exchange *x, const struct config_param *param, const json_t *value)
{
    char number[TEXT_NUMBER_SIZE];
    if (param->type == CONFIG_BOOLEAN)
        return !json_is_boolean(value) ? NULL : json_is_true(value) ? "true" : "false";
    if (param->type != CONFIG_INTEGER)
        return json_is_string(value) ? arena_strdup(x->arena, json_string_value(value)) : NULL;
    if (!json_is_integer(value))
        return NULL;
    text_number(number, json_integer_value(value));
    return arena_strdup(x->arena, number);
}

static enum problem from_body(struct exchange *x, const struct config_param *param, const json_t *root,
                              struct collected *collected)
{
    const json_t *value = json_object_get(root, param->name);
    if (value == NULL)
        return PROBLEM_NONE;
    if (param->type != CONFIG_STRINGS) {
        collected->values[collected->count] = json_text(x, param, value);
        if (collected->values[collected->count++] == NULL)
            return value_wrong(x, param, must_be[param->type]);
        return PROBLEM_NONE;
    }
    if (!json_is_array(value) || json_array_size(value) == 0)
        return value_wrong(x, param, "must be an array of at least one string");
    if (json_array_size(value) > (size_t)param->max_items)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s may have at most %lld items", param->name,
                             param->max_items);
    for (size_t i = 0; i < json_array_size(value); i++) {
        collected->values[collected->count] = json_text(x, param, json_array_get(value, i));
        if (collected->values[collected->count++] == NULL)
            return value_wrong(x, param, "must be an array of strings");
    }
    return PROBLEM_NONE;
}

/* ---- what the gateway itself reads ---- */

/* A query key of the gateway's own: `value` stays NULL where it is not there. */
static enum problem own_key(struct exchange *x, const char *name, const char **value)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        if (strcmp(x->target.pairs[i].name, name) != 0)
            continue;
        if (*value != NULL)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s is there more than once", name);
        *value = x->target.pairs[i].value;
    }
    return PROBLEM_NONE;
}

/* all=true: the call is that of the first of the largest pages. */
static enum problem choose_pages(struct exchange *x)
{
    const char *all = NULL;
    const char *offset = NULL;
    const char *limit = NULL;
    if (x->route->list == NULL)
        return PROBLEM_NONE;
    enum problem problem = own_key(x, "all", &all);
    if (problem != PROBLEM_NONE || all == NULL)
        return problem;
    if (strcmp(all, "true") != 0 && strcmp(all, "false") != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "all must be true or false");
    x->all = strcmp(all, "true") == 0;
    if (x->all && (own_key(x, "offset", &offset) != PROBLEM_NONE ||
                   own_key(x, "limit", &limit) != PROBLEM_NONE || offset != NULL || limit != NULL))
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

static enum problem translate_param(struct exchange *x, const struct config_param *param, const json_t *root)
{
    struct collected collected = {0};
    size_t room = x->target.pair_count + 1;
    if (room < (size_t)param->max_items)
        room = (size_t)param->max_items;
    collected.values = arena_array(x->arena, room, sizeof *collected.values);
    if (collected.values == NULL)
        return exchange_fail(x);
    enum problem problem = PROBLEM_NONE;
    if ((param->sources & CONFIG_IN_PATH) != 0)
        problem = from_path(x, param, &collected);
    else if (root != NULL && (param->sources & CONFIG_IN_BODY) != 0)
        problem = from_body(x, param, root, &collected);
    else if ((param->sources & CONFIG_IN_QUERY) != 0)
        problem = from_query(x, param, &collected);
    if (problem == PROBLEM_NONE)
        problem = name_things(x, param, &collected);
    if (problem == PROBLEM_NONE)
        problem = value_check(x, param, collected.values, collected.count);
    if (problem != PROBLEM_NONE)
        return problem;
    const char *page = page_value(x, param);
    if (page != NULL)
        collected.values[collected.count++] = page;
    if (collected.count == 0 && param->required)
        return value_wrong(x, param, "is missing");
    if (collected.count == 0 && param->preset != NULL)
        collected.values[collected.count++] = param->preset;
    if (collected.count == 0)
        return PROBLEM_NONE;
    if (param->wire[x->call->upstream->api].name == NULL)
        return value_wrong(x, param,
                           "cannot be said in the generation of the cloud's API behind this gateway");
    if (call_add(x->call, param, collected.values, collected.count, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
    call_note_said(x->call, collected.said);
    return PROBLEM_NONE;
}

/* Query keys that the route does not know, and a parameter in the body's place while there is a body. */
static enum problem check_query(struct exchange *x, const json_t *root)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        const char *name = x->target.pairs[i].name;
        const struct config_param *param = find_param(x->route, name, CONFIG_IN_QUERY);
        if (param == NULL && strcmp(name, "region") != 0 &&
            (x->route->list == NULL || strcmp(name, "all") != 0))
            return unknown(x, "query key", name);
        if (param != NULL && root != NULL && (param->sources & CONFIG_IN_BODY) != 0)
            return value_wrong(x, param, "goes into the body or the query, not both at once");
    }
    return PROBLEM_NONE;
}

static enum problem check_body(struct exchange *x, json_t *root)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        if (find_param(x->route, name, CONFIG_IN_BODY) == NULL)
            return unknown(x, "field", name);
    }
    return PROBLEM_NONE;
}

static enum problem choose_region(struct exchange *x)
{
    const char *region = NULL;
    enum problem problem = own_key(x, "region", &region);
    if (problem != PROBLEM_NONE)
        return problem;
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

static enum problem build_call(struct exchange *x, json_t *root)
{
    enum problem problem = check_query(x, root);
    if (problem == PROBLEM_NONE && root != NULL)
        problem = check_body(x, root);
    if (problem == PROBLEM_NONE)
        problem = choose_region(x);
    if (problem == PROBLEM_NONE)
        problem = choose_pages(x);
    for (size_t i = 0; i < x->route->param_count && problem == PROBLEM_NONE; i++)
        problem = translate_param(x, &x->route->params[i], root);
    if (problem == PROBLEM_NONE)
        call_seal(x->call);
    return problem;
}

/* Depth before recursion: jansson descends on a worker's stack of 100 KiB. */
static enum problem parse_body(struct exchange *x, json_t **root)
{
    json_error_t where;
    bool keep = !x->close;
    if (x->body == NULL)
        return PROBLEM_NONE;
    /* CivetWeb takes leading blank lines for a whole header and then the header itself for the body: what is
     * no JSON may not be a body at all, and nothing behind it is read. */
    x->close = true;
    if (json_depth(x->body, x->body_length, TRANSLATE_DEPTH_MAX) > TRANSLATE_DEPTH_MAX)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body is nested deeper than %d levels",
                             TRANSLATE_DEPTH_MAX);
    *root = document_read(x->body, x->body_length, &where);
    if (*root == NULL && where.line < 0) /* memory is out */
        return exchange_fail(x);
    if (*root == NULL) /* jansson's text may quote the body: only the place is told */
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "the body is not JSON, or has a key twice: line %d, column %d", where.line,
                             where.column);
    if (!json_is_object(*root))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body must be a JSON object");
    x->close = !keep;
    return PROBLEM_NONE;
}

enum problem translate_request(struct exchange *x)
{
    json_t *root = NULL;
    const struct config_upstream *upstream = config_upstream(x->config, x->route->service);
    enum problem problem = parse_body(x, &root);
    if (problem == PROBLEM_NONE) {
        x->call = call_new(x->route, upstream, x->arena);
        problem = x->call == NULL ? exchange_fail(x) : build_call(x, root);
    }
    json_decref(root);
    return problem;
}
