/* sandbox/state/cidr.h - an IPv4 network, as 10.0.0.0/16. */
#ifndef SANDBOX_STATE_CIDR_H
#define SANDBOX_STATE_CIDR_H

#include "base/base.h"

struct cidr {
    uint32_t base; /* its first address, in the machine's byte order */
    int length;    /* of the prefix, 0 to 32 */
};

/* False: it is none, or has bits behind its prefix. */
MUST_USE bool cidr_parse(const char *text, struct cidr *out);

/* Is all of `inner` in `outer`? */
bool cidr_holds(const struct cidr *outer, const struct cidr *inner);

/* One of 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16, or a part of one. */
bool cidr_is_private(const struct cidr *cidr);

/* How many addresses it has. */
int64_t cidr_size(const struct cidr *cidr);

#endif
