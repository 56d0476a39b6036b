/* config/model/value_set.h - the texts that a value of a call is compared with: one list of a `where`, or a
 * set.
 *
 * Laid out for the decision: one piece of memory, whole texts sorted so that a thousand of them cost ten
 * comparisons, patterns behind them.  Never changes; safe from many threads. */
#ifndef CONFIG_MODEL_VALUE_SET_H
#define CONFIG_MODEL_VALUE_SET_H

#include "base/arena.h"
#include "base/base.h"
#include "base/system/network.h"

/* Texts as they stand in the file, in its order; '*' in one stands for any run of characters. */
struct config_patterns {
    const char **items;
    size_t count;
};

/* What the texts are: what a value is compared with, or a number's bounds or networks, written for people. */
enum value_set_kind { VALUE_SET_TEXTS, VALUE_SET_RANGE, VALUE_SET_NETWORKS };

struct value_set_range {
    bool has_min, has_max;
    long double min, max; /* 64 bits of precision or more: whole numbers are exact */
};

struct config_values {
    uint32_t exact;                      /* texts[0] to texts[exact - 1], in strcmp()'s order */
    uint32_t patterns;                   /* so many more behind them, each with a '*' */
    bool other_names;                    /* nobody wrote them: config/rules/things.c */
    unsigned char kind;                  /* enum value_set_kind; others have no `exact` texts, and these: */
    const struct value_set_range *range; /* of one text, "at least 1 and at most 5" */
    const struct network *networks;      /* as many as texts */
    const char *texts[];                 /* into the bytes that follow */
};

/* Lives in the arena; NULL when memory is out. */
MUST_USE const struct config_values *value_set_new(const struct config_patterns *patterns,
                                                   struct arena *arena);

/* The same of texts that are other names of what a condition has. */
MUST_USE const struct config_values *value_set_new_names(const struct config_patterns *patterns,
                                                         struct arena *arena);

/* Another one with the same texts, beside what was allocated last. */
MUST_USE const struct config_values *value_set_copy(const struct config_values *values, struct arena *arena);

/* Is the text one of them, not counting patterns? */
bool value_set_name(const struct config_values *values, const char *text);

/* The numbers from min to max, both included; or what lies wholly within one of `count` networks.  Live in
 * the arena; NULL when memory is out. */
MUST_USE const struct config_values *value_set_new_range(const struct value_set_range *range,
                                                         const char *words, struct arena *arena);
MUST_USE const struct config_values *value_set_new_networks(const struct config_patterns *texts,
                                                            const struct network *networks,
                                                            struct arena *arena);

/* A number is asked of it, or a network, and it is none: "ten", "10.0.0.1/8". */
bool value_set_is_puzzled(const struct config_values *values, const char *text);

/* Does everything that `narrow` matches match `wide`?  Only for two of which one is no VALUE_SET_TEXTS; where
 * that cannot be told it does not. */
bool value_set_covers(const struct config_values *wide, const struct config_values *narrow);

/* A decimal number without exponent: "-12.50".  false: it is none. */
MUST_USE bool value_set_parse_number(const char *text, long double *number);

/* Is the text one of them, or does one of the patterns match it? */
bool value_set_match(const struct config_values *values, const char *text);

#endif
