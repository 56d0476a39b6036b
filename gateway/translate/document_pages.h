/* gateway/translate/document_pages.h - all=true for an action that is called by its document: the
 * definition tells how its pages are asked for. */
#ifndef GATEWAY_TRANSLATE_DOCUMENT_PAGES_H
#define GATEWAY_TRANSLATE_DOCUMENT_PAGES_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

/* Bytes of such a document: each of the pages (gateway/call/pages.h) has a copy of it. */
enum { DOCUMENT_PAGES_BYTES_MAX = 16 * 1024 };

/* Where the query has all=true: writes x->all and what pages need.  `root` is the body, or none. */
enum problem document_pages_choose(struct exchange *x, const struct json_value *root);

#endif
