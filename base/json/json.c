#include "base/json/json.h"

#include "base/text.h"

#include <endian.h>
#include <string.h>

/* Escaped although JSON allows them raw: line separators, and the controls that turn text around. */
static bool is_treacherous(const unsigned char *s, size_t length)
{
    if (length == 2) /* the C1 controls; U+061C, the Arabic letter mark */
        return (s[0] == 0xC2 && s[1] < 0xA0) || (s[0] == 0xD8 && s[1] == 0x9C);
    if (length != 3 || s[0] != 0xE2)
        return false;
    unsigned low = s[2];
    return (s[1] == 0x80 && ((low >= 0x8B && low <= 0x8F) || (low >= 0xA8 && low <= 0xAE))) ||
           (s[1] == 0x81 && low >= 0xA6 && low <= 0xA9);
}

static unsigned code_point(const unsigned char *s, size_t length)
{
    return length == 2 ? ((s[0] & 0x1Fu) << 6) | (s[1] & 0x3Fu)
                       : ((s[0] & 0x0Fu) << 12) | ((s[1] & 0x3Fu) << 6) | (s[2] & 0x3Fu);
}

static void put_ascii(struct buf *out, unsigned char c)
{
    static const char *const short_escapes[0x20] = {
        ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    if (c == '"' || c == '\\') {
        buf_put_char(out, '\\');
        buf_put_char(out, (char)c);
    } else if (c < 0x20 && short_escapes[c] != NULL) {
        buf_put(out, short_escapes[c]);
    } else {
        buf_put_format(out, "\\u%04x", c);
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Eight characters at a time, since most of them are plain: the highest bit of each byte that is not.
 * Subtracting takes it where a byte is smaller, or zero once the character that is looked for is taken out of
 * it; what is borrowed from the next lower byte, which then is not plain, may take that of a plain one. */
static uint64_t not_plain(uint64_t eight)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t quote = eight ^ each * '"';
    uint64_t backslash = eight ^ each * '\\';
    uint64_t del = eight ^ each * 0x7F;
    uint64_t others = eight | (eight - each * 0x20) | (quote - each) | (backslash - each) | (del - each);
    return others & each * 0x80;
}

/* The first of them is the lowest byte. */
static uint64_t eight_at(const char *s)
{
    uint64_t eight;
    memcpy(&eight, s, sizeof eight);
    return le64toh(eight);
}

/* The first four and the last four of four to eight. */
static uint64_t four_and_four(const char *s, size_t length)
{
    uint32_t first, last;
    memcpy(&first, s, sizeof first);
    memcpy(&last, s + length - sizeof last, sizeof last);
    return (uint64_t)first << 32 | last;
}

size_t json_plain_run(const char *bytes, size_t length)
{
    size_t run = 0;
    for (; length - run >= sizeof(uint64_t); run += sizeof(uint64_t)) {
        uint64_t found = not_plain(eight_at(bytes + run));
        if (found != 0)
            return run + (size_t)__builtin_ctzll(found) / 8;
    }
    while (run < length && is_plain((unsigned char)bytes[run]))
        run++;
    return run;
}

/* As nearly all strings are; some characters are looked at twice. */
static bool is_all_plain(const char *s, size_t length)
{
    if (length < sizeof(uint32_t))
        return json_plain_run(s, length) == length;
    if (length < sizeof(uint64_t))
        return not_plain(four_and_four(s, length)) == 0;
    for (size_t i = 0; i + sizeof(uint64_t) < length; i += sizeof(uint64_t))
        if (not_plain(eight_at(s + i)) != 0)
            return false;
    return not_plain(eight_at(s + length - sizeof(uint64_t))) == 0;
}

static void put_quoted(struct buf *out, const char *bytes, size_t length)
{
    char *at = buf_extend(out, length + 2);
    if (at == NULL)
        return;
    at[0] = '"';
    memcpy(at + 1, bytes, length);
    at[length + 1] = '"';
}

void json_put_string(struct buf *out, const char *bytes, size_t length)
{
    if (is_all_plain(bytes, length)) {
        put_quoted(out, bytes, length);
        return;
    }
    buf_put_char(out, '"');
    json_put_inside(out, bytes, length);
    buf_put_char(out, '"');
}

void json_put_inside(struct buf *out, const char *bytes, size_t length)
{
    const unsigned char *s = (const unsigned char *)bytes;
    for (size_t i = 0; i < length;) {
        size_t run = json_plain_run(bytes + i, length - i);
        buf_put_bytes(out, s + i, run);
        i += run;
        if (i == length)
            break;
        size_t step = text_utf8_length(bytes + i, length - i);
        if (step == 1)
            put_ascii(out, s[i]);
        else if (step == 0)
            buf_put(out, "\xEF\xBF\xBD");
        else if (is_treacherous(s + i, step))
            buf_put_format(out, "\\u%04x", code_point(s + i, step));
        else
            buf_put_bytes(out, s + i, step);
        i += step == 0 ? 1 : step;
    }
}

static bool goes_on(const struct buf *out)
{
    char last = out->length == 0 ? '{' : out->bytes[out->length - 1];
    return last != '{' && last != '[' && last != '\n';
}

static void put_comma(struct buf *out)
{
    if (goes_on(out))
        buf_put_char(out, ',');
}

/* In one piece, as nearly all are plain: ,"key": */
static void put_key(struct buf *out, const char *key)
{
    size_t length = strlen(key);
    bool comma = goes_on(out);
    char *at = is_all_plain(key, length) ? buf_extend(out, comma + length + 3) : NULL;
    if (at == NULL) { /* or there is no room */
        put_comma(out);
        json_put_string(out, key, length);
        buf_put_char(out, ':');
        return;
    }
    *at = ',';
    at += comma;
    at[0] = '"';
    memcpy(at + 1, key, length);
    at[length + 1] = '"';
    at[length + 2] = ':';
}

void json_open(struct buf *out)
{
    put_comma(out);
    buf_put_char(out, '{');
}

void json_open_member(struct buf *out, const char *key)
{
    put_key(out, key);
    buf_put_char(out, '{');
}

void json_close(struct buf *out)
{
    buf_put_char(out, '}');
}

void json_open_array(struct buf *out, const char *key)
{
    put_key(out, key);
    buf_put_char(out, '[');
}

void json_close_array(struct buf *out)
{
    buf_put_char(out, ']');
}

void json_member(struct buf *out, const char *key, const char *value)
{
    if (value == NULL)
        return;
    put_key(out, key);
    json_put_string(out, value, strlen(value));
}

void json_member_int(struct buf *out, const char *key, long long value)
{
    put_key(out, key);
    buf_put_int(out, value);
}

void json_member_millis(struct buf *out, const char *key, int64_t micros)
{
    if (micros < 0)
        micros = 0;
    put_key(out, key);
    buf_put_int(out, micros / 1000);
    buf_put_char(out, '.');
    for (int unit = 100; unit > 0; unit /= 10)
        buf_put_char(out, (char)('0' + micros % 1000 / unit % 10));
}

void json_member_bool(struct buf *out, const char *key, bool value)
{
    put_key(out, key);
    buf_put(out, value ? "true" : "false");
}

void json_member_raw(struct buf *out, const char *key, const char *json)
{
    if (json == NULL)
        return;
    put_key(out, key);
    buf_put(out, json);
}

void json_element(struct buf *out, const char *value)
{
    put_comma(out);
    json_put_string(out, value, strlen(value));
}

size_t json_depth(const char *bytes, size_t length, size_t limit)
{
    size_t depth = 0;
    size_t deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < length && deepest <= limit; i++) {
        char c = bytes[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > deepest)
            deepest = depth;
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return deepest;
}
