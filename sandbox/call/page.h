/* sandbox/call/page.h - which rows of a list are asked for, and in what order: offset, limit, orderField,
 * orderDirection; in generation 3 Offset and Limit. */
#ifndef SANDBOX_CALL_PAGE_H
#define SANDBOX_CALL_PAGE_H

#include "sandbox/call/action.h"

struct page {
    long long offset;        /* 0 when not given                                  */
    long long limit;         /* 20 when not given                                 */
    const char *order_field; /* NULL: as they come; else one of those allowed     */
    bool descending;         /* as documented, the default once there is a field */
};

/* `fields` are the names that orderField may have, ended by NULL; a list that cannot be ordered has none.
 * -1 with the reason in the outcome. */
MUST_USE int page_read(struct page *page, struct action_call *call, long long limit_max,
                       const char *const *fields);

/* Sorts (by `compare`, ascending, when there is an order field), then cuts the page out: the rows from *rows
 * on, *count of them. */
void page_cut(const struct page *page, const void ***rows, size_t *count,
              int (*compare)(const void *left, const void *right));

#endif
