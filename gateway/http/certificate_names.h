/* gateway/http/certificate_names.h - the names of a caller's certificate, by which clients are known: its
 * hash and its subject alternative names.
 *
 * It comes from our own TLS, or in a header field from a proxy that has verified it. */
#ifndef GATEWAY_HTTP_CERTIFICATE_NAMES_H
#define GATEWAY_HTTP_CERTIFICATE_NAMES_H

#include "base/arena.h"
#include "base/base.h"

#include <openssl/x509.h>

/* Keys of config/model/certificate_key.h, the hash first, each with a NUL behind it. */
struct certificate_names {
    size_t length;
    char text[];
};

/* For certificate_names_free().  NULL where there is no certificate, or memory is out. */
MUST_USE struct certificate_names *certificate_names_new(const X509 *certificate);
void certificate_names_free(struct certificate_names *names);

/* What a proxy passes, into the arena: a certificate in DER and base64, with colons around it (RFC 9440,
 * HAProxy) or without; in PEM, percent-encoded (nginx); or 64 hex digits, its SHA-256 alone.  NULL: none
 * of these, or memory is out. */
MUST_USE const struct certificate_names *certificate_names_read(const char *value, struct arena *arena);

#endif
