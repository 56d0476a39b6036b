/* What an answer must not hold, in the forms in which it can come back.  The encoded forms were written by
 * Python's base64, binascii and urllib. */
#include "gateway/response/secret_scan.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define ID        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"
#define KEY       "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
#define TOKEN     "a-token-with>>???bytes"
#define SPARE     "spare-key-of-the-rotation"
#define SIGNATURE "NSI3UqqD99b/UJb4tbG/xZpRW64="

/* clang-format off */
static const struct {
    const char *name, *text;
    bool leaks;
} rows[] = {
    {"nothing", "{\"code\":4100,\"message\":\"authentication failed\"}", false},
    {"the id", "{\"code\":4104,\"message\":\"" ID " does not exist\"}", true},
    {"the key", "{\"code\":4100,\"message\":\"" KEY "\"}", true},
    {"the token", "{\"code\":4105,\"message\":\"" TOKEN "\"}", true},
    {"the other credential's key", "{\"code\":4105,\"message\":\"" SPARE "\"}", true},
    {"the signature", "{\"code\":4100,\"message\":\"" SIGNATURE "\"}", true},
    {"in a success", "{\"code\":0,\"echo\":{\"SecretId\":[\"" ID "\"]}}", true},
    {"as a key", "{\"code\":0,\"" ID "\":1}", true},
    {"a part of it", "{\"code\":0,\"a\":\"AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhES\"}", false},
    /* JSON has other spellings of the same text: many servers write every slash as \/ */
    {"escaped slashes", "{\"code\":4100,\"message\":\"NSI3UqqD99b\\/UJb4tbG\\/xZpRW64=\"}", true},
    {"escaped letters", "{\"code\":4104,\"message\":\"\\u0041KIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA\"}", true},
    {"percent", "{\"code\":4100,\"message\":\"Signature=NSI3UqqD99b%2FUJb4tbG%2fxZpRW64%3D\"}", true},
    {"percent, letters", "{\"code\":4100,\"message\":\"%47u5t9xGARNpq86cd98joQYCN3Cozk1q%41\"}", true},
    {"percent in percent", "{\"code\":4100,\"message\":\"NSI3UqqD99b%252FUJb4tbG%252FxZpRW64%253D\"}", true},
    {"percent in JSON", "{\"code\":4100,\"message\":\"NSI3UqqD99b\\u00252FUJb4tbG%2FxZpRW64%3D\"}", true},
    {"hex", "{\"a\":\"4775357439784741524e70713836636439386a6f5159434e33436f7a6b317141\"}", true},
    {"HEX", "{\"a\":\"4775357439784741524E70713836636439386A6F5159434E33436F7A6B317141\"}", true},
    {"base64", "{\"a\":\"R3U1dDl4R0FSTnBxODZjZDk4am9RWUNOM0NvemsxcUEh\"}", true},
    {"base64, second byte", "{\"a\":\"eEd1NXQ5eEdBUk5wcTg2Y2Q5OGpvUVlDTjNDb3prMXFBIQ==\"}", true},
    {"base64, third byte", "{\"a\":\"eXpHdTV0OXhHQVJOcHE4NmNkOThqb1FZQ04zQ296azFxQSE=\"}", true},
    {"base64 with signs", "{\"a\":\"YS10b2tlbi13aXRoPj4/Pz9ieXRlcw==\"}", true},
    {"base64 with escaped signs", "{\"a\":\"eGEtdG9rZW4td2l0aD4+Pz8\\/Ynl0ZXM=\"}", true},
    {"base64url", "{\"a\":\"eXphLXRva2VuLXdpdGg-Pj8_P2J5dGVz\"}", true},
    {"base64url, second byte", "{\"a\":\"eGEtdG9rZW4td2l0aD4-Pz8_Ynl0ZXM\"}", true},
    {"percent at the end", "{\"a\":\"50%\"} %", false},
    {"a broken escape", "{\"a\":\"%zz\\u00\"} \\", false},
    {"empty", "", false},
};
/* clang-format on */

static struct secret *make_secret(const char *text)
{
    struct secret *secret = secret_new(text, strlen(text));
    assert_non_null(secret);
    return secret;
}

static void table(void **state)
{
    struct config_credential credential = {
        .id = make_secret(ID), .key = make_secret(KEY), .token = make_secret(TOKEN)};
    struct config_credential spare = {.id = make_secret("short"), .key = make_secret(SPARE)};
    const struct config_credential *const both[] = {&credential, &spare};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += unit_wrong(rows[i].name, secret_scan_found(rows[i].text, strlen(rows[i].text), both,
                                                            SIGNATURE) == rows[i].leaks);
    wrong +=
        unit_wrong("what is shorter than 8 is found everywhere", !secret_scan_found("short", 5, both, ""));
    struct secret *const all[] = {credential.id, credential.key, credential.token, spare.id, spare.key};
    for (size_t i = 0; i < COUNT(all); i++)
        secret_free(all[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
