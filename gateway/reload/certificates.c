#include "gateway/reload/certificates.h"

enum { DAY_S = 24 * 3600 };

int64_t certificates_days(const struct tls_certificate *certificate, int64_t now)
{
    int64_t left = certificate->expires - now;
    return left >= 0 ? left / DAY_S : -((DAY_S - 1 - left) / DAY_S);
}

static void warn(const struct tls_set *set, int64_t now, struct report *report)
{
    const struct report_kind kind = {.severity = REPORT_SECURITY,
                                     .advice = "replace it, and reload: callers refuse it"};
    for (size_t i = 0; set != NULL && i < tls_set_count(set); i++) {
        const struct tls_certificate *certificate = tls_set_certificate(set, i);
        if (certificate->expires <= now)
            report_find(report, &kind, "the certificate %s has expired", certificate->file);
    }
}

int certificates_read(const struct config *config, int64_t now, struct report *report,
                      struct certificates *certificates)
{
    struct err err = {0};
    *certificates = (struct certificates){.listen = tls_set_new(&config->listen, &err)};
    if (certificates->listen != NULL)
        certificates->admin = tls_set_new(&config->admin, &err);
    if (certificates->admin == NULL) {
        certificates_release(certificates);
        return report_error(report, NULL, "%s", err.text);
    }
    warn(certificates->listen, now, report);
    warn(certificates->admin, now, report);
    return 0;
}

void certificates_release(struct certificates *certificates)
{
    tls_set_release(certificates->listen);
    tls_set_release(certificates->admin);
    *certificates = (struct certificates){0};
}
