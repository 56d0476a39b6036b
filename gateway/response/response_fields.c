#include "gateway/response/response_fields.h"

#include "base/text.h"
#include "base/time/timestamp.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 6 }; /* of Retry-After: more is over the maximum anyway */

/* A part of a line; not terminated. */
struct piece {
    const char *bytes;
    size_t length;
};

static bool piece_is(struct piece piece, const char *word)
{
    return piece.length == strlen(word) && strncasecmp(piece.bytes, word, piece.length) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct piece piece_trim(struct piece piece)
{
    while (piece.length > 0 && is_blank(piece.bytes[0]))
        piece = (struct piece){piece.bytes + 1, piece.length - 1};
    while (piece.length > 0 && is_blank(piece.bytes[piece.length - 1]))
        piece.length--;
    return piece;
}

/* "" when it does not fit. */
static void copy_value(struct piece piece, char value[RESPONSE_FIELDS_VALUE_SIZE])
{
    size_t size = piece.length < RESPONSE_FIELDS_VALUE_SIZE ? piece.length : 0;
    memcpy(value, piece.bytes, size);
    value[size] = '\0';
}

/* Digits and nothing else; the same as before, if there was one (RFC 9110 section 8.6). */
static bool read_length(struct response_fields *fields, struct piece value)
{
    int64_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9')
            return false;
        length = length * 10 + (value.bytes[i] - '0');
        if (length > RESPONSE_FIELDS_LENGTH_MAX)
            length = RESPONSE_FIELDS_LENGTH_MAX + 1;
    }
    if (value.length == 0 || (fields->has_length && fields->length != length))
        return false;
    fields->has_length = true;
    fields->length = length;
    return true;
}

/* A list of words, of which one matters. */
static void read_connection(struct response_fields *fields, struct piece value)
{
    while (value.length > 0) {
        const char *comma = memchr(value.bytes, ',', value.length);
        size_t size = comma == NULL ? value.length : (size_t)(comma - value.bytes);
        if (piece_is(piece_trim((struct piece){value.bytes, size}), "close"))
            fields->closes = true;
        size += comma != NULL;
        value = (struct piece){value.bytes + size, value.length - size};
    }
}

/* RFC 9110 section 8.3.1: type "/" subtype, before the parameters.  "" where it is none. */
static void copy_type(struct piece value, char type[RESPONSE_FIELDS_VALUE_SIZE])
{
    const char *end = memchr(value.bytes, ';', value.length);
    struct piece whole =
        piece_trim((struct piece){value.bytes, end == NULL ? value.length : (size_t)(end - value.bytes)});
    const char *slash = memchr(whole.bytes, '/', whole.length);
    bool good = slash != NULL && text_is_token(whole.bytes, (size_t)(slash - whole.bytes)) &&
                text_is_token(slash + 1, (size_t)(whole.bytes + whole.length - slash) - 1);
    copy_value(good ? whole : (struct piece){value.bytes, 0}, type);
}

static bool read_field(struct response_fields *fields, struct piece name, struct piece value)
{
    char text[RESPONSE_FIELDS_VALUE_SIZE];
    if (piece_is(name, "Content-Length")) {
        fields->bounds++;
        return read_length(fields, value);
    }
    if (piece_is(name, "Transfer-Encoding")) {
        bool again = fields->chunked; /* as "chunked, chunked" would be: RFC 9112 section 6.1 forbids it */
        fields->bounds++;
        fields->chunked = piece_is(value, "chunked");
        return fields->chunked && !again; /* we asked for nothing else */
    }
    if (piece_is(name, "Date")) {
        copy_value(value, text);
        fields->has_date = timestamp_parse_http(text, &fields->date);
    } else if (piece_is(name, "Retry-After")) {
        copy_value(value, fields->retry_after);
    } else if (piece_is(name, "Content-Type")) {
        copy_type(value, fields->type);
    } else if (piece_is(name, "Connection")) {
        read_connection(fields, value);
    }
    return true;
}

bool response_fields_read(struct response_fields *fields, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || !text_is_token(line, (size_t)(colon - line)))
        return false;
    const struct piece rest = {colon + 1, (size_t)(line + length - colon) - 1};
    return read_field(fields, (struct piece){line, (size_t)(colon - line)}, piece_trim(rest));
}

int64_t response_fields_retry_after(const struct response_fields *fields)
{
    const char *value = fields->retry_after;
    int64_t wait = 0;
    int64_t at;
    if (value[0] != '\0' && strspn(value, "0123456789") == strlen(value))
        wait = strlen(value) > DIGITS_MAX ? RESPONSE_FIELDS_RETRY_AFTER_MAX_S : strtoll(value, NULL, 10);
    else if (fields->has_date && timestamp_parse_http(value, &at))
        wait = at - fields->date;
    if (wait < 0)
        return 0;
    return wait < RESPONSE_FIELDS_RETRY_AFTER_MAX_S ? wait : RESPONSE_FIELDS_RETRY_AFTER_MAX_S;
}

bool response_fields_ambiguous(const struct response_fields *fields)
{
    return fields->bounds != 1;
}
