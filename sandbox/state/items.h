/* sandbox/state/items.h - a YAML list of maps to an array of structs, by a table of keywords. */
#ifndef SANDBOX_STATE_ITEMS_H
#define SANDBOX_STATE_ITEMS_H

#include "base/base.h"
#include "config/reader/report.h"
#include "config/reader/yaml.h"
#include "sandbox/state/state.h"

enum { ITEMS_MAX = 10000, ITEMS_SECONDS_MAX = 43200 };

enum keyword_need { OPTIONAL, REQUIRED };

enum keyword_kind {
    KEYWORD_ID,       /* const char *: a name that no other item of its list has here */
    KEYWORD_TEXT,     /* const char *: a line of text                                 */
    KEYWORD_SECONDS,  /* long long: 1 to 43200                                        */
    KEYWORD_FLAG,     /* bool: true or false                                          */
    KEYWORD_SECRET,   /* struct secret *                                              */
    KEYWORD_REGION,   /* const struct state_region *: one of `regions`                */
    KEYWORD_VPC,      /* struct state_vpc *: one of `vpcs`, by either id              */
    KEYWORD_INSTANCE, /* struct state_instance *: one of `instances`, by either id    */
};

struct keyword {
    const char *key;
    enum keyword_kind kind;
    enum keyword_need need;
    size_t offset; /* of the field in the item */
};

struct items_form {
    const char *key; /* of the list */
    const struct keyword *keywords;
    size_t keyword_count;
    size_t item_size;
};

/* What the items are put into, and where the errors go. */
struct items_desk {
    struct state *state;
    struct report *report;
};

/* The items of the list in `root`, in the state's arena; fields that were wrong or absent are zero.  NULL,
 * with *count 0, when there is no such list. */
MUST_USE void *items_read(const struct items_desk *desk, const struct items_form *form,
                          const struct yaml_node *root, size_t *count);

#endif
