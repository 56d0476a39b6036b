/* gateway/request/translate.h - captures, query and JSON to a sealed call. */
#ifndef GATEWAY_REQUEST_TRANSLATE_H
#define GATEWAY_REQUEST_TRANSLATE_H

#include "gateway/exchange/exchange.h"

enum problem translate_request(struct exchange *x);

#endif
