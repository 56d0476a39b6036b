/* gateway/schema/schema.h - what a parameter may be, as a JSON schema (draft 2020-12, as OpenAPI 3.1 has
 * it). */
#ifndef GATEWAY_SCHEMA_SCHEMA_H
#define GATEWAY_SCHEMA_SCHEMA_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

/* The member `key` with the schema of the whole parameter, and the phrase about it.  `wire` is what the
 * generation that is described says beside the parameter's own; NULL: it is not known.  `hashed`: values are
 * signed by a hash (TC3-HMAC-SHA256), so that any text is good; else they are joined before. */
void schema_put(struct buf *out, const char *key, const struct config_param *param,
                const struct config_wire *wire, bool hashed);

/* The same for one value of it, such as a segment of a path holds. */
void schema_put_one(struct buf *out, const char *key, const struct config_param *param,
                    const struct config_wire *wire, bool hashed);

#endif
