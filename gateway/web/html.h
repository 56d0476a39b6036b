/* gateway/web/html.h - HTML, written: markup comes from literals of ours, every value is escaped.
 *
 * There is no other way by which a value gets into a page.  It may stand between tags and in an attribute
 * within quotation marks; nowhere else. */
#ifndef GATEWAY_WEB_HTML_H
#define GATEWAY_WEB_HTML_H

#include "base/base.h"
#include "base/buf.h"

/* Writes `markup`, a literal.  In it %s stands for a text, which is escaped (NULL: "-"), and %lld for a
 * number; there is nothing else. */
void html_put(struct buf *out, const char *markup, ...) PRINTF_LIKE(2, 3);

/* The same for a text alone: & < > " and ' as references; controls that a page must not have, and what is not
 * UTF-8, as U+FFFD. */
void html_put_text(struct buf *out, const char *text);
void html_put_bytes(struct buf *out, const char *text, size_t length);

/* A value within the query of an address in an attribute: percent-encoded, so nothing of it is markup. */
void html_put_query(struct buf *out, const char *text);

/* One field of a CSV file (RFC 4180), in quotation marks; what a spreadsheet would compute begins with an
 * apostrophe. */
void html_put_csv(struct buf *out, const char *text);

#endif
