#include "gateway/response/response.h"

#include "base/text.h"

#include <string.h>

enum {
    CHUNK_DIGITS = 7,      /* hexadecimal: 256 MiB, more than any body may have */
    STATUS_LENGTH = 12,    /* "HTTP/1.1 200" */
    BODY_KEPT = 64 * 1024, /* bytes: with 256 lines, 16 MiB that wait for the next answers */
    LINE_KEPT = 1024,      /* bytes, likewise: a line is only kept where a piece ends */
};

void response_init(struct response *response, size_t most)
{
    *response = (struct response){0};
    buf_init(&response->line, RESPONSE_HEAD_MAX);
    buf_init(&response->body, most);
}

void response_done(struct response *response)
{
    buf_done(&response->line);
    buf_done(&response->body);
}

void response_begin(struct response *response)
{
    buf_rest(&response->line, LINE_KEPT);
    buf_rest(&response->body, BODY_KEPT);
    response->state = RESPONSE_MORE;
    response->part = RESPONSE_STATUS;
    response->status = 0;
    response->fields = (struct response_fields){0};
    response->keeps = false;
    response->head = 0;
    response->left = 0;
}

/* ---- lines, without their CRLF ---- */

/* RFC 9112 section 4: "HTTP/1.1 200 OK"; the reason may be missing, and its blank is often forgotten then. */
static bool read_status(struct response *response, const char *line, size_t length)
{
    const char *digits = line + STATUS_LENGTH - 3;
    if (length < STATUS_LENGTH || (length > STATUS_LENGTH && line[STATUS_LENGTH] != ' ') ||
        (strncmp(line, "HTTP/1.1 ", 9) != 0 && strncmp(line, "HTTP/1.0 ", 9) != 0))
        return false;
    for (int i = 0; i < 3; i++)
        if (digits[i] < '0' || digits[i] > '9')
            return false;
    response->keeps = line[7] == '1';
    response->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    response->fields = (struct response_fields){0}; /* what came before was a 1xx answer */
    response->part = RESPONSE_FIELDS;
    return response->status >= 100 && response->status < 600 && response->status != 101;
}

/* Section 6.3 rule 1, with 1xx: whatever the fields say. */
static bool is_bodiless(const struct response *response)
{
    return response->status == 204 || response->status == 304;
}

/* Section 6.3: which of the ways of its end the body has. */
static bool begin_body(struct response *response)
{
    const struct response_fields *fields = &response->fields;
    if (response->status < 200) {
        response->part = RESPONSE_STATUS;
    } else if (is_bodiless(response)) {
        response->state = RESPONSE_WHOLE;
    } else if (fields->chunked) {
        response->part =
            RESPONSE_CHUNK_SIZE; /* whatever a length beside it says; the connection is not kept */
    } else if (fields->has_length) {
        response->part = RESPONSE_LENGTH;
        response->left = (size_t)fields->length;
        if (response->left > response->body.ceiling)
            response->state = RESPONSE_TOO_LARGE;
        else if (response->left == 0)
            response->state = RESPONSE_WHOLE;
    } else {
        response->part = RESPONSE_REST;
    }
    return true;
}

/* Section 7.1: "1a" or "1a;name=value" */
static bool read_chunk_size(struct response *response, const char *line, size_t length)
{
    size_t digits = 0;
    response->left = 0;
    for (int value; digits < length && (value = text_hex_value(line[digits])) >= 0; digits++) {
        if (digits == CHUNK_DIGITS)
            return false;
        response->left = response->left * 16 + (size_t)value;
    }
    size_t end = digits;
    while (end < length && (line[end] == ' ' || line[end] == '\t'))
        end++;
    response->part = response->left == 0 ? RESPONSE_TRAILER : RESPONSE_CHUNK;
    return digits > 0 && (digits == length || (end < length && line[end] == ';'));
}

