/* gateway/translate/hint.h - what a caller should have written, where a parameter is refused.
 *
 * A problem about a parameter has its name, the form that is wanted, an example, and what was probably meant.
 * What a caller wrote goes back only where it has that form, or is a name of at most 32 characters: it could
 * be a token in the wrong place.  Of a secret parameter nothing goes back, and documents of the cloud's own
 * (/actions) have no hints.  Memory that is out makes no hint, and no other difference. */
#ifndef GATEWAY_TRANSLATE_HINT_H
#define GATEWAY_TRANSLATE_HINT_H

#include "base/buf.h"
#include "gateway/exchange/exchange.h"

enum { HINT_MAX = 512 }; /* bytes of each of them; what would be longer is left out */

/* The refusal is about this parameter. */
void hint_about(struct exchange *x, const struct config_param *param);

/* The same, and this value of it is wrong. */
void hint_value(struct exchange *x, const struct config_param *param, const char *value);

/* No parameter here is called so.  `name` is text_is_name(). */
void hint_name(struct exchange *x, const char *name);

/* The members parameter, expected, example and meant, where they are known. */
void hint_put(struct buf *body, const struct exchange *x);

#endif
