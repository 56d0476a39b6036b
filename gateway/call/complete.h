/* gateway/call/complete.h - from the upstream's answer to what callers know: names, further pages; whether
 * the end of a task is waited for. */
#ifndef GATEWAY_CALL_COMPLETE_H
#define GATEWAY_CALL_COMPLETE_H

#include "gateway/exchange/exchange.h"

enum problem complete_answer(struct exchange *x);

#endif
