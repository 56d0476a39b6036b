#include "gateway/http/host_check.h"

#include "tests/unit.h"

/* browsers.hosts: [gateway.example.com, gateway] */
static const struct {
    const char *host;
    bool ours;
} rows[] = {
    {"gateway.example.com", true},
    {"gateway.example.com:8080", true},
    {"GATEWAY.Example.COM:8080", true},
    {"gateway", true},
    {"localhost", true},
    {"localhost:8080", true},
    {"LOCALHOST:1", true},
    {"127.0.0.1", true},
    {"127.0.0.1:8080", true},
    {"10.1.2.3:8080", true}, /* an address cannot be made to point elsewhere */
    {"[::1]:8080", true},
    {"[::1]", true},
    {"evil.example", false},
    {"evil.example:8080", false},
    {"gateway.example.com.evil.example", false},
    {"evil.gateway.example.com", false},
    {"gateway.example.com.", false},
    {"notgateway", false},
    {"localhost.evil.example", false},
    {"127.0.0.1.evil.example", false},
    {"127.0.0.1@evil.example", false},
    {"2130706433", false}, /* what some resolvers take for 127.0.0.1 */
    {"0x7f.1", false},
    {"127.1", false},
    {"[::1", false},
    {"[gateway]", false},
    {"::1", false},
    {":8080", false},
    {"", false},
};

static void table(void **state)
{
    static const char *items[] = {"gateway.example.com", "gateway"};
    const struct config_names names = {items, COUNT(items)};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += unit_wrong(rows[i].host, host_check_is_among(&names, rows[i].host) == rows[i].ours);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
