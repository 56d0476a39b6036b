/* gateway/request/authenticate.h - the token to its client. */
#ifndef GATEWAY_REQUEST_AUTHENTICATE_H
#define GATEWAY_REQUEST_AUTHENTICATE_H

#include "gateway/exchange/exchange.h"

enum problem authenticate_caller(struct exchange *x);

#endif
