/* gateway/upstream/renewal.h - what a credential is now: a configuration never changes, so this is beside it,
 * in versions.
 *
 * A credential whose files were replaced is read again when the cloud refuses it: for one upstream, until the
 * next reload.  A thread of its own reads, since a disk may hang; who asks waits at most RENEWAL_WAIT_MS.
 * One that somebody issues for hours is fetched by a keeper (gateway/keeper/keeper.h), which puts each
 * version here; those who sign with it wait for nothing but the very first.  Safe from many threads. */
#ifndef GATEWAY_UPSTREAM_RENEWAL_H
#define GATEWAY_UPSTREAM_RENEWAL_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

#include <stdatomic.h>

enum {
    RENEWAL_WAIT_MS = 250,      /* for the disk: small files, read in less than one */
    RENEWAL_PAUSE_US = 2000000, /* between two looks: who replaces two files needs less */
    RENEWAL_FETCH_MS = 3000,    /* for a keeper that was told of a refusal, and for its first version */
};

#define RENEWAL_NEVER INT64_MAX

struct renewal;

/* What was read at one time.  Counted. */
struct renewal_version {
    atomic_uint references;
    unsigned number;    /* from 1; 0 is what the configuration has */
    int64_t expires_us; /* of the monotonic clock; RENEWAL_NEVER: nobody knows of an end */
    struct config_credential credential;
};

/* Copies what it needs of the credential.  *renewal is NULL where nothing can be read again.  -1 when memory
 * is out. */
MUST_USE int renewal_new(const struct config_credential *credential, struct renewal **renewal);

/* One that a keeper puts versions into.  `wake` is called, with the lock of the renewal, when the cloud has
 * refused a version: it should put another, or say why not; it must not call back.  `context` outlives it. */
MUST_USE struct renewal *renewal_new_kept(void (*wake)(void *context), void *context);

/* A version of the keeper's, with copies of the three (the last may be NULL); NULL when memory is out. */
MUST_USE struct renewal_version *renewal_version_new(const struct config_credential *parts,
                                                     int64_t expires_us);

/* Takes the version, or NULL with the reason.  True: it is another credential than before. */
bool renewal_put(struct renewal *renewal, struct renewal_version *version, const struct err *reason);

/* Did somebody ask since the last renewal_put()? */
bool renewal_is_asked(struct renewal *renewal);

struct renewal *renewal_hold(struct renewal *renewal); /* NULL does nothing */

/* A thread that still reads keeps it.  NULL does nothing. */
void renewal_release(struct renewal *renewal);

/* The newest version's; no lock. */
unsigned renewal_number(const struct renewal *renewal);

/* The newest version, held.  Of a keeper's, one that has not ended at `now_us`: NULL with the reason; the
 * first one is waited for, at most RENEWAL_FETCH_MS, and not beyond `until_us`. */
MUST_USE struct renewal_version *renewal_take(struct renewal *renewal, int64_t now_us, int64_t until_us,
                                              struct err *err);
struct renewal_version *renewal_version_hold(struct renewal_version *version);
void renewal_version_release(struct renewal_version *version); /* NULL does nothing */

/* The cloud refuses version `number` at `now_us`, of the monotonic clock.  True when there is a newer one,
 * perhaps now.  `news` gets what an operator should know, once: it was renewed (ERR_NONE with a text), or
 * cannot be read. */
MUST_USE bool renewal_ask(struct renewal *renewal, unsigned number, int64_t now_us, struct err *news);

#endif
