/* Failed authentications by address: a table that does not grow, whoever knocks. */
#include "gateway/exchange/failures.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static const struct rate rate = {.interval_us = 3000000, .burst = 20}; /* 20/m burst 20 */

static struct network address(uint32_t number)
{
    struct network network = {.prefix = 128, .bytes = {[10] = 0xff, [11] = 0xff}};
    for (size_t i = 0; i < 4; i++)
        network.bytes[12 + i] = (unsigned char)(number >> (24 - 8 * i));
    return network;
}

static struct failures *make(void)
{
    struct failures *failures = malloc(sizeof *failures);
    assert_non_null(failures);
    assert_int_equal(failures_init(failures), 0);
    return failures;
}

static void one_address(void **state)
{
    struct failures *failures = make();
    const struct network source = address(1);
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(failures_add(failures, &rate, &source, 0), 0);
    int64_t wait = failures_add(failures, &rate, &source, 0);
    assert_int_equal(wait, 3000000);
    assert_int_equal(failures_add(failures, &rate, &source, wait), 0);
    free(failures);
}

/* One address at its limit touches few others: those of its slot. */
static void others_are_left_alone(void **state)
{
    struct failures *failures = make();
    const struct network source = address(0x7f000001);
    unsigned touched = 0;
    (void)state;
    for (int i = 0; i < 21; i++)
        (void)failures_add(failures, &rate, &source, 0);
    for (uint32_t i = 0; i < 4000; i++) {
        const struct network other = address(0x0a000000 + i);
        touched += failures_add(failures, &rate, &other, 0) != 0;
    }
    assert_true(touched < 12); /* one in 8192 is to be expected of each */
    free(failures);
}

/* Who has a network of IPv6 has 2^64 addresses and no more failures. */
static void a_network_of_64_bits_is_one_source(void **state)
{
    struct failures *failures = make();
    struct network source;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_true(network_parse_address("2001:db8:0:1::", &source));
        source.bytes[8 + i % 8] = (unsigned char)(i + 1);
        assert_int_equal(failures_add(failures, &rate, &source, 0), 0);
    }
    assert_true(network_parse_address("2001:db8:0:1:ffff:ffff:ffff:ffff", &source));
    assert_true(failures_add(failures, &rate, &source, 0) > 0);
    free(failures);
}

/* A million addresses: the same memory, and each still waits for a bounded time only. */
static void a_million_addresses(void **state)
{
    struct failures *failures = make();
    (void)state;
    for (uint32_t i = 0; i < 1000000; i++) {
        const struct network source = address(i * 2654435761U); /* Knuth: all over the space */
        assert_true(failures_add(failures, &rate, &source, i) <= rate.interval_us);
    }
    assert_true(sizeof *failures < 128 * 1024);
    free(failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(a_network_of_64_bits_is_one_source),
        cmocka_unit_test(a_million_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
