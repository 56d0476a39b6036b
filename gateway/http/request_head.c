#include "gateway/http/request_head.h"

#include "gateway/http/framing.h"
#include "gateway/http/request_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void request_head_begin(struct request_head *head)
{
    head->method = head->target = head->query = head->host = head->authority = NULL;
    head->minor = 0;
    head->takes_loose_host = head->loose_host = false;
    head->field_count = 0;
    head->message = (struct request_message){0};
    head->problem = PROBLEM_NONE;
    err_clear(&head->err);
    head->length = head->line = head->seen = head->authority_length = 0;
}

enum request_head_state request_head_refuse(struct request_head *head, enum problem problem,
                                            const char *format, ...)
{
    char text[sizeof head->err.text];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    if (head->problem == PROBLEM_NONE)
        head->problem = problem;
    err_set(&head->err, ERR_INPUT, "%s", text);
    return REQUEST_HEAD_REFUSED;
}

static enum request_head_state refuse(struct request_head *head, const char *sentence)
{
    return request_head_refuse(head, PROBLEM_MALFORMED_REQUEST, "%s", sentence);
}

/* ---- octets ---- */

/* HTAB, SP, VCHAR and obs-text: everything but control characters. */
static bool is_text(unsigned char c)
{
    return (c >= ' ' && c != 0x7F) || c == '\t';
}

/* False is no verdict: only that one of the eight may be a control character. */
static bool eight_are_text(const char *bytes)
{
    static const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t deleted = word ^ (ones * 0x7F);
    return ((((word - ones * ' ') & ~word) | ((deleted - ones) & ~deleted)) & (ones << 7)) == 0;
}

/* The first control character from `at` on, or `end`. */
static size_t skip_text(const char *bytes, size_t at, size_t end)
{
    for (;;) {
        while (end - at >= sizeof(uint64_t) && eight_are_text(bytes + at))
            at += sizeof(uint64_t);
        size_t stop = end - at < sizeof(uint64_t) ? end : at + sizeof(uint64_t);
        while (at < stop && is_text((unsigned char)bytes[at]))
            at++;
        if (at < stop || at == end)
            return at;
    }
}

/* RFC 9110 section 5.6.2, a bit for each of the 128 characters of ASCII. */
static bool is_tchar(unsigned char c)
{
    static const uint64_t set[] = {UINT64_C(0x03FF6CFA00000000), UINT64_C(0x57FFFFFFC7FFFFFE)};
    return c < 128 && (set[c / 64] >> (c % 64) & 1) != 0;
}

/* ---- lines ---- */

