#include "gateway/http/target.h"

#include "base/text.h"

#include <string.h>

/* RFC 3986 section 3.3: pchar without the percent-encoded ones. */
static bool is_pchar(char c)
{
    return text_is_unreserved((unsigned char)c) || (c != '\0' && strchr("!$&'()*+,;=:@", c) != NULL);
}

/* The byte of "%XX" at `at`; -1 when it is none. */
static int escaped(const char *at)
{
    int high = text_hex_value(at[1]);
    int low = high < 0 ? -1 : text_hex_value(at[2]);
    return low < 0 ? -1 : high * 16 + low;
}

static int decode_segment(const char *raw, size_t length, char *out, struct err *err)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)raw[i];
        if (raw[i] == '%') {
            c = i + 2 < length ? escaped(raw + i) : -1;
            if (c < 0)
                return err_set(err, ERR_INPUT, "the path holds a '%%' that is no escape");
            if (text_is_unreserved((unsigned char)c) || c == '/' || c == '\\')
                return err_set(err, ERR_INPUT, "the path escapes a character that must not be escaped");
            i += 2;
        } else if (!is_pchar(raw[i])) {
            return err_set(err, ERR_INPUT, "the path holds a character that must be escaped");
        }
        out[used++] = (char)c;
    }
    out[used] = '\0';
    if (strlen(out) != used || !text_is_utf8(out, used))
        return err_set(err, ERR_INPUT, "the path holds a NUL or is not UTF-8");
    if (used == 0 || strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
        return err_set(err, ERR_INPUT, "the path has an empty segment, '.' or '..'");
    return 0;
}

static int parse_path(const char *path, struct arena *arena, struct target *target, struct err *err)
{
    if (path[0] != '/')
        return err_set(err, ERR_INPUT, "the request target must start with '/'");
    if (path[1] == '\0')
        return 0; /* "/": no segment */
    for (const char *at = path; *at == '/';) {
        size_t length = strcspn(at + 1, "/");
        if (length == 0 && at[1] == '\0' && at > path) {
            target->slash = true;
            return 0;
        }
        if (target->segment_count == TARGET_SEGMENTS_MAX)
            return err_set(err, ERR_LIMIT, "the path has more than %d segments", TARGET_SEGMENTS_MAX);
        char *segment = arena_alloc(arena, length + 1);
        if (segment == NULL)
            return err_memory(err);
        if (decode_segment(at + 1, length, segment, err) != 0)
            return -1;
        target->segments[target->segment_count++] = segment;
        at += 1 + length;
    }
    return 0;
}

bool target_put_list_name(const char *name, char out[TARGET_NAME_SIZE])
{
    size_t length = strcspn(name, "[%"); /* "[" or, as it came, "%5B" */
    if (length == 0 || length >= TARGET_NAME_SIZE)
        return false;
    memcpy(out, name, length);
    out[length] = '\0';
    return text_is_name(out);
}

/* "ids[]=a&ids[0]=b", as some clients write a list. */
static void refuse_brackets(const char *name, struct err *err)
{
    char before[TARGET_NAME_SIZE];
    if (target_put_list_name(name, before))
        err_set(err, ERR_INPUT, TARGET_BRACKETS, before, before, before);
    else
        err_set(err, ERR_INPUT, "the query holds a bracket: a list is its name several times, as in a=1&a=2");
}

/* Names the character, where it can be shown; `c` may be any.  `name` is the pair's where it is in that, or
 * NULL. */
static void refuse_query(char c, const char *name, struct err *err)
{
    if (name != NULL && (c == '[' || c == ']'))
        refuse_brackets(name, err);
    else if (c == '%')
        err_set(err, ERR_INPUT, "the query holds a '%%' that is no escape: write it as %%25");
    else if ((unsigned char)c <= ' ' || (unsigned char)c >= 0x7F)
        err_set(err, ERR_INPUT, "the query holds an octet that must be written as %%%02X", (unsigned char)c);
    else
        err_set(err, ERR_INPUT, "the query holds '%c', which must be written as %%%02X", c, (unsigned char)c);
}

/* A name or a value; '+' is a blank, as in every form. */
static const char *decode_query(const char *raw, size_t length, bool is_name, struct arena *arena,
                                struct err *err)
{
    size_t used = 0;
    char *out = arena_alloc(arena, length + 1);
    if (out == NULL) {
        err_memory(err);
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        size_t escape = i;
        int c = raw[i] == '+' ? ' ' : (unsigned char)raw[i];
        if (raw[i] == '%') {
            c = i + 2 < length ? escaped(raw + i) : -1;
            i += 2;
        } else if (!is_pchar(raw[i]) && raw[i] != '/' && raw[i] != '?') {
            c = -1;
        }
        if (c < 0) {
            refuse_query(raw[escape], is_name ? raw : NULL, err);
            return NULL;
        }
        out[used++] = (char)c;
    }
    out[used] = '\0';
    if (strlen(out) != used || !text_is_utf8(out, used)) {
        err_set(err, ERR_INPUT, "the query holds a NUL or is not UTF-8");
        return NULL;
    }
    return out;
}

static int parse_pair(const char *raw, size_t length, size_t room, struct arena *arena, struct target *target,
                      struct err *err)
{
    const char *equals = memchr(raw, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - raw);
    size_t value_length = equals == NULL ? 0 : length - name_length - 1;
    if (name_length == 0)
        return err_set(err, ERR_INPUT, "the query has a pair without a name");
    if (target->pair_count == room)
        return err_set(err, ERR_LIMIT, "the query has more than %zu pairs", room);
    const char *name = decode_query(raw, name_length, true, arena, err);
    const char *value =
        name == NULL ? NULL : decode_query(raw + length - value_length, value_length, false, arena, err);
    if (value == NULL)
        return -1;
    target->pairs[target->pair_count++] = (struct target_pair){name, value};
    return 0;
}

int target_parse_pairs(const char *query, size_t most, struct arena *arena, struct target *target,
                       struct err *err)
{
    if (query == NULL || query[0] == '\0')
        return 0;
    size_t room = 1;
    for (const char *c = query; *c != '\0'; c++)
        room += *c == '&';
    target->pairs = arena_array(arena, room < most ? room : most, sizeof *target->pairs);
    if (target->pairs == NULL)
        return err_memory(err);
    for (const char *at = query;; at++) {
        size_t length = strcspn(at, "&");
        if (length > 0 && parse_pair(at, length, most, arena, target, err) != 0)
            return -1;
        at += length;
        if (*at == '\0')
            return 0;
    }
}

int target_parse(const char *path, const char *query, struct arena *arena, struct target *target,
                 struct err *err)
{
    *target = (struct target){0};
    return parse_path(path, arena, target, err) != 0 ||
                   target_parse_pairs(query, TARGET_PAIRS_MAX, arena, target, err) != 0
               ? -1
               : 0;
}
