/* config/model/certificate_key.h - one name of a client's certificate, in the one spelling by which it is
 * found.
 *
 * "sha256:..." is the hash of the whole certificate in DER; the others are its subject alternative names
 * (RFC 5280 section 4.2.1.6): "DNS:web.example", "URI:spiffe://...", "email:...", "IP:...".  Its subject
 * is none. */
#ifndef CONFIG_MODEL_CERTIFICATE_KEY_H
#define CONFIG_MODEL_CERTIFICATE_KEY_H

#include "base/base.h"
#include "base/buf.h"

enum certificate_key {
    CERTIFICATE_KEY_SHA256, /* 64 hex digits, also with colons between the octets */
    CERTIFICATE_KEY_DNS,
    CERTIFICATE_KEY_URI,
    CERTIFICATE_KEY_EMAIL,
    CERTIFICATE_KEY_IP, /* as text */
};

enum { CERTIFICATE_KEY_MAX = 1024 }; /* bytes of one; longer names are nobody's */

/* Appends the name, with a NUL behind it.  False, and nothing is appended, where it is none of that kind:
 * a DNS name with a '*' stands for many, and so for nobody. */
MUST_USE bool certificate_key_put(struct buf *out, enum certificate_key kind, const char *bytes,
                                  size_t length);

/* Which kind of subject alternative name a text is, written with openssl's prefix or without; `*bytes` is
 * what stands behind it. */
enum certificate_key certificate_key_kind(const char *text, const char **bytes);

#endif
