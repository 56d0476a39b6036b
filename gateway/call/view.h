/* gateway/call/view.h - a good answer as callers see it, whichever generation of the API gave it.
 *
 * Most answers of API 2.0 go to the caller byte for byte.  Written anew are those that tell how a task is (a
 * `status` is put in front), lists that were put together from pages, and all of API 3.0: there the Response
 * is unwrapped into 2.0's envelope, and the catalog gives its members the names that callers know.  What the
 * catalog does not name keeps the cloud's name. */
#ifndef GATEWAY_CALL_VIEW_H
#define GATEWAY_CALL_VIEW_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/exchange/answer.h"

#include <jansson.h>

/* Is it written anew? */
bool view_differs(const struct config_route *route, int api);

/* A new reference to what callers see of an answer that answer_read() found good; NULL when memory is out or
 * the task's status is none that the catalog knows. */
MUST_USE json_t *view_new(const struct config_route *route, int api, const struct answer *answer,
                          struct err *err);

/* The view's text, in `arena`, becomes the answer's bytes. */
MUST_USE int view_write(const json_t *view, struct arena *arena, struct answer *answer, struct err *err);

#endif
