/* gateway/console/past.h - the last requests that the gateway keeps in memory: lines of its access log
 * (docs/logs.md). */
#ifndef GATEWAY_CONSOLE_PAST_H
#define GATEWAY_CONSOLE_PAST_H

#include "base/log/line_ring.h"
#include "gateway/console/page.h"

#include <jansson.h>

/* The caller's copy; NULL when memory is out. */
MUST_USE struct line_ring *past_lines(const struct page *page);

/* NULL: that is no line of the log. */
MUST_USE json_t *past_parse(const char *bytes, size_t length);

/* A member's text; "": there is none. */
const char *past_text(const json_t *line, const char *key);

/* Does the line have these bytes somewhere: the member with that text, as the log writes it?  True does not
 * say that it is a member of the line itself. */
bool past_has_member(const char *bytes, size_t length, const char *key, const char *text);

enum { PAST_NAME = 80 };

/* The name that the line's first member of that key has, without parsing the line: for members that stand
 * before all that a caller can choose, or have no such text.  False: there is none, or it is no plain
 * name. */
bool past_name(const char *bytes, size_t length, const char *key, char name[PAST_NAME]);

/* When each token was used last, and from where; to be given up with json_decref(). */
MUST_USE json_t *past_tokens(const struct line_ring *lines);

/* The line of its last use, with the members time and source; NULL: none of them had it. */
const json_t *past_token(const json_t *tokens, const char *client, const char *token);

#endif
