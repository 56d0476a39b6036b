#include "sandbox/auth/tc3.h"

#include "base/text.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_SIZE = 128 };

/* Cuts the next name of "content-type;host" off; false at the end, or when one is empty or too long. */
static bool next_name(const char **rest, char name[NAME_SIZE])
{
    size_t length = strcspn(*rest, ";");
    if (length == 0 || length >= NAME_SIZE)
        return false;
    memcpy(name, *rest, length);
    name[length] = '\0';
    *rest += length;
    if (**rest == ';' && (*rest)[1] != '\0')
        (*rest)++;
    return true;
}

bool tc3_signs_enough(const struct http_request *request, const struct auth_params *claim)
{
    char name[NAME_SIZE];
    char before[NAME_SIZE] = "";
    bool host = false;
    bool type = false;
    const char *rest = claim->signed_headers;
    while (next_name(&rest, name)) {
        if (strcmp(before, name) >= 0 || strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL ||
            http_request_field(request, name) == NULL)
            return false;
        host = host || strcmp(name, "host") == 0;
        type = type || strcmp(name, "content-type") == 0;
        memcpy(before, name, sizeof before);
    }
    return *rest == '\0' && host && type;
}

/* As the vendor's page has it, values are lower-cased too. */
static void put_lower(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_put_char(out, (char)tolower((unsigned char)*text));
}

static void put_hash(struct buf *out, const char *bytes, size_t length)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    (void)SHA256((const unsigned char *)bytes, length, digest);
    text_hex(digest, sizeof digest, hex);
    buf_put(out, hex);
}

/* Official clients can be told to leave the body out, and then say so in a field. */
static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";

static bool is_payload_unsigned(const struct http_request *request)
{
    const char *said = http_request_field(request, "X-TC-Content-SHA256");
    return said != NULL && strcmp(said, unsigned_payload) == 0;
}

void tc3_put_canonical(struct buf *out, const struct http_request *request, const struct auth_params *claim,
                       const char *host)
{
    char name[NAME_SIZE];
    const char *rest = claim->signed_headers;
    bool post = strcmp(request->method, "POST") == 0;
    buf_put_format(out, "%s\n%s\n", request->method, request->path);
    buf_put(out, post ? "" : request->query);
    buf_put_char(out, '\n');
    while (next_name(&rest, name)) {
        bool is_host = strcmp(name, "host") == 0;
        buf_put(out, name);
        buf_put_char(out, ':');
        put_lower(out, is_host ? host : http_request_field(request, name));
        buf_put_char(out, '\n');
    }
    buf_put_char(out, '\n');
    buf_put(out, claim->signed_headers);
    buf_put_char(out, '\n');
    if (is_payload_unsigned(request))
        put_hash(out, unsigned_payload, sizeof unsigned_payload - 1);
    else
        put_hash(out, buf_text(&request->body), request->body.length);
}

void tc3_put_text(struct buf *out, const struct auth_params *claim, const struct buf *canonical)
{
    buf_put_format(out, "TC3-HMAC-SHA256\n%s\n%s/%s/tc3_request\n", claim->timestamp, claim->date,
                   claim->service);
    put_hash(out, buf_text(canonical), canonical->length);
    if (canonical->failed)
        out->failed = true;
}

static bool mac(const unsigned char *key, size_t key_length, const char *text, size_t length,
                unsigned char out[SHA256_DIGEST_LENGTH])
{
    unsigned size = 0;
    return HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, length, out, &size) != NULL;
}

/* "TC3" + key -> date -> service -> "tc3_request" -> the text. */
static bool mac_chain(const struct secret *key, const char *const *links,
                      unsigned char out[SHA256_DIGEST_LENGTH])
{
    struct buf first;
    unsigned char link[SHA256_DIGEST_LENGTH];
    buf_init(&first, 3 + SECRET_MAX + 1);
    buf_put(&first, "TC3");
    buf_put_bytes(&first, secret_bytes(key), secret_length(key));
    bool good = !first.failed &&
                mac((const unsigned char *)buf_text(&first), first.length, links[0], strlen(links[0]), out);
    for (size_t i = 1; good && links[i] != NULL; i++) {
        memcpy(link, out, sizeof link);
        good = mac(link, sizeof link, links[i], strlen(links[i]), out);
    }
    buf_done(&first);
    OPENSSL_cleanse(link, sizeof link);
    return good;
}

int tc3_seal(const struct buf *text, const struct auth_params *claim, const struct secret *key,
             char out[TC3_SEAL_SIZE])
{
    const char *const links[] = {claim->date, claim->service, "tc3_request", buf_text(text), NULL};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (text->failed || !mac_chain(key, links, digest))
        return -1;
    text_hex(digest, sizeof digest, out);
    return 0;
}

bool tc3_is_date_of(const char *date, long long timestamp)
{
    time_t seconds = (time_t)timestamp;
    struct tm tm;
    char text[sizeof "2019-02-25" + 8];
    return gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%d", &tm) > 0 &&
           strcmp(text, date) == 0;
}
