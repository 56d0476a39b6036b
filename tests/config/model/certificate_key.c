/* The spelling of a certificate's names: RFC 5280 section 4.2.1.6 for what they are, RFC 4343 and RFC 5952
 * for which of them are the same. */
#include "config/model/certificate_key.h"

#include "tests/unit.h"

#include <string.h>

#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define COLONS                                                                                               \
    "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD"

/* clang-format off */
static const struct {
    enum certificate_key kind;
    const char *text;
    const char *key; /* NULL: it is no name */
} rows[] = {
    {CERTIFICATE_KEY_SHA256, DIGEST, "sha256:" DIGEST},
    {CERTIFICATE_KEY_SHA256, COLONS, "sha256:" DIGEST},
    {CERTIFICATE_KEY_SHA256, "", NULL},
    {CERTIFICATE_KEY_SHA256, DIGEST "00", NULL},
    {CERTIFICATE_KEY_SHA256, DIGEST ":", NULL},
    {CERTIFICATE_KEY_SHA256, ":" DIGEST, NULL},
    {CERTIFICATE_KEY_SHA256, "ba7816", NULL},
    {CERTIFICATE_KEY_DNS, "Web.Example", "DNS:web.example"},
    {CERTIFICATE_KEY_DNS, "web.example.", "DNS:web.example"},
    {CERTIFICATE_KEY_DNS, "web_1.example", "DNS:web_1.example"},
    {CERTIFICATE_KEY_DNS, "*.example", NULL},
    {CERTIFICATE_KEY_DNS, "web.example..", NULL},
    {CERTIFICATE_KEY_DNS, ".", NULL},
    {CERTIFICATE_KEY_DNS, "", NULL},
    {CERTIFICATE_KEY_DNS, "web example", NULL},
    {CERTIFICATE_KEY_DNS, "web.example:443", NULL},
    {CERTIFICATE_KEY_URI, "spiffe://corp.example/Web", "URI:spiffe://corp.example/Web"},
    {CERTIFICATE_KEY_URI, "urn:uuid:1", "URI:urn:uuid:1"},
    {CERTIFICATE_KEY_URI, "web", NULL},
    {CERTIFICATE_KEY_URI, "spiffe://corp.example/a b", NULL},
    {CERTIFICATE_KEY_EMAIL, "ops@corp.example", "email:ops@corp.example"},
    {CERTIFICATE_KEY_EMAIL, "ops", NULL},
    {CERTIFICATE_KEY_IP, "10.1.2.3", "IP:10.1.2.3"},
    {CERTIFICATE_KEY_IP, "2001:DB8:0::7", "IP:2001:db8::7"},
    {CERTIFICATE_KEY_IP, "::ffff:10.1.2.3", "IP:10.1.2.3"},
    {CERTIFICATE_KEY_IP, "2001:0db8:0000:0000:0000:0000:0000:0007", "IP:2001:db8::7"},
    {CERTIFICATE_KEY_IP, "10.0.0.0/8", NULL},
};

static const struct {
    const char *text;
    enum certificate_key kind;
    const char *rest;
} kinds[] = {
    {"web.example", CERTIFICATE_KEY_DNS, "web.example"},
    {"DNS:web.example", CERTIFICATE_KEY_DNS, "web.example"},
    {"dns:web.example", CERTIFICATE_KEY_DNS, "web.example"},
    {"spiffe://corp.example/web", CERTIFICATE_KEY_URI, "spiffe://corp.example/web"},
    {"URI:urn:uuid:1", CERTIFICATE_KEY_URI, "urn:uuid:1"},
    {"ops@corp.example", CERTIFICATE_KEY_EMAIL, "ops@corp.example"},
    {"email:ops@corp.example", CERTIFICATE_KEY_EMAIL, "ops@corp.example"},
    {"10.1.2.3", CERTIFICATE_KEY_IP, "10.1.2.3"},
    {"2001:db8::7", CERTIFICATE_KEY_IP, "2001:db8::7"},
    {"IP:10.1.2.3", CERTIFICATE_KEY_IP, "10.1.2.3"},
    {"sha256:" DIGEST, CERTIFICATE_KEY_DNS, "sha256:" DIGEST}, /* which no DNS name is */
};
/* clang-format on */

static void every_row(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out;
        buf_init(&out, 2 * CERTIFICATE_KEY_MAX);
        bool put = certificate_key_put(&out, rows[i].kind, rows[i].text, strlen(rows[i].text));
        wrong += unit_wrong(rows[i].text, put == (rows[i].key != NULL));
        wrong += unit_differs(rows[i].text, rows[i].key == NULL ? "" : rows[i].key, buf_text(&out));
        wrong += unit_wrong(rows[i].text, out.length == (rows[i].key == NULL ? 0 : strlen(rows[i].key) + 1));
        buf_done(&out);
    }
    assert_int_equal(wrong, 0);
}

static void every_kind(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *rest = "";
        wrong += unit_wrong(kinds[i].text, certificate_key_kind(kinds[i].text, &rest) == kinds[i].kind);
        wrong += unit_differs(kinds[i].text, kinds[i].rest, rest);
    }
    assert_int_equal(wrong, 0);
}

/* "console.corp.example\0.evil.example" is what such a name is made for. */
static void no_name_has_a_nul_in_it(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 2 * CERTIFICATE_KEY_MAX);
    assert_false(certificate_key_put(&out, CERTIFICATE_KEY_DNS, "web.example\0.evil.example", 25));
    assert_false(certificate_key_put(&out, CERTIFICATE_KEY_URI, "urn:web\0", 8));
    assert_int_equal(out.length, 0);
    buf_done(&out);
}

static void names_are_bounded(void **state)
{
    char text[CERTIFICATE_KEY_MAX + 1];
    struct buf out;
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "urn:", 4);
    buf_init(&out, 4 * CERTIFICATE_KEY_MAX);
    assert_true(certificate_key_put(&out, CERTIFICATE_KEY_URI, text, CERTIFICATE_KEY_MAX - 1));
    assert_false(certificate_key_put(&out, CERTIFICATE_KEY_URI, text, CERTIFICATE_KEY_MAX));
    assert_true(certificate_key_put(&out, CERTIFICATE_KEY_DNS, text + 4, 253));
    assert_false(certificate_key_put(&out, CERTIFICATE_KEY_DNS, text + 4, 254));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(every_kind),
        cmocka_unit_test(no_name_has_a_nul_in_it),
        cmocka_unit_test(names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
