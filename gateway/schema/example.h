/* gateway/schema/example.h - a value that a parameter could have, for those who read about it. */
#ifndef GATEWAY_SCHEMA_EXAMPLE_H
#define GATEWAY_SCHEMA_EXAMPLE_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

enum { EXAMPLE_MAX = 256 }; /* bytes of one that is made: longer ones show nothing more */

/* One value as text: the catalog's example, or else one that is made of what the catalog says (its values,
 * its default, its bounds, its pattern).  False, nothing put: none was found that a call could have. */
bool example_text(struct buf *out, const struct config_param *param);

/* The member `key` with a whole value as JSON; nothing where there is no example. */
void example_put(struct buf *out, const char *key, const struct config_param *param);

/* The same for one value of it, such as a segment of a path holds. */
void example_put_one(struct buf *out, const char *key, const struct config_param *param);

#endif
