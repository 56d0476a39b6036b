/* gateway/request/admit.h - the client's rate and its calls in flight. */
#ifndef GATEWAY_REQUEST_ADMIT_H
#define GATEWAY_REQUEST_ADMIT_H

#include "gateway/exchange/exchange.h"

enum problem admit_client(struct exchange *x);

/* Once the answer is composed. */
void admit_leave(struct exchange *x);

#endif
