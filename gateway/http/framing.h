/* gateway/http/framing.h - what the fields of a request say about where it ends, and whether two readers
 * could disagree: RFC 9112 sections 3.2, 6 and 9.3. */
#ifndef GATEWAY_HTTP_FRAMING_H
#define GATEWAY_HTTP_FRAMING_H

#include "gateway/http/request_head.h"

/* Once all fields are read: fills host and message, or refuses.  REQUEST_HEAD_PART: nothing is wrong. */
MUST_USE enum request_head_state framing_judge(struct request_head *head);

/* Would the name be Content-Length or Transfer-Encoding if nothing but letters and digits counted?  What
 * stands behind us may count so: CGI makes `_` of every `-`.  True for the two themselves. */
bool framing_is_alike(const char *name);

#endif
