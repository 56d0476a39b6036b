/* An upstream's answer in pieces, whose sizes the first two bytes choose, against a reader that has all of it
 * before him and takes RFC 9112 literally; and at once, against the same. */
#include "tests/fuzz/fuzz.h"

#include "gateway/response/response.h"

#include <string.h>
#include <strings.h>

enum {
    RESPONSE_FUZZ_MAX = 32 * 1024, /* bytes: no header gets too large, which the unit test sees to */
    BODY_MAX = 64                  /* bytes, so that bodies do */
};

struct span {
    const char *at;
    size_t length;
};

/* What it comes to. */
struct reading {
    enum response_state state;
    int status;
    char version; /* of 1.x */
    bool chunked, has_length, closes, until_end;
    size_t length;
    int bounds; /* lines that tell where the body ends */
    struct span retry_after;
    char body[BODY_MAX];
    size_t body_length;
    struct span rest;
};

/* Why the reading ends here. */
static bool stop(struct reading *reading, enum response_state state)
{
    reading->state = state;
    return false;
}

/* ---- lines: RFC 9112 section 2.2, and section 5.2 as those read it who refuse folded ones ---- */

static bool take_line(struct reading *reading, size_t most, struct span *line)
{
    struct span *rest = &reading->rest;
    size_t size = 0;
    while (size < rest->length && (size == 0 || rest->at[size - 1] != '\n'))
        size++;
    if (size > most)
        return stop(reading, RESPONSE_TOO_LARGE);
    if (size == 0 || rest->at[size - 1] != '\n')
        return stop(reading, RESPONSE_MORE);
    *line = (struct span){rest->at, size - 2};
    if (size < 2 || rest->at[size - 2] != '\r')
        return stop(reading, RESPONSE_BROKEN);
    for (size_t i = 0; i < line->length; i++)
        if (line->at[i] == '\r' || line->at[i] == '\0')
            return stop(reading, RESPONSE_BROKEN);
    *rest = (struct span){rest->at + size, rest->length - size};
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9110 section 5.6.2 */
static bool is_tchar(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_word(struct span span, const char *word)
{
    return span.length == strlen(word) && strncasecmp(span.at, word, span.length) == 0;
}

/* Without what RFC 9110 section 5.6.3 calls OWS. */
static struct span trim(struct span span)
{
    while (span.length > 0 && strchr(" \t", span.at[0]) != NULL)
        span = (struct span){span.at + 1, span.length - 1};
    while (span.length > 0 && strchr(" \t", span.at[span.length - 1]) != NULL)
        span.length--;
    return span;
}

/* Section 4: HTTP-version SP 3DIGIT [ SP reason-phrase ] */
static bool read_status_line(struct reading *reading, struct span line)
{
    static const char form[] = "HTTP/1.v cdd";
    static const char *const classes[] = {"01", "12345", "0123456789"}; /* of v, c and d */
    bool good = line.length >= sizeof form - 1;
    for (size_t i = 0; form[i] != '\0' && good; i++)
        good = form[i] == 'v'   ? strchr(classes[0], line.at[i]) != NULL
               : form[i] == 'c' ? strchr(classes[1], line.at[i]) != NULL
               : form[i] == 'd' ? strchr(classes[2], line.at[i]) != NULL
                                : line.at[i] == form[i];
    if (!good || (line.length > sizeof form - 1 && line.at[sizeof form - 1] != ' '))
        return stop(reading, RESPONSE_BROKEN);
    reading->version = line.at[7];
    reading->status = (line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 + line.at[11] - '0';
    return reading->status != 101 || stop(reading, RESPONSE_BROKEN); /* nobody asked for an upgrade */
}

/* RFC 9110 section 8.6: 1*DIGIT; one number only. */
static bool read_length(struct reading *reading, struct span value)
{
    size_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (!is_digit(value.at[i]))
            return false;
        length = length * 10 + (size_t)(value.at[i] - '0');
        if (length > RESPONSE_FIELDS_LENGTH_MAX)
            length = RESPONSE_FIELDS_LENGTH_MAX + 1;
    }
    bool good = value.length > 0 && (!reading->has_length || reading->length == length);
    reading->has_length = true;
    reading->length = length;
    return good;
}

/* RFC 9110 section 7.6.1: #connection-option */
static bool lists_close(struct span value)
{
    for (size_t from = 0; from <= value.length;) {
        size_t to = from;
        while (to < value.length && value.at[to] != ',')
            to++;
        if (is_word(trim((struct span){value.at + from, to - from}), "close"))
            return true;
        from = to + 1;
    }
    return false;
}

/* RFC 9112 section 5: token ":" OWS value OWS; and what section 6 makes of two of them. */
static bool read_field(struct reading *reading, struct span line)
{
    struct span name = {line.at, 0};
    while (name.length < line.length && is_tchar(line.at[name.length]))
        name.length++;
    if (name.length == 0 || name.length == line.length || line.at[name.length] != ':')
        return false;
    struct span value = trim((struct span){name.at + name.length + 1, line.length - name.length - 1});
    bool again = reading->chunked;
    if (is_word(name, "content-length"))
        return reading->bounds++, read_length(reading, value);
    if (is_word(name, "transfer-encoding"))
        return reading->bounds++, reading->chunked = true, !again && is_word(value, "chunked");
    if (is_word(name, "retry-after"))
        reading->retry_after = value;
    if (is_word(name, "connection"))
        reading->closes = reading->closes || lists_close(value);
    return true;
}

static bool read_fields(struct reading *reading, bool trailer)
{
    struct span line;
    while (take_line(reading, SIZE_MAX, &line)) {
        struct reading ignored = {.length = 0};
        if (line.length == 0)
            return true;
        if (!read_field(trailer ? &ignored : reading, line))
            return stop(reading, RESPONSE_BROKEN);
    }
    return false;
}

/* ---- bodies: sections 6.3 and 7.1 ---- */

/* The next `size` bytes, or those that there are. */
static bool take_body(struct reading *reading, size_t size)
{
    struct span *rest = &reading->rest;
    size_t there = size < rest->length ? size : rest->length;
    if (there > BODY_MAX - reading->body_length)
        return stop(reading, RESPONSE_TOO_LARGE);
    if (there > 0)
        memcpy(reading->body + reading->body_length, rest->at, there);
    reading->body_length += there;
    *rest = (struct span){rest->at + there, rest->length - there};
    return there == size || stop(reading, RESPONSE_MORE);
}

/* 1*HEXDIG *( BWS ";" anything ), of at most seven digits, which is ours to say */
static bool read_chunk_size(struct reading *reading, struct span line, size_t *size)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t count = 0;
    *size = 0;
    for (const char *digit; count < line.length && (digit = strchr(digits, line.at[count])) != NULL; count++)
        *size = *size << 4 | (size_t)((digit - digits) & 15);
    struct span behind = {line.at + count, line.length - count};
    struct span extension = trim(behind);
    if (count < 1 || count > 7 || (behind.length > 0 && (extension.length == 0 || extension.at[0] != ';')))
        return stop(reading, RESPONSE_BROKEN);
    return true;
}

static bool read_chunks(struct reading *reading)
{
    struct span line;
    size_t size = 1;
    while (size > 0) {
        if (!take_line(reading, RESPONSE_CHUNK_LINE_MAX, &line) || !read_chunk_size(reading, line, &size))
            return false;
        if (size == 0)
            break;
        if (!take_body(reading, size) || !take_line(reading, RESPONSE_CHUNK_LINE_MAX, &line))
            return false;
        if (line.length > 0)
            return stop(reading, RESPONSE_BROKEN);
    }
    return read_fields(reading, true);
}

/* Section 6.3, rule by rule. */
static bool read_body(struct reading *reading)
{
    if (reading->status == 204 || reading->status == 304)
        return true;
    if (reading->chunked)
        return read_chunks(reading);
    if (reading->has_length && reading->length > BODY_MAX)
        return stop(reading, RESPONSE_TOO_LARGE);
    if (reading->has_length)
        return take_body(reading, reading->length);
    reading->until_end = true;
    (void)take_body(reading, SIZE_MAX);
    return false;
}

static void read_all(struct reading *reading, struct span bytes)
{
    struct span line;
    reading->status = 0;
    reading->rest = bytes;
    do {
        *reading = (struct reading){.status = reading->status, .rest = reading->rest};
        if (!take_line(reading, SIZE_MAX, &line) || !read_status_line(reading, line) ||
            !read_fields(reading, false))
            return;
    } while (reading->status < 200);
    if (read_body(reading))
        reading->state = RESPONSE_WHOLE;
}

static bool persists(const struct reading *reading)
{
    return reading->version == '1' && !reading->closes && reading->bounds == 1 && reading->status != 204 &&
           reading->status != 304;
}

/* ---- the two ---- */

static bool same_retry_after(const struct response *response, struct span expected)
{
    size_t length = expected.length < RESPONSE_FIELDS_VALUE_SIZE ? expected.length : 0;
    const char *got = response->fields.retry_after;
    return strlen(got) == length && (length == 0 || strncmp(got, expected.at, length) == 0);
}

static void compare(struct response *response, const struct reading *reading, size_t taken, size_t size)
{
    bool whole = reading->state == RESPONSE_WHOLE;
    FUZZ_MUST(response->state == reading->state);
    FUZZ_MUST(response_keeps(response) == (whole && persists(reading)));
    if (whole || reading->state == RESPONSE_MORE) {
        const struct buf *body = &response->body;
        FUZZ_MUST(response->status == reading->status);
        FUZZ_MUST(body->length == reading->body_length);
        FUZZ_MUST(memmem(buf_text(body), body->length, reading->body, body->length) != NULL);
        FUZZ_MUST(taken == (whole ? size - reading->rest.length : size));
        FUZZ_MUST(!whole || same_retry_after(response, reading->retry_after));
    }
    response_end(response);
    if (reading->state == RESPONSE_MORE)
        FUZZ_MUST(response->state == (reading->until_end ? RESPONSE_WHOLE : RESPONSE_BROKEN));
    else
        FUZZ_MUST(response->state == reading->state);
}

/* Pieces of the one size and the other by turns.  Behind each stands what would end a line. */
static size_t feed(struct response *response, struct span bytes, size_t one, size_t other)
{
    static char piece[RESPONSE_FUZZ_MAX + 1];
    size_t taken = 0;
    response_begin(response);
    for (size_t at = 0; at < bytes.length && taken == at;) {
        size_t left = bytes.length - at;
        size_t size = one < left ? one : left;
        memcpy(piece, bytes.at + at, size);
        piece[size] = '\n';
        taken += response_read(response, piece, size);
        at += size;
        size = one;
        one = other;
        other = size;
    }
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct response response;
    static bool ready;
    struct reading reading;
    if (size < 2 || size > RESPONSE_FUZZ_MAX)
        return 0;
    if (!ready)
        response_init(&response, BODY_MAX);
    ready = true;
    const struct span answer = {(const char *)bytes + 2, size - 2};
    read_all(&reading, answer);
    compare(&response, &reading, feed(&response, answer, bytes[0] + 1u, bytes[1] + 1u), answer.length);
    compare(&response, &reading, feed(&response, answer, answer.length, answer.length), answer.length);
    return 0;
}
