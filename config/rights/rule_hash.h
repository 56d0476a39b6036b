/* config/rights/rule_hash.h - of the many rules for one client and action, those that could match a value.
 *
 * Each rule is filed under the texts of one of its conditions: of those that name whole texts and beginnings
 * ("vpc-prod*"), the one whose texts fewest other rules have.  A rule without such a condition is among the
 * `rest`, as are a strict deny, which holds for what is not there, numbers' bounds and networks.  What is
 * filed and not found by any value of the call does not match it: see condition_holds() of auth/policy.c.
 *
 * Lives in the arena, never changes, safe from many threads. */
#ifndef CONFIG_RIGHTS_RULE_HASH_H
#define CONFIG_RIGHTS_RULE_HASH_H

#include "base/arena.h"
#include "config/model/config_policy.h"

enum {
    RULE_HASH_MIN = 8,      /* rules: fewer are read one by one as fast */
    RULE_HASH_TEXTS = 32,   /* of a condition: one with more is not what a rule is filed under */
    RULE_HASH_PREFIX = 63,  /* characters of a beginning; of a longer one so many count */
    RULE_HASH_BYTES = 64,   /* of memory for a text of a rule, at most */
    RULE_HASH_ALL = 500000, /* texts in all of a configuration, 32 MB: what is more is read one by one */
};

struct rule_hash_key {
    const char *text; /* the rule's */
    uint32_t length;
    uint32_t hash;
    uint32_t param;
    uint32_t start, count; /* in `rules` */
    bool prefix;           /* a value begins with it, else is it */
};

struct rule_hash_param {
    uint32_t param;                       /* its number */
    uint32_t longest;                     /* characters of a text */
    uint32_t allows;                      /* enforced allows that are filed under it */
    const struct config_condition *filed; /* of one of them, or NULL */
    uint64_t prefixes;                    /* bit n: there is a beginning of n characters */
};

struct rule_hash {
    const struct rule_hash_param *params;
    size_t param_count;
    const struct config_rule **rest;
    size_t rest_count;
    const uint32_t *places; /* open addressing: 1 + the index of a key, or 0 */
    uint32_t mask;
    const struct rule_hash_key *keys;
    size_t key_count;
    const struct config_rule **rules;
    size_t rule_count;
};

/* NULL with *failed false: it is not worth it, or would be more than `room` texts. */
MUST_USE const struct rule_hash *rule_hash_new(const struct config_rule **rules, size_t count, size_t room,
                                               struct arena *arena, struct arena *scratch, bool *failed);

/* The rules that are filed under a text which the value has, one text after the other. */
struct rule_hash_cursor {
    const struct rule_hash *hash;
    const struct rule_hash_param *param;
    const char *value;
    size_t at; /* characters of it that are hashed, in `state` */
    uint32_t state;
    bool ended, done;
};

struct rule_hash_cursor rule_hash_find(const struct rule_hash *hash, const struct rule_hash_param *param,
                                       const char *value);

/* false: no more. */
bool rule_hash_next(struct rule_hash_cursor *cursor, struct config_bucket_rules *found);

#endif
