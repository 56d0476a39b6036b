/* gateway/call/frozen.h - the rule that is in no policy: what an operator has frozen is denied. */
#ifndef GATEWAY_CALL_FROZEN_H
#define GATEWAY_CALL_FROZEN_H

#include "gateway/exchange/exchange.h"

/* PROBLEM_NOT_ALLOWED by the rule `frozen` where the client of the exchange, or its token, is frozen. */
enum problem frozen_refuse(struct exchange *x);

#endif
