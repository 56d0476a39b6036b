/* gateway/reload/certificates.h - the certificates of our own listeners: read, and how long they last. */
#ifndef GATEWAY_RELOAD_CERTIFICATES_H
#define GATEWAY_RELOAD_CERTIFICATES_H

#include "config/model/config.h"
#include "config/reader/report.h"
#include "gateway/server/server.h"

/* Both listeners' sets; what cannot be used is an error of the report, what has expired a warning. */
struct certificates {
    struct tls_set *listen;
    struct tls_set *admin;
};

MUST_USE int certificates_read(const struct config *config, int64_t now, struct report *report,
                               struct certificates *certificates);
void certificates_release(struct certificates *certificates);

/* Whole days that are left; negative once it has expired. */
int64_t certificates_days(const struct tls_certificate *certificate, int64_t now);

#endif
