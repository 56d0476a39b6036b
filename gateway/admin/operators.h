/* gateway/admin/operators.h - who may ask the admin listener for this, by `operators` of the policy; and
 * the record of each use.
 *
 * An operator's token is a bearer token like a client's, of another list: neither is any good at the other's
 * listener.  Any thread. */
#ifndef GATEWAY_ADMIN_OPERATORS_H
#define GATEWAY_ADMIN_OPERATORS_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"
#include "gateway/exchange/shared.h"
#include "gateway/http/handler.h"

enum operators_need {
    OPERATORS_NOBODY, /* probes and scrapes: how it is, and no more */
    OPERATORS_VIEWER, /* a token of either role */
    OPERATORS_CHANGE, /* a token of the role `operator` */
    OPERATORS_RELOAD, /* the same; or no token, from this machine, where `anonymous_reload` lets it */
};

struct operators_use {
    const struct config_token *token; /* NULL: none was needed, or it is nobody's */
    int status;                       /* 0: go on; else 401, 403, 429 or 500 */
    const char *detail;               /* why not */
    int64_t wait_us;                  /* of a 429 */
};

/* `snapshot` is held by the caller for as long as the use is looked at. */
struct operators_use operators_admit(struct shared *gateway, const struct snapshot *snapshot,
                                     const struct visit *visit, enum operators_need need);

/* The same for a token that came another way; NULL: none came. */
struct operators_use operators_check(struct shared *gateway, const struct snapshot *snapshot,
                                     const struct visit *visit, const char *token, size_t length,
                                     enum operators_need need);

/* The members that say who it was: operator, token, source. */
void operators_put(struct buf *members, const struct operators_use *use, const struct visit *visit);

/* The record of a use that has no other: which request, and its status.  Nothing where nobody is known, or no
 * audit file is kept. */
void operators_record(struct shared *gateway, const struct operators_use *use, const struct visit *visit,
                      int status);

#endif
