#include "config/reader/report.h"

#include "base/json/json.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REPORT_CEILING = 128 * 1024, REPORT_JSON_CEILING = 512 * 1024, REPORT_LINE = 512 };

void report_init(struct report *report)
{
    *report = (struct report){0};
    buf_init(&report->errors, REPORT_CEILING);
    buf_init(&report->warnings, REPORT_CEILING);
    buf_init(&report->json, REPORT_JSON_CEILING);
}

static bool is_out_of_memory(const struct report *report)
{
    return report->errors.bytes == report->last_word;
}

/* An error that cannot be told is told of: who asks has nothing else to go by. */
static void say_last_word(struct report *report)
{
    if (!is_out_of_memory(report))
        buf_done(&report->errors);
    buf_init_in(&report->errors, report->last_word, sizeof report->last_word);
    buf_put(&report->errors, "out of memory: what is wrong cannot be told\n");
}

void report_done(struct report *report)
{
    if (!is_out_of_memory(report))
        buf_done(&report->errors);
    buf_done(&report->warnings);
    buf_done(&report->json);
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

static const struct {
    const char *name;
    const char *label;
} severities[] = {[REPORT_ERROR] = {"error", ""},
                  [REPORT_SECURITY] = {"security warning", "security warning: "},
                  [REPORT_SUGGESTION] = {"suggestion", "suggestion: "}};

static void put_line(struct buf *out, const struct report_kind *kind, const char *text)
{
    const struct mark *mark = kind->mark;
    if (mark != NULL && mark->line > 0)
        buf_put_format(out, "%.200s:%u:%u: ", mark->file, mark->line, mark->column);
    else if (mark != NULL)
        buf_put_format(out, "%.200s: ", mark->file);
    buf_put(out, severities[kind->severity].label);
    put_plain(out, text);
    if (kind->advice != NULL)
        buf_put_format(out, " (%s)", kind->advice);
    if (kind->owner != NULL)
        buf_put_format(out, " [owner: %.64s]", kind->owner);
    if (kind->note != NULL)
        buf_put_format(out, " [note: %.200s]", kind->note);
    buf_put_char(out, '\n');
}

static void put_json(struct buf *out, const struct report_kind *kind, const char *text)
{
    json_open(out);
    json_member(out, "severity", severities[kind->severity].name);
    if (kind->mark != NULL)
        json_member(out, "file", kind->mark->file);
    if (kind->mark != NULL && kind->mark->line > 0) {
        json_member_int(out, "line", kind->mark->line);
        json_member_int(out, "column", kind->mark->column);
    }
    json_member(out, "text", text);
    json_member(out, "advice", kind->advice);
    json_member(out, "owner", kind->owner);
    json_member(out, "note", kind->note);
    json_close(out);
}

__attribute__((format(printf, 3, 0))) static void find(struct report *report, const struct report_kind *kind,
                                                       const char *format, va_list arguments)
{
    char text[REPORT_LINE];
    bool error = kind->severity == REPORT_ERROR;
    unsigned *count = error ? &report->error_count : &report->warning_count;
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    if (*count < REPORT_ERRORS_MAX) {
        put_line(error ? &report->errors : &report->warnings, kind, text);
        put_json(&report->json, kind, text);
    }
    if ((*count)++ == REPORT_ERRORS_MAX && error)
        buf_put(&report->errors, "... and more\n");
    if (report->errors.failed)
        say_last_word(report);
}

void report_find(struct report *report, const struct report_kind *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    find(report, kind, format, arguments);
    va_end(arguments);
}

int report_error(struct report *report, const struct mark *mark, const char *format, ...)
{
    const struct report_kind kind = {.severity = REPORT_ERROR, .mark = mark};
    va_list arguments;
    va_start(arguments, format);
    find(report, &kind, format, arguments);
    va_end(arguments);
    return -1;
}
