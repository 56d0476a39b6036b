/* gateway/translate/client_token.h - ClientToken, by which the cloud itself knows a change that it has had
 * before: "at most 64 ASCII characters", of some 80 of its actions (config/definitions/data).
 *
 * For the vendor's SDKs it is the Idempotency-Key, and goes on as it is.  Where a caller has our key alone,
 * the cloud gets a ClientToken that is made of it, so that it knows a repeat even if no gateway does. */
#ifndef GATEWAY_TRANSLATE_CLIENT_TOKEN_H
#define GATEWAY_TRANSLATE_CLIENT_TOKEN_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

#define CLIENT_TOKEN_NAME "ClientToken"

/* That of the SDK's document becomes the key of a change, unless it has one, or this cannot be one. */
enum problem client_token_take(struct exchange *x, const struct json_value *root);

/* Makes one of the key and puts it into `root`, the document of an action that takes one and has none. */
enum problem client_token_put(struct exchange *x, struct json_value *root);

/* The same of a route's parameter that the cloud calls so, and that was not given: *value, at most as long
 * as the catalog has it. */
enum problem client_token_value(struct exchange *x, const struct config_param *param, const char **value);

#endif
