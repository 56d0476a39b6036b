#include "gateway/keeper/sts.h"

#include "auth/sign/sign.h"
#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/secret_file.h"
#include "base/text.h"
#include "base/version.h"

#include <string.h>

enum {
    STS_BODY_MAX = 128 * 1024,
    STS_ATTEMPTS = 2, /* the second with another clock */
};

static const struct config_action document; /* a route with one has its call as JSON */

static const struct config_route assume = {
    .action = "AssumeRole",
    .document = &document,
    .dialects = {[CONFIG_API3] = {.supported = true, .action = "AssumeRole", .version = "2018-08-13"}}};

#define STS_CLIENT   "countersign-" VERSION_TEXT /* itself: no caller is behind it */
#define STS_IDENTITY "AssumeRoleWithWebIdentity"

/* ---- what is sent ---- */

/* The token file is read each time: its owner replaces it every hour. */
static int put_token(const char *path, struct buf *body, struct err *err)
{
    struct secret *token = secret_file_read(path, FILE_PLAIN, err);
    if (token == NULL)
        return -1;
    bool clean = secret_file_is_clean(token);
    if (clean)
        json_member(body, "WebIdentityToken", secret_bytes(token));
    secret_free(token);
    return clean ? 0
                 : err_set(err, ERR_INPUT,
                           "'%.200s' is empty, or holds a blank or a character beyond ASCII's printable ones",
                           path);
}

static int put_body(const struct fetch *fetch, struct buf *body, struct err *err)
{
    const struct config_issuer *issuer = fetch->credential->issuer;
    buf_put_char(body, '{');
    buf_put(body, issuer->request);
    if (fetch->more != NULL)
        buf_put_format(body, ",%s", fetch->more);
    if (issuer->kind == CONFIG_WEB_IDENTITY && put_token(issuer->token_file, body, err) != 0)
        return -1;
    buf_put_char(body, '}');
    return body->failed ? err_memory(err) : 0;
}

/* "Authorization: SKIP", as the vendor's own clients send it. */
static int put_unsigned(const struct fetch *fetch, const struct buf *body, int64_t now,
                        struct signed_request *request, struct err *err)
{
    const struct config_upstream *sts = &fetch->config->issuers[CONFIG_STS];
    struct buf *fields = &request->fields;
    signed_request_reset(request);
    buf_put(&request->target, sts->url.path);
    buf_put_bytes(&request->body, buf_text(body), body->length);
    const char *const more[][2] = {{"Authorization", "SKIP"},
                                   {"X-TC-Action", STS_IDENTITY},
                                   {"X-TC-Version", assume.dialects[CONFIG_API3].version},
                                   {"X-TC-Region", sts->sent_region},
                                   {"X-TC-RequestClient", STS_CLIENT}};
    for (size_t i = 0; i < COUNT(more); i++) {
        buf_put_format(fields, "%s: %s", more[i][0], more[i][1]);
        buf_put_char(fields, '\0');
    }
    buf_put_format(fields, "X-TC-Timestamp: %lld", (long long)now);
    buf_put_char(fields, '\0');
    return signed_request_failed(request) ? err_memory(err) : 0;
}

/* The version of `from` that lives, held, or what the configuration has. */
static int take_from(struct fetch *fetch, struct renewal_version **version,
                     const struct config_credential **credential, struct err *err)
{
    struct err why = {0};
    const struct config_credential *from = fetch->credential->issuer->from;
    *version = NULL;
    *credential = from;
    if (fetch->from == NULL)
        return 0;
    *version = renewal_take(fetch->from, clock_monotonic_us(), &why);
    if (*version == NULL)
        return err_set(err, ERR_INPUT, "credential '%.64s', from which it is assumed: %s", from->name,
                       why.text);
    fetch->from_number = (*version)->number;
    *credential = &(*version)->credential;
    return 0;
}

static int sign(struct fetch *fetch, const struct buf *body, int64_t now, struct signed_request *request,
                struct err *err)
{
    const struct config_upstream *sts = &fetch->config->issuers[CONFIG_STS];
    const struct config_credential *credential = NULL;
    struct renewal_version *version = NULL;
    struct call *call = call_new_document(&assume, sts, 1, fetch->arena);
    if (call == NULL)
        return err_memory(err);
    call->document = buf_text(body);
    call->document_length = body->length;
    call->request_client = STS_CLIENT;
    if (call_set_region(call, sts->region, err) != 0 || take_from(fetch, &version, &credential, err) != 0)
        return -1;
    call_seal(call);
    struct signer *signer = signer_new(sts, credential, err);
    int result = signer == NULL ? -1 : sign_call(signer, call, now, 1, fetch->arena, request, err);
    signer_free(signer);
    renewal_version_release(version);
    return result;
}

