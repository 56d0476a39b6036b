/* gateway/request/response_writer.h - the answer, or why there is none, as one response. */
#ifndef GATEWAY_REQUEST_RESPONSE_WRITER_H
#define GATEWAY_REQUEST_RESPONSE_WRITER_H

#include "gateway/exchange/exchange.h"

void response_writer_compose(struct exchange *x); /* always */

#endif
