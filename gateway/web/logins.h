/* gateway/web/logins.h - who is signed in at the console: a few operators, in memory.
 *
 * A session is a random name that only its cookie has.  It ends when nobody used it for LOGINS_IDLE_MS,
 * after LOGINS_LONGEST_MS, by signing out, and with the process.  Which token began it is kept as the
 * token's digest: the configuration in force says at each request whether that is still somebody.  Any
 * thread. */
#ifndef GATEWAY_WEB_LOGINS_H
#define GATEWAY_WEB_LOGINS_H

#include "auth/token.h"
#include "base/base.h"
#include "base/err.h"

enum {
    LOGINS_MAX = 64, /* a further one ends the one that is idle for longest */
    LOGINS_IDLE_MS = 15 * 60 * 1000,
    LOGINS_LONGEST_MS = 8 * 3600 * 1000,
};

struct login {
    char name[TOKEN_TEXT_SIZE];               /* in the cookie; "": none */
    char form[TOKEN_TEXT_SIZE];               /* in each form: no other page knows it */
    unsigned char digest[CONFIG_DIGEST_SIZE]; /* of the operator's token */
    int64_t began_ms, used_ms;                /* monotonic */
};

struct logins;

MUST_USE struct logins *logins_new(struct err *err);
void logins_free(struct logins *sessions);

/* -1: there is no randomness. */
MUST_USE int logins_begin(struct logins *sessions, const unsigned char *digest, int64_t now_ms,
                          struct login *begun);

/* Is there one of that name?  It is used by that; `*found` gets a copy. */
bool logins_find(struct logins *sessions, const char *name, int64_t now_ms, struct login *found);

void logins_end(struct logins *sessions, const char *name);

#endif
