#include "gateway/request/check_value.h"

#include "base/text.h"

#include <string.h>

enum problem check_value_wrong(struct exchange *x, const struct config_param *param, const char *reason)
{
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s %s", param->name, reason);
}

/* "12", not "+12", "012", " 12" or "1e1": one number has one spelling. */
static bool parse_integer(const char *text, long long *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
        return false;
    *number = 0;
    for (const char *c = text; *c != '\0'; c++)
        *number = *number * 10 + (*c - '0');
    return true;
}

/* The parameter as this upstream's generation of the API says it. */
static const struct config_wire *wire_of(const struct exchange *x, const struct config_param *param)
{
    return &param->wire[x->call->upstream->api];
}

static enum problem check_value(struct exchange *x, const struct config_param *param, const char *value)
{
    long long number;
    if (param->type == CONFIG_INTEGER && !parse_integer(value, &number))
        return check_value_wrong(x, param, "must be a whole number");
    if (param->type == CONFIG_INTEGER && (number < param->min || number > param->max))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s must be %lld to %lld", param->name, param->min,
                             param->max);
    if (value[0] == '\0')
        return check_value_wrong(x, param, "must not be empty");
    if (strlen(value) > CONFIG_VALUE_MAX)
        return check_value_wrong(x, param, "is too long");
    if (text_has_control(value, strlen(value)))
        return check_value_wrong(x, param, "holds a control character");
    if (param->type == CONFIG_BOOLEAN && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return check_value_wrong(x, param, "must be true or false");
    enum pattern_result own = config_match(&param->pattern, value);
    enum pattern_result wire = config_match(&wire_of(x, param)->pattern, value);
    if (own == PATTERN_DIFFERS && param->former.text != NULL)
        own = config_match(&param->former, value);
    if (own == PATTERN_FAILED || wire == PATTERN_FAILED)
        return exchange_fail(x);
    if (own == PATTERN_DIFFERS)
        return check_value_wrong(x, param, "does not look like one: see the documentation for its form");
    if (wire == PATTERN_DIFFERS)
        return check_value_wrong(x, param,
                                 "is well-formed, but the cloud's API behind this gateway has no such form");
    return PROBLEM_NONE;
}

enum problem check_value_check(struct exchange *x, const struct config_param *param,
                               const char *const *values, size_t count)
{
    if (param->type != CONFIG_STRINGS && count > 1)
        return check_value_wrong(x, param, "is given more than once");
    if (count > (size_t)wire_of(x, param)->max_items)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s may have at most %lld items", param->name,
                             wire_of(x, param)->max_items);
    for (size_t i = 0; i < count; i++) {
        enum problem problem = check_value(x, param, values[i]);
        if (problem != PROBLEM_NONE)
            return problem;
        for (size_t j = 0; j < i; j++) /* at most max_items, which is at most 1,000 */
            if (strcmp(values[i], values[j]) == 0)
                return check_value_wrong(x, param, "holds the same value twice");
    }
    return PROBLEM_NONE;
}
