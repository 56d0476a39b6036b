/* gateway/listener/tls.h - the bytes of one connection below TLS: what recv(2) and send(2) are without it.
 *
 * Nothing above knows what a handshake is: it happens within the first reads.  Used by one thread at a
 * time. */
#ifndef GATEWAY_LISTENER_TLS_H
#define GATEWAY_LISTENER_TLS_H

#include "base/base.h"
#include "gateway/http/certificate_names.h"
#include "gateway/listener/tls_set.h"

#include <sys/types.h>

struct tls;

/* Of a new connection to an entry that has certificates; holds the set.  NULL when memory is out. */
MUST_USE struct tls *tls_new(struct tls_set *set, size_t entry, int fd);
void tls_free(struct tls *tls);

/* As recv(2): with MSG_DONTWAIT, or for as long as SO_RCVTIMEO says, once: EAGAIN also where only a part of a
 * record has come, or much that carries no bytes.  0: the client has ended its side, does not take what the
 * protocol has us say, or has broken it, and was told so. */
MUST_USE ssize_t tls_receive(struct tls *tls, void *bytes, size_t size, int flags);

/* As send(2). */
MUST_USE ssize_t tls_send(struct tls *tls, const void *bytes, size_t size);

/* It holds bytes that the kernel knows nothing of any more. */
bool tls_has_pending(const struct tls *tls);

/* The handshake is behind us. */
bool tls_is_open(const struct tls *tls);

/* What came first was no handshake, but looks like plain HTTP. */
bool tls_is_plain(const struct tls *tls);

/* Of the certificate that the client has shown and that is good, once its first request has come: the
 * handshake is behind us.  NULL: it has shown none, or memory is out. */
const struct certificate_names *tls_certificate(struct tls *tls);

/* Says `bytes` where a handshake is behind us, otherwise that there will be none; then ends our
 * side.  Without waiting. */
void tls_refuse(struct tls *tls, const void *bytes, size_t size);

/* Tells the client that nothing more comes (close_notify, RFC 8446 section 6.1), without waiting. */
void tls_end(struct tls *tls);

#endif
