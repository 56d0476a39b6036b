#include "sandbox/auth/verify.h"

#include "sandbox/http/number.h"
#include "sandbox/auth/tc3.h"
#include "sandbox/state/session.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

static bool is_post(const struct verify_subject *subject)
{
    return strcmp(subject->request->method, "POST") == 0;
}

static bool is_signed(const struct verify_subject *subject, const struct verify_reading *reading,
                      const struct param *param)
{
    if (strcmp(param->wire_name, "Signature") == 0)
        return false;
    return reading->whole || !is_post(subject) || param->value[0] != '@';
}

void verify_compose(const struct verify_subject *subject, const struct verify_reading *reading,
                    struct buf *text)
{
    char separator = '?';
    bool dots = subject->claim->scheme == AUTH_PARAMS_API2;
    buf_put(text, subject->request->method);
    buf_put(text, reading->host);
    buf_put(text, subject->request->path);
    for (size_t i = 0; i < subject->params->count; i++) {
        const struct param *param = &subject->params->list[i];
        if (!is_signed(subject, reading, param))
            continue;
        buf_put_char(text, separator);
        buf_put(text, dots ? param->name : param->wire_name);
        buf_put_char(text, '=');
        buf_put(text, param->value);
        separator = '&';
    }
}

int verify_seal(const struct buf *text, const char *method, const struct secret *key,
                char out[VERIFY_SEAL_SIZE])
{
    bool sha256 = method != NULL && strcmp(method, "HmacSHA256") == 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (text->failed || HMAC(sha256 ? EVP_sha256() : EVP_sha1(), secret_bytes(key), (int)secret_length(key),
                             (const unsigned char *)buf_text(text), text->length, digest, &length) == NULL)
        return -1;
    (void)EVP_EncodeBlock((unsigned char *)out, digest, (int)length);
    return 0;
}

struct check {
    const struct verify_desk *desk;
    const struct verify_subject *subject;
    struct outcome *outcome;
    const struct state_account *account; /* once it is known */
    const struct state_session *session; /* of a temporary one */
};

/* The schemes that want a claim: bits of 1 << enum auth_params_scheme. */
enum {
    ANY = 15,
    FORMS = 1 << AUTH_PARAMS_API2 | 1 << AUTH_PARAMS_QUERY,
    GENERATION_3 = 1 << AUTH_PARAMS_QUERY | 1 << AUTH_PARAMS_TC3 | 1 << AUTH_PARAMS_SKIP
};

static bool is_wanted(const struct check *check, int schemes)
{
    return (schemes & 1 << check->subject->claim->scheme) != 0;
}

