/* gateway/openapi/answer_types.h - the catalog's types of answers as JSON schemas.
 *
 * `apis`: the generations in which something is described, 1 << enum config_api each. */
#ifndef GATEWAY_OPENAPI_ANSWER_TYPES_H
#define GATEWAY_OPENAPI_ANSWER_TYPES_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

/* Of one generation, or of OPERATION_BOTH. */
unsigned answer_types_of(int api);

/* "Vpc":{...}, as a member of components.schemas. */
void answer_types_put(struct buf *out, const struct config_answer_type *type, unsigned apis);

/* "items":{"$ref":...} */
void answer_types_put_reference(struct buf *out, const char *key, const struct config_answer_type *type);

/* Its members, their names where they are required, and their values in an example: for an object or array
 * that is open. */
void answer_types_put_members(struct buf *out, const struct config_answer_type *type, unsigned apis);
void answer_types_put_required(struct buf *out, const struct config_answer_type *type, unsigned apis);
void answer_types_put_example(struct buf *out, const struct config_answer_type *type, unsigned apis);

/* Adds `apis` to what stands at the numbers of the types that the answers of the route name, and these
 * again. */
void answer_types_mark(const struct config *config, const struct config_route *route, unsigned apis,
                       unsigned *marks);

#endif
