#include "config/model/param_value.h"

#include "base/text.h"

#include <string.h>

/* What every sentence about a value that only TC3 can carry ends with: what to do about it. */
#define JOINED                                                                                               \
    "API 2.0 and the HmacSHA signatures join names and values before they sign them; an upstream of API "    \
    "3.0 "                                                                                                   \
    "with TC3-HMAC-SHA256 takes it"

static int wrong(const struct config_param *param, const char *reason, struct err *err)
{
    return err_set(err, ERR_INPUT, "%.64s %s", param->name, reason);
}

static bool signs_a_hash(const struct config_upstream *upstream)
{
    return upstream == NULL || upstream->scheme == CONFIG_TC3;
}

/* ---- one value ---- */

/* "12" and "-12", not "+12", "012", "-0", " 12" or "1e1": one number has one spelling.  All of 64 bits. */
static bool parse_integer(const char *text, long long *number)
{
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    unsigned long long most = (unsigned long long)INT64_MAX + negative;
    unsigned long long value = 0;
    if (digits[0] == '\0' || (digits[0] == '0' && (negative || digits[1] != '\0')))
        return false;
    for (const char *c = digits; *c != '\0'; c++) {
        unsigned digit = (unsigned)(unsigned char)*c - '0';
        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = negative ? (long long)(0 - value) : (long long)value;
    return true;
}

/* One spelling, as document_value_text() writes it: 0, 1.5, -100; no exponent, nothing that can be left
 * out. */
static bool is_number(const char *text)
{
    const char *digits = text + (text[0] == '-');
    size_t whole = strspn(digits, "0123456789");
    const char *rest = digits + whole;
    size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    bool point = *rest == '.';
    if (whole == 0 || (whole > 1 && digits[0] == '0') || (point && (fraction == 0 || rest[fraction] == '0')))
        return false;
    return rest[point ? fraction + 1 : 0] == '\0' && strcmp(text, "-0") != 0;
}

bool param_value_is_of_type(const struct config_param *param, const char *value)
{
    long long number;
    if (param->type == CONFIG_INTEGER)
        return parse_integer(value, &number);
    if (param->type == CONFIG_NUMBER)
        return is_number(value);
    return param->type != CONFIG_BOOLEAN || strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

static int check_integer(const struct config_param *param, const char *value, struct err *err)
{
    long long number;
    if (!parse_integer(value, &number))
        return wrong(param, "must be a whole number", err);
    if (number < param->min || number > param->max)
        return err_set(err, ERR_INPUT, "%.64s must be %lld to %lld", param->name, param->min, param->max);
    return 0;
}

static int check_text(const struct config_param *param, const char *value, struct err *err)
{
    size_t length = strlen(value);
    if (length == 0)
        return wrong(param, "must not be empty", err);
    if (length > (size_t)param->length)
        return err_set(err, ERR_INPUT, "%.64s is too long: it may have at most %lld bytes", param->name,
                       param->length);
    return 0;
}

static int check_patterns(const struct config_param *param, const struct config_wire *wire, const char *value,
                          struct err *err)
{
    enum pattern_result own = config_match(&param->pattern, value);
    enum pattern_result other = wire == NULL ? PATTERN_FITS : config_match(&wire->pattern, value);
    if (own == PATTERN_DIFFERS && param->former.text != NULL)
        own = config_match(&param->former, value);
    if (own == PATTERN_FAILED || other == PATTERN_FAILED)
        return err_memory(err);
    if (own == PATTERN_DIFFERS)
        return wrong(param, "does not look like one: see the documentation for its form", err);
    if (other == PATTERN_DIFFERS)
        return wrong(param, "is well-formed, but the cloud's API behind this gateway has no such form", err);
    return 0;
}

static bool is_among(const struct config_param *param, const char *value)
{
    bool found = param->value_count == 0;
    for (size_t i = 0; i < param->value_count && !found; i++)
        found = strcmp(param->values[i], value) == 0;
    return found;
}

int param_value_check(const struct config_param *param, const struct config_upstream *upstream,
                      const char *value, struct err *err)
{
    const struct config_wire *wire = upstream == NULL ? NULL : &param->wire[upstream->api];
    bool is_text = param->type == CONFIG_STRING || param->type == CONFIG_STRINGS;
    if (wire != NULL && wire->name == NULL)
        return wrong(param, "is not supported by the API version of this upstream", err);
    if (param->empty && param->type == CONFIG_STRING && value[0] == '\0')
        return 0; /* whatever form the others have */
    if (param->type == CONFIG_INTEGER && check_integer(param, value, err) != 0)
        return -1;
    if (param->type == CONFIG_BOOLEAN && !param_value_is_of_type(param, value))
        return wrong(param, "must be true or false", err);
    if (param->type == CONFIG_NUMBER && !is_number(value))
        return wrong(param, "must be a number", err);
    if (is_text && check_text(param, value, err) != 0)
        return -1;
    if (!is_among(param, value))
        return wrong(param, "is none of the values that this route takes", err);
    if (config_is_structured(param) && upstream != NULL && !signs_a_hash(upstream))
        return err_set(err, ERR_INPUT, "%.64s is an object, a list or a map: " JOINED, param->name);
    return check_patterns(param, wire, value, err);
}

/* ---- what is signed ---- */

/* The vendor's clients leave a parameter that begins with '@' unsigned: the name of a file. */
static bool can_be_joined(const char *value, size_t length)
{
    return strpbrk(value, "&=") == NULL && value[0] != '@' && !text_has_control(value, length);
}

/* What cannot be joined, and what is in its way. */
static int refuse_joined(const char *name, const char *value, struct err *err)
{
    size_t at = strcspn(value, "&=");
    if (value[at] != '\0')
        return err_set(err, ERR_INPUT, "%.64s holds '%c', where another parameter could begin: " JOINED, name,
                       value[at]);
    if (value[0] == '@')
        return err_set(err, ERR_INPUT, "%.64s begins with '@', as the name of a file does: " JOINED, name);
    for (at = 0; !text_has_control(value + at, 1);)
        at++;
    return err_set(err, ERR_INPUT, "%.64s holds a control character (U+%04X): " JOINED, name,
                   (unsigned)(unsigned char)value[at]);
}

int param_value_check_signed(const char *name, const struct config_upstream *upstream, const char *value,
                             struct err *err)
{
    size_t length = strlen(value);
    if (length > CONFIG_LENGTH_MAX || !text_is_utf8(value, length))
        return err_set(err, ERR_INPUT, "%.64s is too long, or not UTF-8", name);
    return signs_a_hash(upstream) || can_be_joined(value, length) ? 0 : refuse_joined(name, value, err);
}

int param_value_check_none(const char *name, const struct config_upstream *upstream, struct err *err)
{
    if (signs_a_hash(upstream))
        return 0;
    return err_set(err, ERR_INPUT,
                   "%.64s is an empty list, which cannot be told from none: leave it out; " JOINED, name);
}

/* ---- all of them ---- */

int param_value_check_all(const struct config_param *param, const struct config_upstream *upstream,
                          const char *const *values, size_t count, struct err *err)
{
    long long most = upstream == NULL ? param->max_items : param->wire[upstream->api].max_items;
    if (count == 0 && (param->type != CONFIG_STRINGS || !param->empty))
        return wrong(param, "must be an array of at least one string", err);
    if (count == 0)
        return param_value_check_none(param->name, upstream, err);
    if (param->type != CONFIG_STRINGS && count > 1)
        return wrong(param, "is given more than once", err);
    if (param->type == CONFIG_STRINGS && count > (size_t)most)
        return err_set(err, ERR_INPUT, "%.64s may have at most %lld items", param->name, most);
    for (size_t i = 0; i < count; i++) {
        if (param_value_check(param, upstream, values[i], err) != 0)
            return -1;
        for (size_t j = 0; j < i; j++) /* at most max_items, which is at most 1,000 */
            if (strcmp(values[i], values[j]) == 0)
                return wrong(param, "holds the same value twice", err);
    }
    return 0;
}

int param_value_check_default(const struct config_param *param, const struct config_upstream *upstream,
                              const char *value, struct err *err)
{
    if (param->type == CONFIG_STRINGS)
        return wrong(param, "is a list, which has no default", err);
    return param_value_check_all(param, upstream, &value, 1, err) != 0
               ? -1
               : param_value_check_signed(param->name, upstream, value, err);
}
