/* sandbox/actions/metadata.h - the metadata service of an instance: which role it has, and its credential.
 *
 * Faults strike it by the action Metadata. */
#ifndef SANDBOX_ACTIONS_METADATA_H
#define SANDBOX_ACTIONS_METADATA_H

#include "sandbox/fault/api_request.h"

#define METADATA_PATH "/latest/meta-data/cam/security-credentials/"

/* Writes x->answer; x->request->path begins with METADATA_PATH. */
void metadata_answer(struct api_request *x);

#endif
