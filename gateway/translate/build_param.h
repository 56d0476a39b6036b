/* gateway/translate/build_param.h - one parameter of a call, from the path, the query or the body. */
#ifndef GATEWAY_TRANSLATE_BUILD_PARAM_H
#define GATEWAY_TRANSLATE_BUILD_PARAM_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

/* Adds it to x->call, checked, or its default; nothing where it is neither given nor required.  `value`
 * is its member of the body, JSON_VALUE_NONE where that has none; NULL: the body is not where it comes
 * from, or there is none. */
enum problem build_param_add(struct exchange *x, const struct config_param *param,
                             const struct json_value *value);

#endif
