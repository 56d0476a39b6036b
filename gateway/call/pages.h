/* gateway/call/pages.h - every page of a list as one answer: what all=true asks for.
 *
 * The request's own call is the first page.  Each other page is a call of its own that the policy judges
 * before it is signed.  Where the first tells how many entries there are, several are on their way at a time;
 * with tokens, or once a page had to be asked for again, one after the other.  A list that changes meanwhile
 * can miss an entry or have one twice. */
#ifndef GATEWAY_CALL_PAGES_H
#define GATEWAY_CALL_PAGES_H

#include "gateway/exchange/exchange.h"

enum {
    PAGES_LISTS_MAX = 32,     /* put together at a time: a list takes three times its bytes while it is */
    PAGES_CALLS_MAX = 100,    /* 10,000 entries at the cloud's largest page */
    PAGES_AT_A_TIME = 4,      /* of one list, each with a slot: most actions of the cloud take 20 a second */
    PAGES_TIME_US = 20000000, /* for all pages behind the first: callers give up at about 30 s */
    PAGES_BYTES_MAX = 1024 * 1024, /* of all pages: what one answer may have, too */
};

/* Where pages have tokens: what an answer says of the one behind it.  `last_value`: what its `last` is on the
 * last page; where it has that, this counts before the token, which some keep to the end. */
enum pages_next {
    PAGES_NEXT_NONE,  /* also behind an empty page, unless `last` says otherwise: some tokens never end */
    PAGES_NEXT_TOKEN, /* answer->next is its name: a text or a number */
    PAGES_NEXT_BAD    /* it says that there is one and not which, or either is of another type */
};
enum pages_next pages_next(const struct answer *answer, bool last_value);

/* What an answer counts: a number, or a text that holds one; -1: it does not. */
long long pages_total(const struct json_value *value, struct arena *arena);

/* Puts the whole list into the exchange's answer. */
MUST_USE enum problem pages_collect(struct exchange *x);

#endif
