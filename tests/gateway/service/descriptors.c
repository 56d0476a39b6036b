/* File descriptors: enough for all, shares where they are few, and no start where nobody could be served. */
#include "gateway/service/descriptors.h"

#include "tests/unit.h"

#include <string.h>

static struct config_upstream upstreams[] = {{.slots = 256}, {.slots = 64}};

static const struct config config = {
    .workers = 256, .connections = 1024, .upstreams = upstreams, .upstream_count = COUNT(upstreams)};

enum { WANTED = 28 + (1024 + 64) + (16 + 64) + 3 * (256 + 64) };

static void enough(void **state)
{
    struct descriptors shares;
    (void)state;
    assert_int_equal(descriptors_share(&config, 16, WANTED, &shares, NULL), 0);
    assert_int_equal(shares.wanted, WANTED);
    assert_int_equal(shares.places, 1024 + 64);
    assert_int_equal(shares.admin, 16 + 64);
    assert_int_equal(shares.connections, 256 + 64);
}

/* Whatever there is, all shares together fit, and nobody is left without. */
static void any_limit(void **state)
{
    (void)state;
    for (size_t limit = 42; limit <= WANTED + 1; limit++) {
        struct descriptors shares;
        assert_int_equal(descriptors_share(&config, 16, limit, &shares, NULL), 0);
        assert_true(DESCRIPTORS_OWN + shares.places + shares.admin + 3 * shares.connections <= limit);
        assert_true(shares.places >= 4 && shares.admin >= 4 && shares.connections >= COUNT(upstreams));
        assert_true(shares.places <= 1024 + 64 && shares.admin <= 80 && shares.connections <= 320);
    }
}

static void too_few(void **state)
{
    struct descriptors shares;
    struct err err = {0};
    (void)state;
    assert_int_equal(descriptors_share(&config, 16, 41, &shares, &err), -1);
    assert_non_null(strstr(err.text, "41 file descriptors are too few to serve with: it takes 42"));
}

/* Every address listened on takes one, from before anybody comes: 28 has two of them. */
static void many_addresses(void **state)
{
    static const struct config_listener addresses[16] = {{.kind = CONFIG_TCP}, {.kind = CONFIG_UNIX}};
    struct descriptors shares;
    struct config many = config;
    (void)state;
    many.listen = (struct config_listeners){addresses, COUNT(addresses)};
    many.admin = (struct config_listeners){addresses, 3};
    assert_int_equal(descriptors_share(&many, 16, WANTED + 17, &shares, NULL), 0);
    assert_int_equal(shares.wanted, WANTED + 17);
    assert_int_equal(shares.places, 1024 + 64);
    assert_int_equal(descriptors_share(&many, 16, 100, &shares, NULL), 0);
    assert_true(28 + 17 + shares.places + shares.admin + 3 * shares.connections <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough),
        cmocka_unit_test(any_limit),
        cmocka_unit_test(too_few),
        cmocka_unit_test(many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
