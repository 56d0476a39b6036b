#include "tests/unit.h"

#include "sandbox/state/cidr.h"

#include <stdio.h>

static void texts(void **unused)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t base;
        int length;
    } rows[] = {
        {"10.0.0.0/16", true, 0x0a000000, 16},
        {"0.0.0.0/0", true, 0, 0},
        {"192.168.1.1/32", true, 0xc0a80101, 32},
        {"10.0.0.1/16", false, 0, 0},
        {"10.0.0.0", false, 0, 0},
        {"10.0.0.0/", false, 0, 0},
        {"10.0.0.0/33", false, 0, 0},
        {"10.0.0.0/08", false, 0, 0},
        {"10.0.0.0/8 ", false, 0, 0},
        {"10.0.0/8", false, 0, 0},
        {"10.0.0.256/32", false, 0, 0},
        {"", false, 0, 0},
        {"/8", false, 0, 0},
        {"1234567890.1234567890/8", false, 0, 0},
        {"10.0.0.0/-1", false, 0, 0},
        {"::/0", false, 0, 0},
    };
    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cidr cidr = {0};
        if (cidr_parse(rows[i].text, &cidr) != rows[i].good)
            fail_msg("%s", rows[i].text);
        if (rows[i].good && (cidr.base != rows[i].base || cidr.length != rows[i].length))
            fail_msg("%s is %08x/%d", rows[i].text, cidr.base, cidr.length);
    }
}

static struct cidr of(const char *text)
{
    struct cidr cidr;
    assert_true(cidr_parse(text, &cidr));
    return cidr;
}

static void relations(void **unused)
{
    (void)unused;
    struct cidr ten = of("10.0.0.0/16"), inner = of("10.0.255.0/24"), other = of("10.1.0.0/24");
    assert_true(cidr_holds(&ten, &inner));
    assert_true(cidr_holds(&ten, &ten));
    assert_false(cidr_holds(&inner, &ten));
    assert_false(cidr_holds(&ten, &other));
    assert_int_equal(cidr_size(&inner), 256);
    struct cidr all = of("0.0.0.0/0"), edge = of("172.31.0.0/16"), beyond = of("172.32.0.0/16");
    assert_true(cidr_size(&all) == (int64_t)1 << 32);
    assert_true(cidr_is_private(&edge));
    assert_false(cidr_is_private(&beyond));
    assert_false(cidr_is_private(&all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(relations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
