/* gateway/notice.h - one line on standard error for the operator: something changed that a person should
 * know. Nothing secret, and never once per request. */
#ifndef GATEWAY_NOTICE_H
#define GATEWAY_NOTICE_H

#include "base/base.h"
#include "base/log.h"
#include "gateway/back.h"

/* "countersign: ...\n"; safe from any thread. */
void notice_write(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

/* Lines as they are, such as the findings of a report; "" says nothing. */
void notice_lines(struct log *log, const char *lines);

/* What an attempt changed about its upstream, if anything: its breaker, its clock (`ahead_s` of ours).  `why`
 * is what its caller would be told. */
void notice_attempt(struct log *log, const struct config_upstream *upstream, const struct back_result *result,
                    int64_t ahead_s, const char *why);

#endif
