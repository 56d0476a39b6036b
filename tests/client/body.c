/* From NAME=VALUE to a body: the table is what a person types and what must be sent. */
#include "client/body.h"

#include "tests/unit.h"

#include <string.h>

enum { PAIRS = 4 };

static const char document[] =
    "{\"paths\":{"
    "\"/vpcs/{vpcId}/classiclinks\":{\"get\":{},\"post\":{\"requestBody\":{\"content\":{\"application/"
    "json\":{\"schema\":"
    "{\"properties\":{\"instanceIds\":{\"type\":\"array\"},\"size\":{\"type\":\"integer\"},\"force\":{"
    "\"type\":\"boolean\"},"
    "\"name\":{\"type\":\"string\"}}}}}}}},"
    "\"/vpcs/default/classiclinks\":{\"post\":{\"requestBody\":{\"content\":{\"application/"
    "json\":{\"schema\":"
    "{\"properties\":{\"instanceIds\":{\"type\":\"string\"}}}}}}}}}}";

#define LINKS "/vpcs/vpc-1/classiclinks"

static const struct {
    const char *path;
    const char *pairs[PAIRS];
    const char *body; /* NULL: refused */
} rows[] = {
    {LINKS, {NULL}, "{}"},
    {LINKS, {"instanceIds=a"}, "{\"instanceIds\":[\"a\"]}"},
    {LINKS, {"instanceIds=a", "instanceIds=b"}, "{\"instanceIds\":[\"a\",\"b\"]}"},
    {LINKS, {"instanceIds=a", "size=5", "instanceIds=b"}, "{\"instanceIds\":[\"a\",\"b\"],\"size\":5}"},
    {LINKS, {"instanceIds="}, "{\"instanceIds\":[\"\"]}"},
    {LINKS, {"instanceIds=[\"a\"]"}, "{\"instanceIds\":[\"[\\\"a\\\"]\"]}"},
    {LINKS, {"size=-12"}, "{\"size\":-12}"},
    {LINKS, {"size=0"}, "{\"size\":0}"},
    {LINKS, {"size=012"}, "{\"size\":\"012\"}"},
    {LINKS, {"size=1e3"}, "{\"size\":\"1e3\"}"},
    {LINKS, {"size=1,\"x\":2"}, "{\"size\":\"1,\\\"x\\\":2\"}"},
    {LINKS, {"size="}, "{\"size\":\"\"}"},
    {LINKS, {"force=true"}, "{\"force\":true}"},
    {LINKS, {"force=yes"}, "{\"force\":\"yes\"}"},
    {LINKS, {"name=5"}, "{\"name\":\"5\"}"},
    {LINKS, {"name=a=b\"c"}, "{\"name\":\"a=b\\\"c\"}"},
    {LINKS, {"na\"me=1"}, "{\"na\\\"me\":\"1\"}"},
    {LINKS, {"name=a", "name=b"}, NULL},
    {LINKS, {"unknown=5"}, "{\"unknown\":\"5\"}"},
    {LINKS, {"unknown=5", "unknown=6"}, "{\"unknown\":[\"5\",\"6\"]}"},
    {LINKS "?region=ap-shanghai", {"instanceIds=a"}, "{\"instanceIds\":[\"a\"]}"},
    {LINKS "/more", {"instanceIds=a"}, "{\"instanceIds\":\"a\"}"},
    {"/vpcs", {"instanceIds=a"}, "{\"instanceIds\":\"a\"}"},
    {"/", {"instanceIds=a"}, "{\"instanceIds\":\"a\"}"},
};

static int check(size_t row, const char *known, const char *expected)
{
    struct options_pair pairs[PAIRS];
    struct options order = {.method = "POST", .path = rows[row].path, .pairs = pairs};
    struct buf document_bytes;
    struct buf body;
    struct err err = {0};
    for (size_t i = 0; i < PAIRS && rows[row].pairs[i] != NULL; i++)
        pairs[order.pair_count++] = (struct options_pair){
            rows[row].pairs[i], (size_t)(strchr(rows[row].pairs[i], '=') - rows[row].pairs[i])};
    buf_init(&document_bytes, 65536);
    buf_init(&body, 65536);
    buf_put(&document_bytes, known);
    int result = body_put_body(&body, &order, &document_bytes, &err);
    int wrong = unit_differs(rows[row].path, expected, result == 0 ? buf_text(&body) : NULL);
    wrong += unit_wrong(rows[row].path, (err.kind == ERR_NONE) == (result == 0));
    buf_done(&document_bytes);
    buf_done(&body);
    return wrong;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(i, document, rows[i].body);
    assert_int_equal(wrong, 0);
}

/* What is no document, or a hostile one, leaves the body to be guessed. */
static void no_document(void **state)
{
    static const char *const documents[] = {"",
                                            "{",
                                            "[]",
                                            "{\"paths\":[]}",
                                            "{\"paths\":{\"/\":1}}",
                                            "<html>",
                                            "{\"paths\":{\"" LINKS
                                            "\":{\"post\":{\"requestBody\":{\"content\":[]}}}}}"};
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++)
        wrong += check(1, documents[i], "{\"instanceIds\":\"a\"}");
    assert_int_equal(wrong, 0);
}

static void methods(void **state)
{
    (void)state;
    assert_true(body_wants_body("POST") && body_wants_body("PUT") && body_wants_body("PATCH"));
    assert_false(body_wants_body("GET") || body_wants_body("DELETE") || body_wants_body("HEAD"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(no_document),
                                       cmocka_unit_test(methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
