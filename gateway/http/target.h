/* gateway/http/target.h - the request target taken apart: path segments and query pairs, each decoded once.
 *
 * One path has exactly one spelling: empty segments (but for a last one, which no route has), "." and "..",
 * percent-encoded unreserved characters, %2F, %5C, NUL and whatever RFC 3986 section 3.3 has no room for are
 * refused. */
#ifndef GATEWAY_HTTP_TARGET_H
#define GATEWAY_HTTP_TARGET_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum {
    TARGET_SEGMENTS_MAX = 16, /* as many as a route may have */
    TARGET_PAIRS_MAX = 256,   /* 100 ids and whatever else, with room */
    TARGET_NAME_SIZE = 33, /* of a parameter's name that is told: more could be a token in the wrong place */
};

/* What is said about "ids[]=a" and "ids[0]=a": the name, three times. */
#define TARGET_BRACKETS "a list has no brackets here: write %s= once for each value, as in %s=a&%s=b"

struct target_pair {
    const char *name;
    const char *value;
};

struct target {
    const char *segments[TARGET_SEGMENTS_MAX];
    size_t segment_count;
    bool slash; /* a '/' stands behind the last segment: no route has one */
    struct target_pair *pairs;
    size_t pair_count;
};

/* `path` starts with '/'; `query` is NULL or what stands after '?'.  Results live in the arena. */
MUST_USE int target_parse(const char *path, const char *query, struct arena *arena, struct target *target,
                          struct err *err);

/* The pairs alone, of a query or of a form that is written like one; at most `most`. */
MUST_USE int target_parse_pairs(const char *query, size_t most, struct arena *arena, struct target *target,
                                struct err *err);

/* The name in front of the brackets of "ids[]" or "ids%5B%5D"; false: it has none, or not one that can be
 * told. */
bool target_put_list_name(const char *name, char out[TARGET_NAME_SIZE]);

#endif
