/* FIPS 180-2, appendix B, and the same bytes in pieces. */
#include "base/digest.h"

#include "base/text.h"
#include "tests/unit.h"

#include <string.h>

static int check(const char *text, size_t piece, const char *expected)
{
    char hex[DIGEST_TEXT_SIZE];
    struct digest *digest = digest_new();
    for (size_t at = 0; at < strlen(text); at += piece)
        digest_add(digest, text + at, strnlen(text + at, piece));
    return unit_wrong(text, digest_end(digest, hex) == 0) + unit_differs(text, expected, hex);
}

static int check_at_once(const char *text, const char *expected)
{
    char hex[DIGEST_TEXT_SIZE];
    unsigned char bytes[DIGEST_BYTES];
    int wrong = unit_wrong(text, digest_of(text, strlen(text), bytes) == 0);
    text_hex(bytes, sizeof bytes, hex);
    return wrong + unit_differs(text, expected, hex);
}

static void published(void **state)
{
    static const char *const rows[][2] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(rows[i][0], 7, rows[i][1]) + check(rows[i][0], 100, rows[i][1]) +
                 check_at_once(rows[i][0], rows[i][1]);
    assert_int_equal(wrong, 0);
}

static void none_is_a_failure(void **state)
{
    char hex[DIGEST_TEXT_SIZE] = "x";
    (void)state;
    digest_add(NULL, "abc", 3);
    assert_int_equal(digest_end(NULL, hex), -1);
    assert_string_equal(hex, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published), cmocka_unit_test(none_is_a_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
