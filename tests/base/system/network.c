/* Addresses as RFC 5952 writes them, and what counts as everybody. */
#include "base/system/network.h"

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

/* Peers on a Unix socket have a word of their own, and are in no network of addresses. */
static void unix_peers(void **state)
{
    struct network peer, other;
    char text[NETWORK_TEXT_SIZE];
    (void)state;
    assert_false(network_parse_address("unix", &peer));
    assert_true(network_parse_peer("unix", &peer));
    assert_true(network_parse("unix", &other));
    assert_true(network_is_same(&peer, &other));
    network_format(&peer, text);
    assert_string_equal(text, "unix");
    assert_true(network_is_local(&peer));
    assert_true(network_parse("0.0.0.0/0", &other));
    assert_false(network_contains(&other, &peer));
    assert_true(network_parse("2000::/3", &other));
    assert_false(network_contains(&other, &peer));
}

static void local_peers(void **state)
{
    static const struct {
        const char *address;
        bool local;
    } rows[] = {{"127.0.0.1", true}, {"127.255.0.9", true}, {"::ffff:127.0.0.1", true},
                {"::1", true},       {"128.0.0.1", false},  {"10.0.0.127", false},
                {"::2", false},      {"::1:0", false},      {"fe80::1", false},
                {"7f00::1", false}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network address;
        assert_true(network_parse_peer(rows[i].address, &address));
        wrong += unit_wrong(rows[i].address, network_is_local(&address) == rows[i].local);
    }
    assert_int_equal(wrong, 0);
}

/* An IPv6 network of 64 bits is one source, an IPv4 address another; and their hashes spread, by the seed. */
static void sources(void **state)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } rows[] = {
        {"203.0.113.9", "203.0.113.9", true},
        {"203.0.113.9", "203.0.113.8", false},
        {"203.0.113.9", "::ffff:203.0.113.9", true},
        {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
        {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
        {"::", "0.0.0.0", false},
        {"::1", "unix", false},
        {"::1", "0:0:0:0:8000::1", false},
        {"unix", "unix", true},
    };
    const uint64_t seeds[][2] = {{1, 2}, {1, 3}, {4, 2}};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network addresses[2];
        assert_true(network_parse_peer(rows[i].one, &addresses[0]));
        assert_true(network_parse_peer(rows[i].other, &addresses[1]));
        const struct network one = network_source(&addresses[0]);
        const struct network other = network_source(&addresses[1]);
        wrong += unit_wrong(rows[i].one, network_is_same(&one, &other) == rows[i].same);
        wrong += unit_wrong(rows[i].other,
                            (network_hash(&one, seeds[0]) == network_hash(&other, seeds[0])) == rows[i].same);
        for (size_t j = 1; j < COUNT(seeds); j++)
            wrong += unit_wrong("another seed", network_hash(&one, seeds[0]) != network_hash(&one, seeds[j]));
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical), cmocka_unit_test(everybody), cmocka_unit_test(unix_peers),
        cmocka_unit_test(local_peers),       cmocka_unit_test(sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
