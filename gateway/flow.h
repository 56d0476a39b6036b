/* gateway/flow.h - the walk of one request, from the front door and back to it. */
#ifndef GATEWAY_FLOW_H
#define GATEWAY_FLOW_H

#include "gateway/handler.h"

/* Walks the visit's request to its end: the answer is written to the door and the record to the log.
 * `context` is the struct gateway. */
void flow_serve(void *context, struct visit *visit);

#endif
