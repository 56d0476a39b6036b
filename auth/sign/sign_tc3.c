#include "auth/sign/sign_tc3.h"

#include "base/digest.h"
#include "base/json/json.h"
#include "base/text.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

static const char algorithm[] = "TC3-HMAC-SHA256";
static const char content_type[] = SIGN_JSON_TYPE;

/* ---- what we say ---- */

static void put_values(struct buf *body, const char *name, const struct call_param *param)
{
    json_open_array(body, name);
    for (size_t i = 0; i < param->count; i++)
        json_element(body, param->values[i]);
    json_close_array(body);
}

/* Numbers, booleans and what is structured were checked to be nothing else: they are JSON as they stand. */
static void put_param(struct buf *body, const struct call_param *param)
{
    const struct config_wire *wire = &param->param->wire[CONFIG_API3];
    int type = param->param->type;
    bool json = config_is_structured(param->param) || type == CONFIG_NUMBER || type == CONFIG_BOOLEAN;
    if (param->param->inside) /* it goes out with what it is in */
        return;
    if (param->list)
        put_values(body, wire->name, param);
    else if ((type == CONFIG_INTEGER && !wire->quoted) || json)
        json_member_raw(body, wire->name, param->values[0]);
    else
        json_member(body, wire->name, param->values[0]);
}

static void put_filters(struct buf *body, const struct call *call)
{
    size_t count = 0;
    for (size_t i = 0; i < call->param_count; i++) {
        const struct config_wire *wire = &call->params[i].param->wire[CONFIG_API3];
        if (!wire->filter)
            continue;
        if (count++ == 0)
            json_open_array(body, "Filters");
        json_open(body);
        json_member(body, "Name", wire->name);
        put_values(body, "Values", &call->params[i]);
        json_close(body);
    }
    if (count > 0)
        json_close_array(body);
}

void sign_tc3_compose(const struct call *call, struct buf *body)
{
    if (call->document != NULL) {
        buf_put_bytes(body, call->document, call->document_length);
        return;
    }
    json_open(body);
    for (size_t i = 0; i < call->param_count; i++)
        if (!call->params[i].param->wire[CONFIG_API3].filter)
            put_param(body, &call->params[i]);
    put_filters(body, call);
    json_close(body);
}

/* ---- what stands for it ---- */

static int put_hash(struct buf *out, const struct buf *bytes)
{
    unsigned char digest[SIGN_TC3_KEY];
    char hex[SIGN_TC3_HEX];
    if (digest_of(buf_text(bytes), bytes->length, digest) != 0)
        return -1;
    text_hex(digest, sizeof digest, hex);
    buf_put(out, hex);
    return 0;
}

static void put_lower(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        buf_put_char(out, (char)tolower((unsigned char)*c)); /* in the C locale: ASCII only */
}

static void put_names(struct buf *out, const struct sign_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put(out, i == 0 ? "" : ";");
        buf_put(out, headers[i].name);
    }
}

int sign_tc3_canonicalize(const char *path, const struct sign_header *headers, size_t count,
                          const struct buf *body, struct buf *out, struct err *err)
{
    buf_put(out, "POST\n");
    buf_put(out, path);
    buf_put(out, "\n\n"); /* the query of a POST is empty */
    for (size_t i = 0; i < count; i++) {
        buf_put(out, headers[i].name);
        buf_put_char(out, ':');
        put_lower(out, headers[i].value);
        buf_put_char(out, '\n');
    }
    buf_put_char(out, '\n');
    put_names(out, headers, count);
    buf_put_char(out, '\n');
    if (put_hash(out, body) != 0)
        return err_set(err, ERR_CRYPTO, "OpenSSL cannot compute a hash");
    return out->failed ? err_set(err, ERR_LIMIT, "the request to sign exceeds %d bytes", SIGN_STRING_MAX) : 0;
}

/* ---- what we sign ---- */

int sign_tc3_date(int64_t now, char date[SIGN_TC3_DATE])
{
    struct tm tm;
    time_t seconds = (time_t)now;
    return gmtime_r(&seconds, &tm) != NULL && strftime(date, SIGN_TC3_DATE, "%Y-%m-%d", &tm) > 0 ? 0 : -1;
}

static void put_scope(struct buf *out, const char *date, const char *service)
{
    buf_put(out, date);
    buf_put_char(out, '/');
    buf_put(out, service);
    buf_put(out, "/tc3_request");
}

int sign_tc3_string(const struct buf *canonical, int64_t now, const char *service, struct buf *out,
                    struct err *err)
{
    char date[SIGN_TC3_DATE];
    if (sign_tc3_date(now, date) != 0)
        return err_set(err, ERR_INPUT, "the time to sign is beyond the calendar");
    buf_put(out, algorithm);
    buf_put_char(out, '\n');
    buf_put_int(out, now);
    buf_put_char(out, '\n');
    put_scope(out, date, service);
    buf_put_char(out, '\n');
    if (put_hash(out, canonical) != 0)
        return err_set(err, ERR_CRYPTO, "OpenSSL cannot compute a hash");
    return out->failed ? err_set(err, ERR_LIMIT, "the string to sign exceeds %d bytes", SIGN_STRING_MAX) : 0;
}

/* ---- what proves it ---- */

