/* gateway/request/client_address.h - who really asks, when a proxy of ours stands in between?
 *
 * Every proxy appends the address that it was connected from to X-Forwarded-For.  So the list is read from
 * its right end, as far as each address is one that we trust: the first that is not is the caller.  What
 * stands left of it was written by the caller, or by somebody whom we do not know, and is never looked at. */
#ifndef GATEWAY_REQUEST_CLIENT_ADDRESS_H
#define GATEWAY_REQUEST_CLIENT_ADDRESS_H

#include "base/base.h"
#include "base/system/network.h"
#include "gateway/http/request_head.h"

enum client_address {
    CLIENT_ADDRESS_PEER,       /* the peer itself: not trusted, or it forwards nobody */
    CLIENT_ADDRESS_FORWARDED,  /* a trusted proxy named the caller                    */
    CLIENT_ADDRESS_UNREADABLE, /* a trusted proxy named something that is no address  */
};

/* `address` is the peer's before, the caller's after CLIENT_ADDRESS_FORWARDED.  Where every address of the
 * list is trusted, the caller is the leftmost: a request that one of the proxies' own hosts made.  A field
 * may come more than once: its lines are one list (RFC 9110 section 5.3). */
MUST_USE enum client_address client_address_find(const struct request_head *head,
                                                 const struct network *trusted, size_t count,
                                                 struct network *address);

#endif
