/* "METHOD path?query" to segments, pairs and a route, against a second reading of RFC 3986 that decodes into
 * plain arrays and knows routes by their templates' text. */
#include "tests/fuzz/fuzz.h"

#include "gateway/door/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAIVE_PARTS_MAX = 600, NAIVE_TEXT_MAX = 4096 };

struct naive {
    char text[NAIVE_TEXT_MAX]; /* all parts, each with its NUL */
    const char *parts[NAIVE_PARTS_MAX];
    size_t used, count;
    bool slash; /* at the end */
};

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 3629 by its table of ranges, section 4. */
static bool is_text(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s != '\0') {
        size_t tail = *s < 0x80 ? 0 : *s >= 0xC2 && *s <= 0xDF ? 1 : *s >= 0xE0 && *s <= 0xEF ? 2 : 3;
        if (*s >= 0x80 && (*s < 0xC2 || *s > 0xF4))
            return false;
        unsigned low = *s == 0xE0 ? 0xA0 : *s == 0xF0 ? 0x90 : 0x80;
        unsigned high = *s == 0xED ? 0x9F : *s == 0xF4 ? 0x8F : 0xBF;
        for (size_t i = 1; i <= tail; i++, low = 0x80, high = 0xBF)
            if (s[i] < low || s[i] > high)
                return false;
        s += tail + 1;
    }
    return true;
}

/* Decodes `length` characters to a new part.  `plain` may stand as they are; in a path, what need not be
 * escaped must not be. */
static bool add(struct naive *naive, const char *raw, size_t length, const char *plain, bool path)
{
    char *out = naive->text + naive->used;
    size_t n = 0;
    if (naive->count == NAIVE_PARTS_MAX || naive->used + length + 1 > sizeof naive->text)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned value = 0;
        if (raw[i] != '%') {
            if (!is_in(raw[i], unreserved) && !is_in(raw[i], plain))
                return false;
            out[n++] = !path && raw[i] == '+' ? ' ' : raw[i];
            continue;
        }
        char hex[3] = {0};
        strncpy(hex, raw + i + 1, length - i - 1 < 2 ? length - i - 1 : 2);
        if (strspn(hex, "0123456789abcdefABCDEF") != 2 || sscanf(hex, "%2x", &value) != 1 || value == 0)
            return false;
        if (path && (is_in((char)value, unreserved) || value == '/' || value == '\\'))
            return false;
        out[n++] = (char)value;
        i += 2;
    }
    out[n] = '\0';
    naive->parts[naive->count++] = out;
    naive->used += n + 1;
    return is_text(out);
}

static bool read_path(const char *path, struct naive *naive)
{
    if (path[0] != '/')
        return false;
    if (path[1] == '\0')
        return true;
    for (const char *at = path + 1;; at++) {
        size_t length = strcspn(at, "/");
        if (*at == '\0' && naive->count > 0) {
            naive->slash = true;
            return true;
        }
        if (!add(naive, at, length, "!$&'()*+,;=:@", true))
            return false;
        const char *last = naive->parts[naive->count - 1];
        if (last[0] == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

static bool read_query(const char *query, struct naive *naive)
{
    if (query == NULL || query[0] == '\0')
        return true;
    for (const char *at = query;; at++) {
        size_t length = strcspn(at, "&");
        size_t name = strcspn(at, "=&");
        size_t skip = name < length ? name + 1 : name;
        if (length == 0 && *at == '&')
            continue;
        if (length == 0)
            return true;
        if (name == 0 || !add(naive, at, name, "!$'()*+,;:@/?", false) ||
            !add(naive, at + skip, length - skip, "!$'()*+,;:@/?=", false))
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

/* Does the template, taken as text, fit the path's parts? */
static bool fits(const char *template, const struct naive *path)
{
    size_t i = 0;
    if (path->slash)
        return false;
    for (const char *at = template; *at == '/'; i++) {
        size_t length = strcspn(at + 1, "/");
        if (i == path->count)
            return false;
        if (at[1] != '{' &&
            (strlen(path->parts[i]) != length || strncmp(path->parts[i], at + 1, length) != 0))
            return false;
        at += length + 1;
    }
    return i == path->count;
}

static bool takes(const struct config_route *route, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") == 0 && route->effect == CONFIG_READ ? "GET" : method;
    return strcmp(route->method, wanted) == 0;
}

static void check_route(struct exchange *x, const struct naive *path)
{
    const struct config_route *expected = NULL;
    bool exists = false;
    for (size_t i = x->config->route_count; i-- > 0;) {
        const struct config_route *route = &x->config->routes[i];
        exists = exists || fits(route->template, path);
        if (fits(route->template, path) && takes(route, x->head->method))
            expected = route;
    }
    FUZZ_MUST(route_match(x) == PROBLEM_NONE);
    FUZZ_MUST(x->route == expected);
    FUZZ_MUST(!exists || x->path_exists);
    for (size_t i = 0; x->route != NULL && i < x->route->segment_count; i++)
        FUZZ_MUST(x->captures[i] == (x->route->segments[i].capture ? x->target.segments[i] : NULL));
}

static void check(struct exchange *x)
{
    static struct naive path, query;
    path.used = path.count = query.used = query.count = 0;
    path.slash = false;
    int result = target_parse(x->head->target, x->head->query, x->arena, &x->target, &x->err);
    bool good = read_path(x->head->target, &path) && read_query(x->head->query, &query);
    bool fit = path.count <= TARGET_SEGMENTS_MAX && query.count <= 2 * TARGET_PAIRS_MAX;
    FUZZ_MUST((result == 0) == (good && fit));
    FUZZ_MUST((result == 0) == (x->err.kind == ERR_NONE));
    if (result != 0)
        return;
    FUZZ_MUST(x->target.slash == path.slash);
    FUZZ_MUST(x->target.segment_count == path.count && x->target.pair_count == query.count / 2);
    for (size_t i = 0; i < path.count; i++)
        FUZZ_MUST(strcmp(x->target.segments[i], path.parts[i]) == 0);
    for (size_t i = 0; i < query.count; i += 2) {
        FUZZ_MUST(strcmp(x->target.pairs[i / 2].name, query.parts[i]) == 0);
        FUZZ_MUST(strcmp(x->target.pairs[i / 2].value, query.parts[i + 1]) == 0);
    }
    check_route(x, &path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > NAIVE_TEXT_MAX / 2)
        return 0;
    char *text = fuzz_text(bytes, size);
    char *target = strchr(text, ' ');
    if (target != NULL) {
        *target++ = '\0';
        char *query = strchr(target, '?');
        if (query != NULL)
            *query++ = '\0';
        const struct request_head head = {.method = text, .target = target, .query = query};
        struct exchange x = {.config = fuzz_config(), .arena = fuzz_arena(), .head = &head};
        check(&x);
    }
    free(text);
    return 0;
}
