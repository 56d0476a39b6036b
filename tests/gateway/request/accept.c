#include "gateway/exchange/shared.h"
#include "gateway/request/accept.h"

#include "base/text.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { CEILING = 1024 * 1024, BYTES_MAX = 2048 };

/* A request as it comes; lines are separated by '\n' here. */
struct request {
    char bytes[BYTES_MAX];
    struct request_head head;
    struct exchange x;
};

/* `target` may have a query; `fields` is "Name: value\n" for each. */
static struct exchange *make(struct request *request, const char *target, const char *fields,
                             struct arena *arena)
{
    static const struct config config;
    static struct shared gateway;
    request->x =
        (struct exchange){.arena = arena, .config = &config, .gateway = &gateway, .head = &request->head};
    size_t used = (size_t)snprintf(request->bytes, sizeof request->bytes, "DELETE %s HTTP/1.1\r\n", target);
    for (; *fields != '\0'; fields += strcspn(fields, "\n") + 1)
        used += (size_t)snprintf(request->bytes + used, sizeof request->bytes - used, "%.*s\r\n",
                                 (int)strcspn(fields, "\n"), fields);
    used += (size_t)snprintf(request->bytes + used, sizeof request->bytes - used, "\r\n");
    assert_true(used < sizeof request->bytes);
    request_head_begin(&request->head);
    assert_int_not_equal(request_head_read(&request->head, request->bytes, used), REQUEST_HEAD_PART);
    return &request->x;
}

