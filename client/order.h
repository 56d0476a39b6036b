/* client/order.h - what the person asks for: the command line and the environment, checked. */
#ifndef CLIENT_ORDER_H
#define CLIENT_ORDER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/secret.h"

enum {
    ORDER_PAIRS_MAX = 256,      /* as many as a gateway takes in a query */
    ORDER_BODY_MAX = 64 * 1024, /* likewise in a body                    */
    ORDER_WAIT_DEFAULT_S = 120,
    ORDER_WAIT_MAX_S = 3600,
};

struct order_pair {
    const char *text; /* name=value */
    size_t name_length;
};

struct order {
    const char *url;     /* "https://gateway.example.com", without a slash at its end */
    const char *ca_file; /* or NULL: the system's */
    struct secret *token;
    char method[16];
    const char *path;         /* with its query, if it has one */
    struct order_pair *pairs; /* ORDER_PAIRS_MAX of them */
    size_t pair_count;
    struct buf body; /* of --body */
    bool has_body;
    int wait_s; /* 0: do not */
};

/* 0; -1 with `*code` as the exit code, when the help was printed or the sentence said what is wrong.  The
 * owner calls order_done() in either case. */
MUST_USE int order_read(struct order *order, int argc, char **argv, int *code);
void order_done(struct order *order);

/* Does the request, once executed, change anything? */
bool order_changes(const struct order *order);

#endif
