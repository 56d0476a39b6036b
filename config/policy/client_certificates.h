/* config/policy/client_certificates.h - policy.yaml: a client's `certificates`, and which proofs it
 * `require`s. */
#ifndef CONFIG_POLICY_CLIENT_CERTIFICATES_H
#define CONFIG_POLICY_CLIENT_CERTIFICATES_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* Both into a struct config_client; certificates go to config->certificates as well. */
keyword_reader client_certificates_read;
keyword_reader client_certificates_require;

/* Once the client is read: it has what it requires.  -1 after a finding. */
MUST_USE int client_certificates_check(struct loader *loader, const struct config_client *client);

#endif
