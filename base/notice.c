#include "base/notice.h"

#include <stdarg.h>
#include <stdio.h>

enum { NOTICE_MAX = 512 };

void notice_write(struct log *log, const char *format, ...)
{
    char line[NOTICE_MAX] = "countersign: ";
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
