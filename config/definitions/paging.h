/* config/definitions/paging.h - does an action answer a list in pages, and how is the next one asked for?
 *
 * The definitions do not say, but their names do: a request has Offset and Limit, or it has the token of a
 * page, which the answer has again, and the answer has one list.  What has several lists, or none, is not
 * known. */
#ifndef CONFIG_DEFINITIONS_PAGING_H
#define CONFIG_DEFINITIONS_PAGING_H

#include "config/definitions/definitions.h"

struct paging {
    const struct definitions_member *from; /* of the request: Offset, or the page's token */
    const struct definitions_member *list; /* of the answer */
    const struct definitions_member
        *total; /* of the answer: the entries of the whole list; NULL: it counts none */
    const struct definitions_member
        *next; /* of the answer: the next page's token; NULL: pages go by Offset */
    const struct definitions_member
        *last;       /* of the answer: whether the page is the last; NULL: only the token tells */
    bool last_value; /* what it is on the last page */
};

/* False: it has none that are known. */
MUST_USE bool paging_find(const struct definitions_action *action, struct paging *paging);

#endif
