/* gateway/console_past/decision_page.h - one of the last requests: why it was decided so, and what would
 * have been allowed. */
#ifndef GATEWAY_CONSOLE_PAST_DECISION_PAGE_H
#define GATEWAY_CONSOLE_PAST_DECISION_PAGE_H

#include "gateway/console/page.h"

/* The query names it: request=ID; among several of that id the newest. */
void decision_page_put(struct buf *out, const struct page *page);

#endif
