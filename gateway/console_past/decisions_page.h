/* gateway/console_past/decisions_page.h - the last requests, by their lines in the access log. */
#ifndef GATEWAY_CONSOLE_PAST_DECISIONS_PAGE_H
#define GATEWAY_CONSOLE_PAST_DECISIONS_PAGE_H

#include "gateway/console/page.h"

/* The list, narrowed down by the query: client, action, verdict, rule, outcome, request. */
void decisions_page_put(struct buf *out, const struct page *page);

#endif
