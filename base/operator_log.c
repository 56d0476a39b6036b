#include "base/operator_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPERATOR_LOG_MAX = 512 };

void operator_log_write(struct log *log, const char *format, ...)
{
    char line[OPERATOR_LOG_MAX] = "countersign: ";
    const size_t start = sizeof "countersign: " - 1;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t end = start + (size_t)length;
    if (end > sizeof line - 2)
        end = sizeof line - 2; /* cut */
    line[end] = '\n';
    log_line(log, line, end + 1);
}

void operator_log_lines(struct log *log, const char *lines)
{
    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1)
        log_line(log, lines, (size_t)(end - lines) + 1);
}
