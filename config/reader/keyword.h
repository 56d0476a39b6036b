/* config/reader/keyword.h - a map of the configuration is a table of keywords, not a ladder of ifs.
 *
 * keyword_read_map() reads a YAML map into a struct: each key is looked up in the table and its reader writes
 * the field.  Unknown, missing and mistyped keys are findings with their place; reading goes on after
 * each. */
#ifndef CONFIG_READER_KEYWORD_H
#define CONFIG_READER_KEYWORD_H

#include "base/arena.h"
#include "base/base.h"
#include "config/reader/report.h"
#include "config/reader/yaml.h"

enum { KEYWORD_VERSION = 1 }; /* of the configuration: docs/formats.md */

struct config;
struct keyword;

/* What every reader needs.  What stays lives in `arena`; texts that a reader gives are copied to it. */
struct loader {
    struct arena *arena;
    struct arena *scratch; /* ends with the loading: the policy's tree, and what it becomes on the way */
    struct report *report;
    struct config *config;
    int64_t now;                   /* seconds since 1970: for warnings of what has expired */
    const struct config *previous; /* the configuration in force during a reload, or NULL */
};

typedef int keyword_reader(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                           void *field);

/* Together: REQUIRED | RESTART.  RESTART: a reload keeps the running value (service.c). */
enum keyword_need { OPTIONAL = 0, REQUIRED = 1, RESTART = 2 };

struct keyword {
    const char *name;
    keyword_reader *read;
    size_t offset;
    unsigned need; /* of enum keyword_need */
    long long min; /* for numbers and durations (ms); 0, 0 is no bound */
    long long max;
    const char *const *choices; /* for keyword_choice: NULL-terminated, the field is an int index */
};

/* -1 when anything was reported.  `what` names the map in messages: "upstream". */
MUST_USE int keyword_read_map(struct loader *loader, const struct yaml_node *node, const char *what,
                              const struct keyword *keywords, size_t count, void *target);

keyword_reader keyword_text;     /* const char *: not empty                              */
keyword_reader keyword_name;     /* const char *: text_is_name()                         */
keyword_reader keyword_path;     /* const char *: a path, relative to the file it is in  */
keyword_reader keyword_number;   /* long long                                            */
keyword_reader keyword_duration; /* long long, milliseconds: 500ms, 5s, 2m, 1h           */
keyword_reader keyword_size;     /* long long, bytes: 65536, 64KiB, 1MiB                 */
keyword_reader keyword_choice;   /* int                                                  */
keyword_reader keyword_bool;     /* bool: true or false                                  */
keyword_reader keyword_time;     /* int64_t, seconds since 1970: a date or RFC 3339 time */
keyword_reader keyword_rate;     /* struct rate: 20/s, 600/m, 20/s burst 40             */
keyword_reader keyword_node;     /* const struct yaml_node *: for later                  */
keyword_reader keyword_version;  /* nothing: must be 1                                   */

/* The node is of that kind, or a finding about `what`. */
MUST_USE bool keyword_expect(struct loader *loader, const struct yaml_node *node, enum yaml_kind kind,
                             const char *what);

/* It is a text, not empty and without control characters, or -1 and a finding about `what`. */
MUST_USE int keyword_expect_text(struct loader *loader, const struct yaml_node *node, const char *what);

/* It is a list of one or more, or -1 and a finding about `what`. */
MUST_USE int keyword_expect_items(struct loader *loader, const struct yaml_node *node, const char *what);

/* A whole decimal number within a long long; no sign but '-', no blanks. */
MUST_USE bool keyword_parse_number(const char *text, long long *number);

int keyword_out_of_memory(struct loader *loader);

#endif
