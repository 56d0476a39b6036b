/* gateway/upstream/renewal.h - a credential whose files were replaced, read again when the cloud refuses it.
 *
 * A configuration never changes, so what is read again is a version beside it: of one credential, for one
 * upstream, until the next reload.  A thread of its own reads, since a disk may hang; who asks waits at most
 * RENEWAL_WAIT_MS.  Safe from many threads. */
#ifndef GATEWAY_UPSTREAM_RENEWAL_H
#define GATEWAY_UPSTREAM_RENEWAL_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

#include <stdatomic.h>

enum {
    RENEWAL_WAIT_MS = 250,      /* for the disk: small files, read in less than one */
    RENEWAL_PAUSE_US = 2000000, /* between two looks: who replaces two files needs less */
};

struct renewal;

/* What was read at one time.  Counted. */
struct renewal_version {
    atomic_uint references;
    unsigned number; /* from 1; 0 is what the configuration has */
    struct config_credential credential;
};

/* Copies what it needs of the credential.  *renewal is NULL where nothing can be read again.  -1 when memory
 * is out. */
MUST_USE int renewal_new(const struct config_credential *credential, struct renewal **renewal);

/* A thread that still reads keeps it.  NULL does nothing. */
void renewal_release(struct renewal *renewal);

/* The newest version's; no lock. */
unsigned renewal_number(const struct renewal *renewal);

/* The newest version, held. */
struct renewal_version *renewal_take(struct renewal *renewal);
void renewal_version_release(struct renewal_version *version); /* NULL does nothing */

/* The cloud refuses version `number` at `now_us`, of the monotonic clock.  True when there is a newer one,
 * perhaps now.  `news` gets what an operator should know, once: it was renewed (ERR_NONE with a text), or
 * cannot be read. */
MUST_USE bool renewal_ask(struct renewal *renewal, unsigned number, int64_t now_us, struct err *news);

#endif
