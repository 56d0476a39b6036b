/* config/definitions/document_value.h - one text, number or boolean of a request's document: what it may
 * be, and the text by which it is judged.  Any thread. */
#ifndef CONFIG_DEFINITIONS_DOCUMENT_VALUE_H
#define CONFIG_DEFINITIONS_DOCUMENT_VALUE_H

#include "base/arena.h"
#include "base/json/json_value.h"

enum { DOCUMENT_VALUE_NUMBER_MAX = 64 }; /* characters of a number */

/* Is it of that enum definitions_type, which is not DEFINITIONS_OBJECT? */
bool document_value_is_of_type(const struct json_value *value, int type);

/* A number within every range; a string that is one text to every reader, without U+0000 and half of a
 * surrogate pair; anything else is. */
bool document_value_is_exact(const struct json_value *value);

/* The text by which a value is judged: a string's characters, a number without what can be left out of it
 * ("1e2" is "100", "1.50" is "1.5"), true or false.  NULL when memory is out or the number is out of every
 * range. */
MUST_USE const char *document_value_text(const struct json_value *value, struct arena *arena);

#endif
