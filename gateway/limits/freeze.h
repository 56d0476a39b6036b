/* gateway/limits/freeze.h - that a client, or one of its tokens, is stopped: by whom, since when, and why.
 *
 * Its record, a JSON object, is what the store and the file have of it.  No lock: the owner of a list has
 * one. */
#ifndef GATEWAY_LIMITS_FREEZE_H
#define GATEWAY_LIMITS_FREEZE_H

#include "base/base.h"
#include "base/buf.h"

enum {
    FREEZE_NAME = 64,    /* bytes of a client's, a token's and an operator's name: text_is_name() */
    FREEZE_REASON = 500, /* bytes: a sentence or two, which callers see */
};

#define FREEZE_FOREVER INT64_MAX

struct freeze {
    char client[FREEZE_NAME + 1];
    char token[FREEZE_NAME + 1]; /* its id; "": all of the client's */
    char by[FREEZE_NAME + 1];    /* the operator */
    char reason[FREEZE_REASON + 1];
    int64_t since_ms; /* since 1970 */
    int64_t until_ms; /* not included; FREEZE_FOREVER */
    bool pending;     /* the store does not know it yet */
};

bool freeze_holds(const struct freeze *freeze, int64_t now_ms);

/* Is it about this client and token ("": all of the client's)? */
bool freeze_is(const struct freeze *freeze, const char *client, const char *token);

/* The members that describe one, for people; and the whole record. */
void freeze_put(struct buf *out, const struct freeze *freeze);
void freeze_put_record(struct buf *out, const struct freeze *freeze);

/* False: it is no record. */
MUST_USE bool freeze_read(const char *text, size_t length, struct freeze *freeze);

struct freeze_list {
    struct freeze *items; /* the owner's, to be freed */
    size_t count;
};

/* Takes a copy, in the place of one about the same.  -1: memory is out, or there are STATE_FREEZES_MAX. */
MUST_USE int freeze_list_add(struct freeze_list *list, const struct freeze *freeze);

/* False: there is none. */
bool freeze_list_remove(struct freeze_list *list, const char *client, const char *token);

#endif
