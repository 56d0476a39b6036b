/* config/definitions/definitions_text.h - definitions in the compact form, read and written, and shown to
 * people. */
#ifndef CONFIG_DEFINITIONS_DEFINITIONS_TEXT_H
#define CONFIG_DEFINITIONS_DEFINITIONS_TEXT_H

#include "base/buf.h"
#include "config/definitions/definitions.h"

/* Reads the compact form, which it cuts up in place: `text` has `length` bytes and a NUL behind them, and
 * lives as long as the definitions.  `name` is for messages.  -1: it is cut, or something else; `err` names
 * file and line. */
MUST_USE int definitions_text_read(struct definitions *definitions, char *text, size_t length,
                                   const char *name, struct arena *arena, struct err *err);

/* What definitions_text_read() reads; the same definitions give the same bytes. */
void definitions_text_put(struct buf *out, const struct definitions *definitions);

/* An action with its effect, what it takes and what it answers, objects indented below what they stand in.
 * An object that stands in itself, or stood there before, is named and not unfolded again. */
void definitions_text_show(struct buf *out, const struct definitions *definitions,
                           const struct definitions_action *action);

/* "[Tag]", "string" */
void definitions_text_put_type(struct buf *out, const struct definitions_member *member);

#endif
