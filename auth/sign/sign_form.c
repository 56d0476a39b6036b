/* The vendor's "signature method" pages: sort by name, join raw, prefix method, host and path, HMAC with the
 * SecretKey, base64; on the wire every value is percent-encoded once.  API 3.0 differs in three things: the
 * path is "/", Version is one more parameter, and '_' in names stays as it is. */
#include "auth/sign/sign_form.h"

#include "auth/form.h"

enum { FORM_COMMON_MAX = 9 };

static int add_common(struct form *form, const struct signer *signer, const struct call *call, int64_t now,
                      int64_t nonce, struct err *err)
{
    const struct config_upstream *upstream = call->upstream;
    const struct config_credential *credential = signer_credential(signer);
    const struct config_dialect *dialect = &call->route->dialects[upstream->api];
    const char *method = upstream->scheme == CONFIG_HMAC_SHA1 ? "HmacSHA1" : "HmacSHA256";
    if (form_add(form, "Action", dialect->action, err) != 0 ||
        form_add(form, "Region", call->sent_region, err) != 0 ||
        form_add_int(form, "Timestamp", now, err) != 0 || form_add_int(form, "Nonce", nonce, err) != 0 ||
        form_add(form, "SecretId", secret_bytes(credential->id), err) != 0 ||
        form_add(form, "SignatureMethod", method, err) != 0)
        return -1;
    if (upstream->api == CONFIG_API3 && form_add(form, "Version", dialect->version, err) != 0)
        return -1;
    if (call->request_client != NULL && form_add(form, "RequestClient", call->request_client, err) != 0)
        return -1;
    if (credential->token != NULL && form_add(form, "Token", secret_bytes(credential->token), err) != 0)
        return -1;
    return 0;
}

int sign_form(struct signer *signer, const struct call *call, int64_t now, int64_t nonce, struct arena *arena,
              struct signed_request *out, struct err *err)
{
    struct form form;
    const struct config_upstream *upstream = call->upstream;
    bool post = upstream->method == CONFIG_POST;
    if (form_init(&form, call, FORM_COMMON_MAX, arena, err) != 0 ||
        add_common(&form, signer, call, now, nonce, err) != 0 ||
        form_canonicalize(&form, post ? "POST" : "GET", upstream->host, upstream->url.path,
                          upstream->api == CONFIG_API2, &out->string, err) != 0 ||
        signer_mac(signer, &out->string, out->signature, err) != 0)
        return -1;
    buf_put(&out->target, upstream->url.path);
    if (!post)
        buf_put_char(&out->target, '?');
    form_put(&form, out->signature, post ? &out->body : &out->target);
    return 0;
}
