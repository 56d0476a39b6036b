#include "gateway/connection/chunked.h"

#include "base/text.h"
#include "gateway/http/framing.h"

#include <string.h>
#include <strings.h>

enum where {
    SIZE,
    SIZE_LF,
    EXTENSION_NAME, /* behind ';' */
    EXTENSION,      /* within the name */
    EXTENSION_VALUE,
    EXTENSION_TOKEN,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPED,
    EXTENSION_BEHIND, /* a quoted value */
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* at the begin of a line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    WHOLE,
    BROKEN,
};

void chunked_begin(struct chunked *chunked)
{
    chunked->where = SIZE;
    chunked->digits = 0;
    chunked->left = 0;
    chunked->extensions = chunked->trailer = chunked->name_length = 0;
    chunked->why = NULL;
}

static enum where broken(struct chunked *chunked, const char *why)
{
    chunked->why = why;
    return BROKEN;
}

static bool is_tchar(char c)
{
    return text_is_token(&c, 1);
}

/* HTAB, SP, VCHAR, obs-text */
static bool is_text(char c)
{
    return c == '\t' || (unsigned char)c >= ' ';
}

/* ---- chunk-size [ chunk-ext ] CRLF ---- */

static enum where take_size(struct chunked *chunked, char c)
{
    int value = text_hex_value(c);
    if (value >= 0 && chunked->digits == CHUNKED_DIGITS_MAX)
        return broken(chunked, "a chunk's size has more than 8 digits");
    if (value >= 0) {
        chunked->digits++;
        chunked->left = chunked->left * 16 + (unsigned)value;
        return SIZE;
    }
    if (chunked->digits == 0 || (c != '\r' && c != ';'))
        return broken(chunked, "a chunk's size is not one hexadecimal number");
    return c == '\r' ? SIZE_LF : EXTENSION_NAME;
}

/* No blanks around ';' and '=': section 7.1.1 allows them for the sake of old senders, and readers differ. */
static enum where take_extension(struct chunked *chunked, char c)
{
    static const char why[] = "a chunk's extension is not name or name=value";
    if (++chunked->extensions > CHUNKED_EXTENSIONS_MAX)
        return broken(chunked, "the extensions of the chunks are too long");
    switch (chunked->where) {
    case EXTENSION_NAME:
        return is_tchar(c) ? EXTENSION : broken(chunked, why);
    case EXTENSION:
        if (is_tchar(c) || c == '=')
            return c == '=' ? EXTENSION_VALUE : EXTENSION;
        break;
    case EXTENSION_VALUE:
        if (is_tchar(c) || c == '"')
            return c == '"' ? EXTENSION_QUOTED : EXTENSION_TOKEN;
        return broken(chunked, why);
    case EXTENSION_TOKEN:
        if (is_tchar(c))
            return EXTENSION_TOKEN;
        break;
    case EXTENSION_QUOTED:
        if (c == '"' || c == '\\')
            return c == '"' ? EXTENSION_BEHIND : EXTENSION_ESCAPED;
        return is_text(c) && c != 0x7F ? EXTENSION_QUOTED : broken(chunked, why);
    case EXTENSION_ESCAPED:
        return is_text(c) && c != 0x7F ? EXTENSION_QUOTED : broken(chunked, why);
    default: /* EXTENSION_BEHIND */
        break;
    }
    return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION_NAME : broken(chunked, why);
}

static enum where end_size(struct chunked *chunked, char c)
{
    if (c != '\n')
        return broken(chunked, "a chunk's size does not end in CR LF");
    chunked->digits = 0;
    return chunked->left > 0 ? DATA : TRAILER;
}

/* ---- trailer-section CRLF ---- */

/* Fields that say where a message ends, or for whom it is, have no place behind it: RFC 9110 section
 * 6.5.1. */
static enum where end_name(struct chunked *chunked)
{
    static const char *const forbidden[] = {"host", "authorization", "expect"};
    chunked->name[chunked->name_length] = '\0';
    bool taken = chunked->name_length > 0 && !framing_is_alike(chunked->name);
    for (size_t i = 0; i < COUNT(forbidden); i++)
        taken = taken && strcasecmp(chunked->name, forbidden[i]) != 0;
    return taken ? TRAILER_VALUE : broken(chunked, "a trailer field has a name that trailers cannot have");
}

static enum where take_trailer(struct chunked *chunked, char c)
{
    if (++chunked->trailer > CHUNKED_TRAILER_MAX)
        return broken(chunked, "the trailer fields are too long");
    if (chunked->where == TRAILER && c == '\r')
        return END_LF;
    if (chunked->where == TRAILER_VALUE)
        return c == '\r'                 ? TRAILER_LF
               : is_text(c) && c != 0x7F ? TRAILER_VALUE
                                         : broken(chunked, "a trailer field holds a control character");
    if (chunked->where == TRAILER)
        chunked->name_length = 0;
    if (c == ':')
        return end_name(chunked);
    if (!is_tchar(c) || chunked->name_length == CHUNKED_NAME_MAX)
        return broken(chunked, "a trailer field is not a name, ':' and a value");
    chunked->name[chunked->name_length++] = c;
    return TRAILER_NAME;
}

/* ---- both ---- */

static enum where take(struct chunked *chunked, char c)
{
    switch (chunked->where) {
    case SIZE:
        return take_size(chunked, c);
    case SIZE_LF:
        return end_size(chunked, c);
    case DATA_CR:
        return c == '\r' ? DATA_LF : broken(chunked, "a chunk is longer than its size says");
    case DATA_LF:
        return c == '\n' ? SIZE : broken(chunked, "a chunk does not end in CR LF");
    case TRAILER_LF:
        return c == '\n' ? TRAILER : broken(chunked, "a trailer field does not end in CR LF");
    case END_LF:
        return c == '\n' ? WHOLE : broken(chunked, "the chunks do not end in CR LF");
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return take_trailer(chunked, c);
    default:
        return take_extension(chunked, c);
    }
}

static void copy_data(struct chunked *chunked, const char *bytes, size_t length, size_t *taken, char *out,
                      size_t size, size_t *put)
{
    size_t step = length - *taken < size - *put ? length - *taken : size - *put;
    if (step > chunked->left)
        step = (size_t)chunked->left;
    memcpy(out + *put, bytes + *taken, step);
    *taken += step;
    *put += step;
    chunked->left -= step;
    if (chunked->left == 0)
        chunked->where = DATA_CR;
}

enum chunked_state chunked_read(struct chunked *chunked, const char *bytes, size_t length, size_t *taken,
                                char *out, size_t size, size_t *put)
{
    *taken = *put = 0;
    while (*taken < length && chunked->where != WHOLE && chunked->where != BROKEN) {
        if (chunked->where != DATA)
            chunked->where = (int)take(chunked, bytes[(*taken)++]);
        else if (*put < size)
            copy_data(chunked, bytes, length, taken, out, size, put);
        else
            break;
    }
    return chunked->where == WHOLE ? CHUNKED_WHOLE : chunked->where == BROKEN ? CHUNKED_BROKEN : CHUNKED_PART;
}
