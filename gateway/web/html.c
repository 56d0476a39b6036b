#include "gateway/web/html.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

static const char *reference_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_put_text(struct buf *out, const char *text)
{
    html_put_bytes(out, text, strlen(text));
}

void html_put_bytes(struct buf *out, const char *text, size_t length)
{
    size_t step = 0;
    for (size_t i = 0; i < length; i += step) {
        const char *reference = reference_of(text[i]);
        unsigned char c = (unsigned char)text[i];
        step = text_utf8_length(text + i, length - i);
        if (step == 0 || c == 0x7F || (c < 0x20 && c != '\n' && c != '\r' && c != '\t'))
            buf_put(out, "\xEF\xBF\xBD");
        else if (reference != NULL)
            buf_put(out, reference);
        else
            buf_put_bytes(out, text + i, step);
        step = step == 0 ? 1 : step;
    }
}

void html_put(struct buf *out, const char *markup, ...)
{
    va_list values;
    va_start(values, markup);
    for (const char *at = markup; *at != '\0';) {
        size_t plain = strcspn(at, "%");
        buf_put_bytes(out, at, plain);
        at += plain;
        if (strncmp(at, "%s", 2) == 0) {
            const char *text = va_arg(values, const char *);
            html_put_text(out, text == NULL ? "-" : text);
            at += 2;
        } else if (strncmp(at, "%lld", 4) == 0) {
            buf_put_int(out, va_arg(values, long long));
            at += 4;
        } else if (*at == '%') {
            out->failed = true; /* a mistake of ours: no page is better than a wrong one */
            break;
        }
    }
    va_end(values);
}

void html_put_query(struct buf *out, const char *text)
{
    buf_put_percent(out, text, strlen(text));
}

void html_put_csv(struct buf *out, const char *text)
{
    buf_put(out, text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "\"'" : "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            buf_put_char(out, '"');
        buf_put_char(out, *c);
    }
    buf_put_char(out, '"');
}
