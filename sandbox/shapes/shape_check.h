/* sandbox/shapes/shape_check.h - is a request one of its action?
 *
 * Written from the definitions alone, and shares nothing with the gateway's own check but their reader: a
 * mistake made in one must not be made in the other. */
#ifndef SANDBOX_SHAPES_SHAPE_CHECK_H
#define SANDBOX_SHAPES_SHAPE_CHECK_H

#include "base/json/json_value.h"
#include "config/definitions/definitions.h"
#include "sandbox/state/outcome.h"

/* Every member is known, there once and of its type, and those that are required are there.  `root` nests
 * as deep as its reader let it.  -1 with the refusal. */
MUST_USE int shape_check(const struct definitions_object *input, const struct json_value *root,
                         struct outcome *outcome);

#endif
