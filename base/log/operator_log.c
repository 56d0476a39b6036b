#include "base/log/operator_log.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/time/timestamp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    OPERATOR_LOG_MAX = 512,         /* bytes of a text of ours; what is longer is cut */
    OPERATOR_LOG_JSON = 128 * 1024, /* of a line, escaped: a finding quotes what is in a file */
};

static const char *const levels[] = {
    [OPERATOR_INFO] = "info", [OPERATOR_WARNING] = "warning", [OPERATOR_ERROR] = "error"};

int operator_log_init(struct log *log, bool json)
{
    if (log_init(log, STDERR_FILENO) != 0)
        return -1;
    operator_log_use(log, json);
    return 0;
}

void operator_log_use(struct log *log, bool json)
{
    atomic_store_explicit(&log->json, json, memory_order_relaxed);
}

static void write_object(struct log *log, enum operator_level level, const char *text, size_t length)
{
    static const char lost[] =
        "{\"level\":\"error\",\"text\":\"memory is out: what was to be told is lost\"}\n";
    struct buf line;
    char time[TIMESTAMP_SIZE];
    timestamp_format(clock_wall_ms(), time);
    buf_init(&line, OPERATOR_LOG_JSON);
    json_open(&line);
    json_member(&line, "time", time);
    json_member(&line, "level", levels[level]);
    buf_put(&line, ",\"text\":");
    json_put_string(&line, text, length);
    json_close(&line);
    buf_put_char(&line, '\n');
    if (line.failed)
        log_line(log, lost, sizeof lost - 1);
    else
        log_line(log, buf_text(&line), line.length);
    buf_done(&line);
}

__attribute__((format(printf, 3, 0))) static void tell(struct log *log, enum operator_level level,
                                                       const char *format, va_list arguments)
{
    char line[OPERATOR_LOG_MAX] = "countersign: ";
    const size_t start = sizeof "countersign: " - 1;
    int length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    if (length < 0)
        return;
    size_t end = start + (size_t)length;
    if (end > sizeof line - 2)
        end = sizeof line - 2; /* cut */
    if (atomic_load_explicit(&log->json, memory_order_relaxed)) {
        write_object(log, level, line + start, end - start);
        return;
    }
    line[end] = '\n';
    log_line(log, line, end + 1);
}

void operator_log_write(struct log *log, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(log, OPERATOR_INFO, format, arguments);
    va_end(arguments);
}

void operator_log_warn(struct log *log, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(log, OPERATOR_WARNING, format, arguments);
    va_end(arguments);
}

void operator_log_fail(struct log *log, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(log, OPERATOR_ERROR, format, arguments);
    va_end(arguments);
}

void operator_log_lines(struct log *log, enum operator_level level, const char *lines)
{
    bool json = atomic_load_explicit(&log->json, memory_order_relaxed);
    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
        if (json)
            write_object(log, level, lines, (size_t)(end - lines));
        else
            log_line(log, lines, (size_t)(end - lines) + 1);
    }
}
