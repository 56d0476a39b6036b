/* base/notice.h - one line on standard error for the operator: something changed that a person should
 * know. Nothing secret, and never once per request. */
#ifndef BASE_NOTICE_H
#define BASE_NOTICE_H

#include "base/base.h"
#include "base/log.h"

/* "countersign: ...\n"; safe from any thread. */
void notice_write(struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
