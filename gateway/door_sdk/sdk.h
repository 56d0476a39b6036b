/* gateway/door_sdk/sdk.h - the SDKs' door: the vendor's API 3.0 protocol, where `doors: { sdk: true }` opens
 * it.
 *
 * An SDK, the vendor's command line or Terraform is given the gateway as its endpoint, and a token of the
 * gateway's in the place of a temporary credential's.  docs/clients.md has the settings. */
#ifndef GATEWAY_DOOR_SDK_SDK_H
#define GATEWAY_DOOR_SDK_SDK_H

#include "gateway/door/door.h"

extern const struct door sdk_door;

#endif
