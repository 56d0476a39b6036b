/* What a caller gave for one parameter becomes its values in the call. */
#include "gateway/translate/build_param.h"

#include "base/text.h"
#include "config/definitions/document.h"
#include "config/definitions/free_document.h"
#include "gateway/translate/build_document.h"
#include "gateway/translate/check_value.h"
#include "gateway/translate/client_token.h"
#include "gateway/translate/hint.h"
#include "gateway/translate/route_pages.h"

#include <string.h>

/* One parameter's values while they are collected. */
struct collected {
    const char **values;
    const char **said; /* NULL: the values are what the caller said */
    size_t count;
    bool empty; /* the caller said an empty list */
};

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
    if (param->member != NULL && result == 0) {
        buf_done(&out);
        buf_init(&out, value->length + 1);
        result = document_read_member(param->member, value, &out, &x->err);
    }
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

/* Of a value that has no text. */
static enum problem without_text(struct exchange *x)
{
    return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
}

static enum problem from_body(struct exchange *x, const struct config_param *param,
                              const struct json_value *value, struct collected *collected)
{
    if (value->kind == JSON_VALUE_NONE)
        return PROBLEM_NONE;
    if (param->type != CONFIG_STRINGS || (param->sources & CONFIG_IN_PATH) != 0) {
        collected->values[collected->count] = check_value_text(x, param, value);
        return collected->values[collected->count++] == NULL ? without_text(x) : PROBLEM_NONE;
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
            return without_text(x);
    }
    return PROBLEM_NONE;
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

/* ---- the parameter ---- */

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

enum problem build_param_add(struct exchange *x, const struct config_param *param,
                             const struct json_value *value)
{
    struct collected collected = {0};
    size_t room = x->target.pair_count + 1;
    if (config_is_structured(param) && value != NULL && value->kind != JSON_VALUE_NONE)
        return translate_structured(x, param, value);
    if (room < (size_t)param->max_items)
        room = (size_t)param->max_items;
    collected.values = arena_array(x->arena, room, sizeof *collected.values);
    if (collected.values == NULL)
        return exchange_fail(x);
    enum problem problem = PROBLEM_NONE;
    if (value != NULL)
        problem = from_body(x, param, value, &collected);
    else if ((param->sources & CONFIG_IN_PATH) != 0)
        problem = from_path(x, param, &collected);
    else if ((param->sources & CONFIG_IN_QUERY) != 0)
        problem = from_query(x, param, &collected);
    if (problem == PROBLEM_NONE)
        problem = name_things(x, param, &collected);
    if (problem != PROBLEM_NONE)
        return problem;
    const char *unsaid = route_pages_value(x, param);
    if (unsaid == NULL && collected.count == 0 && !collected.empty)
        unsaid = param->preset;
    if (unsaid == NULL && collected.count == 0 && !collected.empty)
        problem = client_token_value(x, param, &unsaid);
    if (problem != PROBLEM_NONE)
        return problem;
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
