#include "gateway/fields.h"

#include "base/timestamp.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 6 }; /* of Retry-After: more is over the maximum anyway */

static bool is_named(const char *line, size_t length, const char *name)
{
    size_t size = strlen(name);
    return length > size && strncasecmp(line, name, size) == 0 && line[size] == ':';
}

/* What stands behind the colon, without the blanks around it; "" when it does not fit. */
static void copy_value(const char *line, size_t length, char value[FIELDS_VALUE_SIZE])
{
    const char *colon = memchr(line, ':', length);
    size_t start = (size_t)(colon - line) + 1;
    while (start < length && (line[start] == ' ' || line[start] == '\t'))
        start++;
    while (length > start && strchr("\r\n \t", line[length - 1]) != NULL)
        length--;
    size_t size = length - start < FIELDS_VALUE_SIZE ? length - start : 0;
    memcpy(value, line + start, size);
    value[size] = '\0';
}

bool fields_read(struct fields *fields, const char *line, size_t length)
{
    char value[FIELDS_VALUE_SIZE];
    fields->size += length;
    if (length > 0 && (line[0] == '\r' || line[0] == '\n'))
        fields->ended = true;
    else if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        fields->ended = false; /* what came before was a 1xx answer */
    if (is_named(line, length, "Date")) {
        copy_value(line, length, value);
        fields->has_date = timestamp_parse_http(value, &fields->date);
    } else if (is_named(line, length, "Retry-After")) {
        copy_value(line, length, fields->retry_after);
    } else if (is_named(line, length, "Content-Length") || is_named(line, length, "Transfer-Encoding")) {
        fields->bounds++;
    }
    return fields->size <= FIELDS_MAX;
}

int64_t fields_retry_after(const struct fields *fields)
{
    const char *value = fields->retry_after;
    int64_t wait = 0;
    int64_t at;
    if (value[0] != '\0' && strspn(value, "0123456789") == strlen(value))
        wait = strlen(value) > DIGITS_MAX ? FIELDS_RETRY_AFTER_MAX_S : strtoll(value, NULL, 10);
    else if (fields->has_date && timestamp_parse_http(value, &at))
        wait = at - fields->date;
    if (wait < 0)
        return 0;
    return wait < FIELDS_RETRY_AFTER_MAX_S ? wait : FIELDS_RETRY_AFTER_MAX_S;
}

bool fields_ambiguous(const struct fields *fields)
{
    return fields->bounds != 1;
}
