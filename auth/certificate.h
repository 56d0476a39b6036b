/* auth/certificate.h - whose certificate is it?  Pure: no clock, no log.  Safe from many threads. */
#ifndef AUTH_CERTIFICATE_H
#define AUTH_CERTIFICATE_H

#include "base/base.h"
#include "config/model/config.h"

/* By the names of one certificate that has been verified: keys of config/model/certificate_key.h, each
 * with a NUL behind it, `length` bytes in all.  NULL: no client has it, or two have. */
const struct config_client_certificate *certificate_find(const struct config *config, const char *names,
                                                         size_t length);

#endif
