#include "gateway/http/certificate_names.h"

#include "base/buf.h"
#include "base/system/network.h"
#include "base/text.h"
#include "config/model/certificate_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 16 * 1024,       /* bytes: a header has no more, and nobody has hundreds of names */
    CERTIFICATE_MAX = 16 * 1024, /* of one, as a field's value has it */
    DIGEST_SIZE = 32,
};

/* ---- a certificate's names ---- */

static bool put_hash(struct buf *out, const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char hex[2 * DIGEST_SIZE + 1];
    if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1 || length != DIGEST_SIZE)
        return false;
    text_hex(digest, DIGEST_SIZE, hex);
    return certificate_key_put(out, CERTIFICATE_KEY_SHA256, hex, strlen(hex));
}

/* RFC 5280 section 4.2.1.6: an address is four octets, or sixteen. */
static bool put_address(struct buf *out, const ASN1_OCTET_STRING *octets)
{
    char text[NETWORK_TEXT_SIZE];
    struct network address = {.bytes = {[10] = 0xFF, [11] = 0xFF}, .prefix = 128};
    int length = ASN1_STRING_length(octets);
    if (length != 4 && length != 16)
        return false;
    memcpy(address.bytes + 16 - length, ASN1_STRING_get0_data(octets), (size_t)length);
    network_format(&address, text);
    return certificate_key_put(out, CERTIFICATE_KEY_IP, text, strlen(text));
}

static bool put_text(struct buf *out, enum certificate_key kind, const ASN1_IA5STRING *text)
{
    return certificate_key_put(out, kind, (const char *)ASN1_STRING_get0_data(text),
                               (size_t)ASN1_STRING_length(text));
}

/* False where nobody is called so. */
static bool put_name(struct buf *out, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        return put_text(out, CERTIFICATE_KEY_DNS, name->d.dNSName);
    case GEN_URI:
        return put_text(out, CERTIFICATE_KEY_URI, name->d.uniformResourceIdentifier);
    case GEN_EMAIL:
        return put_text(out, CERTIFICATE_KEY_EMAIL, name->d.rfc822Name);
    case GEN_IPADD:
        return put_address(out, name->d.iPAddress);
    default:
        return false;
    }
}

static bool put_names(struct buf *out, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool good = put_hash(out, certificate);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        (void)put_name(out, sk_GENERAL_NAME_value(names, i)); /* the others count all the same */
    GENERAL_NAMES_free(names);
    return good && !out->failed;
}

struct certificate_names *certificate_names_new(const X509 *certificate)
{
    struct buf text;
    struct certificate_names *names = NULL;
    if (certificate == NULL)
        return NULL;
    buf_init(&text, NAMES_MAX);
    if (put_names(&text, certificate))
        names = malloc(sizeof *names + text.length);
    if (names != NULL) {
        names->length = text.length;
        memcpy(names->text, buf_text(&text), text.length);
    }
    buf_done(&text);
    return names;
}

void certificate_names_free(struct certificate_names *names)
{
    free(names);
}

/* ---- a field's value ---- */

/* RFC 8941 section 3.3.5 has colons around it. */
static X509 *read_base64(const char *value)
{
    size_t length = strlen(value);
    bool colons = length >= 2 && value[0] == ':' && value[length - 1] == ':';
    const char *start = value + colons;
    length -= colons ? 2 : 0;
    unsigned char *bytes = length == 0 || length % 4 != 0 || length > CERTIFICATE_MAX ? NULL : malloc(length);
    int size = bytes == NULL ? -1 : EVP_DecodeBlock(bytes, (const unsigned char *)start, (int)length);
    const unsigned char *at = bytes;
    int padding = size <= 0 ? 0 : (start[length - 1] == '=') + (start[length - 2] == '=');
    X509 *certificate = size <= padding ? NULL : d2i_X509(NULL, &at, size - padding);
    if (certificate != NULL && at != bytes + size - padding) {
        X509_free(certificate); /* and something behind it */
        certificate = NULL;
    }
    free(bytes);
    return certificate;
}

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)((found - digits) % 16);
}

/* Percent-encoded, as in a path. */
static bool decode(const char *value, struct buf *out)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c != '%') {
            buf_put_char(out, *c);
            continue;
        }
        int high = digit_of(c[1]);
        int low = high < 0 ? -1 : digit_of(c[2]);
        if (low < 0)
            return false;
        buf_put_char(out, (char)(high * 16 + low));
        c += 2;
    }
    return !out->failed;
}

static X509 *read_pem(const char *value)
{
    struct buf pem;
    X509 *certificate = NULL;
    buf_init(&pem, CERTIFICATE_MAX);
    BIO *memory = decode(value, &pem) ? BIO_new_mem_buf(buf_text(&pem), (int)pem.length) : NULL;
    if (memory != NULL)
        certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    (void)BIO_free(memory);
    buf_done(&pem);
    return certificate;
}

static const struct certificate_names *keep(const struct buf *text, struct arena *arena)
{
    struct certificate_names *names = arena_alloc(arena, sizeof *names + text->length);
    if (names == NULL)
        return NULL;
    names->length = text->length;
    memcpy(names->text, buf_text(text), text->length);
    return names;
}

const struct certificate_names *certificate_names_read(const char *value, struct arena *arena)
{
    static const char begin[] = "-----BEGIN";
    const struct certificate_names *names = NULL;
    struct buf text;
    buf_init(&text, NAMES_MAX);
    bool good = certificate_key_put(&text, CERTIFICATE_KEY_SHA256, value, strlen(value));
    if (!good) {
        X509 *certificate =
            strncmp(value, begin, sizeof begin - 1) == 0 ? read_pem(value) : read_base64(value);
        good = certificate != NULL && put_names(&text, certificate);
        X509_free(certificate);
    }
    if (good && !text.failed)
        names = keep(&text, arena);
    buf_done(&text);
    return names;
}
