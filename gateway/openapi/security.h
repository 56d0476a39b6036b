/* gateway/openapi/security.h - by what callers prove who they are, in the words of OpenAPI 3.1: a bearer
 * token, mutual TLS, or both. */
#ifndef GATEWAY_OPENAPI_SECURITY_H
#define GATEWAY_OPENAPI_SECURITY_H

#include "base/buf.h"
#include "config/model/config.h"

/* The Security Requirement Objects, of which one is enough: those of the client; NULL: of all there are. */
void security_put(struct buf *out, const struct config *config, const struct config_client *client);

/* A member: the Security Scheme Objects that these name. */
void security_put_schemes(struct buf *out, const struct config *config);

#endif
