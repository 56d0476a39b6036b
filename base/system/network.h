/* base/system/network.h - addresses and networks in CIDR notation, IPv4 and IPv6.
 *
 * A peer on a Unix socket has no address.  It is written `unix`, and kept as the unspecified address, which
 * no host ever has (RFC 4291 section 2.5.2). */
#ifndef BASE_SYSTEM_NETWORK_H
#define BASE_SYSTEM_NETWORK_H

#include "base/base.h"

enum { NETWORK_TEXT_SIZE = 46 }; /* the longest IPv6 address in text, with its NUL (INET6_ADDRSTRLEN) */

struct network {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;         /* bits of the 128 that count */
};

/* "10.0.0.0/8", "2001:db8::/32", an address alone, or "unix".  Bits behind the prefix must be zero:
 * "10.0.0.1/8" is a mistake that somebody should look at. */
MUST_USE bool network_parse(const char *text, struct network *network);

/* An address alone. */
MUST_USE bool network_parse_address(const char *text, struct network *address);

/* The same, or "unix". */
MUST_USE bool network_parse_peer(const char *text, struct network *address);

struct network network_unix(void);

/* An address in its one canonical form (RFC 5952; IPv4 with dots; "unix"), into NETWORK_TEXT_SIZE bytes. */
void network_format(const struct network *address, char *text);

/* Who is one source: an IPv4 address, or an IPv6 network of 64 bits, since who has one address of it has them
 * all (RFC 4291 section 2.5.1).  The loopback address is a source of its own, and so are all Unix peers. */
struct network network_source(const struct network *address);

/* Spreads addresses evenly; nobody who does not know the random `seed` can tell which of them fall
 * together. */
uint64_t network_hash(const struct network *address, const uint64_t seed[2]);

/* Of this machine itself: IPv4's 127.0.0.0/8, IPv6's ::1, or a Unix peer. */
bool network_is_local(const struct network *address);

bool network_is_v4(const struct network *address);

/* All of IPv4, or more than that. */
bool network_is_everything(const struct network *network);

bool network_contains(const struct network *network, const struct network *address);
bool network_is_same(const struct network *one, const struct network *other);

#endif