/* ---- what comes back ---- */

/* What an operator can do about it; the codes are those of the two actions' pages. */
static const struct {
    const char *code; /* a pattern */
    const char *advice;
} advices[] = {
    {"ResourceNotFound.RoleNotFound", "there is no such role: is role_arn right?"},
    {"UnauthorizedOperation*", "the role does not trust this caller, or the caller may not assume it"},
    {"InvalidParameter.WebIdentityTokenError", "the token of token_file is not accepted"},
    {"InvalidParameter.OverLimit", "duration is more than the role takes"},
    {"InvalidParameter.OverTimeError", "duration is more than the role takes"},
    {"InvalidParameter*", "the policy or another parameter is not accepted"},
    {"AuthFailure*", "the credential that signs is not accepted"},
    {"RequestLimitExceeded*", "STS is asked too often"},
};

static const char *advice_of(const char *code)
{
    for (size_t i = 0; i < COUNT(advices); i++)
        if (text_matches(advices[i].code, code))
            return advices[i].advice;
    return NULL;
}

static int tell(const struct fetch *fetch, const struct err *why, struct err *err)
{
    const char *advice = advice_of(fetch->issued.code);
    bool identity = fetch->credential->issuer->kind == CONFIG_WEB_IDENTITY;
    return err_set(err, why->kind, "STS, asked for %s: %s%s%s", identity ? STS_IDENTITY : assume.action,
                   why->text, advice == NULL ? "" : ": ", advice == NULL ? "" : advice);
}

static bool is_clock(const struct issued *issued)
{
    return strcmp(issued->code, "AuthFailure.SignatureExpire") == 0;
}

static int attempt(struct fetch *fetch, struct upstream_pool_slot *slot, const struct buf *body,
                   struct upstream_pool_result *result, struct err *err)
{
    struct err why = {0};
    int64_t now = clock_wall_ms() / 1000 + clock_skew_correction(&upstream_pool_upstream(slot)->skew);
    struct signed_request *request = upstream_pool_request(slot);
    bool identity = fetch->credential->issuer->kind == CONFIG_WEB_IDENTITY;
    if ((identity ? put_unsigned(fetch, body, now, request, err) : sign(fetch, body, now, request, err)) !=
            0 ||
        fetch_send(fetch, CONFIG_STS, slot, result, err) != 0)
        return -1;
    if (result->status != 200)
        return err_set(err, ERR_INPUT, "STS answered HTTP status %d", result->status);
    if (issued_read(result->bytes, result->length, fetch_clock(result), &fetch->issued, &why) == 0)
        return 0;
    if (fetch->issued.code[0] == '\0')
        upstream_pool_distrust(slot); /* somebody else's page: its connection may hold more of the kind */
    fetch->from_refused = text_matches("AuthFailure*", fetch->issued.code) && !is_clock(&fetch->issued);
    return tell(fetch, &why, err);
}

/* Once more where STS says that our clock is wrong, by its own. */
static int send(struct fetch *fetch, struct upstream_pool_slot *slot, const struct buf *body, struct err *err)
{
    struct upstream_pool_result result = {0};
    int end = -1;
    for (int i = 0; i < STS_ATTEMPTS; i++) {
        err_clear(err);
        end = attempt(fetch, slot, body, &result, err);
        if (end == 0 || !is_clock(&fetch->issued) || !result.has_date)
            break;
        clock_skew_correct(&upstream_pool_upstream(slot)->skew, &result.clock);
    }
    return end;
}

int sts_fetch(struct fetch *fetch, struct err *err)
{
    struct buf body;
    struct upstream_pool_slot *slot = fetch_slot(fetch, CONFIG_STS, err);
    if (slot == NULL)
        return -1;
    buf_init(&body, STS_BODY_MAX); /* wipes itself */
    int result = put_body(fetch, &body, err);
    if (result == 0)
        result = send(fetch, slot, &body, err);
    buf_done(&body);
    upstream_pool_give(slot);
    return result;
}