/* Section 7.1.2: a field line as any other, or what follows has been taken for trailers. */
static bool read_trailer(struct response *response, const char *line, size_t length)
{
    struct response_fields passed_over = {0};
    if (length == 0)
        response->state = RESPONSE_WHOLE;
    return length == 0 || response_fields_read(&passed_over, line, length);
}

static bool read_line(struct response *response, const char *line, size_t length)
{
    switch (response->part) {
    case RESPONSE_STATUS:
        return read_status(response, line, length);
    case RESPONSE_FIELDS:
        return length == 0 ? begin_body(response) : response_fields_read(&response->fields, line, length);
    case RESPONSE_CHUNK_SIZE:
        return read_chunk_size(response, line, length);
    case RESPONSE_CHUNK_END:
        response->part = RESPONSE_CHUNK_SIZE;
        return length == 0;
    default: /* RESPONSE_TRAILER */
        return read_trailer(response, line, length);
    }
}

/* ---- bytes ---- */

/* Of a header, or of all that stands between chunks in one place. */
static bool line_fits(struct response *response, size_t more)
{
    if (response->part == RESPONSE_CHUNK_SIZE || response->part == RESPONSE_CHUNK_END)
        return response->line.length + more <= RESPONSE_CHUNK_LINE_MAX;
    response->head += more;
    return response->head <= RESPONSE_HEAD_MAX;
}

static size_t take_line(struct response *response, const char *bytes, size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    size_t taken = end == NULL ? length : (size_t)(end - bytes) + 1;
    struct buf *kept = &response->line;
    if (!line_fits(response, taken)) {
        response->state = RESPONSE_TOO_LARGE;
        return taken;
    }
    if (end == NULL || kept->length > 0)
        buf_put_bytes(kept, bytes, taken);
    if (kept->failed)
        response->state = RESPONSE_TOO_LARGE;
    if (end == NULL || kept->failed)
        return taken;
    const char *line = kept->length > 0 ? buf_text(kept) : bytes;
    size_t size = kept->length > 0 ? kept->length : taken;
    bool strict =
        size >= 2 && memchr(line, '\r', size) == line + size - 2 && memchr(line, '\0', size) == NULL;
    if (!strict || !read_line(response, line, size - 2))
        response->state = RESPONSE_BROKEN;
    buf_reset(kept);
    return taken;
}

static size_t take_body(struct response *response, const char *bytes, size_t length)
{
    size_t taken = response->part == RESPONSE_REST || length < response->left ? length : response->left;
    buf_put_bytes(&response->body, bytes, taken);
    if (response->body.failed) {
        response->state = RESPONSE_TOO_LARGE;
        return taken;
    }
    if (response->part == RESPONSE_REST)
        return taken;
    response->left -= taken;
    if (response->left == 0 && response->part == RESPONSE_CHUNK)
        response->part = RESPONSE_CHUNK_END;
    else if (response->left == 0)
        response->state = RESPONSE_WHOLE;
    return taken;
}

size_t response_read(struct response *response, const char *bytes, size_t length)
{
    size_t taken = 0;
    while (taken < length && response->state == RESPONSE_MORE) {
        enum response_part part = response->part;
        bool body = part == RESPONSE_LENGTH || part == RESPONSE_REST || part == RESPONSE_CHUNK;
        taken += (body ? take_body : take_line)(response, bytes + taken, length - taken);
    }
    return taken;
}

void response_end(struct response *response)
{
    if (response->state == RESPONSE_MORE)
        response->state = response->part == RESPONSE_REST ? RESPONSE_WHOLE : RESPONSE_BROKEN;
}

/* Of 204 and 304 some believe what the fields say: whether a body follows is a matter of opinion, too. */
bool response_keeps(const struct response *response)
{
    return response->state == RESPONSE_WHOLE && response->keeps && !response->fields.closes &&
           !is_bodiless(response) && !response_fields_ambiguous(&response->fields);
}
