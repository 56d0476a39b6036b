/* gateway/console/try_page.h - what would become of a request, as `countersign explain` says it: none is
 * sent. */
#ifndef GATEWAY_CONSOLE_TRY_PAGE_H
#define GATEWAY_CONSOLE_TRY_PAGE_H

#include "gateway/console/page.h"

void try_page_put(struct buf *out, const struct page *page);

#endif
