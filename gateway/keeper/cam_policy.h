/* gateway/keeper/cam_policy.h - what a client may do, as a policy of CAM: `down_scope` of a credential whose
 * sessions are each client's own.
 *
 * It is a superset of the gateway's policy, never less.  It has the actions that some rule allows the client,
 * and those of the gateway's own calls on its behalf (how a task is, which thing a former id is).
 * Conditions, denies and hours have no counterpart: which resources an action checks differs by action, so
 * all are named.  What exceeds CAM_POLICY_MAX is widened: to the actions' first words (vpc:Describe*), then
 * to services (vpc:*), then to all.
 *
 * Sources: the vendor's pages 598/10604 (syntax), 1031/67856 (length) and 1312/48197 (AssumeRole). */
#ifndef GATEWAY_KEEPER_CAM_POLICY_H
#define GATEWAY_KEEPER_CAM_POLICY_H

#include "base/base.h"
#include "base/digest.h"
#include "base/err.h"
#include "config/model/config.h"

enum { CAM_POLICY_MAX = 6144 }; /* characters of a policy that CAM takes */

struct cam_policy {
    char *text;                   /* JSON; owned */
    char print[DIGEST_TEXT_SIZE]; /* its SHA-256 */
};

/* For calls that the credential signs.  0, or -1 with *policy as it was. */
MUST_USE int cam_policy_make(const struct config *config, const struct config_credential *credential,
                             const struct config_client *client, struct cam_policy *policy, struct err *err);
void cam_policy_done(struct cam_policy *policy); /* one that was never made does nothing */

#endif
