/* Addresses as RFC 5952 writes them, and what counts as everybody. */
#include "base/network.h"

#include "tests/unit.h"

#include <string.h>

static void text_is_canonical(void **state)
{
    static const char *const rows[][2] = {
        {"203.0.113.9", "203.0.113.9"},
        {"::ffff:203.0.113.9", "203.0.113.9"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"}, /* RFC 5952 sections 4.1 to 4.3 */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"::1", "::1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network address;
        char text[NETWORK_TEXT_SIZE];
        assert_true(network_parse_address(rows[i][0], &address));
        network_format(&address, text);
        wrong += unit_wrong(rows[i][0], strcmp(text, rows[i][1]) == 0);
    }
    assert_int_equal(wrong, 0);
}

static void everybody(void **state)
{
    static const struct {
        const char *network;
        bool everything;
    } rows[] = {
        {"0.0.0.0/0", true},  {"::/0", true},        {"::/1", true},      {"::/80", true},
        {"0.0.0.0/1", false}, {"10.0.0.0/8", false}, {"8000::/1", false}, {"2001:db8::/32", false},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network network;
        assert_true(network_parse(rows[i].network, &network));
        wrong += unit_wrong(rows[i].network, network_is_everything(&network) == rows[i].everything);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
