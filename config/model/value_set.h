/* config/model/value_set.h - the texts that a value of a call is compared with: one list of a `where`, or a
 * set.
 *
 * Laid out for the decision: one piece of memory, whole texts sorted so that a thousand of them cost ten
 * comparisons, patterns behind them.  Never changes; safe from many threads. */
#ifndef CONFIG_MODEL_VALUE_SET_H
#define CONFIG_MODEL_VALUE_SET_H

#include "base/arena.h"
#include "base/base.h"

/* Texts as they stand in the file, in its order; '*' in one stands for any run of characters. */
struct config_patterns {
    const char **items;
    size_t count;
};

struct config_values {
    uint32_t exact;      /* texts[0] to texts[exact - 1], in strcmp()'s order */
    uint32_t patterns;   /* so many more behind them, each with a '*' */
    bool other_names;    /* nobody wrote them: config/policy/things.c */
    const char *texts[]; /* into the bytes that follow */
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

/* Is the text one of them, or does one of the patterns match it? */
bool value_set_match(const struct config_values *values, const char *text);

#endif
