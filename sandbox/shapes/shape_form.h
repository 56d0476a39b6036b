/* sandbox/shapes/shape_form.h - a query or form as the document that it stands for: Filters.0.Values.1=x is
 * {"Filters":[{"Values":[..., "x"]}]}, by the definition of the action. */
#ifndef SANDBOX_SHAPES_SHAPE_FORM_H
#define SANDBOX_SHAPES_SHAPE_FORM_H

#include "base/buf.h"
#include "config/definitions/definitions.h"
#include "sandbox/http/params.h"
#include "sandbox/state/outcome.h"

/* Writes it as JSON.  A number is a number where the definition has one, else a text.  -1 with the refusal:
 * a parameter is none of the action's, or a list does not count from 0 without a gap. */
MUST_USE int shape_form_put(struct buf *out, const struct params *params,
                            const struct definitions_object *input, struct outcome *outcome);

#endif
