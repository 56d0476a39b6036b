/* gateway/console/tokens_page.h - which tokens there are and when they end; what is frozen. */
#ifndef GATEWAY_CONSOLE_TOKENS_PAGE_H
#define GATEWAY_CONSOLE_TOKENS_PAGE_H

#include "gateway/console/page.h"

void tokens_page_put(struct buf *out, const struct page *page);

#endif
