/* base/operator_log.h - one line on standard error for the operator: something changed that a person should
 * know. Nothing secret, and never once per request. */
#ifndef BASE_OPERATOR_LOG_H
#define BASE_OPERATOR_LOG_H

#include "base/base.h"
#include "base/log.h"

/* "countersign: ...\n"; safe from any thread. */
void operator_log_write(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

/* Lines as they are, such as the findings of a report; "" says nothing. */
void operator_log_lines(struct log *log, const char *lines);

#endif
