/* What a connection's client sends, any bytes in any pieces (the first byte chooses them), to requests,
 * against a reader that takes the grammar of RFC 9112 literally and has all bytes at once.  What the one
 * takes the other must read in the same way; what is refused must be refused by both, for a reason of the
 * same kind.
 *
 * The buffers are those of the input before, as they were left: nothing of it may show. */
#include "tests/fuzz/fuzz.h"

#include "gateway/connection/chunked.h"
#include "gateway/http/request_head.h"
#include "gateway/connection/inbox.h"

#include <sanitizer/asan_interface.h>
#include <string.h>
#include <strings.h>

enum { REQUESTS_MAX = 8, BODY_MAX = INBOX_SIZE, PIECE_MAX = 64 };

struct span {
    const char *at;
    size_t length;
};

struct strict {
    enum request_head_state state;
    enum problem problem;
    struct span method, target, query;
    bool has_query, has_host, absolute, chunked, lives, expects;
    struct span authority, host;
    unsigned minor;
    struct span names[REQUEST_HEAD_FIELDS_MAX], values[REQUEST_HEAD_FIELDS_MAX];
    size_t count, length;
    bool has_length;
    long long content_length;
};

/* ---- the other reading: characters and lines ---- */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct span span)
{
    for (size_t i = 0; i < span.length; i++)
        if (!is_alnum(span.at[i]) && (span.at[i] == '\0' || strchr("!#$%&'*+-.^_`|~", span.at[i]) == NULL))
            return false;
    return span.length > 0;
}

static bool same(const char *one, const char *other, size_t length)
{
    size_t i = 0;
    while (i < length && one[i] == other[i])
        i++;
    return i == length;
}

static bool is(struct span span, const char *text)
{
    return span.length == strlen(text) && same(span.at, text, span.length);
}

static bool is_like(struct span span, const char *text)
{
    return span.length == strlen(text) && strncasecmp(span.at, text, span.length) == 0;
}

/* Everything before the first `stop`, and `*rest` moves behind it; false: there is none. */
static bool take_until(struct span *rest, char stop, struct span *found)
{
    const char *end = rest->length == 0 ? NULL : memchr(rest->at, stop, rest->length);
    if (end == NULL)
        return false;
    *found = (struct span){rest->at, (size_t)(end - rest->at)};
    rest->length -= found->length + 1;
    rest->at = end + 1;
    return true;
}

static bool starts(struct span *span, const char *text)
{
    size_t length = strlen(text);
    if (span->length < length || strncasecmp(span->at, text, length) != 0)
        return false;
    span->at += length;
    span->length -= length;
    return true;
}

/* ---- the request line ---- */

static bool read_absolute(struct span target, struct strict *strict)
{
    size_t length = 0;
    if (!starts(&target, "http://") && !starts(&target, "https://"))
        return false;
    while (length < target.length && target.at[length] != '/' && target.at[length] != '?')
        length++;
    strict->absolute = true;
    strict->authority = (struct span){target.at, length};
    strict->target = (struct span){target.at + length, target.length - length};
    return length > 0;
}

static bool read_target(struct span target, struct strict *strict)
{
    bool options = is(strict->method, "OPTIONS");
    for (size_t i = 0; i < target.length; i++)
        if (target.at[i] <= ' ' || target.at[i] >= 0x7F || target.at[i] == '#')
            return false;
    strict->target = target;
    if (is(target, "*"))
        return options;
    if (target.length == 0 || (target.at[0] != '/' && !read_absolute(target, strict)))
        return false;
    struct span rest = strict->target;
    strict->has_query = take_until(&rest, '?', &strict->target);
    strict->query = rest;
    if (strict->target.length == 0)
        strict->target = (struct span){options && !strict->has_query ? "*" : "/", 1};
    return true;
}

