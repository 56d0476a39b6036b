/* gateway/console/plots.h - the last 15 minutes and 24 hours as tables, of which console.js makes plots. */
#ifndef GATEWAY_CONSOLE_PLOTS_H
#define GATEWAY_CONSOLE_PLOTS_H

#include "gateway/console/page.h"

void plots_put(struct buf *out, const struct page *page);

/* Who asked for what in the last requests: the clients and the actions that did most. */
void plots_put_shares(struct buf *out, const struct page *page);

#endif
