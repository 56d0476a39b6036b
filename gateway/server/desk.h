/* gateway/server/desk.h - what the admin listener says to a request, from its framing to the bytes. */
#ifndef GATEWAY_SERVER_DESK_H
#define GATEWAY_SERVER_DESK_H

#include "gateway/http/framing.h"
#include "gateway/server/front.h"

/* Appends the whole response to `reply`, and gives its status.  The connection ends with it. */
int desk_answer(front_admin_handler *handler, void *context, const struct framing *framing,
                struct buf *reply);

#endif
