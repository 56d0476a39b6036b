/* gateway/upstream/ca_store.h - the certificate authorities that an upstream's certificate is verified by. */
#ifndef GATEWAY_UPSTREAM_CA_STORE_H
#define GATEWAY_UPSTREAM_CA_STORE_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

#include <openssl/ssl.h>

/* Those of ca_file, or the system's; loaded once, for all connections.  The caller frees it by
 * X509_STORE_free(). */
MUST_USE X509_STORE *ca_store_load(const struct config_upstream *upstream, struct err *err);

#endif
