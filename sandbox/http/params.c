#include "sandbox/http/params.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decodes `length` bytes to `*out`, moves it behind the NUL. */
static int decode(const char *bytes, size_t length, char **out, struct err *err)
{
    char *to = *out;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i] == '+' ? ' ' : bytes[i];
        if (c == '%') {
            int high = length - i > 2 ? text_hex_value(bytes[i + 1]) : -1;
            int low = high >= 0 ? text_hex_value(bytes[i + 2]) : -1;
            if (low < 0)
                return err_set(err, ERR_INPUT, "a parameter holds a broken percent escape");
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return err_set(err, ERR_INPUT, "a parameter holds a NUL character");
        *to++ = c;
    }
    *to++ = '\0';
    *out = to;
    return 0;
}

static void put_dots(char *name)
{
    for (; *name != '\0'; name++)
        if (*name == '_')
            *name = '.';
}

/* One `name=value`, or a name alone. */
static int read_pair(struct params *params, const char *bytes, size_t length, char **out, struct err *err)
{
    const char *equals = memchr(bytes, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - bytes);
    if (name_length == 0)
        return err_set(err, ERR_INPUT, "a parameter has no name");
    if (params->count == PARAMS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d parameters", PARAMS_MAX);
    struct param param = {.wire_name = *out};
    char *name = NULL;
    if (decode(bytes, name_length, out, err) != 0)
        return -1;
    name = *out;
    param.name = name;
    if (decode(bytes, name_length, out, err) != 0)
        return -1;
    put_dots(name);
    param.value = *out;
    const char *value = equals == NULL ? "" : equals + 1;
    if (decode(value, equals == NULL ? 0 : length - name_length - 1, out, err) != 0)
        return -1;
    params->list[params->count++] = param;
    return 0;
}

static int read_pairs(struct params *params, const char *bytes, size_t length, struct err *err)
{
    char *out = params->bytes;
    while (length > 0) {
        const char *ampersand = memchr(bytes, '&', length);
        size_t pair = ampersand == NULL ? length : (size_t)(ampersand - bytes);
        if (pair > 0 && read_pair(params, bytes, pair, &out, err) != 0)
            return -1;
        size_t step = ampersand == NULL ? pair : pair + 1;
        bytes += step;
        length -= step;
    }
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct param *)left)->name, ((const struct param *)right)->name);
}

static int by_wire_name(const void *left, const void *right)
{
    return strcmp(((const struct param *)left)->wire_name, ((const struct param *)right)->wire_name);
}

static int refuse_twins(struct params *params, struct err *err)
{
    qsort(params->list, params->count, sizeof *params->list, by_name);
    for (size_t i = 1; i < params->count; i++)
        if (strcmp(params->list[i - 1].name, params->list[i].name) == 0)
            return err_set(err, ERR_INPUT, "the parameter %.64s is given twice", params->list[i].name);
    return 0;
}

int params_parse(struct params *params, const char *bytes, size_t length, struct err *err)
{
    *params = (struct params){0};
    params->list = calloc(PARAMS_MAX, sizeof *params->list);
    /* A name is kept twice; every name and value ends with a NUL where '=' or '&' was, or nothing. */
    params->bytes = malloc(2 * length + 3 * PARAMS_MAX + 3);
    if (params->list == NULL || params->bytes == NULL)
        return err_memory(err);
    int result = read_pairs(params, bytes, length, err);
    if (result == 0)
        result = refuse_twins(params, err);
    qsort(params->list, params->count, sizeof *params->list, by_wire_name);
    return result;
}

void params_done(struct params *params)
{
    free(params->list);
    free(params->bytes);
    arena_free(params->arena);
    *params = (struct params){0};
}

const char *params_get(const struct params *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->list[i].name, name) == 0)
            return params->list[i].value;
    return NULL;
}

const char *params_member(const struct params *params, const char *list, size_t index)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%.48s.%zu", list, index);
    return params_get(params, name);
}

bool params_lists(const struct params *params, const char *list, const char *value)
{
    const char *member = params_member(params, list, 0);
    for (size_t i = 0; member != NULL; member = params_member(params, list, ++i))
        if (strcmp(member, value) == 0)
            return true;
    return false;
}

int params_count(const struct params *params, const char *list, size_t *count, struct err *err)
{
    size_t prefix = strlen(list);
    size_t members = 0;
    for (size_t i = 0; i < params->count; i++) {
        const char *name = params->list[i].name;
        if (strncmp(name, list, prefix) == 0 && (name[prefix] == '.' || name[prefix] == '\0'))
            members++;
    }
    for (size_t i = 0; i < members; i++)
        if (params_member(params, list, i) == NULL)
            return err_set(err, ERR_INPUT, "%s must be given as %s.0, %s.1 and so on", list, list, list);
    *count = members;
    return 0;
}
