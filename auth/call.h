/* auth/call.h - the finished call: what the policy judges, and exactly what is signed.
 *
 * A call is built by one thread from an arena, then sealed; after call_seal() nothing can be added.  Values
 * keep the caller's order.  What could make the signed string ambiguous (facts of API 2.0: names and values
 * are joined raw by '=' and '&', '_' and '.' in names are one) is refused here, whatever the catalog said;
 * TC3-HMAC-SHA256 signs a hash of JSON, and takes any text. */
#ifndef AUTH_CALL_H
#define AUTH_CALL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "base/err.h"
#include "config/model/config.h"

struct call_param {
    const struct config_param *param;
    const char *name;    /* the param's: the callers' and the policy's */
    uint32_t number;     /* config_param.number */
    bool list;           /* goes out as name.0, name.1, ..., or as an array */
    bool gaps;           /* of a document: some object of a list on its path, or an empty list, lacks it */
    bool secret;         /* of a document: no record has its values, nor how many; see call_is_secret() */
    const char **values; /* NUL-terminated UTF-8 */
    size_t count;
    const bool *former; /* by value: an id of before of which nobody knows the current one; NULL: none is */
    const char **said;  /* by value: the id of before by which the caller named it, or NULL; NULL: none */
};

/* What stands in the place of a secret value wherever values are shown or written down. */
#define CALL_SECRET "***"

/* A name and a value as the query signatures have them. */
struct call_pair {
    const char *name;
    const char *value;
};

struct call {
    const struct config_route *route;
    const struct config_upstream *upstream;
    struct arena *arena;
    const char *account;     /* whose things it is about; NULL: there are no accounts, or nobody knows */
    const char *region;      /* its one name */
    const char *sent_region; /* the name that the upstream takes */
    struct call_param *params;
    size_t param_count, room;
    bool several; /* some value has, or could have, several names: `former` or `said` of a parameter is
                   * there */
    bool sealed;
    const char *request_client; /* RequestClient: by whom, to the cloud's own trail; NULL: it is not sent */

    /* Where the route is that of an action: what is sent, as JSON; parameters are what is judged of it. */
    const char *document;
    size_t document_length;
    size_t document_others;               /* values in it that no parameter has */
    char document_hash[DIGEST_TEXT_SIZE]; /* SHA-256 of its bytes */
    const struct call_pair *pairs;        /* the same for a query signature */
    size_t pair_count;
    bool paired;
};

/* What is judged are things: ids are current ones and regions have their one name, as far as anybody knows.
 * An id of before that is left is marked (`former`): see auth/policy.h.
 *
 * Room for every parameter of the route.  NULL when memory is out. */
MUST_USE struct call *call_new(const struct config_route *route, const struct config_upstream *upstream,
                               struct arena *arena);

/* Adds `count` values under the parameter's name; borrows them.  0 is an empty list. */
MUST_USE int call_add(struct call *call, const struct config_param *param, const char **values, size_t count,
                      struct err *err);

/* The same of a document that was read: any text, also of another type and none at all.  `room` of the
 * call is that of call_new_document(). */
MUST_USE int call_add_read(struct call *call, const struct call_param *read, struct err *err);

/* Room for `count` parameters. */
MUST_USE struct call *call_new_document(const struct config_route *route,
                                        const struct config_upstream *upstream, size_t count,
                                        struct arena *arena);

/* The parameter that was added last has something in it that no record may have. */
void call_note_secret(struct call *call);

/* The document's pairs, borrowed: for an upstream whose signature joins them. */
void call_set_pairs(struct call *call, const struct call_pair *pairs, size_t count);

/* By these ids of before the caller named the values of the parameter that was added last. */
void call_note_said(struct call *call, const char **said);

/* The region's one name: the caller's or the upstream's default.  It is sent by this name. */
MUST_USE int call_set_region(struct call *call, const char *region, struct err *err);

/* And by this one where the upstream takes another: "gz" for ap-guangzhou. */
void call_send_region(struct call *call, const char *region);

/* The name by which the cloud keeps who made the call: fewer than CALL_CLIENT_SIZE letters, digits and
 * "-_,;." (what the vendor's own clients hold themselves to); other characters become '-'. */
enum { CALL_CLIENT_SIZE = 129 };
MUST_USE int call_set_client(struct call *call, const char *program, const char *client);

void call_seal(struct call *call);

/* The same call, sealed, with another value of one parameter, which it may lack.  NULL when memory is out, or
 * the value cannot be signed. */
MUST_USE struct call *call_with(const struct call *call, const struct config_param *param, const char *value,
                                struct arena *arena);

/* The first value that is an id of before and of which nobody knows the current one, and its parameter; NULL:
 * there is none. */
const char *call_former(const struct call *call, const struct call_param **param);

/* By the catalog's word, or by what a document's member is called. */
bool call_is_secret(const struct call_param *param);

/* A value as it may be shown: CALL_SECRET of a parameter that is secret. */
const char *call_shown(const struct call_param *param, size_t value);

/* Has it a value that is secret? */
bool call_has_secret(const struct call *call);

/* For who signs only to show it: each secret value becomes CALL_SECRET itself.  Not in a call's document. */
void call_mask(struct call *call);

/* NULL when the call has no such parameter. */
const struct call_param *call_find(const struct call *call, const char *name);

#endif
