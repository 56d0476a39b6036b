/* gateway/http/framing.h - is this request framed so that nobody could read it otherwise?  (RFC 9112)
 *
 * CivetWeb 1.15 is lax: it stops reading fields at a line that starts with ':' or a blank, takes bare LF, two
 * Content-Length, "+3", a blank before the colon, and more; each is a way to smuggle a second request.  But
 * it parses in place: every pointer that it gives lies in one buffer, with NULs where CR, LF and blanks were.
 * So the strict form can be checked afterwards, by arithmetic: every part must begin exactly where the part
 * before it, with its one blank or its CR LF, ends.  tests/gateway/http/framing.c and
 * tests/e2e/test_framing.py fail when another CivetWeb lays its buffer out differently.
 *
 * One thing cannot be seen: the parser overwrites the two bytes behind the request line, and takes CR CR,
 * CR SP, LF CR and LF SP there as well as CR LF.  Found by fuzzing; front.c therefore looks at them as they
 * come, in its own recv(). */
#ifndef GATEWAY_HTTP_FRAMING_H
#define GATEWAY_HTTP_FRAMING_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/http/problem.h"

enum {
    FRAMING_FIELDS_MAX = 63,         /* CivetWeb has room for 64 and drops the rest silently */
    FRAMING_BODY_MAX = 64 * 1024,    /* 100 ids take 4 KiB                                   */
    FRAMING_REQUEST_MAX = 16 * 1024, /* request line and fields; a multiple of 16            */
};

struct framing_field {
    const char *name;
    const char *value;
};

/* As the parser left it: all pointers into its buffer. */
struct framing {
    const char *method;
    const char *target;  /* without the query */
    const char *query;   /* or NULL */
    const char *version; /* behind "HTTP/" */
    struct framing_field *fields;
    size_t field_count;
    bool foul;      /* framing_watch() has seen a request line that does not end in CR LF */
    bool scattered; /* the parts do not lie as said above: only they can be judged, and the connection ends */
};

/* What the parser overwrites before anybody can see it: the two octets behind the request line.  So the bytes
 * are looked at as they come in, on their way into the parser's buffer. */
struct framing_watch {
    unsigned matched; /* octets of "HTTP/1.1" CR LF */
    bool foul;
};

void framing_watch(struct framing_watch *watch, const char *bytes, size_t length);

/* What the fields say about the message. */
struct framing_message {
    long long content_length; /* 0 when there is none */
    bool has_length;
    bool keep_alive;         /* the client wants the connection to live, and the version allows it */
    bool expects_invitation; /* Expect: 100-continue */
};

/* PROBLEM_NONE, or how it is refused, with the sentence in `err`.  The pointers must still be the parser's.
 */
enum problem framing_check(const struct framing *framing, struct err *err);

/* Then, with the blanks behind each value cut off: PROBLEM_NONE with `message` filled, or how it is refused.
 */
enum problem framing_read(const struct framing *framing, struct framing_message *message, struct err *err);

/* The one field of that name (case-insensitive), NULL when absent. */
const char *framing_field(const struct framing *framing, const char *name);

#endif
