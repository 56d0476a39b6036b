/* gateway/console_past/policy_page.h - a policy that is not in force, tested first: what `check`, `diff`
 * and `replay` say of it.  Nothing is put in force. */
#ifndef GATEWAY_CONSOLE_PAST_POLICY_PAGE_H
#define GATEWAY_CONSOLE_PAST_POLICY_PAGE_H

#include "gateway/console/page.h"

enum { POLICY_PAGE_FORM = 6 * 1024 * 1024 }; /* bytes of a form: some 10,000 rules, percent-encoded */

/* page->fields has it: policy. */
void policy_page_put(struct buf *out, const struct page *page);

#endif