static enum problem read_request_line(struct span line, struct strict *strict)
{
    static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                          "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    struct span target;
    bool known = false;
    bool other_case = false;
    if (!take_until(&line, ' ', &strict->method) || !take_until(&line, ' ', &target))
        return PROBLEM_MALFORMED_REQUEST;
    for (size_t i = 0; i < COUNT(methods); i++) {
        known = known || is(strict->method, methods[i]);
        other_case = other_case || is_like(strict->method, methods[i]);
    }
    if (!is_token(strict->method) || (other_case && !known) || !read_target(target, strict))
        return PROBLEM_MALFORMED_REQUEST;
    if (is(line, "HTTP/1.1") || is(line, "HTTP/1.0")) {
        strict->minor = line.at[7] == '1';
        return known ? PROBLEM_NONE : PROBLEM_NOT_IMPLEMENTED;
    }
    bool version = line.length == 8 && same(line.at, "HTTP/", 5) && line.at[5] >= '0' && line.at[5] <= '9' &&
                   line.at[6] == '.' && line.at[7] >= '0' && line.at[7] <= '9';
    return version ? PROBLEM_VERSION_NOT_SUPPORTED : PROBLEM_MALFORMED_REQUEST;
}

/* ---- fields ---- */

static enum problem read_field(struct span line, struct strict *strict)
{
    struct span name;
    if (!take_until(&line, ':', &name) || !is_token(name))
        return PROBLEM_MALFORMED_REQUEST;
    if (strict->count == REQUEST_HEAD_FIELDS_MAX)
        return PROBLEM_HEADER_TOO_LARGE;
    while (line.length > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
        line.at++;
        line.length--;
    }
    while (line.length > 0 && (line.at[line.length - 1] == ' ' || line.at[line.length - 1] == '\t'))
        line.length--;
    strict->names[strict->count] = name;
    strict->values[strict->count++] = line;
    return PROBLEM_NONE;
}

static size_t times(const struct strict *strict, const char *name, struct span *value)
{
    size_t found = 0;
    for (size_t i = 0; i < strict->count; i++)
        if (is_like(strict->names[i], name)) {
            *value = strict->values[i];
            found++;
        }
    return found;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* RFC 9112 section 3.2: uri-host [ ":" port ] */
static bool is_host(struct span value)
{
    size_t i = 0;
    if (value.length > 0 && value.at[0] == '[') {
        for (i = 1; i < value.length && value.at[i] != ']'; i++)
            if (strchr("0123456789abcdefABCDEF:.", value.at[i]) == NULL || value.at[i] == '\0')
                return false;
        if (i == 1 || i++ == value.length)
            return false;
    } else {
        while (i < value.length && value.at[i] != ':')
            if (!is_alnum(value.at[i]) &&
                (value.at[i] == '\0' || strchr("-._~%!$&'()*+,;=", value.at[i]) == NULL))
                return false;
            else if (value.at[i] != '%')
                i++;
            else if (i + 2 < value.length && is_hex(value.at[i + 1]) && is_hex(value.at[i + 2]))
                i += 3;
            else
                return false;
        if (i == 0)
            return false;
    }
    if (i < value.length && value.at[i] != ':')
        return false;
    for (i++; i < value.length; i++)
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
    return true;
}

/* A name that is a framing field's when only letters and digits count. */
static bool is_disguised(struct span name)
{
    char plain[32];
    size_t length = 0;
    for (size_t i = 0; i < name.length; i++)
        if (is_alnum(name.at[i])) {
            if (length == sizeof plain)
                return false;
            plain[length++] = name.at[i];
        }
    struct span letters = {plain, length};
    return (is_like(letters, "contentlength") && !is_like(name, "content-length")) ||
           (is_like(letters, "transferencoding") && !is_like(name, "transfer-encoding"));
}

static bool lists(const struct strict *strict, const char *word)
{
    for (size_t i = 0; i < strict->count; i++) {
        struct span rest = strict->values[i];
        struct span element;
        if (!is_like(strict->names[i], "connection"))
            continue;
        for (bool more = true; more;) {
            more = take_until(&rest, ',', &element);
            if (!more)
                element = rest;
            while (element.length > 0 && (element.at[0] == ' ' || element.at[0] == '\t')) {
                element.at++;
                element.length--;
            }
            size_t end = 0;
            while (end < element.length && element.at[end] != ' ' && element.at[end] != '\t')
                end++;
            if (is_like((struct span){element.at, end}, word))
                return true;
        }
    }
    return false;
}

static bool read_length(struct span text, long long *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = text.length > 10 ? 0 : *number * 10 + (text.at[i] - '0');
    }
    return text.length >= 1 && text.length <= 10;
}

