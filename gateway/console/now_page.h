/* gateway/console/now_page.h - the page Now: is it healthy, what is wrong, what is it doing. */
#ifndef GATEWAY_CONSOLE_NOW_PAGE_H
#define GATEWAY_CONSOLE_NOW_PAGE_H

#include "gateway/console/page.h"

/* Needs `ready` and `metrics` of the page. */
void now_page_put(struct buf *out, const struct page *page);

#endif
