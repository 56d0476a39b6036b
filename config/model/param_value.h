/* config/model/param_value.h - what a parameter may be: for callers' values, for the catalog's defaults and
 * for what the cloud tells in their place.  There is no second answer.
 *
 * Values are texts that end in NUL; a number is its decimal digits.  All of these give 0, or -1 and one
 * sentence that begins with the parameter's name and quotes no value; ERR_MEMORY where an expression could
 * not be tried.  They change nothing: any thread may ask. */
#ifndef CONFIG_MODEL_PARAM_VALUE_H
#define CONFIG_MODEL_PARAM_VALUE_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

/* Is the text a number where the catalog says integer, true or false where it says boolean? */
bool param_value_is_of_type(const struct config_param *param, const char *value);

/* One value against the catalog: its type, bounds, length and form, and how the upstream's generation of the
 * API has it.  `upstream` NULL: against what the catalog says for both. */
MUST_USE int param_value_check(const struct config_param *param, const struct config_upstream *upstream,
                               const char *value, struct err *err);

/* All of them: how many there are, too, and that a list has none twice.  `count` is 0 for an empty list. */
MUST_USE int param_value_check_all(const struct config_param *param, const struct config_upstream *upstream,
                                   const char *const *values, size_t count, struct err *err);

/* Can it be signed, whatever the catalog said?  Where names and values are joined before they are signed, a
 * value must not look like the next pair; TC3-HMAC-SHA256 signs a hash of JSON, in which any text is
 * itself. */
MUST_USE int param_value_check_signed(const char *name, const struct config_upstream *upstream,
                                      const char *value, struct err *err);

/* The same for a list that has none: where it is joined, it would be as if nobody had said it. */
MUST_USE int param_value_check_none(const char *name, const struct config_upstream *upstream,
                                    struct err *err);

/* What the parameter is where nobody says it: a text that a caller could say, too.  Against the catalog alone
 * where `upstream` is NULL. */
MUST_USE int param_value_check_default(const struct config_param *param,
                                       const struct config_upstream *upstream, const char *value,
                                       struct err *err);

#endif
