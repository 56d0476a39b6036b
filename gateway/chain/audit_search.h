/* gateway/chain/audit_search.h - was anything written about a request, behind a record that is known?
 *
 * So a gateway finds out what an earlier process of it, which is dead, had sent: the intent of a change is in
 * the file before anything is sent.  One thread. */
#ifndef GATEWAY_CHAIN_AUDIT_SEARCH_H
#define GATEWAY_CHAIN_AUDIT_SEARCH_H

#include "base/base.h"

enum { AUDIT_SEARCH_MAX = 16 * 1024 * 1024 }; /* bytes from the end: some 30,000 records */

enum audit_search {
    AUDIT_SEARCH_NOTHING, /* the record is there, and behind it nothing of that request */
    AUDIT_SEARCH_THERE,
    AUDIT_SEARCH_UNSURE, /* the record is not: the file was rotated or set aside, or it is too far back */
};

/* `hash` is the record's, as the file has it; `request` the other's id. */
enum audit_search audit_search(const char *file, const char *hash, const char *request);

#endif
