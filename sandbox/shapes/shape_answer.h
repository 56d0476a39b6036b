/* sandbox/shapes/shape_answer.h - an answer as the definition of an action has it: every member with a plain
 * value of its type, lists with one item. */
#ifndef SANDBOX_SHAPES_SHAPE_ANSWER_H
#define SANDBOX_SHAPES_SHAPE_ANSWER_H

#include "base/buf.h"
#include "config/definitions/definitions.h"

/* {"Response": {...}}.  Objects below the third level have only what is required of them, and lists of
 * objects there are empty.  `past`: the page behind the last one, so its own lists are empty. */
void shape_answer_put(struct buf *out, const struct definitions_object *output, const char *request_id,
                      bool past);

#endif
