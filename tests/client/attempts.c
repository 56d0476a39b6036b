/* How often a request is sent, under which key, and what the answers mean together (docs/state.md). */
#include "client/attempts.h"

#include "tests/client/scripted.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define ANSWER(status, type, body)                                                                           \
    "HTTP/1.1 " status "\r\nContent-Type: " type "\r\nX-Request-Id: r-1\r\nConnection: close\r\n\r\n" body
#define PROBLEM(status, more)                                                                                \
    ANSWER(status, "application/problem+json",                                                               \
           "{\"type\":\"urn:x:y\",\"detail\":\"d\",\"requestId\":\"r\"" more "}")
#define BUSY    PROBLEM("503 Service Unavailable", ",\"retryable\":true")
#define UNKNOWN PROBLEM("502 Bad Gateway", ",\"outcome\":\"unknown\"")
#define DONE    ANSWER("202 Accepted", "application/json", "{}")

/* clang-format off */
static const struct row {
    const char *name, *method;
    struct scripted_answer answers[3];
    size_t count;
    enum client_exit code;
    size_t sent, repeats; /* requests, and of them those that say that they are repeats */
} rows[] = {
    {"good at once", "DELETE", {{DONE, true}}, 1, CLIENT_GOOD, 1, 0},
    {"lost", "DELETE", {{NULL, true}, {DONE, true}}, 2, CLIENT_GOOD, 2, 1},
    {"busy, which is nothing sent", "DELETE", {{BUSY, true}, {DONE, true}}, 2, CLIENT_GOOD, 2, 0},
    {"unknown, by the edge", "DELETE", {{UNKNOWN, true}, {DONE, true}}, 2, CLIENT_GOOD, 2, 1},
    {"lost, and then busy", "DELETE", {{NULL, true}, {BUSY, true}}, 2, CLIENT_UNKNOWN, ATTEMPTS_MAX,
     ATTEMPTS_MAX - 1},
    {"busy for good", "DELETE", {{BUSY, true}}, 1, CLIENT_LATER, ATTEMPTS_MAX, 0},
    {"a read", "GET", {{NULL, true}}, 1, CLIENT_LATER, 1, 0},
};
/* clang-format on */

static struct scripted gateway;

static bool has_field(const char *request, const char *field)
{
    return strstr(request, field) != NULL;
}

static int check(const struct row *row)
{
    struct options order = {.url = gateway.url};
    struct http_answer answer = {0};
    struct buf sentence;
    struct err err = {0};
    char field[64];
    size_t keys = 0, repeats = 0;
    scripted_begin(&gateway, row->answers, row->count);
    (void)snprintf(order.method, sizeof order.method, "%s", row->method);
    order.token = secret_new("token", 5);
    assert_int_equal(attempts_key(&order, &err), 0);
    struct http *wire = http_open(&order, &err);
    buf_init(&answer.body, HTTP_ANSWER_MAX);
    buf_init(&sentence, 4096);
    assert_true(wire != NULL && order.token != NULL);
    struct http_request request = {.method = order.method, .target = "/a", .key = order.key};
    enum client_exit code = attempts_make(&order, wire, &request, &answer, &sentence);
    http_close(wire);
    scripted_end(&gateway);
    (void)snprintf(field, sizeof field, "\r\nIdempotency-Key: %s\r\n", order.key == NULL ? "" : order.key);
    for (size_t i = 0; i < gateway.request_count; i++) {
        keys += has_field(gateway.requests[i], field);
        repeats += has_field(gateway.requests[i], "\r\nIdempotency-Repeat: true\r\n");
    }
    int wrong = unit_wrong(row->name, code == row->code) +
                unit_wrong(row->name, gateway.request_count == row->sent) +
                unit_wrong(row->name, keys == (order.key == NULL ? 0 : row->sent)) +
                unit_wrong(row->name, repeats == row->repeats);
    buf_done(&answer.body);
    buf_done(&sentence);
    secret_free(order.token);
    return wrong;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(&rows[i]);
    assert_int_equal(wrong, 0);
}

/* One that is given stays, a read has none, and no two are the same. */
static void keys(void **state)
{
    struct options given = {.method = "PUT", .key = "mine"}, read = {.method = "GET"};
    struct options made[2] = {{.method = "PUT"}, {.method = "PUT"}};
    struct err err = {0};
    (void)state;
    assert_int_equal(attempts_key(&given, &err) | attempts_key(&read, &err), 0);
    assert_int_equal(attempts_key(&made[0], &err) | attempts_key(&made[1], &err), 0);
    assert_string_equal(given.key, "mine");
    assert_null(read.key);
    assert_int_equal(strlen(made[0].key), OPTIONS_MADE_KEY_SIZE - 1);
    assert_string_not_equal(made[0].key, made[1].key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
