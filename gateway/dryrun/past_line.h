/* gateway/dryrun/past_line.h - a line of an access log or an audit file, for those that look at its texts.
 *
 * Values that are no texts, and hold none, are null in it. */
#ifndef GATEWAY_DRYRUN_PAST_LINE_H
#define GATEWAY_DRYRUN_PAST_LINE_H

#include "base/base.h"

#include <jansson.h>

/* `length` bytes without the line feed.  *line is the caller's; NULL: it is no JSON object, or has a
 * key twice.  -1 when memory is out: it is whole, or not there. */
MUST_USE int past_line_read(const char *bytes, size_t length, json_t **line);

#endif
