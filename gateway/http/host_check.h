/* gateway/http/host_check.h - by which name were we asked?
 *
 * A page of a hostile site can make its own name point at us (DNS rebinding), and then speak to us as if we
 * were that site.  It cannot choose an address in the place of a name. */
#ifndef GATEWAY_HTTP_HOST_CHECK_H
#define GATEWAY_HTTP_HOST_CHECK_H

#include "config/model/config.h"

#define HOST_CHECK_LOOSE "the Host field is not a host with at most a port"

/* Is the value of a Host field a host with at most a port, and not empty?  RFC 9112 section 3.2, RFC 9110
 * section 4.2.1.  Blanks may follow. */
bool host_check_is_valid(const char *host);

/* "http://gateway:8080/cs", as some SDKs write it: where its host begins, and *loose, if the rest is a host
 * with at most a port, and a path or nothing behind it.  Of any other value the value itself. */
const char *host_check_plain(const char *host, bool *loose);

/* Is the value of a Host field, with or without a port, an address, localhost, or one of the names? */
bool host_check_is_among(const struct config_names *names, const char *host);

#endif
