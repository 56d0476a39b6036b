/* What those who issue credentials answer.  The good ones have the forms of the vendor's own pages; the wrong
 * ones are what a false service would try. */
#include "gateway/keeper/issued.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS "\"TmpSecretId\":\"AKIDx\",\"TmpSecretKey\":\"key\",\"Token\":\"to/ken==\""

enum { NOW = 1795521600 };

static const struct {
    const char *text;
    int64_t left_s;     /* of a good one */
    const char *reason; /* a part of it; NULL: it is good */
} rows[] = {
    {"{" PARTS ",\"ExpiredTime\":1795525200,\"Expiration\":\"2026-11-24T13:00:00Z\",\"Code\":\"Success\"}",
     3600, NULL},
    {"{\"Response\":{\"Credentials\":{" PARTS "},\"ExpiredTime\":1795525200,\"RequestId\":\"r\"}}", 3600,
     NULL},
    {"{\"Credentials\":{" PARTS "},\"ExpiredTime\":1795525200}", 3600, NULL},
    {"{\"SecretId\":\"a\",\"SecretKey\":\"b\",\"Token\":\"c\",\"Expiration\":\"2026-11-24T12:00:01Z\"}", 1,
     NULL},
    {"{\"TmpSecretId\":\"a\",\"TmpSecretKey\":\"b\",\"Token\":\"c\\/d\",\"ExpiredTime\":1795521601}", 1,
     NULL},
    {"", 0, "no JSON object"},
    {"[]", 0, "no JSON object"},
    {"<html>", 0, "no JSON object"},
    {"{\"Response\":[]}", 0, "has no TmpSecretId"},
    {"{\"TmpSecretId\":\"a\",\"TmpSecretKey\":\"\",\"Token\":\"c\"}", 0, "has no TmpSecretKey"},
    {"{\"TmpSecretId\":1,\"TmpSecretKey\":\"b\",\"Token\":\"c\"}", 0, "has no TmpSecretId"},
    {"{\"TmpSecretId\":\"a\",\"TmpSecretKey\":\"b\",\"ExpiredTime\":1795525200}", 0, "has no Token"},
    {"{" PARTS "}", 0, "does not tell when"},
    {"{" PARTS ",\"ExpiredTime\":\"soon\",\"Expiration\":\"soon\"}", 0, "does not tell when"},
    {"{" PARTS ",\"ExpiredTime\":1795521600}", 0, "has expired already"},
    {"{" PARTS ",\"ExpiredTime\":-1}", 0, "has expired already"},
    {"{" PARTS ",\"ExpiredTime\":1795525200000}", 0, "in more than ten years"},
    {"{" PARTS ",\"ExpiredTime\":99999999999999999999}", 0, "does not tell when"},
    {"{\"TmpSecretId\":\"a\\r\\nX-Evil: "
     "1\",\"TmpSecretKey\":\"b\",\"Token\":\"c\",\"ExpiredTime\":1795525200}",
     0, "holds a blank"},
    {"{\"TmpSecretId\":\"a\\u0000b\",\"TmpSecretKey\":\"b\",\"Token\":\"c\",\"ExpiredTime\":1795525200}", 0,
     "holds a blank"},
    {"{" PARTS ",\"ExpiredTime\":1795525200,\"Code\":\"Failed\"}", 0, "refused with code Failed"},
    {"{\"Response\":{\"Error\":{\"Code\":\"AuthFailure.X\",\"Message\":\"secret\"}}}", 0,
     "code AuthFailure.X"},
    {"{\"Response\":{\"Error\":{\"Code\":\"\\u001b[31m\"}}}", 0, "it was refused"},
    {"{\"Response\":{\"Error\":{}," PARTS ",\"ExpiredTime\":1795525200}}", 0, "it was refused"},
    {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
     "\"a\":{\"a\":{\"a\":"
     "1}}}}}}}}}}}}}}}}}",
     0, "no JSON object"},
};

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct issued issued;
        struct err err = {0};
        int result = issued_read(rows[i].text, strlen(rows[i].text), NOW, &issued, &err);
        bool good = rows[i].reason == NULL
                        ? result == 0 && issued.left_us == rows[i].left_s * 1000000 && issued.parts.id != NULL
                        : result == -1 && strstr(err.text, rows[i].reason) != NULL &&
                              issued.parts.id == NULL && strstr(err.text, "secret") == NULL;
        wrong += unit_wrong(rows[i].text, good);
        issued_done(&issued);
    }
    assert_int_equal(wrong, 0);
}

static void values(void **state)
{
    struct issued issued;
    (void)state;
    assert_int_equal(issued_read(rows[1].text, strlen(rows[1].text), NOW, &issued, NULL), 0);
    assert_string_equal(secret_bytes(issued.parts.id), "AKIDx");
    assert_string_equal(secret_bytes(issued.parts.key), "key");
    assert_string_equal(secret_bytes(issued.parts.token), "to/ken==");
    issued_done(&issued);
}

/* Of a part with `length` characters. */
static int read_long(const char *part, size_t length)
{
    static const char *const names[] = {"TmpSecretId", "TmpSecretKey", "Token"};
    struct issued issued;
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_put(&text, "{");
    for (size_t i = 0; i < COUNT(names); i++) {
        buf_put_format(&text, "\"%s\":\"", names[i]);
        for (size_t j = 0; j < (strcmp(names[i], part) == 0 ? length : 1); j++)
            buf_put_char(&text, 'x');
        buf_put(&text, "\",");
    }
    buf_put(&text, "\"ExpiredTime\":1795525200}");
    int result = issued_read(buf_text(&text), text.length, NOW, &issued, NULL);
    issued_done(&issued);
    buf_done(&text);
    return result;
}

static void lengths(void **state)
{
    (void)state;
    assert_int_equal(read_long("TmpSecretId", 1024), 0);
    assert_int_equal(read_long("TmpSecretId", 1025), -1);
    assert_int_equal(read_long("TmpSecretKey", 1024), 0);
    assert_int_equal(read_long("TmpSecretKey", 1025), -1);
    assert_int_equal(read_long("Token", 4096), 0);
    assert_int_equal(read_long("Token", 4097), -1);
    assert_int_equal(read_long("Token", 30000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(values),
                                       cmocka_unit_test(lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
