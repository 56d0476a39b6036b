/* A request's header, as CivetWeb's parser leaves it, against a reader that takes RFC 9112's grammar
 * literally and works on the bytes themselves: what the one lets through the other must read in the same
 * way, and nothing that is well-formed may be refused. */
#include "tests/fuzz/fuzz.h"

#include "gateway/http/framing.h"

#include "tests/lax.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STRICT_FIELDS_MAX = 100 };

struct span {
    const char *at;
    size_t length;
};

struct strict {
    struct span method, target, query, version;
    bool has_query;
    struct span names[STRICT_FIELDS_MAX], values[STRICT_FIELDS_MAX];
    size_t count;
};

/* RFC 9110 section 5.6.2 */
static bool is_tchar(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* One line without its CR LF; `*rest` moves behind it. */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = memmem(rest->at, rest->length, "\r\n", 2);
    if (end == NULL)
        return false;
    *line = (struct span){rest->at, (size_t)(end - rest->at)};
    rest->length -= line->length + 2;
    rest->at = end + 2;
    return memchr(line->at, '\n', line->length) == NULL && memchr(line->at, '\r', line->length) == NULL;
}

/* Everything before the first `stop`; `*rest` moves behind it. */
static bool take_until(struct span *rest, char stop, struct span *found)
{
    const char *end = memchr(rest->at, stop, rest->length);
    if (end == NULL)
        return false;
    *found = (struct span){rest->at, (size_t)(end - rest->at)};
    rest->length -= found->length + 1;
    rest->at = end + 1;
    return true;
}

static bool read_request_line(struct span line, struct strict *strict)
{
    struct span target;
    if (!take_until(&line, ' ', &strict->method) || !take_until(&line, ' ', &target))
        return false;
    if (line.length != 8 ||
        (memmem(line.at, 8, "HTTP/1.1", 8) == NULL && memmem(line.at, 8, "HTTP/1.0", 8) == NULL))
        return false;
    strict->version = (struct span){line.at + 5, 3};
    if (strict->method.length == 0 || target.length == 0)
        return false;
    strict->target = target;
    strict->has_query = take_until(&target, '?', &strict->target);
    strict->query = target;
    return true;
}

static bool read_field(struct span line, struct span *name, struct span *value)
{
    if (!take_until(&line, ':', name) || name->length == 0)
        return false;
    for (size_t i = 0; i < name->length; i++)
        if (!is_tchar(name->at[i]))
            return false;
    while (line.length > 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
        line.at++;
        line.length--;
    }
    while (line.length > 0 && (line.at[line.length - 1] == ' ' || line.at[line.length - 1] == '\t'))
        line.length--;
    *value = line;
    return true;
}

/* gateway/http/framing.h: nobody can see which blank stood behind the CR or LF of the request line. */
static bool take_request_line(struct span *rest, struct span *line)
{
    line->at = rest->at;
    line->length = 0;
    while (line->length < rest->length && strchr("\r\n", rest->at[line->length]) == NULL)
        line->length++;
    if (line->length + 2 > rest->length || strchr("\r\n ", rest->at[line->length + 1]) == NULL)
        return false;
    rest->at += line->length + 2;
    rest->length -= line->length + 2;
    return true;
}

static bool read_strictly(struct span rest, struct strict *strict)
{
    struct span line;
    if (!take_request_line(&rest, &line) || !read_request_line(line, strict))
        return false;
    while (take_line(&rest, &line)) {
        if (line.length == 0)
            return rest.length == 0;
        if (strict->count == STRICT_FIELDS_MAX ||
            !read_field(line, &strict->names[strict->count], &strict->values[strict->count]))
            return false;
        strict->count++;
    }
    return false;
}

static bool says(struct span span, const char *text)
{
    return text != NULL && strlen(text) == span.length && strncmp(span.at, text, span.length) == 0;
}

static size_t times(const struct strict *strict, const char *name, struct span *value)
{
    size_t found = 0;
    for (size_t i = 0; i < strict->count; i++)
        if (strict->names[i].length == strlen(name) &&
            strncasecmp(strict->names[i].at, name, strlen(name)) == 0) {
            *value = strict->values[i];
            found++;
        }
    return found;
}

