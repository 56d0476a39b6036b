/* config/definitions/definitions.h - what actions a service of the cloud has, and how their documents look.
 *
 * One `struct definitions` is one version of one service: its actions, each with its effect, and the objects
 * that stand in requests and answers.  Names and types are the vendor's (docs/definitions.md names the
 * source).  Once read nothing in it changes: any thread.  All of it lives in the arena that it was read
 * into, and borrows nothing else. */
#ifndef CONFIG_DEFINITIONS_DEFINITIONS_H
#define CONFIG_DEFINITIONS_DEFINITIONS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

#include <stdint.h>

enum {
    DEFINITIONS_BYTES_MAX = 32 * 1024 * 1024, /* of a file: the vendor's largest has 5 MiB with its texts */
    DEFINITIONS_NAME_MAX = 128,               /* characters of a name; the longest has 76 */
    DEFINITIONS_MEMBERS_MAX = 1000,           /* of an object; the largest has 106 */
};

enum definitions_type {
    DEFINITIONS_STRING,
    DEFINITIONS_INT64,
    DEFINITIONS_UINT64,
    DEFINITIONS_FLOAT,
    DEFINITIONS_BOOL,
    DEFINITIONS_DATE, /* this one and the next three are strings */
    DEFINITIONS_DATETIME,
    DEFINITIONS_DATETIME_ISO,
    DEFINITIONS_BINARY,
    DEFINITIONS_OBJECT,
    DEFINITIONS_TYPES
};

enum definitions_effect { DEFINITIONS_READ, DEFINITIONS_CHANGE, DEFINITIONS_SECRET, DEFINITIONS_EFFECTS };
enum definitions_status {
    DEFINITIONS_ONLINE,
    DEFINITIONS_DEPRECATED,
    DEFINITIONS_OFFLINE,
    DEFINITIONS_STATUSES
};

struct definitions_object;

struct definitions_member {
    const char *name;
    const char *type_name;                   /* "string", "int64", or the object's name */
    const struct definitions_object *object; /* with DEFINITIONS_OBJECT, else NULL */
    unsigned char type;                      /* enum definitions_type: of its items, where it is a list */
    bool list;
    bool required;
    bool disabled; /* the vendor takes it no more, or never did */
};

struct definitions_object {
    const char *name;
    struct definitions_member *members; /* in the vendor's order */
    uint16_t *order;                    /* their indices by name, in strcmp()'s order */
    size_t member_count;
    size_t required_count;
};

struct definitions_action {
    const char *name;
    const char *input_name, *output_name;
    const struct definitions_object *input, *output;
    int effect; /* enum definitions_effect */
    int status; /* enum definitions_status */
};

struct definitions {
    const char *service; /* "vpc" */
    const char *version; /* "2017-03-12" */
    const char *source;  /* where the vendor publishes it */
    const char *license;
    struct definitions_action *actions; /* by name, in strcmp()'s order */
    size_t action_count;
    struct definitions_object *objects; /* likewise */
    size_t object_count;
};

/* For what made the lists by other means: sorts them, and looks up what members, inputs and outputs name.
 * -1: a name stands twice, or is of nothing. */
MUST_USE int definitions_settle(struct definitions *definitions, struct arena *arena, struct err *err);

/* NULL: there is none. */
const struct definitions_action *definitions_action(const struct definitions *definitions, const char *name);
const struct definitions_object *definitions_object(const struct definitions *definitions, const char *name);
const struct definitions_member *definitions_member(const struct definitions_object *object, const char *name,
                                                    size_t length);

/* Is it a text that is called like a key, a password, a token or a console's address? */
bool definitions_gives_power(const struct definitions_member *member);

/* Letters, digits and '_', 1 to DEFINITIONS_NAME_MAX. */
bool definitions_is_name(const char *text, size_t length);

/* "2017-03-12" */
bool definitions_is_version(const char *text);

const char *definitions_type_name(int type);     /* "object" for DEFINITIONS_OBJECT */
const char *definitions_effect_name(int effect); /* "read", "change", "secret" */
const char *definitions_status_name(int status); /* "online", "deprecated", "offline" */

/* -1: no such word. */
int definitions_effect_of(const char *word);
int definitions_status_of(const char *word);
int definitions_type_of(const char *word); /* DEFINITIONS_OBJECT for what is no other type's name */

#endif
