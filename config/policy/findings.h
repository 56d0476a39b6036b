/* config/policy/findings.h - what deserves a word though nothing is wrong with it. */
#ifndef CONFIG_POLICY_FINDINGS_H
#define CONFIG_POLICY_FINDINGS_H

#include "config/reader/keyword.h"

/* Of the policy, once all of it has been read. */
void findings_policy(struct loader *loader);

/* Of countersign.yaml (`path`), once both files have been read. */
void findings_service(struct loader *loader, const char *path);

#endif
