/* base/log/operator_log.h - one line on standard error for the operator: something changed that a person
 * should know. Nothing secret, and never once per request.
 *
 * A line is words, "countersign: ...", or with `notices: json` an object: time, level, text. */
#ifndef BASE_LOG_OPERATOR_LOG_H
#define BASE_LOG_OPERATOR_LOG_H

#include "base/base.h"
#include "base/log/log.h"

enum operator_level {
    OPERATOR_INFO,    /* so it is now */
    OPERATOR_WARNING, /* somebody should look */
    OPERATOR_ERROR,   /* what was asked for did not happen */
};

/* Standard error as a log; log_done() ends it. */
MUST_USE int operator_log_init(struct log *log, bool json);

/* From the next line on; any thread. */
void operator_log_use(struct log *log, bool json);

/* Safe from any thread. */
void operator_log_write(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
void operator_log_warn(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
void operator_log_fail(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

/* Lines as they are, such as the findings of a report; "" says nothing. */
void operator_log_lines(struct log *log, enum operator_level level, const char *lines);

#endif
