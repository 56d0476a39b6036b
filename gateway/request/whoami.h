/* gateway/whoami.h - what a caller may know of itself: GET /whoami. */
#ifndef GATEWAY_REQUEST_WHOAMI_H
#define GATEWAY_REQUEST_WHOAMI_H

#include "gateway/exchange/exchange.h"

enum { WHOAMI_MAX = 512 * 1024 };

/* The client, its token and end, what is left of its rate, and the rules that concern it, with their values. */
enum problem whoami_answer(struct exchange *x);

#endif
