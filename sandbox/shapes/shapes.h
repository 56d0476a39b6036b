/* sandbox/shapes/shapes.h - the vendor's definitions: what requests and answers look like for the actions
 * that the sandbox keeps no state for.
 *
 * A file is read when its service is first asked for, and kept.  All functions may be called by many
 * threads; what they give lives as long as the shapes. */
#ifndef SANDBOX_SHAPES_SHAPES_H
#define SANDBOX_SHAPES_SHAPES_H

#include "base/base.h"
#include "base/err.h"
#include "config/definitions/definitions.h"
#include "sandbox/state/outcome.h"

struct shapes;

/* The folder's files (docs/definitions.md).  `folder` NULL: where the package puts them, and none if it is
 * not there.  NULL with the reason. */
MUST_USE struct shapes *shapes_new(const char *folder, struct err *err);
void shapes_free(struct shapes *shapes);

/* Are there definitions of this service? */
bool shapes_has_service(const struct shapes *shapes, const char *service);

/* The action of that version ("2017-03-12").  `service` NULL: of the one service that has it.  NULL: there is
 * none; with a refusal where more can be said: the service has no such version, several services have it. */
const struct definitions_action *shapes_find(struct shapes *shapes, const char *service, const char *version,
                                             const char *action, struct outcome *outcome);

#endif
