/* config/reader/yaml.h - one YAML document as a tree whose nodes know their line.  The only room that has met
 * libyaml.
 *
 * Refused, each with its place: a second document, anchors, aliases, tags, duplicate keys, keys that are not
 * plain text, nesting beyond YAML_DEPTH_MAX, NUL in a scalar, a file over YAML_FILE_MAX.
 * Everything is text; typing is the reader's. */
#ifndef CONFIG_READER_YAML_H
#define CONFIG_READER_YAML_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "config/reader/report.h"

enum {
    YAML_DEPTH_MAX = 16,
    YAML_FILE_MAX = 64 * 1024 * 1024, /* 100,000 tokens take some 12 MiB */
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    struct mark mark;
    const char *text;           /* YAML_SCALAR: NUL-terminated UTF-8 */
    bool quoted;                /* YAML_SCALAR: was not plain        */
    const char *key;            /* when it is a member of a map      */
    struct mark key_mark;       /* where that key stands             */
    struct yaml_node *children; /* first of a list or map, in the file's order */
    struct yaml_node *next;     /* its next sibling */
    size_t count;               /* of children */
};

/* Parses `length` bytes; `name` is what the marks say: borrowed for as long as they.  Nodes live in `arena`.
 * NULL when it could not be read to its end: the report tells.  A key that was there already is reported and
 * left out. */
MUST_USE struct yaml_node *yaml_parse(const char *bytes, size_t length, const char *name, struct arena *arena,
                                      struct report *report);

/* Reads the file, then yaml_parse() with its path for a name.  Its bytes are added to `digest`. */
MUST_USE struct yaml_node *yaml_load(const char *path, struct arena *arena, struct digest *digest,
                                     struct report *report);

/* The member of a map, NULL when it is absent or `map` is none. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* "text", "a list" or "a map": for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