static int mac(const void *key, size_t key_length, const char *text, size_t length,
               unsigned char out[SIGN_TC3_KEY], struct err *err)
{
    unsigned written = 0;
    if (HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, length, out, &written) ==
            NULL ||
        written != SIGN_TC3_KEY)
        return err_set(err, ERR_CRYPTO, "OpenSSL cannot compute the signature");
    return 0;
}

int sign_tc3_key(const struct secret *secret_key, const char *date, const char *service,
                 unsigned char key[SIGN_TC3_KEY], struct err *err)
{
    struct buf first;
    unsigned char day[SIGN_TC3_KEY];
    unsigned char scope[SIGN_TC3_KEY];
    buf_init(&first, SECRET_MAX + 3); /* wipes itself */
    buf_put(&first, "TC3");
    buf_put_bytes(&first, secret_bytes(secret_key), secret_length(secret_key));
    int result = first.failed ? err_memory(err) : 0;
    if (result != 0 || mac(buf_text(&first), first.length, date, strlen(date), day, err) != 0 ||
        mac(day, sizeof day, service, strlen(service), scope, err) != 0 ||
        mac(scope, sizeof scope, "tc3_request", strlen("tc3_request"), key, err) != 0)
        result = -1;
    OPENSSL_cleanse(day, sizeof day);
    OPENSSL_cleanse(scope, sizeof scope);
    buf_done(&first);
    return result;
}

int sign_tc3_mac(struct signer *signer, const struct buf *string, char signature[SIGNER_TEXT_MAX],
                 struct err *err)
{
    unsigned char proof[SIGNER_MAC];
    size_t length = 0;
    if (signer_prove(signer, string, proof, &length, err) != 0)
        return -1;
    text_hex(proof, length, signature);
    return 0;
}

/* With the key of the day of `now` for the upstream's service; derived once a day. */
static int take_key(struct signer *signer, int64_t now, struct err *err)
{
    unsigned char key[SIGN_TC3_KEY];
    char date[SIGN_TC3_DATE];
    if (sign_tc3_date(now, date) != 0)
        return err_set(err, ERR_INPUT, "the time to sign is beyond the calendar");
    if (signer_is_of(signer, date))
        return 0;
    int result = sign_tc3_key(signer_credential(signer)->key, date, signer_upstream(signer)->name, key, err);
    if (result == 0)
        result = signer_rekey(signer, date, key, err);
    OPENSSL_cleanse(key, sizeof key);
    return result;
}

/* ---- the whole ---- */

static void put_field(struct buf *fields, const char *name, const char *value)
{
    buf_put(fields, name);
    buf_put(fields, ": ");
    buf_put(fields, value);
    buf_put_char(fields, '\0');
}

static int put_authorization(const struct signer *signer, const struct call *call, int64_t now,
                             const struct sign_header *headers, size_t count, struct signed_request *out)
{
    char date[SIGN_TC3_DATE];
    struct buf *fields = &out->fields;
    if (sign_tc3_date(now, date) != 0)
        return -1;
    buf_put(fields, "Authorization: ");
    buf_put(fields, algorithm);
    buf_put(fields, " Credential=");
    buf_put(fields, secret_bytes(signer_credential(signer)->id));
    buf_put_char(fields, '/');
    put_scope(fields, date, call->upstream->name);
    buf_put(fields, ", SignedHeaders=");
    put_names(fields, headers, count);
    buf_put(fields, ", Signature=");
    buf_put(fields, out->signature);
    buf_put_char(fields, '\0');
    return 0;
}

static int put_fields(const struct signer *signer, const struct call *call, int64_t now,
                      const struct sign_header *headers, size_t count, struct signed_request *out)
{
    char seconds[TEXT_NUMBER_SIZE];
    struct buf *fields = &out->fields;
    const struct config_credential *credential = signer_credential(signer);
    const struct config_dialect *dialect = &call->route->dialects[CONFIG_API3];
    text_number(seconds, now);
    if (put_authorization(signer, call, now, headers, count, out) != 0)
        return -1;
    put_field(fields, "X-TC-Action", dialect->action);
    put_field(fields, "X-TC-Version", dialect->version);
    put_field(fields, "X-TC-Region", call->sent_region);
    put_field(fields, "X-TC-Timestamp", seconds);
    if (call->request_client != NULL)
        put_field(fields, "X-TC-RequestClient", call->request_client);
    if (credential->token != NULL)
        put_field(fields, "X-TC-Token", secret_bytes(credential->token));
    return fields->failed ? -1 : 0;
}

int sign_tc3(struct signer *signer, const struct call *call, int64_t now, struct arena *arena,
             struct signed_request *out, struct err *err)
{
    const struct config_upstream *upstream = call->upstream;
    const struct sign_header headers[] = {
        {"content-type", content_type},
        {"host", upstream->host},
        {"x-tc-action", call->route->dialects[CONFIG_API3].action},
    };
    (void)arena;
    sign_tc3_compose(call, &out->body);
    buf_put(&out->target, upstream->url.path);
    if (sign_tc3_canonicalize(upstream->url.path, headers, COUNT(headers), &out->body, &out->canonical,
                              err) != 0 ||
        sign_tc3_string(&out->canonical, now, upstream->name, &out->string, err) != 0 ||
        take_key(signer, now, err) != 0 || sign_tc3_mac(signer, &out->string, out->signature, err) != 0)
        return -1;
    if (put_fields(signer, call, now, headers, COUNT(headers), out) != 0)
        return err_set(err, ERR_LIMIT, "the request to sign exceeds %d bytes", SIGN_STRING_MAX);
    return 0;
}
