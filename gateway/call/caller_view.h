/* gateway/call/caller_view.h - a good answer as callers see it, whichever generation of the API gave it.
 *
 * Most answers of API 2.0 go to the caller byte for byte.  Put together anew are those that tell how a task
 * is (a `status` is put in front), lists of several pages, and all of API 3.0: there the Response is
 * unwrapped into 2.0's envelope, and the catalog gives its members the names that callers know.  What the
 * catalog does not name keeps the cloud's name, and so does what would get a name that is there already.
 * Every value is spliced: its bytes are the cloud's. */
#ifndef GATEWAY_CALL_CALLER_VIEW_H
#define GATEWAY_CALL_CALLER_VIEW_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/response/answer.h"

enum { CALLER_VIEW_GROWTH = 12 }; /* times: `"A":1,` has 6 bytes, under a name of 64 letters 69 */

struct caller_view {
    const struct config_route *route;
    int api;
    const struct answer
        *pages; /* good; the first gives all but the list, and its total the last that has one */
    size_t page_count;
    bool joined;            /* the list is that of all pages; a null is an empty list then */
    struct json_value task; /* what another answer says, told under this name; or none */
    const char *task_name;
};

/* Is it put together anew? */
bool caller_view_differs(const struct config_route *route, int api);

/* How the task is, by callers' names ("running"); NULL: the answer does not tell in words that the catalog
 * knows. */
const char *caller_view_state(const struct config_route *route, int api, const struct answer *answer);

/* The view's text, in `arena`, becomes the answer's bytes.  -1: memory is out, or the answer does not tell
 * how the task is. */
MUST_USE int caller_view_write(const struct caller_view *view, struct arena *arena, struct answer *answer,
                               struct err *err);

#endif
