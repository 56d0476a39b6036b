/* gateway/door/cors.h - which pages of other origins may call: the Fetch standard's CORS protocol.
 *
 * Only origins that `browsers` names, compared byte by byte.  Never "*", never with credentials: a page must
 * have the token itself. */
#ifndef GATEWAY_DOOR_CORS_H
#define GATEWAY_DOOR_CORS_H

#include "gateway/exchange/exchange.h"

/* A browser's question before its page may call is answered here. */
enum problem cors_answer(struct exchange *x);

/* The fields that the answer owes to the request's origin; none when no origin may call. */
void cors_put_fields(struct buf *out, const struct exchange *x);

/* Is the request of no page, or of one that may call? */
bool cors_may_call(const struct exchange *x);

#endif
