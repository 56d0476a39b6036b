#include "sandbox/verify.h"

#include "sandbox/number.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static bool is_signed(const struct verify_subject *subject, const struct param *param)
{
    if (strcmp(param->wire_name, "Signature") == 0)
        return false;
    return strcmp(subject->method, "POST") != 0 || param->value[0] != '@';
}

void verify_compose(const struct verify_subject *subject, struct buf *text)
{
    char separator = '?';
    buf_put(text, subject->method);
    buf_put(text, subject->host);
    buf_put(text, subject->path);
    for (size_t i = 0; i < subject->params->count; i++) {
        const struct param *param = &subject->params->list[i];
        if (!is_signed(subject, param))
            continue;
        buf_put_char(text, separator);
        buf_put(text, param->name);
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
};

static const char *value_of(const struct check *check, const char *name)
{
    return params_get(check->subject->params, name);
}

static int check_present(struct check *check)
{
    static const char *const names[] = {"Action", "Region", "Timestamp", "Nonce", "SecretId", "Signature"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = value_of(check, names[i]);
        if (value == NULL || value[0] == '\0')
            return outcome_refuse(check->outcome, OUTCOME_BAD_PARAMETER, NULL, "%s is missing", names[i]);
    }
    return 0;
}

/* The official clients draw a Nonce from 0 up to 2^63-1. */
static int check_numbers(struct check *check)
{
    static const char *const names[] = {"Timestamp", "Nonce"};
    long long number;
    for (size_t i = 0; i < COUNT(names); i++)
        if (!number_parse(value_of(check, names[i]), 0, LLONG_MAX, &number))
            return outcome_refuse(check->outcome, OUTCOME_BAD_PARAMETER, NULL, "%s is not a number",
                                  names[i]);
    return 0;
}

static int check_account(struct check *check)
{
    check->account = state_account(check->desk->state, value_of(check, "SecretId"));
    if (check->account == NULL)
        return outcome_refuse(check->outcome, OUTCOME_UNKNOWN_SECRET_ID, NULL,
                              "the SecretId does not exist or is disabled");
    return 0;
}

static int check_token(struct check *check)
{
    const struct secret *wanted = check->account->token;
    const char *given = value_of(check, "Token");
    if (wanted == NULL && given == NULL)
        return 0;
    if (wanted != NULL && given != NULL && secret_equal(wanted, given, strlen(given)))
        return 0;
    return outcome_refuse(check->outcome, OUTCOME_BAD_TOKEN, NULL, "the Token is wrong");
}

static int check_signature(struct check *check)
{
    struct buf text;
    char seal[VERIFY_SEAL_SIZE];
    const char *given = value_of(check, "Signature");
    buf_init(&text, VERIFY_TEXT_MAX);
    verify_compose(check->subject, &text);
    int sealed = verify_seal(&text, value_of(check, "SignatureMethod"), check->account->secret_key, seal);
    buf_done(&text);
    if (sealed != 0)
        return outcome_refuse(check->outcome, OUTCOME_INTERNAL, NULL, "the signature could not be computed");
    bool equal = strlen(given) == strlen(seal) && CRYPTO_memcmp(given, seal, strlen(seal)) == 0;
    OPENSSL_cleanse(seal, sizeof seal);
    if (!equal)
        return outcome_refuse(check->outcome, OUTCOME_BAD_SIGNATURE, "AuthFailure",
                              "identity check failed: the signature does not match");
    return 0;
}

static int check_window(struct check *check)
{
    long long timestamp = -1;
    int64_t now = check->desk->now;
    int64_t window = check->desk->window;
    if (!number_parse(value_of(check, "Timestamp"), 0, LLONG_MAX, &timestamp) || timestamp < now - window ||
        timestamp > now + window)
        return outcome_refuse(check->outcome, OUTCOME_REPLAY, NULL, "the Timestamp is outside the window");
    return 0;
}

static int check_replay(struct check *check)
{
    switch (replay_check(check->desk->replay, value_of(check, "SecretId"), value_of(check, "Timestamp"),
                         value_of(check, "Nonce"), check->desk->now)) {
    case REPLAY_FRESH:
        return 0;
    case REPLAY_SEEN:
        return outcome_refuse(check->outcome, OUTCOME_REPLAY, NULL, "the Nonce was used before");
    default:
        return outcome_refuse(check->outcome, OUTCOME_INTERNAL, NULL, "out of memory");
    }
}

int verify_request(const struct verify_desk *desk, const struct verify_subject *subject,
                   struct outcome *outcome)
{
    static int (*const checks[])(struct check *) = {check_present, check_numbers,   check_account,
                                                    check_token,   check_signature, check_window,
                                                    check_replay};
    struct check check = {.desk = desk, .subject = subject, .outcome = outcome};
    for (size_t i = 0; i < COUNT(checks); i++)
        if (checks[i](&check) != 0)
            return -1;
    return 0;
}
