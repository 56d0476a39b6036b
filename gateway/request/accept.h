/* gateway/request/accept.h - the request's first stage: what it says, and in which frame. */
#ifndef GATEWAY_REQUEST_ACCEPT_H
#define GATEWAY_REQUEST_ACCEPT_H

#include "gateway/exchange/exchange.h"

enum problem accept_request(struct exchange *x);

#endif
