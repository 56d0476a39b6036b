/* sandbox/verify.h - is this request signed by whom it says, now, and for the first time?
 *
 * The scheme is the vendor's "signature method" page of API 2.0.  In which order several faults are told is
 * not documented; docs/sandbox.md lists the order taken here. */
#ifndef SANDBOX_VERIFY_H
#define SANDBOX_VERIFY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/secret.h"
#include "sandbox/outcome.h"
#include "sandbox/params.h"
#include "sandbox/replay.h"
#include "sandbox/state.h"

enum {
    VERIFY_SEAL_SIZE = 64,            /* base64 of 32 bytes, NUL-terminated, and some room */
    VERIFY_TEXT_MAX = 2 * 1024 * 1024 /* a body is at most 1 MiB                           */
};

/* As received; all borrowed. */
struct verify_subject {
    const char *method;
    const char *host; /* the Host header, with its port if it has one */
    const char *path;
    const struct params *params;
};

/* The string that the caller must have signed: every parameter but Signature, and on POST but those whose
 * value starts with '@' (the old mark of an uploaded file). */
void verify_compose(const struct verify_subject *subject, struct buf *text);

/* base64(HMAC(key, text)): SHA-256 when `method` is exactly "HmacSHA256", SHA-1 when it is anything else or
 * NULL. */
MUST_USE int verify_seal(const struct buf *text, const char *method, const struct secret *key,
                         char out[VERIFY_SEAL_SIZE]);

struct verify_desk {
    const struct state *state; /* its accounts */
    struct replay *replay;
    int64_t window; /* seconds, both ways */
    int64_t now;    /* seconds since 1970 */
};

/* 0, or -1 with the reason in `outcome`.  A request is remembered against replay only when all else is right.
 */
MUST_USE int verify_request(const struct verify_desk *desk, const struct verify_subject *subject,
                            struct outcome *outcome);

#endif
