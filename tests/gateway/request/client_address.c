/* Who really asks: chains of proxies, honest and forged, as rows. */
#include "gateway/request/client_address.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define NONE                                                                                                 \
    {                                                                                                        \
        NULL                                                                                                 \
    }
#define LONGEST    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
#define PEER       CLIENT_ADDRESS_PEER
#define FORWARDED  CLIENT_ADDRESS_FORWARDED
#define UNREADABLE CLIENT_ADDRESS_UNREADABLE

/* Trusted everywhere below: the edge on loopback, a network of proxies, and one IPv6 address. */
static const char *const trusted_texts[] = {"127.0.0.1", "10.1.0.0/16", "2001:db8::e"};

/* clang-format off */
static const struct {
    const char *name, *peer;
    const char *lists[4]; /* X-Forwarded-For lines, in the order of the request */
    enum client_address found;
    const char *source;   /* NULL: not asked */
} rows[] = {
    {"no proxy", "203.0.113.9", NONE, PEER, "203.0.113.9"},
    {"the edge itself, for nobody", "127.0.0.1", NONE, PEER, "127.0.0.1"},
    {"the edge, for a caller", "127.0.0.1", {"203.0.113.9"}, FORWARDED, "203.0.113.9"},
    {"two proxies", "127.0.0.1", {"203.0.113.9, 10.1.2.3"}, FORWARDED, "203.0.113.9"},
    {"three", "127.0.0.1", {"203.0.113.9,10.1.2.3 ,\t10.1.255.255"}, FORWARDED, "203.0.113.9"},
    {"IPv6", "127.0.0.1", {"2001:DB8:0::9"}, FORWARDED, "2001:db8::9"},
    {"an IPv6 proxy", "2001:db8::e", {"2001:db8::9, 2001:db8::e"}, FORWARDED, "2001:db8::9"},
    {"IPv4 within IPv6 is IPv4", "::ffff:127.0.0.1", {"::ffff:203.0.113.9, ::ffff:10.1.2.3"},
     FORWARDED, "203.0.113.9"},
    {"the longest text", "127.0.0.1", {LONGEST}, FORWARDED, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"a port", "127.0.0.1", {"203.0.113.9:4711"}, FORWARDED, "203.0.113.9"},
    {"a port of IPv6", "127.0.0.1", {"[2001:db8::9]:4711"}, FORWARDED, "2001:db8::9"},
    {"brackets", "127.0.0.1", {"[2001:db8::9]"}, FORWARDED, "2001:db8::9"},
    {"proxies with ports", "127.0.0.1", {"203.0.113.9:1, 10.1.2.3:65535"}, FORWARDED, "203.0.113.9"},
    {"the longest text with a port", "127.0.0.1", {"[" LONGEST "]:65535"}, FORWARDED,
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"a host of the proxies' own", "127.0.0.1", {"10.1.2.3"}, FORWARDED, "10.1.2.3"},
    {"only proxies", "127.0.0.1", {"10.1.0.1, 10.1.0.2"}, FORWARDED, "10.1.0.1"},

    /* lines are one list */
    {"two lines", "127.0.0.1", {"203.0.113.9", "10.1.2.3"}, FORWARDED, "203.0.113.9"},
    {"two lines, the caller in the second", "127.0.0.1", {"192.0.2.1", "203.0.113.9, 10.1.2.3"},
     FORWARDED, "203.0.113.9"},
    {"three lines", "127.0.0.1", {"203.0.113.9", "10.1.2.3", "10.1.2.4"}, FORWARDED, "203.0.113.9"},

    /* what a caller writes is not believed */
    {"a caller without proxy names another", "203.0.113.9", {"127.0.0.1"}, PEER, "203.0.113.9"},
    {"or writes nonsense", "203.0.113.9", {"nonsense"}, PEER, "203.0.113.9"},
    {"or nothing", "203.0.113.9", {""}, PEER, "203.0.113.9"},
    {"behind the edge, pretends to be loopback", "127.0.0.1", {"127.0.0.1, 203.0.113.9"},
     FORWARDED, "203.0.113.9"},
    {"pretends to be a whole chain", "127.0.0.1", {"192.0.2.1, 10.1.2.3, 10.1.2.4, 203.0.113.9"},
     FORWARDED, "203.0.113.9"},
    {"nonsense in front of it", "127.0.0.1", {"nonsense,,;, 203.0.113.9"}, FORWARDED, "203.0.113.9"},
    {"in a line of its own", "127.0.0.1", {"127.0.0.1", "203.0.113.9"}, FORWARDED, "203.0.113.9"},
    {"a neighbour of the proxies' network", "127.0.0.1", {"192.0.2.1, 10.2.0.1"}, FORWARDED, "10.2.0.1"},
    {"from the neighbour", "10.2.0.1", {"192.0.2.1"}, PEER, "10.2.0.1"},

    /* a trusted proxy that names no address: nobody knows who asks */
    {"an empty list", "127.0.0.1", {""}, UNREADABLE, NULL},
    {"blanks", "127.0.0.1", {" \t "}, UNREADABLE, NULL},
    {"an empty element", "127.0.0.1", {"203.0.113.9,"}, UNREADABLE, NULL},
    {"an empty element before a proxy", "127.0.0.1", {"203.0.113.9, ,10.1.2.3"}, UNREADABLE, NULL},
    {"nothing before a proxy", "127.0.0.1", {",10.1.2.3"}, UNREADABLE, NULL},
    {"unknown", "127.0.0.1", {"unknown"}, UNREADABLE, NULL},
    {"a port without a number", "127.0.0.1", {"203.0.113.9:"}, UNREADABLE, NULL},
    {"a port that is no number", "127.0.0.1", {"203.0.113.9:80a"}, UNREADABLE, NULL},
    {"two ports", "127.0.0.1", {"203.0.113.9:80:81"}, UNREADABLE, NULL},
    {"a port alone", "127.0.0.1", {":4711"}, UNREADABLE, NULL},
    {"half a bracket", "127.0.0.1", {"[2001:db8::9"}, UNREADABLE, NULL},
    {"the other half", "127.0.0.1", {"2001:db8::9]"}, UNREADABLE, NULL},
    {"something behind a bracket", "127.0.0.1", {"[2001:db8::9]x"}, UNREADABLE, NULL},
    {"a bracket's port without a number", "127.0.0.1", {"[2001:db8::9]:"}, UNREADABLE, NULL},
    {"IPv4 in brackets", "127.0.0.1", {"[203.0.113.9]:80"}, UNREADABLE, NULL},
    {"nothing in brackets", "127.0.0.1", {"[]:80"}, UNREADABLE, NULL},
    {"a network", "127.0.0.1", {"203.0.113.0/24"}, UNREADABLE, NULL},
    {"a zone", "127.0.0.1", {"fe80::1%eth0"}, UNREADABLE, NULL},
    {"octal", "127.0.0.1", {"0177.0.0.1"}, UNREADABLE, NULL},
    {"short", "127.0.0.1", {"127.1"}, UNREADABLE, NULL},
    {"a number", "127.0.0.1", {"2130706433"}, UNREADABLE, NULL},
    {"a blank within", "127.0.0.1", {"203.0.113 .9"}, UNREADABLE, NULL},
    {"longer than any address", "127.0.0.1", {"0" LONGEST}, UNREADABLE, NULL},
    {"nonsense behind a proxy", "127.0.0.1", {"203.0.113.9, x, 10.1.2.3"}, UNREADABLE, NULL},
    {"an empty last line", "127.0.0.1", {"203.0.113.9", ""}, UNREADABLE, NULL},
};
/* clang-format on */

