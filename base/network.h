/* base/network.h - addresses and networks in CIDR notation, IPv4 and IPv6. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/base.h"

struct network {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;         /* bits of the 128 that count */
};

/* "10.0.0.0/8", "2001:db8::/32", or an address alone.  Bits behind the prefix must be zero: "10.0.0.1/8" is a
 * mistake that somebody should look at. */
MUST_USE bool network_parse(const char *text, struct network *network);

/* An address alone. */
MUST_USE bool network_parse_address(const char *text, struct network *address);

bool network_contains(const struct network *network, const struct network *address);

#endif
