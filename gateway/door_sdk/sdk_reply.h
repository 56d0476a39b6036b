/* gateway/door_sdk/sdk_reply.h - answers as the vendor's SDKs read them: always status 200, Content-Type
 * application/json and nothing behind it, errors in the vendor's envelope with the vendor's codes. */
#ifndef GATEWAY_DOOR_SDK_SDK_REPLY_H
#define GATEWAY_DOOR_SDK_SDK_REPLY_H

#include "gateway/door/door.h"

/* A door's reply().  The cloud's own answers go out byte for byte. */
void sdk_reply(struct exchange *x, struct buf *space, struct door_content *content);

#endif
