/* gateway/request/doors.h - all doors there are; each is asked in turn whether a request is for it. */
#ifndef GATEWAY_REQUEST_DOORS_H
#define GATEWAY_REQUEST_DOORS_H

#include "gateway/exchange/exchange.h"

/* Writes x->door and x->door_name. */
void doors_choose(struct exchange *x);

#endif