static bool is_single(const struct strict *strict)
{
    static const char *const names[] = {"authorization", "content-length",   "content-type",     "expect",
                                        "host",          "content-encoding", "transfer-encoding"};
    struct span value;
    for (size_t i = 0; i < COUNT(names); i++)
        if (times(strict, names[i], &value) > 1)
            return false;
    for (size_t i = 0; i < strict->count; i++)
        if (is_disguised(strict->names[i]))
            return false;
    return true;
}

static enum problem judge(struct strict *strict)
{
    struct span length;
    struct span coding;
    struct span expect;
    strict->has_host = times(strict, "host", &strict->host) > 0;
    strict->has_length = times(strict, "content-length", &length) > 0;
    strict->chunked = times(strict, "transfer-encoding", &coding) > 0;
    strict->expects = times(strict, "expect", &expect) > 0;
    if (!is_single(strict) || (!strict->has_host && (strict->minor == 1 || strict->absolute)) ||
        (strict->has_host && !is_host(strict->host)))
        return PROBLEM_MALFORMED_REQUEST;
    if (strict->absolute && (strict->host.length != strict->authority.length ||
                             strncasecmp(strict->host.at, strict->authority.at, strict->host.length) != 0))
        return PROBLEM_MALFORMED_REQUEST;
    if (strict->chunked && (strict->has_length || strict->minor == 0 || !is_like(coding, "chunked")))
        return PROBLEM_MALFORMED_REQUEST;
    if (strict->has_length && !read_length(length, &strict->content_length))
        return PROBLEM_MALFORMED_REQUEST;
    if (strict->expects && !is_like(expect, "100-continue"))
        return PROBLEM_EXPECTATION_FAILED;
    strict->expects = strict->expects && strict->minor == 1;
    strict->lives = strict->minor == 1 && !lists(strict, "close") && !lists(strict, "upgrade");
    return PROBLEM_NONE;
}

/* ---- the whole head ---- */

static void end(struct strict *strict, enum problem problem)
{
    strict->problem = problem;
    strict->state = problem == PROBLEM_NONE ? REQUEST_HEAD_WHOLE : REQUEST_HEAD_REFUSED;
}

/* The next line that is whole; false: `strict` says why there is none. */
static bool take_line(struct span all, size_t *at, struct span *line, struct strict *strict)
{
    size_t most = all.length < REQUEST_HEAD_MAX ? all.length : REQUEST_HEAD_MAX;
    for (size_t i = *at; i < most; i++) {
        unsigned char c = (unsigned char)all.at[i];
        if (c == '\t' || (c >= ' ' && c != 0x7F))
            continue;
        if (c == '\r' && i + 1 == most)
            break;
        if (c != '\r' || all.at[i + 1] != '\n') {
            end(strict, PROBLEM_MALFORMED_REQUEST);
            return false;
        }
        *line = (struct span){all.at + *at, i - *at};
        *at = i + 2;
        return true;
    }
    if (most == REQUEST_HEAD_MAX)
        end(strict, strict->method.at != NULL                       ? PROBLEM_HEADER_TOO_LARGE
                    : memchr(all.at + *at, ' ', most - *at) == NULL ? PROBLEM_MALFORMED_REQUEST
                                                                    : PROBLEM_TARGET_TOO_LONG);
    return false;
}

static void read_strictly(struct span all, struct strict *strict)
{
    size_t at = 0;
    struct span line;
    strict->method.at = NULL;
    strict->state = REQUEST_HEAD_PART;
    strict->has_query = strict->absolute = strict->lives = false;
    strict->count = 0;
    strict->content_length = 0;
    while (take_line(all, &at, &line, strict)) {
        enum problem problem = PROBLEM_NONE;
        if (line.length == 0 && strict->method.at != NULL) {
            strict->length = at;
            end(strict, judge(strict));
            return;
        }
        if (line.length == 0 && at == 2)
            continue;
        problem = line.length == 0            ? PROBLEM_MALFORMED_REQUEST
                  : strict->method.at == NULL ? read_request_line(line, strict)
                                              : read_field(line, strict);
        if (problem != PROBLEM_NONE) {
            end(strict, problem);
            return;
        }
    }
}

/* ---- both readings ---- */

static bool says(struct span span, const char *text)
{
    return text != NULL && is(span, text);
}

