/* gateway/audit/audit_filter.h - which changes `audit show` is asked for. */
#ifndef GATEWAY_AUDIT_AUDIT_FILTER_H
#define GATEWAY_AUDIT_AUDIT_FILTER_H

#include "base/base.h"
#include "config/model/config.h"

#include <jansson.h>

/* The texts, in the order of the options. */
enum audit_filter_text {
    AUDIT_FILTER_CLIENT,
    AUDIT_FILTER_ACTION,
    AUDIT_FILTER_OUTCOME,
    AUDIT_FILTER_VALUE,
    AUDIT_FILTER_REQUEST,
    AUDIT_FILTER_TEXTS
};

struct audit_filter {
    const char *want[AUDIT_FILTER_TEXTS]; /* NULL: any */
    int64_t since, until;                 /* seconds since 1970; `until` is not included */
    const struct config *config;          /* a policy, which knows names of one thing; or NULL */
};

/* All must hold.  A change is a JSON object: the members of its intent, and those of its outcome. */
bool audit_filter_wants(const struct audit_filter *filter, const json_t *change);

#endif
