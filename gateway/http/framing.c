#include "gateway/http/framing.h"

#include "base/text.h"
#include "gateway/http/authority.h"

#include <string.h>
#include <strings.h>

/* Field names that must not come twice: two readers could choose differently. */
static const char *const single_fields[] = {"authorization",    "content-length", "content-type", "expect",
                                            "content-encoding", "host",           "x-request-id"};

/* Most names differ in their first letter. */
static bool is_named(const struct framing_field *field, const char *name)
{
    return ((unsigned char)(field->name[0] ^ name[0]) & ~0x20u) == 0 && strcasecmp(field->name, name) == 0;
}

const char *framing_field(const struct framing *framing, const char *name)
{
    for (size_t i = 0; i < framing->field_count; i++)
        if (is_named(&framing->fields[i], name))
            return framing->fields[i].value;
    return NULL;
}

/* `text` ends where `next` begins but for `gap` bytes that the parser has overwritten. */
static bool adjoins(const char *text, const char *next, ptrdiff_t gap)
{
    return next == text + strlen(text) + gap;
}

static enum problem refuse(struct err *err, const char *sentence)
{
    err_set(err, ERR_INPUT, "%s", sentence);
    return PROBLEM_MALFORMED_REQUEST;
}

/* method SP target [? query] SP HTTP/1.1 CR LF */
static bool request_line_is_strict(const struct framing *framing)
{
    const char *version = framing->version - (sizeof "HTTP/" - 1);
    const char *target_end = framing->target;
    if (framing->query != NULL) {
        if (!adjoins(framing->target, framing->query, 1))
            return false;
        target_end = framing->query;
    }
    return adjoins(framing->method, framing->target, 1) && adjoins(target_end, version, 1) &&
           adjoins(framing->version, framing->fields[0].name, 2);
}

/* name ":" OWS value CR LF, each line right behind the other, and CR LF behind the last. */
static bool fields_are_strict(const struct framing *framing)
{
    for (size_t i = 0; i < framing->field_count; i++) {
        const struct framing_field *field = &framing->fields[i];
        const char *colon = field->name + strlen(field->name);
        if (field->value <= colon)
            return false;
        for (const char *c = colon + 1; c < field->value; c++)
            if (*c != ' ' && *c != '\t') /* a NUL here was a blank before the colon */
                return false;
        if (i + 1 < framing->field_count && !adjoins(field->value, framing->fields[i + 1].name, 2))
            return false;
    }
    const char *last = framing->fields[framing->field_count - 1].value;
    const char *end = last + strlen(last);
    return end[0] == '\0' && end[1] == '\0' && end[2] == '\r' && end[3] == '\0';
}

static bool has_duplicates(const struct framing *framing)
{
    for (size_t i = 0; i < COUNT(single_fields); i++) {
        size_t seen = 0;
        for (size_t j = 0; j < framing->field_count; j++)
            seen += is_named(&framing->fields[j], single_fields[i]);
        if (seen > 1)
            return true;
    }
    return false;
}

/* 1 to 10 digits, nothing else: RFC 9110 section 8.6. */
static bool read_length(const char *text, long long *length)
{
    size_t digits = strspn(text, "0123456789");
    *length = 0;
    for (size_t i = 0; i < digits && i < 10; i++)
        *length = *length * 10 + (text[i] - '0');
    return digits >= 1 && digits <= 10 && text[digits] == '\0';
}

/* Does a comma-separated list hold the word? */
static bool lists(const char *value, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = value; *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (strncasecmp(at, word, length) == 0 && strchr(", \t", at[length]) != NULL)
            return true;
    }
    return false;
}

/* The same rule as CivetWeb's, so that our Connection field tells what will happen; RFC 9112 section 9.3. */
static bool wants_keep_alive(const struct framing *framing)
{
    const char *connection = framing_field(framing, "Connection");
    if (framing->scattered || (connection != NULL && strcasestr(connection, "upgrade") != NULL))
        return false; /* CivetWeb ends a connection on any offer to upgrade it */
    for (size_t i = 0; i < framing->field_count; i++) /* also in a second field of that name */
        if (is_named(&framing->fields[i], "Connection") && lists(framing->fields[i].value, "close"))
            return false;
    if (strcmp(framing->version, "1.1") != 0)
        return false;
    return connection == NULL || lists(connection, "keep-alive");
}

enum problem framing_read(const struct framing *framing, struct framing_message *message, struct err *err)
{
    const char *length = framing_field(framing, "Content-Length");
    const char *expect = framing_field(framing, "Expect");
    *message =
        (struct framing_message){.keep_alive = wants_keep_alive(framing), .has_length = length != NULL};
    if (framing_field(framing, "Transfer-Encoding") != NULL) {
        err_set(err, ERR_INPUT, "Transfer-Encoding is not taken here: send a Content-Length");
        return PROBLEM_LENGTH_REQUIRED;
    }
    if (length != NULL && !read_length(length, &message->content_length))
        return refuse(err, "Content-Length must be one decimal number");
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
        err_set(err, ERR_INPUT, "Expect can only be 100-continue");
        return PROBLEM_EXPECTATION_FAILED;
    }
    message->expects_invitation = expect != NULL && strcmp(framing->version, "1.1") == 0;
    return PROBLEM_NONE;
}

void framing_watch(struct framing_watch *watch, const char *bytes, size_t length)
{
    static const char pattern[] = "HTTP/1.?\r\n";
    enum { VERSION = sizeof "HTTP/1.?" - 1, END = sizeof pattern - 1 };
    for (size_t i = 0; i < length; i++) {
        if (watch->matched == END)
            watch->matched = 0;
        const char *first = watch->matched > 0 ? bytes + i : memchr(bytes + i, pattern[0], length - i);
        if (first == NULL)
            return;
        i = (size_t)(first - bytes);
        char c = bytes[i];
        if (c == pattern[watch->matched] || watch->matched == VERSION - 1) {
            watch->matched++;
            continue;
        }
        if (watch->matched > VERSION || (watch->matched == VERSION && c == '\n'))
            watch->foul = true;
        watch->matched = c == pattern[0];
    }
}

enum problem framing_check(const struct framing *framing, struct err *err)
{
    if (framing->field_count < 1 || framing->field_count > FRAMING_FIELDS_MAX)
        return refuse(err, "a request has 1 to 63 header fields");
    if (framing->foul)
        return refuse(err, "the request line does not end in CR LF");
    if (!framing->scattered && (!request_line_is_strict(framing) || !fields_are_strict(framing)))
        return refuse(err, "the request line or a header field is not as RFC 9112 wants it");
    for (size_t i = 0; i < framing->field_count; i++)
        if (!text_is_token(framing->fields[i].name, strlen(framing->fields[i].name)))
            return refuse(err, "a header field's name is not as RFC 9110 wants it");
    if (framing_field(framing, "Host") == NULL)
        return refuse(err, "the Host field is missing");
    if (has_duplicates(framing))
        return refuse(err, "a header field that can be there once is there twice");
    if (!authority_is_valid(framing_field(framing, "Host")))
        return refuse(err, "the Host field is not a host with at most a port");
    return PROBLEM_NONE;
}
