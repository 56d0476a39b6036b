/* sandbox/call/maker.h - what a call makes: its memory, and those members of its object that the call
 * chose.
 *
 * All is in one arena, which the made thing takes.  Failures stick, and maker_end() tells. */
#ifndef SANDBOX_CALL_MAKER_H
#define SANDBOX_CALL_MAKER_H

#include "base/arena.h"
#include "sandbox/call/action.h"

struct maker {
    struct action_call *call;
    struct arena *arena;
    struct state_given *given;
    bool failed; /* memory is out, or the outcome has a refusal */
};

void maker_start(struct maker *maker, struct action_call *call);

/* `size` zeros, in which the thing is to be; NULL on a failure. */
MUST_USE void *maker_thing(struct maker *maker, size_t size);

/* A copy; NULL on a failure. */
const char *maker_copy(struct maker *maker, const char *text);

/* A new id with this prefix; NULL on a failure. */
const char *maker_id(struct maker *maker, const char *prefix);

/* The member is `json`, which ends. */
void maker_give(struct maker *maker, const char *member, struct buf *json);

/* When the call has the parameter: the object's member is what it says.  A list is `param`.0 and so on; tags
 * are `param`.0.Key and .Value. */
void maker_give_text(struct maker *maker, const char *param, const char *member);
void maker_give_number(struct maker *maker, const char *param, const char *member); /* 0 to INT_MAX */
void maker_give_bool(struct maker *maker, const char *param, const char *member);
void maker_give_texts(struct maker *maker, const char *param, const char *member);
void maker_give_tags(struct maker *maker, const char *param, const char *member);

/* 0, or -1 with the reason in the outcome and everything given back. */
MUST_USE int maker_end(struct maker *maker);

#endif
