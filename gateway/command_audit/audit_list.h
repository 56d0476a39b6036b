/* gateway/command_audit/audit_list.h - changes that `audit show` found: as lines for people, JSON, CSV, or
 * sums.
 *
 * A change is a JSON object: the members of its intent, and those of its outcome.  One thread. */
#ifndef GATEWAY_COMMAND_AUDIT_AUDIT_LIST_H
#define GATEWAY_COMMAND_AUDIT_AUDIT_LIST_H

#include "base/base.h"

#include <jansson.h>

enum audit_list_form { AUDIT_LIST_TEXT, AUDIT_LIST_JSON, AUDIT_LIST_CSV };

enum { AUDIT_LIST_FIELDS = 8 }; /* by which changes are summed up: more than anybody reads at a time */

struct audit_list {
    enum audit_list_form form;
    const char *fields[AUDIT_LIST_FIELDS];
    size_t field_count; /* 0: each change by itself */
    json_t *groups;     /* of a sum: what was counted, by the fields' values */
};

/* The fields by which `audit show --summary` counts, for its help. */
#define AUDIT_LIST_FIELD_NAMES                                                                               \
    "action, client, instance, outcome, region, route, rule, service, source, status, subject, token, type"

/* "client,action": sums by these.  -1: no such fields, or too many. */
MUST_USE int audit_list_sum(struct audit_list *list, const char *fields);

/* Prints to standard output; in between each change with audit_list_put().  -1: memory is out. */
MUST_USE int audit_list_begin(struct audit_list *list);
MUST_USE int audit_list_put(struct audit_list *list, const json_t *change);
MUST_USE int audit_list_end(struct audit_list *list);

#endif
