/* gateway/console_past/audit_page.h - the audit file: its changes, searched, and whether its chain holds. */
#ifndef GATEWAY_CONSOLE_PAST_AUDIT_PAGE_H
#define GATEWAY_CONSOLE_PAST_AUDIT_PAGE_H

#include "gateway/console/page.h"

/* The query searches: client, action, outcome, value, request, since, until; verify=1 verifies. */
void audit_page_put(struct buf *out, const struct page *page);

#endif
