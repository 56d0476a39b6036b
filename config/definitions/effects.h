/* config/definitions/effects.h - does an action read, change, or hand out power?
 *
 * The vendor does not say.  An action reads when its name begins with one of a few words; everything else
 * changes.  A read is `secret` when its answer has a text that is called like a key, a password, a token or
 * a console's address, in an object that no request of the service carries: what requests carry is what a
 * caller said itself.  exceptions.txt has what names do not tell. */
#ifndef CONFIG_DEFINITIONS_EFFECTS_H
#define CONFIG_DEFINITIONS_EFFECTS_H

#include "config/definitions/definitions.h"

/* Writes the effect of each action; they are settled. */
MUST_USE int effects_find(struct definitions *definitions, struct arena *arena, struct err *err);

#endif
