#include "gateway/translate/check_value.h"

#include "base/text.h"
#include "config/definitions/document_value.h"
#include "config/model/param_value.h"
#include "gateway/translate/hint.h"

enum problem check_value_wrong(struct exchange *x, const struct config_param *param, const char *reason)
{
    hint_about(x, param);
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s %s", param->name, reason);
}

enum problem check_value_check(struct exchange *x, const struct config_param *param,
                               const char *const *values, size_t count)
{
    if (param_value_check_all(param, x->call->upstream, values, count, &x->err) == 0)
        return PROBLEM_NONE;
    if (x->err.kind == ERR_MEMORY)
        return exchange_fail(x);
    hint_about(x, param);
    for (size_t i = 0; i < count; i++)
        if (param_value_check(param, x->call->upstream, values[i], NULL) != 0) {
            hint_value(x, param, values[i]);
            break;
        }
    return PROBLEM_INVALID_PARAMETER;
}

static const char *const must_be[] = {
    [CONFIG_STRING] = "must be a string",
    [CONFIG_INTEGER] = "must be a whole number",
    [CONFIG_BOOLEAN] = "must be true or false",
    [CONFIG_STRINGS] = "must be an array of strings",
    [CONFIG_NUMBER] = "must be a number",
    [CONFIG_OBJECT] = "must be an object",
    [CONFIG_LIST] = "must be an array",
    [CONFIG_MAP] = "must be an object whose members are all strings",
};

enum problem check_value_wrong_type(struct exchange *x, const struct config_param *param)
{
    return check_value_wrong(x, param, must_be[param->type]);
}

/* NULL, and x->err says so, when memory is out. */
static const char *kept(struct exchange *x, const char *text)
{
    if (text == NULL)
        err_memory(&x->err);
    return text;
}

/* Digits as they stand, but for the sign of a zero. */
static const char *number_text(struct exchange *x, const struct json_value *value)
{
    long long number;
    char text[TEXT_NUMBER_SIZE];
    if (json_value_integer(value, &number) != 0)
        return NULL;
    text_number(text, number);
    return kept(x, arena_strdup(x->arena, text));
}

/* A text where a number or a truth is wanted may say which. */
static enum problem wrong_text(struct exchange *x, const struct config_param *param,
                               const struct json_value *value)
{
    const char *text =
        value->kind == JSON_VALUE_STRING ? json_value_text(value, HINT_MAX, x->arena, NULL) : NULL;
    if (text != NULL)
        hint_value(x, param, text);
    const char *meant = x->hint.meant;
    enum problem problem = check_value_wrong_type(x, param);
    x->hint.meant = meant;
    return problem;
}

const char *check_value_text(struct exchange *x, const struct config_param *param,
                             const struct json_value *value)
{
    bool exact = true;
    const char *text = NULL;
    if (param->type == CONFIG_BOOLEAN)
        text = value->kind == JSON_VALUE_TRUE ? "true" : value->kind == JSON_VALUE_FALSE ? "false" : NULL;
    else if (param->type == CONFIG_INTEGER)
        text = number_text(x, value);
    else if (param->type == CONFIG_NUMBER)
        text = value->kind == JSON_VALUE_NUMBER && document_value_is_exact(value)
                   ? document_value_text(value, x->arena)
                   : NULL;
    else if (value->kind == JSON_VALUE_STRING)
        text = kept(x, json_value_text(value, SIZE_MAX, x->arena, &exact));
    if (text == NULL && x->err.kind != ERR_MEMORY)
        (void)wrong_text(x, param, value);
    else if (!exact)
        (void)check_value_wrong(x, param, "holds U+0000 or half of a surrogate pair, which no text can");
    return exact ? text : NULL;
}
