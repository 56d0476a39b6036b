/* Failed authentications by address: a table that does not grow, whoever knocks. */
#include "gateway/limits/auth_failures.h"

#include "tests/unit.h"

#include <string.h>

static const struct rate rate = {.interval_us = 3000000, .burst = 20}; /* 20/m burst 20 */

static struct network address(uint32_t number)
{
    struct network network = {.prefix = 128, .bytes = {[10] = 0xff, [11] = 0xff}};
    for (size_t i = 0; i < 4; i++)
        network.bytes[12 + i] = (unsigned char)(number >> (24 - 8 * i));
    return network;
}

static struct auth_failures *make(void)
{
    struct auth_failures *failures = auth_failures_new();
    assert_non_null(failures);
    return failures;
}

static void one_address(void **state)
{
    struct auth_failures *failures = make();
    const struct network source = address(1);
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(auth_failures_add(failures, &rate, &source, 0), 0);
    int64_t wait = auth_failures_add(failures, &rate, &source, 0);
    assert_int_equal(wait, 3000000);
    assert_int_equal(auth_failures_add(failures, &rate, &source, wait), 0);
    auth_failures_free(failures);
}

/* A reload to another `failed_auth`: 20 of 20 were used, so 80 of 100 are left, and none of 5. */
static void another_limit(void **state)
{
    const struct rate more = {.interval_us = 10000, .burst = 100};
    const struct rate fewer = {.interval_us = 720000000, .burst = 5};
    const struct network source = address(1);
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct auth_failures *failures = make();
        int left = 0;
        for (int j = 0; j < 20; j++)
            assert_int_equal(auth_failures_add(failures, &rate, &source, 0), 0);
        while (auth_failures_add(failures, i == 0 ? &more : &fewer, &source, 0) == 0)
            left++;
        assert_int_equal(left, i == 0 ? 80 : 0);
        auth_failures_free(failures);
    }
}

/* Whatever others did, an address that has not failed may. */
static void others_are_left_alone(void **state)
{
    static const struct {
        uint32_t failing;
        unsigned times;
    } rows[] = {{1, 1000}, {2000, 21}, {100000, 1}, {100000, 21}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct auth_failures *failures = make();
        unsigned punished = 0;
        for (uint32_t j = 0; j < rows[i].failing; j++) {
            const struct network bad = address(0x0a000000 + j);
            for (unsigned k = 0; k < rows[i].times; k++)
                (void)auth_failures_add(failures, &rate, &bad, 0);
        }
        for (uint32_t j = 0; j < 10000; j++) {
            const struct network good = address(0xc0a80000 + j);
            punished += auth_failures_add(failures, &rate, &good, 0) != 0;
        }
        assert_int_equal(punished, 0);
        auth_failures_free(failures);
    }
}

/* More addresses than there is room for, each once: one that has to wait is not forgotten for them. */
static void nobody_is_washed_clean_by_small_failures(void **state)
{
    struct auth_failures *failures = make();
    const struct network source = address(0x7f000001);
    (void)state;
    for (int i = 0; i < 21; i++)
        (void)auth_failures_add(failures, &rate, &source, 0);
    for (uint32_t i = 0; i < 10 * AUTH_FAILURES_SETS * AUTH_FAILURES_WAYS; i++) {
        const struct network other = address(0x0a000000 + i);
        (void)auth_failures_add(failures, &rate, &other, 0);
    }
    assert_int_equal(auth_failures_add(failures, &rate, &source, 0), 3000000);
    auth_failures_free(failures);
}

/* As long as there is room, none is forgotten at all: of a thousand that fail by turns, each waits in the
 * end. */
static void by_turns(void **state)
{
    struct auth_failures *failures = make();
    unsigned waiting = 0;
    (void)state;
    for (unsigned i = 0; i < 21; i++)
        for (uint32_t j = 0; j < 1000; j++) {
            const struct network source = address(0x0a000000 + j);
            int64_t wait = auth_failures_add(failures, &rate, &source, 0);
            assert_true(i < 20 ? wait == 0 : wait >= 0);
            waiting += wait > 0;
        }
    assert_int_equal(waiting, 1000);
    auth_failures_free(failures);
}

/* Who has a network of IPv6 has 2^64 addresses and no more failures. */
static void a_network_of_64_bits_is_one_source(void **state)
{
    struct auth_failures *failures = make();
    struct network source;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_true(network_parse_address("2001:db8:0:1::", &source));
        source.bytes[8 + i % 8] = (unsigned char)(i + 1);
        assert_int_equal(auth_failures_add(failures, &rate, &source, 0), 0);
    }
    assert_true(network_parse_address("2001:db8:0:1:ffff:ffff:ffff:ffff", &source));
    assert_true(auth_failures_add(failures, &rate, &source, 0) > 0);
    auth_failures_free(failures);
}

/* A million addresses: the same memory, and each still waits for a bounded time only. */
static void a_million_addresses(void **state)
{
    struct auth_failures *failures = make();
    (void)state;
    for (uint32_t i = 0; i < 1000000; i++) {
        const struct network source = address(i * 2654435761U); /* Knuth: all over the space */
        assert_true(auth_failures_add(failures, &rate, &source, i) <= rate.interval_us);
    }
    auth_failures_free(failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address),
        cmocka_unit_test(another_limit),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(nobody_is_washed_clean_by_small_failures),
        cmocka_unit_test(by_turns),
        cmocka_unit_test(a_network_of_64_bits_is_one_source),
        cmocka_unit_test(a_million_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
