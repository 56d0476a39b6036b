/* gateway/exchange/queue.h - the request's turn to work. */
#ifndef GATEWAY_EXCHANGE_QUEUE_H
#define GATEWAY_EXCHANGE_QUEUE_H

#include "gateway/exchange/exchange.h"

enum problem queue_turn(struct exchange *x);

/* Before it waits for anything else; once is enough. */
void queue_end(struct exchange *x);

#endif
