/* gateway/translate/check_value.h - what a caller said for one parameter, held against the catalog and
 * against the generation of the API that the call's upstream speaks. */
#ifndef GATEWAY_TRANSLATE_CHECK_VALUE_H
#define GATEWAY_TRANSLATE_CHECK_VALUE_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

/* All values of one parameter, by config/model/param_value.h; PROBLEM_NONE: they are good. */
enum problem check_value_check(struct exchange *x, const struct config_param *param,
                               const char *const *values, size_t count);

/* Stops with the parameter's name and the reason. */
enum problem check_value_wrong(struct exchange *x, const struct config_param *param, const char *reason);

enum problem check_value_wrong_type(struct exchange *x, const struct config_param *param);

/* What a JSON value says of one value of the parameter, as text.  NULL, with the reason in x->err: it is
 * none. */
const char *check_value_text(struct exchange *x, const struct config_param *param,
                             const struct json_value *value);

#endif
