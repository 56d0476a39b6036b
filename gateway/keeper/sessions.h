/* gateway/keeper/sessions.h - `sessions: per_client`: each client's own session of a role that is assumed.
 *
 * A client's first call fetches its session itself, and the client's other calls wait for it: one fetch at
 * a time for each client, SESSIONS_FLIGHTS at a time in all.  At half of its life the keeper fetches it
 * again, where the client has called since it came; nobody waits for that.  One that was not used any more
 * ends, and the client's next call is a first one again.  There are `session_limit` at most; the one that
 * was used least recently is evicted.
 *
 * After a failure of STS itself, such as a throttle, nobody asks it for the pause of schedule.h; calls
 * without a session are told the reason at once.  Safe from many threads.  Source of the names: the vendor's
 * page 1312/48197. */
#ifndef GATEWAY_KEEPER_SESSIONS_H
#define GATEWAY_KEEPER_SESSIONS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/keeper/cam_policy.h"
#include "gateway/keeper/fetch.h"
#include "gateway/upstream/renewal.h"

#include <stdatomic.h>

enum {
    /* fetches of first calls at a time, for each credential: at 50 ms each 160 sessions a second, a quarter
     * of what STS takes */
    SESSIONS_FLIGHTS = 8,
    /* part of the workers that may wait for sessions: the others are for clients that have one */
    SESSIONS_WAITING_PART = 2,
};

struct sessions; /* of one credential, across generations; counted */

/* Whose session.  Borrowed. */
struct sessions_owner {
    const char *client;
    const char *token;              /* its id; NULL: it has shown a certificate */
    const struct cam_policy *scope; /* what the session may do; NULL: what its role may */
};

/* `abandoned`, which is borrowed, ends every wait within half a second.  NULL when memory is out. */
MUST_USE struct sessions *sessions_new(const struct config_issuer *issuer, size_t workers,
                                       const atomic_bool *abandoned);
struct sessions *sessions_hold(struct sessions *sessions);
void sessions_release(struct sessions *sessions); /* NULL does nothing */

/* They are what this says, too. */
bool sessions_is_same(const struct sessions *sessions, const struct config_issuer *issuer);

/* The client's session, held, if it is there and lives at `now_us`; or NULL, at once. */
MUST_USE struct renewal_version *sessions_find(struct sessions *sessions, const struct sessions_owner *owner,
                                               int64_t now_us);

/* Likewise, and if not, it is fetched (`fetch` says how, see keeping_fetch()), or waited for, until
 * `until_us`.  NULL with the reason. */
MUST_USE struct renewal_version *sessions_take(struct sessions *sessions, const struct sessions_owner *owner,
                                               const struct fetch *fetch, int64_t until_us, struct err *err);

/* The cloud refuses that version at `now_us`.  True: there is another one, or the next sessions_take()
 * fetches it; false: it is too young for that. */
MUST_USE bool sessions_refuse(struct sessions *sessions, const struct sessions_owner *owner,
                              const struct renewal_version *version, int64_t now_us);

/* For the keeper: a session that is due, to be fetched by sessions_renew(); or NULL, and *wait_us is less
 * where one will be due sooner. */
struct session;
MUST_USE struct session *sessions_due(struct sessions *sessions, int64_t now_us, int64_t *wait_us);
void sessions_renew(struct sessions *sessions, struct session *session, const struct fetch *fetch);

struct sessions_state {
    size_t count;                 /* that are there, alive or not */
    bool failing;                 /* the last fetch did */
    unsigned long long good, bad; /* fetches */
    unsigned long long evicted;
    struct err reason; /* of failing */
};
void sessions_look(struct sessions *sessions, struct sessions_state *state);

/* The members RoleSessionName, Tags and, of a session that is narrowed, Policy.  A name has 2 to 128 letters,
 * digits and _ + = , . @ -; a client's has 1 to 64 letters, digits, - _ and ., so that it is its name, but
 * for "-" behind a single character. */
void sessions_put_members(const struct sessions_owner *owner, const char *tags, struct buf *out);

#endif
