/* client/terminal.h - bytes of a stranger, for a person's terminal.
 *
 * A terminal obeys what it is shown: ESC and the C1 controls move the cursor, change the title or answer in
 * the person's name, and the controls of bidirectional text (Unicode Standard Annex 9) show characters in
 * another order than they have. */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include "base/base.h"
#include "base/buf.h"

/* Appends the bytes with such characters as \u001b, which means the same in JSON, and what is not UTF-8 as
 * \x9b.  Line feeds and tabs stay. */
void terminal_put(struct buf *out, const char *bytes, size_t length);

/* Likewise for one sentence: each such character, a line feed and a tab, too, is a '?'. */
void terminal_put_plain(struct buf *out, const char *text);

#endif
