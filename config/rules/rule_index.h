/* config/rules/rule_index.h - the rules filed by whom they can concern, while a policy is read.
 *
 * A draft is one client's name, or one prefix, that rules name, with those rules; rule_layout.c makes what
 * decisions read of them, rule_warnings.c warns about unreachable rules.  All of it lives in
 * loader->scratch. */
#ifndef CONFIG_RULES_RULE_INDEX_H
#define CONFIG_RULES_RULE_INDEX_H

#include "config/model/config.h"
#include "config/rules/rules.h"
#include "config/reader/keyword.h"

struct draft {
    const char *pattern;             /* a client's name, or a prefix and '*' */
    const struct config_rule *first; /* the first rule that names it */
    uint32_t *rules;                 /* numbers, in the file's order */
    size_t count;
    size_t room;
    const struct config_rule *
        *closed; /* by action: the first deny without any condition, or NULL; NULL: none */
    const struct config_bucket *made; /* by rule_layout_place(); NULL: no client is concerned */
    UT_hash_handle hh;
};

struct rule_index {
    struct loader *loader;
    const struct rules *rules;
    const struct config_route **actions; /* by action_index: one of its routes */
    bool **reaches;                      /* by rule and action_index: does one of its patterns match? */
    struct draft *drafts;                /* uthash, by pattern, in the file's order */
    size_t hashed;                       /* texts of what rule_layout_place() made: see RULE_HASH_ALL */
    uint64_t prefixes[2];                /* bit n: there is a draft whose prefix has n characters */
};

/* -1 when memory is out; rule_index_done() in either case. */
MUST_USE int rule_index_file(struct rule_index *buckets, struct loader *loader, const struct rules *rules);
void rule_index_done(struct rule_index *buckets);

/* The draft of exactly that pattern, or NULL. */
struct draft *rule_index_find(const struct rule_index *buckets, const char *pattern);

/* The next draft of a prefix that covers the name or pattern; `*length` begins with 0.  NULL: no more. */
struct draft *rule_index_next(const struct rule_index *buckets, const char *name, size_t *length);

#endif
