/* auth/form.h - a call's parameters and the common ones as flat pairs: what API 2.0 and the query signature
 * of API 3.0 sign and send.  Everything lives in an arena. */
#ifndef AUTH_FORM_H
#define AUTH_FORM_H

#include "auth/call.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct form_pair {
    const char *name;
    const char *value;
};

struct form {
    struct arena *arena;
    struct form_pair *pairs;
    size_t count;
    size_t room;
};

/* Room for every value of the call and for `more` pairs; the call's are there, by the names of its upstream's
 * generation. */
MUST_USE int form_init(struct form *form, const struct call *call, size_t more, struct arena *arena,
                       struct err *err);

/* The value is borrowed; NULL is out of memory, so that what made it needs no check of its own. */
MUST_USE int form_add(struct form *form, const char *name, const char *value, struct err *err);
MUST_USE int form_add_int(struct form *form, const char *name, int64_t number, struct err *err);

/* Sorts by name in byte order, then writes METHOD host path ? name=value&...  `dots`: a '_' in a name becomes
 * '.'. */
MUST_USE int form_canonicalize(struct form *form, const char *method, const char *host, const char *path,
                               bool dots, struct buf *out, struct err *err);

/* name=value&... with every value percent-encoded once, and the signature last. */
void form_put(const struct form *form, const char *signature, struct buf *out);

#endif