/* Why is `name`, which ends at `stop`, no field name?  RFC 9112 section 5.1. */
static enum request_head_state refuse_name(struct request_head *head, const char *name, const char *stop,
                                           const char *end)
{
    if (stop == name && (*name == ' ' || *name == '\t'))
        return refuse(head, "a line of the header begins with a blank");
    if (memchr(name, ':', (size_t)(end - name)) == NULL)
        return refuse(head, "a line of the header has no ':'");
    if (stop == name)
        return refuse(head,
                      "a header field has no name, or one that begins with a character names cannot have");
    if (*stop == ' ' || *stop == '\t')
        return refuse(head, "a header field has a blank before its ':'");
    return refuse(head, "a header field's name holds a character that names cannot have");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* name ":" OWS value OWS */
static enum request_head_state read_field(struct request_head *head, char *line, char *end)
{
    char *colon = line;
    while (colon < end && is_tchar((unsigned char)*colon))
        colon++;
    if (colon == line || colon == end || *colon != ':')
        return refuse_name(head, line, colon, end);
    if (head->field_count == REQUEST_HEAD_FIELDS_MAX)
        return request_head_refuse(head, PROBLEM_HEADER_TOO_LARGE, "a request has at most %d header fields",
                                   REQUEST_HEAD_FIELDS_MAX);
    char *value = colon + 1;
    while (value < end && is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    *colon = '\0';
    *end = '\0';
    head->fields[head->field_count++] = (struct request_field){line, value};
    return REQUEST_HEAD_PART;
}

/* A whole line, without its CR LF. */
static enum request_head_state read_line(struct request_head *head, char *bytes, size_t begin, size_t end)
{
    if (begin < end)
        return head->method == NULL ? request_line_read(head, bytes + begin, end - begin)
                                    : read_field(head, bytes + begin, bytes + end);
    if (head->method != NULL) {
        head->length = end + 2;
        return framing_judge(head);
    }
    /* section 2.2 */
    return begin == 0 ? REQUEST_HEAD_PART : refuse(head, "the request begins with empty lines");
}

static enum request_head_state refuse_control(struct request_head *head, char c)
{
    if (c == '\n')
        return refuse(head, "a line of the header ends in LF without CR");
    if (c == '\r')
        return refuse(head, "the header holds a CR without LF");
    return refuse(head, "the header holds a control character");
}

/* Of a request line that is too long: for whom it was, where that can be told. */
static void note_request(struct request_head *head, char *line, char *end)
{
    static const char *const methods[] = {"GET", "POST"};
    char *blank = memchr(line, ' ', (size_t)(end - line));
    char *query = blank == NULL ? NULL : memchr(blank, '?', (size_t)(end - blank));
    if (query == NULL || blank[1] != '/')
        return;
    for (size_t i = 0; i < COUNT(methods); i++)
        if (strlen(methods[i]) == (size_t)(blank - line) &&
            strncmp(line, methods[i], (size_t)(blank - line)) == 0) {
            head->method = methods[i];
            head->target = blank + 1;
            *query = '\0';
        }
}

/* Everything that came belongs to a line without an end. */
static enum request_head_state wait(struct request_head *head, char *bytes, size_t end)
{
    if (end < REQUEST_HEAD_MAX)
        return REQUEST_HEAD_PART;
    if (head->method == NULL && memchr(bytes + head->line, ' ', end - head->line) == NULL)
        return refuse(head, "the request line does not begin with a method and one blank");
    if (head->method == NULL) {
        note_request(head, bytes + head->line, bytes + end);
        return request_head_refuse(head, PROBLEM_TARGET_TOO_LONG, "the request line is longer than %d bytes",
                                   REQUEST_HEAD_MAX);
    }
    return request_head_refuse(head, PROBLEM_HEADER_TOO_LARGE,
                               "request line and header fields have more than %d bytes", REQUEST_HEAD_MAX);
}

enum request_head_state request_head_read(struct request_head *head, char *bytes, size_t length)
{
    size_t end = length < REQUEST_HEAD_MAX ? length : REQUEST_HEAD_MAX;
    enum request_head_state state = REQUEST_HEAD_PART;
    while (state == REQUEST_HEAD_PART && head->length == 0) {
        head->seen = skip_text(bytes, head->seen, end);
        if (head->seen == end || (bytes[head->seen] == '\r' && head->seen + 1 == end))
            return wait(head, bytes, end);
        if (bytes[head->seen] != '\r' || bytes[head->seen + 1] != '\n')
            return refuse_control(head, bytes[head->seen]);
        state = read_line(head, bytes, head->line, head->seen);
        head->seen += 2;
        head->line = head->seen;
    }
    return state == REQUEST_HEAD_PART ? REQUEST_HEAD_WHOLE : state;
}

/* ---- questions ---- */

bool request_head_has_begun(const struct request_head *head, size_t length)
{
    return length > 2 || (length > 0 && head->line == 0);
}

/* Most names differ in their first letter. */
bool request_head_is(const struct request_field *field, const char *name)
{
    return ((unsigned char)(field->name[0] ^ name[0]) & ~0x20u) == 0 && strcasecmp(field->name, name) == 0;
}

const char *request_head_field(const struct request_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (request_head_is(&head->fields[i], name))
            return head->fields[i].value;
    return NULL;
}

const char *request_head_only_field(const struct request_head *head, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < head->field_count; i++) {
        if (!request_head_is(&head->fields[i], name))
            continue;
        if (found != NULL)
            return NULL;
        found = head->fields[i].value;
    }
    return found;
}

bool request_head_has_body(const struct request_head *head)
{
    return head->message.chunked || head->message.content_length > 0;
}
