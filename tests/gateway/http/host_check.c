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

/* What some SDKs write; the host alone is judged by browsers.hosts. */
static const struct {
    const char *host;
    const char *plain; /* NULL: it is not loose, and stays what it is */
    bool ours;
} loose_rows[] = {
    {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
    {"HTTPS://gateway", "gateway", true},
    {"http://gateway.example.com/cs/vpc", "gateway.example.com/cs/vpc", true},
    {"gateway:8080/cs", "gateway:8080/cs", true},
    {"gateway/", "gateway/", true},
    {"http://[::1]:8080/x", "[::1]:8080/x", true},
    {"evil.example/gateway", "evil.example/gateway", false},
    {"http://evil.example/gateway", "evil.example/gateway", false},
    {"http://gateway:8080", "gateway:8080", true},
    {"gateway", NULL, true},
    {"", NULL, false},
    {"http://", NULL, false},
    {"http:///x", NULL, false},
    {"/x", NULL, false},
    {"ftp://gateway", NULL, false},
    {"http://u@gateway", NULL, false},
    {"http://http://gateway", NULL, false},
    {"gateway:x/y", NULL, false},
    {"gateway/ x", NULL, false},
};

static void loose(void **state)
{
    static const char *items[] = {"gateway.example.com", "gateway"};
    const struct config_names names = {items, COUNT(items)};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(loose_rows); i++) {
        bool is_loose = false;
        const char *plain = host_check_plain(loose_rows[i].host, &is_loose);
        wrong += unit_wrong(loose_rows[i].host, is_loose == (loose_rows[i].plain != NULL));
        wrong += unit_differs(loose_rows[i].host,
                              loose_rows[i].plain != NULL ? loose_rows[i].plain : loose_rows[i].host, plain);
        if (is_loose)
            wrong += unit_wrong(loose_rows[i].host, host_check_is_among(&names, plain) == loose_rows[i].ours);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(loose)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
