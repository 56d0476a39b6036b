/* gateway/translate/document_pairs.h - a document as the names and values that the query signatures of API
 * 3.0 join: {"Filters":[{"Values":["a"]}]} is Filters.0.Values.0=a. */
#ifndef GATEWAY_TRANSLATE_DOCUMENT_PAIRS_H
#define GATEWAY_TRANSLATE_DOCUMENT_PAIRS_H

#include "gateway/exchange/exchange.h"

enum { DOCUMENT_PAIRS_MAX = 64 * 1024 }; /* bytes of all names and values; the vendor takes 32 KiB by GET */

/* Writes x->call's pairs of its document, which was read by document_read().  What cannot be told from
 * something else once it is joined is a 400 that names it: '&', '=', an empty list or object. */
enum problem document_pairs_make(struct exchange *x);

#endif
