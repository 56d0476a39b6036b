/* gateway/request/receive.h - the body of a request. */
#ifndef GATEWAY_REQUEST_RECEIVE_H
#define GATEWAY_REQUEST_RECEIVE_H

#include "gateway/exchange/exchange.h"

enum problem receive_body(struct exchange *x);

#endif
