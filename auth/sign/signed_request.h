/* auth/sign/signed_request.h - what signing gives: the bytes that go to the cloud. */
#ifndef AUTH_SIGN_SIGNED_REQUEST_H
#define AUTH_SIGN_SIGNED_REQUEST_H

#include "auth/sign/signer.h"
#include "base/base.h"
#include "base/buf.h"

enum {
    SIGN_STRING_MAX = 256 * 1024,                /* canonical string and target: 100 ids take 6 KiB */
    SIGN_BODY_MAX = CONFIG_BODY_MAX + 64 * 1024, /* a document, or what parameters take */
};

/* The Content-Type of TC3's bodies: it is signed. */
#define SIGN_JSON_TYPE "application/json; charset=utf-8"

/* Init once, reuse.  Holds a signature: wiped by signed_request_done(). */
struct signed_request {
    struct buf canonical;            /* TC3: the canonical request, whose hash is signed */
    struct buf string;               /* what was signed */
    char signature[SIGNER_TEXT_MAX]; /* base64; TC3: hex */
    struct buf target;               /* /v2/index.php?... */
    struct buf fields;               /* TC3: header fields of this call, each with a NUL behind it */
    struct buf body;                 /* POST: application/x-www-form-urlencoded; TC3: JSON */
};

void signed_request_init(struct signed_request *request);
void signed_request_done(struct signed_request *request);

/* Empty; the second also gives back, of each part, memory of more than `kept` bytes. */
void signed_request_reset(struct signed_request *request);
void signed_request_rest(struct signed_request *request, size_t kept);

/* A part could not be written: a ceiling was reached, or memory is out. */
bool signed_request_failed(struct signed_request *request);

#endif
