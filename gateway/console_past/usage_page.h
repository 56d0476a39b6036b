/* gateway/console_past/usage_page.h - what of the policy nothing has used, and the narrowest rules for
 * what was. */
#ifndef GATEWAY_CONSOLE_PAST_USAGE_PAGE_H
#define GATEWAY_CONSOLE_PAST_USAGE_PAGE_H

#include "gateway/console/page.h"

void usage_page_put(struct buf *out, const struct page *page);

#endif
