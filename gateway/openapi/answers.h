/* gateway/openapi/answers.h - what an operation of the OpenAPI document answers. */
#ifndef GATEWAY_OPENAPI_ANSWERS_H
#define GATEWAY_OPENAPI_ANSWERS_H

#include "gateway/openapi/operation.h"

/* The member "responses".  A partial success (207) has none of its own: it would make of every success a
 * value that may be a problem; "default" is about it. */
void answers_put(struct buf *out, const struct operation *operation);

/* Is the route for asking how a task is? */
bool answers_tell_status(const struct config_route *route);

#endif
