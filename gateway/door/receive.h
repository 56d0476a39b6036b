/* gateway/door/receive.h - the body of a request. */
#ifndef GATEWAY_DOOR_RECEIVE_H
#define GATEWAY_DOOR_RECEIVE_H

#include "gateway/exchange/exchange.h"

/* At most x->body_max bytes.  One of more than REQUEST_BODY_MAX takes its part of SHARED_BODIES_MAX, or is
 * refused: the memory of all workers together has a bound. */
enum problem receive_body(struct exchange *x);

/* x->body_max, which a door may have written; REQUEST_BODY_MAX where it has not. */
size_t receive_max(const struct exchange *x);

/* Gives that part back. */
void receive_end(struct exchange *x);

#endif
