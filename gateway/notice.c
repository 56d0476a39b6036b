#include "gateway/notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void notice_lines(struct log *log, const char *lines)
{
    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1)
        log_line(log, lines, (size_t)(end - lines) + 1);
}

void notice_attempt(struct log *log, const struct config_upstream *upstream, const struct back_result *result,
                    int64_t ahead_s, const char *why)
{
    if (result->breaker == BREAKER_OPENED)
        notice_write(log, "upstream '%s' does not answer, calls are refused until it does: %s",
                     upstream->name, why);
    if (result->breaker == BREAKER_CLOSES)
        notice_write(log, "upstream '%s' answers again", upstream->name);
    if (result->skew == SKEW_BEGAN)
        notice_write(log, "the clock of upstream '%s' is %lld s %s: is this machine's clock right?",
                     upstream->name, llabs(ahead_s), ahead_s > 0 ? "ahead of ours" : "behind ours");
    if (result->skew == SKEW_ENDED)
        notice_write(log, "the clocks of upstream '%s' and of this machine agree again", upstream->name);
}
