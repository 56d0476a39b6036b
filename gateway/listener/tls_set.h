/* gateway/listener/tls_set.h - the certificates of a server's listeners, ready for handshakes.
 *
 * A set is made whole from the configuration, or not at all, and never changes: who reads certificates
 * again makes another one.  It is counted: connections that began with it keep it.  Used by any number of
 * threads. */
#ifndef GATEWAY_LISTENER_TLS_SET_H
#define GATEWAY_LISTENER_TLS_SET_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

struct tls_set;

/* What somebody may want to know of a certificate. */
struct tls_certificate {
    const char *file;
    int64_t expires; /* seconds since 1970 */
};

/* Reads every file that the entries' `tls` names; an entry without one is plain.  `config` is lent for the
 * call.  A certificate that has expired is taken: see tls_set_certificate(). */
MUST_USE struct tls_set *tls_set_new(const struct config_listeners *config, struct err *err);

/* One more holder, and one less; the last one frees it.  NULL is nothing. */
struct tls_set *tls_set_hold(struct tls_set *set);
void tls_set_release(struct tls_set *set);

/* Is the entry's first word a handshake? */
bool tls_set_has(const struct tls_set *set, size_t entry);

/* The certificates of all entries, each file once, in the order of the configuration. */
size_t tls_set_count(const struct tls_set *set);
const struct tls_certificate *tls_set_certificate(const struct tls_set *set, size_t index);

/* The SSL_CTX with which connections of the entry begin; of tls.c alone. */
void *tls_set_context(const struct tls_set *set, size_t entry);

#endif
