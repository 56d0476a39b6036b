/* gateway/request/next_page.h - where the next page of a list is: Link with rel="next" (RFC 8288). */
#ifndef GATEWAY_REQUEST_NEXT_PAGE_H
#define GATEWAY_REQUEST_NEXT_PAGE_H

#include "base/buf.h"
#include "gateway/exchange/exchange.h"

enum { NEXT_PAGE_MAX = 8 * 1024 }; /* bytes of the field: callers take no more; a longer one is left out */

/* "Link: <?offset=20>; rel=\"next\"\r\n" where the cloud counts more entries than there were up to here, or
 * gives the token of another page.
 * The reference is relative, and a query alone, so that it is right behind any proxy and prefix. */
void next_page_put(struct buf *out, const struct exchange *x);

#endif
