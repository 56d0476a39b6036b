/* gateway/keeper/metadata.h - the credential of the role that an instance has (CONFIG_ROLE).
 *
 * GET .../security-credentials/ answers the role's name, or 404; GET .../security-credentials/NAME its
 * credential.  Plain HTTP, no header of its own (the vendor's page 213/4934, and its clients). */
#ifndef GATEWAY_KEEPER_METADATA_H
#define GATEWAY_KEEPER_METADATA_H

#include "gateway/keeper/fetch.h"

MUST_USE int metadata_fetch(struct fetch *fetch, struct err *err);

#endif
