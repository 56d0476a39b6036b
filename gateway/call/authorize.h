/* gateway/call/authorize.h - the policy's verdict on a sealed call. */
#ifndef GATEWAY_CALL_AUTHORIZE_H
#define GATEWAY_CALL_AUTHORIZE_H

#include "gateway/exchange/exchange.h"

enum problem authorize_call(struct exchange *x);

/* May the exchange's client make a further call for its request?  `granted`: what was allowed already covers
 * it, unless a rule denies it. */
bool authorize_further(const struct exchange *x, const struct call *call, bool granted);

#endif