/* clang-format off */
static const struct {
    const char *name, *target, *fields;
    enum problem problem;
    const char *sentence; /* NULL: none */
} rows[] = {
    {"no body", "/a", "Host: h\n", PROBLEM_NONE, NULL},
    {"a query", "/a?b=c", "Host: h\n", PROBLEM_NONE, NULL},
    {"json", "/a", "Host: h\nContent-Length: 2\nContent-Type: application/json\n", PROBLEM_NONE, NULL},
    {"json in utf-8", "/a", "Host: h\nContent-Length: 2\nContent-Type: application/json; charset=utf-8\n",
     PROBLEM_NONE, NULL},
    {"JSON in \"UTF-8\"", "/a",
     "Host: h\nContent-Length: 2\nContent-Type: Application/JSON;Charset=\"UTF-8\"\n", PROBLEM_NONE, NULL},
    {"blanks behind values", "/a", "Host: h \nContent-Length: 2\t \nContent-Type: application/json  \n",
     PROBLEM_NONE, NULL},
    {"identity", "/a",
     "Host: h\nContent-Length: 2\nContent-Type: application/json\nContent-Encoding: identity\n", PROBLEM_NONE,
     NULL},
    {"the largest body", "/a", "Host: h\nContent-Length: 65536\nContent-Type: application/json\n",
     PROBLEM_NONE, NULL},
    {"no body needs no type", "/a", "Host: h\nContent-Length: 0\nContent-Type: text/plain\n", PROBLEM_NONE,
     NULL},
    {"too large", "/a", "Host: h\nContent-Length: 65537\nContent-Type: application/json\n",
     PROBLEM_CONTENT_TOO_LARGE, "the body may have at most 65536 bytes"},
    {"far too large, and no json", "/a", "Host: h\nContent-Length: 9999999999\nContent-Type: text/plain\n",
     PROBLEM_CONTENT_TOO_LARGE, "the body may have at most 65536 bytes"},
    {"gzip", "/a", "Host: h\nContent-Length: 2\nContent-Type: application/json\nContent-Encoding: gzip\n",
     PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not taken here"},
    {"chunked", "/a", "Host: h\nTransfer-Encoding: chunked\nContent-Type: application/json\n", PROBLEM_NONE,
     NULL},
    {"chunked, and no json", "/a", "Host: h\nTransfer-Encoding: chunked\n", PROBLEM_UNSUPPORTED_MEDIA_TYPE,
     "Content-Type must be application/json (UTF-8), and this body has none"},
    {"a form", "/a", "Host: h\nContent-Length: 2\nContent-Type: application/x-www-form-urlencoded\n",
     PROBLEM_UNSUPPORTED_MEDIA_TYPE,
     "Content-Type must be application/json (UTF-8), not application/x-www-form-urlencoded"},
    {"a type that is none", "/a", "Host: h\nContent-Length: 2\nContent-Type: <b>/json\n",
     PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json (UTF-8)"},
    {"a type that is long", "/a",
     "Host: h\nContent-Length: 2\nContent-Type: "
     "a123456789012345678901234567890123456789/b123456789012345678901234567890\n",
     PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json (UTF-8)"},
    {"another charset", "/a", "Host: h\nContent-Length: 2\nContent-Type: application/json; charset=latin1\n",
     PROBLEM_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json (UTF-8)"},
    {"another coding", "/a", "Host: h\nTransfer-Encoding: gzip\n", PROBLEM_MALFORMED_REQUEST,
     "Transfer-Encoding can only be chunked, once"},
    {"two request ids", "/a", "Host: h\nX-Request-Id: a\nX-Request-Id: b\n", PROBLEM_NONE, NULL},
    {"a slash at the end", "/a/", "Host: h\n", PROBLEM_NONE, NULL},
    {"an empty pair", "/a?b=c&&d=e&", "Host: h\n", PROBLEM_NONE, NULL},
    {"brackets", "/a?b[]=c", "Host: h\n", PROBLEM_MALFORMED_REQUEST,
     "a list has no brackets here: write b= once for each value, as in b=a&b=b"},
    {"a raw character", "/a?b={c}", "Host: h\n", PROBLEM_MALFORMED_REQUEST,
     "the query holds '{', which must be written as %7B"},
    {"no Host", "/a", "A: 1\n", PROBLEM_MALFORMED_REQUEST, "the Host field is missing"},
    {"a bad path", "/a//b", "Host: h\n", PROBLEM_MALFORMED_REQUEST,
     "the path has an empty segment, '.' or '..'"},
    {"a bad query", "/a?b=%", "Host: h\n", PROBLEM_MALFORMED_REQUEST,
     "the query holds a '%' that is no escape: write it as %25"},
};
/* clang-format on */

static void table(void **state)
{
    struct request request;
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange *x = make(&request, rows[i].target, rows[i].fields, arena);
        wrong += unit_wrong(rows[i].name, accept_request(x) == rows[i].problem);
        wrong += unit_differs(rows[i].name, rows[i].sentence, x->err.kind == ERR_NONE ? NULL : x->err.text);
        /* After a refusal, and before a body was read, nothing behind it may be taken for a request. */
        wrong += unit_wrong(rows[i].name,
                            x->close || (rows[i].problem == PROBLEM_NONE && !request_head_has_body(x->head)));
        wrong += unit_wrong(rows[i].name, x->id[0] != '\0');
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

static void types_that_are_not_json(void **state)
{
    static const char *const types[] = {
        "text/plain",
        "application/jsonx",
        "application/json-patch+json",
        "application/problem+json",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "json",
        "",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/json; charset=",
        "application/json, text/plain",
        "application / json",
        "application/json; charset=utf-8; charset=latin1",
        "application/json; charset=\"utf-16\"",
        "application/json; x",
        "application/json; =y",
        "application/json; x =y",
        "application/json; x=",
        "application/json; x=\"y",
        "application/json; x=\"y\\",
        "application/json; x=y z",
        "application/json x=y",
    };
    struct request request;
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        char fields[300];
        (void)snprintf(fields, sizeof fields, "Host: h\nContent-Length: 2\nContent-Type: %s\n", types[i]);
        struct exchange *x = make(&request, "/a", fields, arena);
        wrong += unit_wrong(types[i], accept_request(x) == PROBLEM_UNSUPPORTED_MEDIA_TYPE);
    }
    struct exchange *x = make(&request, "/a", "Host: h\nContent-Length: 2\n", arena);
    wrong += unit_wrong("no type", accept_request(x) == PROBLEM_UNSUPPORTED_MEDIA_TYPE);
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* RFC 9110 section 5.6.6; no parameter but charset says anything about JSON. */
static void types_that_are_json(void **state)
{
    static const char *const types[] = {
        "application/json;",
        "application/json ;;",
        "application/json; ; charset=utf-8 ;",
        "application/json; x=y",
        "application/json; v=1; charset=UTF-8",
        "application/json;charset=utf-8; x=\"y; charset=latin1\"",
        "application/json; x=\"\\\"\"",
        "application/json; profile=\"https://example.com/\"",
    };
    struct request request;
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        char fields[300];
        (void)snprintf(fields, sizeof fields, "Host: h\nContent-Length: 2\nContent-Type: %s\n", types[i]);
        wrong += unit_wrong(types[i], accept_request(make(&request, "/a", fields, arena)) == PROBLEM_NONE);
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* The caller's id where it is plain, else 32 hex digits of our own: it comes back in a field and in the
 * log. */
static void request_ids(void **state)
{
    /* clang-format off */
    static const struct {
        const char *id;
        bool kept;
    } ids[] = {
        {"7f3e.a_b-c", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"", false},
        {"a b", false},
        {"a\"b", false},
        {"a\\b", false},
        {"-a", false},
        {"\xC3\xA9", false},
        {"<script>", false},
    };
    /* clang-format on */
    struct request request;
    struct arena *arena = arena_new(CEILING);
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        char fields[200];
        (void)snprintf(fields, sizeof fields, "Host: h\nX-Request-Id: %s\n", ids[i].id);
        struct exchange *x = make(&request, "/a", fields, arena);
        assert_int_equal(accept_request(x), PROBLEM_NONE);
        wrong += unit_wrong(ids[i].id, (strcmp(x->id, ids[i].id) == 0) == ids[i].kept);
        unsigned char bytes[16];
        wrong += unit_wrong(x->id, ids[i].kept || text_unhex(x->id, bytes, sizeof bytes));
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

/* Of two nobody knows which is meant. */
static void two_ids_are_none(void **state)
{
    struct request request;
    struct arena *arena = arena_new(CEILING);
    (void)state;
    struct exchange *x = make(&request, "/a", "Host: h\nX-Request-Id: a\nx-request-id: a\n", arena);
    assert_int_equal(accept_request(x), PROBLEM_NONE);
    assert_string_not_equal(x->id, "a");
    arena_free(arena);
}

static void our_own_ids_differ(void **state)
{
    struct request request;
    char last[EXCHANGE_ID_MAX + 1] = "";
    struct arena *arena = arena_new(CEILING);
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct exchange *x = make(&request, "/a", "Host: h\n", arena);
        assert_int_equal(accept_request(x), PROBLEM_NONE);
        assert_string_not_equal(x->id, last);
        memcpy(last, x->id, sizeof last);
    }
    arena_free(arena);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(types_that_are_not_json),
        cmocka_unit_test(types_that_are_json),
        cmocka_unit_test(request_ids),
        cmocka_unit_test(two_ids_are_none),
        cmocka_unit_test(our_own_ids_differ),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