static void compare(const struct request_head *head, const struct strict *strict)
{
    FUZZ_MUST(says(strict->method, head->method));
    FUZZ_MUST(says(strict->target, head->target));
    FUZZ_MUST(strict->has_query ? says(strict->query, head->query) : head->query == NULL);
    FUZZ_MUST(strict->has_host ? says(strict->host, head->host) : head->host == NULL);
    FUZZ_MUST(strict->minor == head->minor && strict->length == head->length);
    FUZZ_MUST(strict->count == head->field_count);
    for (size_t i = 0; i < strict->count; i++) {
        FUZZ_MUST(says(strict->names[i], head->fields[i].name));
        FUZZ_MUST(says(strict->values[i], head->fields[i].value));
    }
    FUZZ_MUST(strict->has_length == head->message.has_length && strict->chunked == head->message.chunked);
    FUZZ_MUST(strict->content_length == head->message.content_length);
    FUZZ_MUST(strict->lives == head->message.keep_alive);
    FUZZ_MUST(strict->expects == head->message.expects_invitation);
}

/* Pieces of 1 to PIECE_MAX bytes, or all at once. */
static size_t next_piece(uint32_t *seed)
{
    if (*seed == 0)
        return INBOX_SIZE;
    *seed = *seed * 1664525 + 1013904223;
    return 1 + (*seed >> 24) % PIECE_MAX;
}

/* What lies behind the bytes that have come may not even be looked at. */
static enum request_head_state read_in_pieces(struct request_head *head, struct span bytes, uint32_t *seed)
{
    static char inbox[INBOX_SIZE];
    enum request_head_state state = REQUEST_HEAD_PART;
    request_head_begin(head);
    for (size_t came = 0; came < bytes.length && state == REQUEST_HEAD_PART;) {
        size_t piece = next_piece(seed);
        piece = piece < bytes.length - came ? piece : bytes.length - came;
        memcpy(inbox + came, bytes.at + came, piece);
        came += piece;
        ASAN_POISON_MEMORY_REGION(inbox + came, sizeof inbox - came);
        state = request_head_read(head, inbox, came);
        ASAN_UNPOISON_MEMORY_REGION(inbox + came, sizeof inbox - came);
        FUZZ_MUST(state != REQUEST_HEAD_WHOLE || head->length > came ||
                  same(inbox + head->length, bytes.at + head->length, came - head->length));
    }
    return state;
}

/* ---- chunked bodies ---- */

/* CRLF ends it; the rest is read by whoever calls. */
static bool take_plain_line(struct span *rest, struct span *line)
{
    if (!take_until(rest, '\n', line) || line->length == 0 || line->at[--line->length] != '\r')
        return false;
    for (size_t i = 0; i < line->length; i++)
        if (((unsigned char)line->at[i] < ' ' && line->at[i] != '\t') || line->at[i] == 0x7F)
            return false;
    return true;
}

/* *( ";" token [ "=" ( token / quoted-string ) ] ) */
static bool is_extensions(struct span rest)
{
    for (size_t i = 0; i < rest.length;) {
        size_t begin = i + 1;
        if (rest.at[i] != ';')
            return false;
        for (i = begin; i < rest.length && rest.at[i] != '=' && rest.at[i] != ';'; i++)
            continue;
        if (!is_token((struct span){rest.at + begin, i - begin}))
            return false;
        if (i == rest.length || rest.at[i] == ';')
            continue;
        begin = ++i;
        if (i < rest.length && rest.at[i] == '"') {
            for (i++; i < rest.length && rest.at[i] != '"'; i++)
                i += rest.at[i] == '\\';
            if (i >= rest.length)
                return false;
            i++;
            continue;
        }
        while (i < rest.length && rest.at[i] != ';')
            i++;
        if (!is_token((struct span){rest.at + begin, i - begin}))
            return false;
    }
    return true;
}

static bool is_trailer(struct span line)
{
    struct span name;
    return take_until(&line, ':', &name) && is_token(name) && name.length <= CHUNKED_NAME_MAX &&
           !is_disguised(name) && !is_like(name, "content-length") && !is_like(name, "transfer-encoding") &&
           !is_like(name, "host") && !is_like(name, "authorization") && !is_like(name, "expect");
}

/* Only what is whole and within the bounds is compared: of a body that is not, the other reader may know
 * earlier. */
