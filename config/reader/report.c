#include "config/reader/report.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPORT_CEILING = 64 * 1024, REPORT_LINE = 512 };

void report_init(struct report *report)
{
    *report = (struct report){0};
    buf_init(&report->errors, REPORT_CEILING);
    buf_init(&report->warnings, REPORT_CEILING);
}

void report_done(struct report *report)
{
    buf_done(&report->errors);
    buf_done(&report->warnings);
}

/* A line stays a line, whatever was quoted in it; a character that was cut is left out. */
static void put_plain(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0';) {
        unsigned char head = (unsigned char)*c;
        size_t length = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : head >= 0x80 ? 2 : 1;
        if (strnlen(c, length) < length || !text_is_utf8(c, length)) {
            c++;
            continue;
        }
        if (length == 1)
            buf_put_char(out, text_has_control(c, 1) ? '?' : *c);
        else
            buf_put_bytes(out, c, length);
        c += length;
    }
}

__attribute__((format(printf, 4, 0))) static void
put_line(struct buf *out, const struct mark *mark, const char *label, const char *format, va_list arguments)
{
    char text[REPORT_LINE];
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    if (mark != NULL && mark->line > 0)
        buf_put_format(out, "%.200s:%u:%u: ", mark->file, mark->line, mark->column);
    else if (mark != NULL)
        buf_put_format(out, "%.200s: ", mark->file);
    buf_put(out, label);
    put_plain(out, text);
    buf_put_char(out, '\n');
}

int report_error(struct report *report, const struct mark *mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (report->error_count < REPORT_ERRORS_MAX)
        put_line(&report->errors, mark, "", format, arguments);
    va_end(arguments);
    if (report->error_count++ == REPORT_ERRORS_MAX)
        buf_put(&report->errors, "... and more\n");
    return -1;
}

void report_warning(struct report *report, const struct mark *mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (report->warning_count < REPORT_ERRORS_MAX)
        put_line(&report->warnings, mark, "warning: ", format, arguments);
    va_end(arguments);
    report->warning_count++;
}
