/* gateway/call/follow.h - from the upstream's answer to what callers know: names, further pages, the end of a
 * task. */
#ifndef GATEWAY_CALL_FOLLOW_H
#define GATEWAY_CALL_FOLLOW_H

#include "gateway/exchange/exchange.h"

enum problem follow_answer(struct exchange *x);

#endif
