/* client/options.h - what the person asks for: the command line and the environment, checked. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

enum {
    OPTIONS_PAIRS_MAX = 256,      /* as many as a gateway takes in a query */
    OPTIONS_BODY_MAX = 64 * 1024, /* likewise in a body                    */
    OPTIONS_KEY_MAX = 255,        /* likewise of an Idempotency-Key        */
    OPTIONS_MADE_KEY_SIZE = 33,
    OPTIONS_WAIT_DEFAULT_S = 120,
    OPTIONS_WAIT_MAX_S = 3600,
};

struct options_pair {
    const char *text; /* name=value */
    size_t name_length;
};

struct options {
    const char *url;      /* "https://gateway.example.com", without a slash at its end */
    const char *ca_file;  /* or NULL: the system's */
    struct secret *token; /* NULL: none is sent */
    char method[16];
    const char *path;           /* with its query, if it has one */
    struct options_pair *pairs; /* OPTIONS_PAIRS_MAX of them */
    size_t pair_count;
    struct buf body; /* of --body */
    bool has_body;
    int wait_s;      /* 0: do not */
    const char *key; /* Idempotency-Key of a change; NULL: none was given, and none made: attempts_key() */
    char made_key[OPTIONS_MADE_KEY_SIZE];
    bool show_key;
    bool curl; /* print the line of curl instead */
};

/* 0; -1 with `*code` as the exit code, when the help was printed or the sentence said what is wrong.  The
 * owner calls options_done() in either case. */
MUST_USE int options_read(struct options *order, int argc, char **argv, int *code);
void options_done(struct options *order);

/* Where to, and by whose token: url, which is cut at its end, and token of `order`.  A NULL file: the
 * token is in COUNTERSIGN_TOKEN.  options_done() is due in either case. */
MUST_USE int options_reach(struct options *order, char *url, const char *token_file, struct err *err);

/* Where to alone, for what takes no token. */
MUST_USE int options_aim(struct options *order, char *url, struct err *err);

/* Does the request, once executed, change anything? */
bool options_changes(const struct options *order);

#endif
