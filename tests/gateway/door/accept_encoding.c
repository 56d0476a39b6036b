/* RFC 9110, sections 12.4.2 and 12.5.3, and its examples. */
#include "gateway/door/accept_encoding.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
    const char *first, *second; /* fields; NULL: there is none */
    bool gzip;
} rows[] = {
    {NULL, NULL, false},
    {"compress, gzip", NULL, true},
    {"", NULL, false},
    {"*", NULL, true},
    {"compress;q=0.5, gzip;q=1.0", NULL, true},
    {"gzip;q=1.0, identity; q=0.5, *;q=0", NULL, true},
    {"identity", NULL, false},
    {"gzip", NULL, true},
    {"GZip", NULL, true},
    {"x-gzip", NULL, true},
    {"gzip, deflate, br, zstd", NULL, true},
    {"deflate, br", NULL, false},
    {"gzip;q=0", NULL, false},
    {"gzip;q=0.0", NULL, false},
    {"gzip;q=0.000", NULL, false},
    {"gzip;q=0.001", NULL, true},
    {"gzip;q=0, *", NULL, false},
    {"*;q=0", NULL, false},
    {"*;q=0, gzip", NULL, true},
    {"gzip;q=0.5, identity", NULL, false},
    {"gzip;q=0.5, identity;q=0.5", NULL, true},
    {"gzip;q=0.5, identity;q=0.4", NULL, true},
    {"identity;q=0", NULL, false},
    {"gzip ; q=1", NULL, true},
    {"gzip\t;\tQ=0.2", NULL, true},
    {" , gzip ,", NULL, true},
    {"deflate", "gzip", true},
    {"gzip", "identity;q=0", true},
    {"gzip;q=0", "identity", false},
    {"gzip;q=2", NULL, false},
    {"gzip;q=1.001", NULL, false},
    {"gzip;q=0.1234", NULL, false},
    {"gzip;q=", NULL, false},
    {"gzip;q", NULL, false},
    {"gzip;level=1", NULL, false},
    {"gzip;q=1;q=0", NULL, false},
    {"gzipped", NULL, false},
    {"gz ip", NULL, false},
    {";q=1", NULL, false},
};

static void test_rows(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct request_head head;
        const char *const values[] = {rows[i].first, rows[i].second};
        head.field_count = 0;
        head.fields[head.field_count++] = (struct request_field){"Accept", "gzip"};
        for (size_t j = 0; j < COUNT(values); j++)
            if (values[j] != NULL)
                head.fields[head.field_count++] = (struct request_field){"accept-encoding", values[j]};
        wrong += unit_wrong(rows[i].first == NULL ? "none" : rows[i].first,
                            accept_encoding_has_gzip(&head) == rows[i].gzip);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
