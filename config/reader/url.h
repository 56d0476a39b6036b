/* config/reader/url.h - the address of an upstream, taken apart once and strictly. */
#ifndef CONFIG_READER_URL_H
#define CONFIG_READER_URL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

struct url {
    const char *text;      /* as it was written */
    bool tls;              /* https */
    const char *host;      /* a name, an IPv4 address or an IPv6 address without its brackets */
    const char *authority; /* host, and :port where one was written: what goes into Host */
    const char *path;      /* starts with '/' */
};

/* scheme://host[:port]/path with scheme http or https; no user, no query, no fragment.  http is taken for a
 * loopback address only: the credential's signature must not cross a network in the clear. */
MUST_USE int url_parse(const char *text, struct arena *arena, struct url *url, struct err *err);

/* An HTTP proxy: http://host:port, perhaps with a slash behind it; no user, who goes with a password. */
MUST_USE int url_parse_proxy(const char *text, struct arena *arena, struct url *url, struct err *err);

/* A place to connect to: host or host:port. */
MUST_USE int url_parse_authority(const char *text, struct arena *arena, struct url *url, struct err *err);

/* The host never leaves this machine: 127.0.0.0/8, ::1 or localhost. */
bool url_is_loopback(const struct url *url);

#endif
