/* sandbox/call/rows.h - the rows of a list that some filter has let through, and how a page of them is
 * written. */
#ifndef SANDBOX_CALL_ROWS_H
#define SANDBOX_CALL_ROWS_H

#include "sandbox/call/action.h"
#include "sandbox/call/page.h"

struct rows {
    const void **all; /* the owner calls rows_done() */
    const void **page;
    size_t count;
};

/* Room for `most`; -1 with the reason in the outcome. */
MUST_USE int rows_init(struct rows *rows, struct action_call *call, size_t most);
void rows_done(struct rows *rows);
void rows_add(struct rows *rows, const void *row);

/* "key":[...], the page's rows only.  `compare` (ascending) is needed where the page may have an order. */
void rows_put(struct rows *rows, const struct page *page, struct buf *body, const char *key,
              int (*compare)(const void *, const void *), void (*put)(struct buf *, const void *));

/* "TotalCount":n,"key":[...], as generation 3's lists have it; and rows_done(). */
void rows_answer(struct rows *rows, const struct page *page, struct buf *body, const char *key,
                 void (*put)(struct buf *, const void *));

#endif
