/* gateway/request/reply.h - the answer, or why there is none, as one response. */
#ifndef GATEWAY_REQUEST_REPLY_H
#define GATEWAY_REQUEST_REPLY_H

#include "gateway/exchange/exchange.h"

void reply_compose(struct exchange *x); /* always */

#endif
