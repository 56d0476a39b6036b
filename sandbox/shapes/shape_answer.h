/* sandbox/shapes/shape_answer.h - an answer as the definition of an action has it: every member with a plain
 * value of its type, lists with one item. */
#ifndef SANDBOX_SHAPES_SHAPE_ANSWER_H
#define SANDBOX_SHAPES_SHAPE_ANSWER_H

#include "base/buf.h"
#include "config/definitions/definitions.h"

/* Which page of a list. */
enum shape_page {
    SHAPE_LAST,
    SHAPE_FIRST, /* of two, by token: it names the other by SHAPE_SECOND */
    SHAPE_PAST   /* behind the last one: its lists are empty */
};
#define SHAPE_SECOND "sandbox-page-2"

/* The member of a request that takes the token of a page; NULL: the action's pages have none. */
const struct definitions_member *shape_answer_token(const struct definitions_action *action);

/* {"Response": {...}}.  Objects below the third level have only what is required of them, and lists of
 * objects there are empty. */
void shape_answer_put(struct buf *out, const struct definitions_object *output, const char *request_id,
                      enum shape_page page);

#endif
