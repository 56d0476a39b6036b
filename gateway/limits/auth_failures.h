/* gateway/limits/auth_failures.h - failed authentications by address.
 *
 * A table of a fixed size, so that memory does not grow with the number of addresses.  Each entry holds its
 * address: nobody pays for what another address did.  A good token is never asked how often its address
 * failed.
 *
 * Where more addresses fail at a time than there is room for, the one of a set that would be free to fail
 * again first is forgotten.  So an address that is told to wait loses its place only to seven others that
 * have to wait for longer, in a set that nobody can aim at: whoever wants his failures forgotten has to fill
 * most of the table, which takes a million wrong tokens a minute from 65,536 addresses.  He would win 20 more
 * guesses by that. */
#ifndef GATEWAY_LIMITS_AUTH_FAILURES_H
#define GATEWAY_LIMITS_AUTH_FAILURES_H

#include "base/base.h"
#include "base/system/network.h"
#include "base/time/rate.h"

enum {
    AUTH_FAILURES_SETS = 8192, /* an address belongs to one, by a hash                */
    AUTH_FAILURES_WAYS = 8,    /* addresses in a set: 65,536 in all, and 2 MB at most */
};

struct auth_failures;

/* NULL when memory is out, or the system gives no randomness. */
MUST_USE struct auth_failures *auth_failures_new(void);
void auth_failures_free(struct auth_failures *failures);

/* One more failure of that address, or of the IPv6 network of 64 bits that it is in: 0, or the microseconds
 * until it may fail again.  Any thread. */
int64_t auth_failures_add(struct auth_failures *failures, const struct rate *rate,
                          const struct network *source, int64_t now_us);

#endif
