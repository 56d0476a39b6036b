/* gateway/console/rights_page.h - the page Who may do what: clients by actions, both ways round; CSV, too. */
#ifndef GATEWAY_CONSOLE_RIGHTS_PAGE_H
#define GATEWAY_CONSOLE_RIGHTS_PAGE_H

#include "gateway/console/page.h"

/* By the query's client, action and value, of which one at least says what is asked. */
void rights_page_put(struct buf *out, const struct page *page);

/* The same rows (RFC 4180). */
void rights_page_put_csv(struct buf *out, const struct page *page);

#endif
