/* gateway/exchange/client_session.h - which session of its client a call is signed with, where its upstream's
 * credential has `sessions: per_client`. */
#ifndef GATEWAY_EXCHANGE_CLIENT_SESSION_H
#define GATEWAY_EXCHANGE_CLIENT_SESSION_H

#include "auth/call.h"
#include "base/base.h"
#include "base/err.h"
#include "gateway/exchange/exchange.h"
#include "gateway/upstream/renewal.h"

/* Is it signed with one? */
bool client_session_is_needed(const struct call *call);

/* The one that is there and lives, held, of the upstream's credential (0) or its spare (1); NULL, at once. */
MUST_USE struct renewal_version *client_session_find(const struct exchange *x, const struct call *call,
                                                     unsigned credential);

/* Waits for it, until `until_us`; where there is none, for that of the other one, if there is one: then
 * *credential changes.  NULL with the reason. */
MUST_USE struct renewal_version *client_session_take(const struct exchange *x, const struct call *call,
                                                     unsigned *credential, int64_t until_us, struct err *err);

/* The cloud refuses it.  True: the next one is another. */
MUST_USE bool client_session_refuse(const struct exchange *x, const struct call *call, unsigned credential,
                                    const struct renewal_version *version);

#endif
