#include "auth/policy_words.h"

struct policy_words policy_words_of(enum policy_miss miss)
{
    struct policy_words words = {.before = "no rule allows ", .after = ""};
    switch (miss) { /* without a default: the compiler asks for a new condition's */
    case POLICY_MATCHES:
    case POLICY_OTHER_CLIENT:
    case POLICY_OTHER_ACTION:
    case POLICY_OTHER_EFFECT:
        break;
    case POLICY_OTHER_VALUE:
        words.after = " with these parameters";
        break;
    case POLICY_EXPIRED:
        words.reason = "it has expired";
        words.before = "the rule that allowed ";
        words.after = " has ended";
        break;
    case POLICY_OTHER_SOURCE:
        words.reason = "the caller's address is in none of its networks (from)";
        words.after = " from this address";
        break;
    case POLICY_OTHER_TIME:
        words.reason = "it does not apply at this time (when)";
        words.after = " at this time";
        break;
    case POLICY_OTHER_SUBJECT:
        words.reason = "it is for other subjects (subject)";
        words.after = " for this subject";
        break;
    case POLICY_OTHER_OWNER:
        words.reason = "another client began this task, or that is unknown (own)";
        break; /* what the caller is told hangs on what the gateway remembers: gateway/call/authorize.c */
    }
    return words;
}
