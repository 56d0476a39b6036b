/* gateway/dryrun/suggestions.h - the narrowest rules for what past calls did, or tried to do, as YAML to
 * copy.
 *
 * Calls are gathered by client, action, region and the values of their parameters; the values of lists are
 * put together.  A rule is for exactly what was seen: a person decides whether it is also what should be. */
#ifndef GATEWAY_DRYRUN_SUGGESTIONS_H
#define GATEWAY_DRYRUN_SUGGESTIONS_H

#include "base/base.h"
#include "base/buf.h"

enum {
    SUGGESTIONS_TIMES = 3,         /* so often denied is repeatedly, where nobody says otherwise */
    SUGGESTIONS_MAX = 10000,       /* rules: further calls are counted, and told */
    SUGGESTIONS_VALUES = 100,      /* of a parameter: where there are more, the rule says nothing of it */
    SUGGESTIONS_COMBINATIONS = 16, /* of values, for a client and an action: further ones make one rule */
};

struct suggestions;

MUST_USE struct suggestions *suggestions_new(void); /* NULL when memory is out */
void suggestions_free(struct suggestions *suggestions);

/* A line of an access log or an audit file (`length` bytes without its line feed).  False: no call in it was
 * judged. */
bool suggestions_see(struct suggestions *suggestions, const char *line, size_t length);

/* Memory was out meanwhile.  A rule without one of its conditions would allow more than was used, so that
 * there are no rules then. */
bool suggestions_failed(const struct suggestions *suggestions);

/* Calls that were allowed, and those that no rule allowed `times` times or more.  How many rules there
 * are; out->failed after suggestions_failed(), or when memory is out here. */
size_t suggestions_put(const struct suggestions *suggestions, unsigned long long times, struct buf *out);

#endif
