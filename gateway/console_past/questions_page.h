/* gateway/console_past/questions_page.h - what nobody has answered yet: changes of which nobody knows what
 * became of them, requests that wait for a task, and rules in audit mode that would have decided
 * otherwise. */
#ifndef GATEWAY_CONSOLE_PAST_QUESTIONS_PAGE_H
#define GATEWAY_CONSOLE_PAST_QUESTIONS_PAGE_H

#include "gateway/console/page.h"

void questions_page_put(struct buf *out, const struct page *page);

#endif
