/* gateway/http/request_head.h - the head of a request, its request line and fields, read by RFC 9112.
 *
 * A pure reader: it is given what the client of one connection has sent, and nothing else.  It may be given
 * the same octets again with more behind them; each octet is looked at once, however the pieces are cut, and
 * the pieces never change what is read or why it is refused.
 *
 * It reads in place.  As each line is understood, NULs take the place of what separated its parts, so that
 * these are strings in the caller's octets: they live as long as those.  Nothing behind the end of the head
 * is looked at or touched. */
#ifndef GATEWAY_HTTP_REQUEST_HEAD_H
#define GATEWAY_HTTP_REQUEST_HEAD_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/http/problem.h"

enum {
    REQUEST_HEAD_MAX = 16 * 1024,  /* octets: request line, fields and the empty line     */
    REQUEST_HEAD_FIELDS_MAX = 128, /* a browser behind three proxies sends some forty     */
    REQUEST_BODY_MAX = 64 * 1024,  /* octets: 100 ids take 4 KiB                          */
};

struct request_field {
    const char *name;
    const char *value; /* without the blanks around it */
};

/* What the fields say about the message; see framing.h. */
struct request_message {
    long long content_length; /* 0 when there is none */
    bool has_length;
    bool chunked;            /* then there is no length */
    bool keep_alive;         /* the client wants the connection to live, and the version allows it */
    bool expects_invitation; /* Expect: 100-continue */
};

struct request_head {
    const char *method; /* NULL when already that could not be read; `target` likewise */
    const char *target; /* the path, which begins with '/'; or "*", for OPTIONS only */
    const char *query;  /* what stands behind '?', or NULL */
    const char *host;   /* of the Host field; NULL: none, in HTTP/1.0 */
    /* Set after request_head_begin(): a scheme before the host and a path behind it are no reason to refuse,
     * and who answers the request judges `loose_host`. */
    bool takes_loose_host;
    bool loose_host; /* `host` begins behind the scheme, and a path may follow */
    unsigned minor;  /* of HTTP/1.0 or HTTP/1.1 */
    struct request_field fields[REQUEST_HEAD_FIELDS_MAX];
    size_t field_count;
    struct request_message message;

    enum problem problem; /* of a head that is refused, with the sentence in `err` */
    struct err err;
    size_t length; /* octets of a whole head, an empty line before it included */

    /* how far it is read */
    const char *authority; /* of an absolute target: not a string */
    size_t authority_length;
    size_t line; /* where the line begins that is not whole yet */
    size_t seen;
};

enum request_head_state {
    REQUEST_HEAD_PART, /* so far good, and more must come */
    REQUEST_HEAD_WHOLE,
    REQUEST_HEAD_REFUSED, /* nothing that follows may be read */
};

/* Before the first octet of each request. */
void request_head_begin(struct request_head *head);

/* `bytes` are all octets that have come since request_head_begin(), and what follows them: at the same
 * address each time. */
MUST_USE enum request_head_state request_head_read(struct request_head *head, char *bytes, size_t length);

/* Has anything but the empty line that may stand before a request been read? */
bool request_head_has_begun(const struct request_head *head, size_t length);

/* Refuses a head from outside: the first reason stays.  Always REQUEST_HEAD_REFUSED. */
enum request_head_state request_head_refuse(struct request_head *head, enum problem problem,
                                            const char *format, ...) PRINTF_LIKE(3, 4);

/* The value of the field of that name (case-insensitive), the first of several; NULL when absent. */
bool request_head_is(const struct request_field *field, const char *name);
const char *request_head_field(const struct request_head *head, const char *name);

/* The same, NULL when there are several. */
const char *request_head_only_field(const struct request_head *head, const char *name);

/* Does a body follow?  A chunked one may turn out to be empty. */
bool request_head_has_body(const struct request_head *head);

#endif