static bool read_chunks(struct span rest, char *body, size_t *length, size_t *used)
{
    const char *begin = rest.at;
    size_t extensions = 0;
    size_t trailer = 0;
    struct span line;
    *length = 0;
    for (;;) {
        size_t digits = 0;
        unsigned long long size = 0;
        if (!take_plain_line(&rest, &line))
            return false;
        while (digits < line.length && line.at[digits] != '\0' &&
               strchr("0123456789abcdefABCDEF", line.at[digits]) != NULL) {
            char c = line.at[digits++];
            size = size * 16 + (unsigned long long)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        }
        struct span behind = {line.at + digits, line.length - digits};
        extensions += behind.length > 0 ? behind.length : 0; /* without the ';', with the CR */
        if (digits < 1 || digits > CHUNKED_DIGITS_MAX || extensions > CHUNKED_EXTENSIONS_MAX ||
            !is_extensions(behind))
            return false;
        if (size == 0)
            break;
        if (rest.length < size + 2 || rest.at[size] != '\r' || rest.at[size + 1] != '\n')
            return false;
        memcpy(body + *length, rest.at, (size_t)size);
        *length += (size_t)size;
        rest.at += size + 2;
        rest.length -= (size_t)size + 2;
    }
    while (take_plain_line(&rest, &line) && line.length > 0) {
        trailer += line.length + 1;
        if (!is_trailer(line))
            return false;
    }
    *used = (size_t)(rest.at - begin);
    return *used >= 2 && line.at != NULL && line.length == 0 && rest.at[-1] == '\n' && rest.at[-2] == '\r' &&
           line.at + 2 == rest.at && trailer + 1 <= CHUNKED_TRAILER_MAX;
}

/* How much of `bytes` is the body; all of it when it is not whole, or broken. */
static size_t check_chunks(struct span bytes, uint32_t *seed)
{
    static char out[BODY_MAX];
    static char body[BODY_MAX];
    static struct chunked chunked; /* as the body before has left it */
    enum chunked_state state = CHUNKED_PART;
    size_t used = 0;
    size_t length = 0;
    size_t strict_used = 0;
    size_t strict_length = 0;
    chunked_begin(&chunked);
    while (used < bytes.length && state == CHUNKED_PART) {
        size_t piece = next_piece(seed);
        size_t taken = 0;
        size_t put = 0;
        piece = piece < bytes.length - used ? piece : bytes.length - used;
        state =
            chunked_read(&chunked, bytes.at + used, piece, &taken, out + length, sizeof out - length, &put);
        used += taken;
        length += put;
    }
    bool whole = read_chunks(bytes, body, &strict_length, &strict_used);
    FUZZ_MUST(whole == (state == CHUNKED_WHOLE));
    FUZZ_MUST((state == CHUNKED_BROKEN) == (chunked.why != NULL));
    if (!whole)
        return bytes.length;
    FUZZ_MUST(used == strict_used && length == strict_length && same(out, body, length));
    return used;
}

/* One request after the other, as a connection reads them. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct request_head head; /* as the request before has left it */
    static struct strict strict;
    if (size < 1 || size > INBOX_SIZE)
        return 0;
    uint32_t seed = bytes[0];
    struct span rest = {(const char *)bytes + 1, size - 1};
    for (int i = 0; i < REQUESTS_MAX && rest.length > 0; i++) {
        enum request_head_state state = read_in_pieces(&head, rest, &seed);
        read_strictly(rest, &strict);
        FUZZ_MUST(state == strict.state);
        FUZZ_MUST((state == REQUEST_HEAD_REFUSED) == (head.problem != PROBLEM_NONE));
        FUZZ_MUST((state == REQUEST_HEAD_REFUSED) == (head.err.kind != ERR_NONE));
        if (state == REQUEST_HEAD_REFUSED)
            FUZZ_MUST(head.problem == strict.problem);
        if (state != REQUEST_HEAD_WHOLE)
            return 0;
        compare(&head, &strict);
        rest.at += head.length;
        rest.length -= head.length;
        size_t body = strict.chunked ? check_chunks(rest, &seed)
                      : (unsigned long long)strict.content_length < rest.length
                          ? (size_t)strict.content_length
                          : rest.length;
        rest.at += body;
        rest.length -= body;
    }
    return 0;
}