static size_t trust(struct network *networks)
{
    for (size_t i = 0; i < COUNT(trusted_texts); i++)
        assert_true(network_parse(trusted_texts[i], &networks[i]));
    return COUNT(trusted_texts);
}

/* Between fields that are not meant, the name in any case. */
static size_t lay(const char *const *lists, struct request_field *fields)
{
    size_t count = 0;
    fields[count++] = (struct request_field){"Host", "10.9.9.9"};
    for (size_t i = 0; i < 4 && lists[i] != NULL; i++) {
        fields[count++] =
            (struct request_field){i % 2 == 0 ? "X-Forwarded-For" : "x-forwarded-FOR", lists[i]};
        fields[count++] = (struct request_field){"X-Forwarded", "10.8.8.8"};
        fields[count++] = (struct request_field){"Forwarded", "for=10.8.8.8"};
    }
    return count;
}

static void table(void **state)
{
    struct network trusted[COUNT(trusted_texts)];
    size_t count = trust(trusted);
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head head = {.field_count = 0};
        head.field_count = lay(rows[i].lists, head.fields);
        struct network address;
        char text[NETWORK_TEXT_SIZE];
        assert_true(network_parse_address(rows[i].peer, &address));
        wrong +=
            unit_wrong(rows[i].name, client_address_find(&head, trusted, count, &address) == rows[i].found);
        network_format(&address, text);
        if (rows[i].source != NULL)
            wrong += unit_wrong(rows[i].name, strcmp(text, rows[i].source) == 0);
    }
    assert_int_equal(wrong, 0);
}

/* Where no proxy is configured, nobody is believed, loopback included. */
static void nobody_is_trusted_unasked(void **state)
{
    const struct request_head head = {.fields = {{"X-Forwarded-For", "203.0.113.9"}}, .field_count = 1};
    struct network address;
    char text[NETWORK_TEXT_SIZE];
    (void)state;
    assert_true(network_parse_address("127.0.0.1", &address));
    assert_int_equal(client_address_find(&head, NULL, 0, &address), CLIENT_ADDRESS_PEER);
    network_format(&address, text);
    assert_string_equal(text, "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(nobody_is_trusted_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