static int check_present(struct check *check)
{
    const struct auth_params *claim = check->subject->claim;
    const struct {
        const char *name;
        const char *value;
        int schemes;
    } wanted[] = {
        {"Action", claim->action, ANY},         {"Version", claim->version, GENERATION_3},
        {"Region", claim->region, ANY},         {"Timestamp", claim->timestamp, ANY},
        {"Nonce", claim->nonce, FORMS},         {"SecretId", claim->secret_id, FORMS},
        {"Signature", claim->signature, FORMS},
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (is_wanted(check, wanted[i].schemes) && (wanted[i].value == NULL || wanted[i].value[0] == '\0'))
            return outcome_refuse(check->outcome, OUTCOME_MISSING, "%s is missing", wanted[i].name);
    return 0;
}

/* The official clients draw a Nonce from 0 up to 2^63-1. */
static int check_numbers(struct check *check)
{
    const struct auth_params *claim = check->subject->claim;
    long long number;
    if (!number_parse(claim->timestamp, 0, LLONG_MAX, &number))
        return outcome_refuse(check->outcome, OUTCOME_BAD_VALUE, "Timestamp is not a number");
    if (is_wanted(check, FORMS) && !number_parse(claim->nonce, 0, LLONG_MAX, &number))
        return outcome_refuse(check->outcome, OUTCOME_BAD_VALUE, "Nonce is not a number");
    return 0;
}

static int check_authorization(struct check *check)
{
    const struct verify_subject *subject = check->subject;
    if (subject->claim->scheme != AUTH_PARAMS_TC3)
        return 0;
    if (subject->claim->malformed)
        return outcome_refuse(check->outcome, OUTCOME_BAD_AUTHORIZATION,
                              "the Authorization is not of the form of TC3-HMAC-SHA256");
    if (!tc3_signs_enough(subject->request, subject->claim))
        return outcome_refuse(
            check->outcome, OUTCOME_BAD_AUTHORIZATION,
            "SignedHeaders must be lower-case, sorted, there, and hold content-type and host");
    return 0;
}

static int check_account(struct check *check)
{
    const char *id = check->subject->claim->secret_id;
    check->account = state_account(check->desk->state, id);
    if (check->account == NULL && (check->session = session_find(check->desk->state, id)) != NULL)
        check->account = &check->session->account;
    if (check->account == NULL)
        return outcome_refuse(check->outcome, OUTCOME_UNKNOWN_SECRET_ID,
                              "the SecretId does not exist or is disabled");
    return 0;
}

static int check_token(struct check *check)
{
    const struct secret *wanted = check->account->token;
    const char *given = check->subject->claim->token;
    if (check->session != NULL && check->session->expires <= check->desk->now)
        return outcome_refuse(check->outcome, OUTCOME_BAD_TOKEN, "the Token has expired");
    if (wanted == NULL && given == NULL)
        return 0;
    if (wanted != NULL && given != NULL && secret_equal(wanted, given, strlen(given)))
        return 0;
    return outcome_refuse(check->outcome, OUTCOME_BAD_TOKEN, "the Token is wrong");
}

static int seal_form(const struct check *check, const struct verify_reading *reading,
                     char seal[VERIFY_SEAL_SIZE])
{
    struct buf text;
    buf_init(&text, VERIFY_TEXT_MAX);
    verify_compose(check->subject, reading, &text);
    int result =
        verify_seal(&text, check->subject->claim->signature_method, check->account->secret_key, seal);
    buf_done(&text);
    return result;
}

static int seal_tc3(const struct check *check, const char *host, char seal[VERIFY_SEAL_SIZE])
{
    const struct auth_params *claim = check->subject->claim;
    struct buf canonical;
    struct buf text;
    buf_init(&canonical, TC3_TEXT_MAX);
    buf_init(&text, TC3_TEXT_MAX);
    tc3_put_canonical(&canonical, check->subject->request, claim, host);
    tc3_put_text(&text, claim, &canonical);
    int result = tc3_seal(&text, claim, check->account->secret_key, seal);
    buf_done(&canonical);
    buf_done(&text);
    return result;
}

/* 1: it is the caller's seal; 0: it is not; -1: it could not be computed. */
static int compare_seal(const struct check *check, const struct verify_reading *reading)
{
    char seal[VERIFY_SEAL_SIZE];
    const struct auth_params *claim = check->subject->claim;
    int sealed = claim->scheme == AUTH_PARAMS_TC3 ? seal_tc3(check, reading->host, seal)
                                                  : seal_form(check, reading, seal);
    if (sealed != 0)
        return -1;
    size_t length = strlen(seal);
    bool equal = strlen(claim->signature) == length && CRYPTO_memcmp(claim->signature, seal, length) == 0;
    OPENSSL_cleanse(seal, sizeof seal);
    return equal ? 1 : 0;
}

static bool has_file_mark(const struct verify_subject *subject)
{
    for (size_t i = 0; i < subject->params->count; i++)
        if (subject->params->list[i].value[0] == '@')
            return true;
    return false;
}

/* Of generation 3, official clients sign a form's values that start with '@' like any other; the page of the
 * signature leaves them out. */
static int compare_with_host(const struct check *check, const char *host)
{
    const struct verify_subject *subject = check->subject;
    struct verify_reading reading = {.host = host};
    int same = compare_seal(check, &reading);
    if (same != 0 || subject->claim->scheme != AUTH_PARAMS_QUERY || !is_post(subject) ||
        !has_file_mark(subject))
        return same;
    reading.whole = true;
    return compare_seal(check, &reading);
}

/* Of generation 3, official clients sign the host with or without its port. */
static int compare_without_port(const struct check *check)
{
    const char *host = check->subject->request->host;
    const char *colon = strrchr(host, ':');
    if (check->subject->claim->scheme == AUTH_PARAMS_API2 || colon == NULL || strchr(colon, ']') != NULL)
        return 0;
    char *bare = strndup(host, (size_t)(colon - host));
    int result = bare == NULL ? -1 : compare_with_host(check, bare);
    free(bare);
    return result;
}

static int check_signature(struct check *check)
{
    int same = compare_with_host(check, check->subject->request->host);
    if (same == 0)
        same = compare_without_port(check);
    if (same < 0)
        return outcome_refuse(check->outcome, OUTCOME_INTERNAL, "the signature could not be computed");
    if (same == 0)
        return outcome_refuse(check->outcome, OUTCOME_BAD_SIGNATURE,
                              "identity check failed: the signature does not match");
    return 0;
}

static int check_window(struct check *check)
{
    long long timestamp = -1;
    const struct auth_params *claim = check->subject->claim;
    int64_t now = check->desk->now;
    int64_t window = check->desk->window;
    if (!number_parse(claim->timestamp, 0, LLONG_MAX, &timestamp) || timestamp < now - window ||
        timestamp > now + window)
        return outcome_refuse(check->outcome, OUTCOME_REPLAY, "the Timestamp is outside the window");
    if (claim->scheme == AUTH_PARAMS_TC3 && !tc3_is_date_of(claim->date, timestamp))
        return outcome_refuse(check->outcome, OUTCOME_BAD_AUTHORIZATION,
                              "the date of the credential scope is not that of the Timestamp");
    return 0;
}

/* TC3 has no Nonce: within its window, the same request may come again. */
static int check_replay(struct check *check)
{
    const struct auth_params *claim = check->subject->claim;
    if (claim->scheme == AUTH_PARAMS_TC3)
        return 0;
    switch (nonce_cache_check(check->desk->replay, claim->secret_id, claim->timestamp, claim->nonce,
                              check->desk->now)) {
    case NONCE_CACHE_FRESH:
        return 0;
    case NONCE_CACHE_SEEN:
        return outcome_refuse(check->outcome, OUTCOME_REPLAY, "the Nonce was used before");
    default:
        return outcome_refuse(check->outcome, OUTCOME_INTERNAL, "out of memory");
    }
}

/* One action is proved by a token that it checks itself. */
static int check_skip(struct check *check)
{
    const char *action = check->subject->claim->action;
    if (action != NULL && strcmp(action, "AssumeRoleWithWebIdentity") == 0)
        return check_present(check);
    return outcome_refuse(check->outcome, OUTCOME_BAD_AUTHORIZATION, "this action has to be signed");
}

int verify_request(const struct verify_desk *desk, const struct verify_subject *subject,
                   struct outcome *outcome)
{
    static int (*const checks[])(struct check *) = {check_present, check_numbers, check_authorization,
                                                    check_account, check_token,   check_signature,
                                                    check_window,  check_replay};
    struct check check = {.desk = desk, .subject = subject, .outcome = outcome};
    if (subject->claim->scheme == AUTH_PARAMS_SKIP)
        return check_skip(&check);
    for (size_t i = 0; i < COUNT(checks); i++)
        if (checks[i](&check) != 0)
            return -1;
    return 0;
}
