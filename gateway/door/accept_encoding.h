/* gateway/door/accept_encoding.h - may an answer be compressed?  RFC 9110 section 12.5.3. */
#ifndef GATEWAY_DOOR_ACCEPT_ENCODING_H
#define GATEWAY_DOOR_ACCEPT_ENCODING_H

#include "base/base.h"
#include "gateway/http/request_head.h"

/* Does the client take gzip, and no less than what is not encoded?  Who says nothing is not asked to. */
bool accept_encoding_has_gzip(const struct request_head *head);

#endif