static void compare(const struct framing *framing, const struct strict *strict)
{
    FUZZ_MUST(says(strict->method, framing->method));
    FUZZ_MUST(says(strict->target, framing->target));
    FUZZ_MUST(strict->has_query == (framing->query != NULL));
    FUZZ_MUST(!strict->has_query || says(strict->query, framing->query));
    FUZZ_MUST(says(strict->version, framing->version));
    FUZZ_MUST(strict->count == framing->field_count);
    for (size_t i = 0; i < strict->count; i++) {
        FUZZ_MUST(says(strict->names[i], framing->fields[i].name));
        FUZZ_MUST(says(strict->values[i], framing->fields[i].value));
    }
}

/* As the first station does. */
static void trim(struct lax *lax)
{
    for (size_t i = 0; i < lax->framing.field_count; i++) {
        char *value = lax->bytes + (lax->fields[i].value - lax->bytes);
        size_t length = strlen(value);
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            value[--length] = '\0';
    }
}

/* RFC 9112 section 3.2: uri-host [ ":" port ] */
static bool is_host(struct span value)
{
    static const char pattern[] = "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(:[0-9]*)?$";
    static regex_t compiled;
    static bool ready;
    char text[20000];
    if (!ready)
        ready = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0;
    if (value.length >= sizeof text || memchr(value.at, '\0', value.length) != NULL)
        return false;
    memcpy(text, value.at, value.length);
    text[value.length] = '\0';
    return regexec(&compiled, text, 0, NULL, 0) == 0;
}

static bool is_single(const struct strict *strict)
{
    static const char *const names[] = {"authorization",    "content-length", "content-type", "expect",
                                        "content-encoding", "host",           "x-request-id"};
    struct span value;
    for (size_t i = 0; i < COUNT(names); i++)
        if (times(strict, names[i], &value) > 1)
            return false;
    return times(strict, "host", &value) == 1 && is_host(value);
}

static void check_message(const struct framing *framing, const struct strict *strict)
{
    struct framing_message message;
    struct err err = {0};
    struct span length = {"", 0};
    long long number = 0;
    bool has_length = times(strict, "Content-Length", &length) == 1;
    bool digits = length.length >= 1 && length.length <= 10;
    for (size_t i = 0; i < length.length && digits; i++) {
        digits = length.at[i] >= '0' && length.at[i] <= '9';
        number = number * 10 + (length.at[i] - '0');
    }
    enum problem problem = framing_read(framing, &message, &err);
    FUZZ_MUST((problem == PROBLEM_NONE) == (err.kind == ERR_NONE));
    if (times(strict, "Transfer-Encoding", &length) > 0)
        FUZZ_MUST(problem == PROBLEM_LENGTH_REQUIRED);
    else if (has_length && !digits)
        FUZZ_MUST(problem == PROBLEM_MALFORMED_REQUEST);
    if (problem == PROBLEM_NONE)
        FUZZ_MUST(message.has_length == has_length && message.content_length == (has_length ? number : 0));
    if (problem == PROBLEM_NONE && message.keep_alive)
        FUZZ_MUST(says(strict->version, "1.1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct strict strict = {.count = 0};
    struct err err = {0};
    size_t used = 0;
    size_t blanks = 0;
    const char *text = (const char *)bytes;
    struct lax *lax = lax_parse(text, size, &used);
    if (lax == NULL)
        return 0;
    while (strchr(" \t\r\n\v\f", text[blanks]) != NULL)
        blanks++;
    bool good = read_strictly((struct span){text + blanks, used - blanks}, &strict);
    bool taken = framing_check(&lax->framing, &err) == PROBLEM_NONE;
    FUZZ_MUST(taken == (err.kind == ERR_NONE));
    FUZZ_MUST(taken ==
              (good && strict.count >= 1 && strict.count <= FRAMING_FIELDS_MAX && is_single(&strict)));
    if (taken) {
        trim(lax);
        compare(&lax->framing, &strict);
        check_message(&lax->framing, &strict);
    }
    lax_free(lax);
    return 0;
}
