/* auth/policy_words.h - what people are told of a rule that does not match: a sentence for those who read
 * the policy, and one for callers.  They stand beside the conditions (auth/policy.c), so that a new
 * condition has all its words here.  Any thread; nothing is allocated. */
#ifndef AUTH_POLICY_WORDS_H
#define AUTH_POLICY_WORDS_H

#include "auth/policy.h"

struct policy_words {
    const char *reason; /* "it has expired"; NULL: what the call has is to be told with it */

    /* The caller's, with the action's name in between: what callers know of themselves, nothing of what the
     * rule has instead. */
    const char *before, *after;
};

struct policy_words policy_words_of(enum policy_miss miss);

#endif
