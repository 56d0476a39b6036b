/* gateway/console_past/rule_view.h - one rule, shown: in words, and as its file has it. */
#ifndef GATEWAY_CONSOLE_PAST_RULE_VIEW_H
#define GATEWAY_CONSOLE_PAST_RULE_VIEW_H

#include "gateway/console/page.h"

/* The file's lines are shown only while the file is still the one that is in force. */
void rule_view_put(struct buf *out, const struct page *page, const struct config_rule *rule);

#endif
