/* gateway/keeper/sts.h - roles that are assumed: AssumeRole, signed as any call of API 3.0, and
 * AssumeRoleWithWebIdentity, which is proved by a token and not signed at all.
 *
 * Actions and parameters: the vendor's pages 1312/48197 and 1312/73070, version 2018-08-13. */
#ifndef GATEWAY_KEEPER_STS_H
#define GATEWAY_KEEPER_STS_H

#include "gateway/keeper/fetch.h"

MUST_USE int sts_fetch(struct fetch *fetch, struct err *err);

#endif
