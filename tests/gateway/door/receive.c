#include "gateway/door/receive.h"

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

enum { CEILING = 1024 * 1024, WRITTEN_MAX = 100 };

/* A client that sends `total` bytes in pieces of at most `piece`, and then nothing. */
struct client {
    size_t total;  /* that it sends, of */
    size_t length; /* the body */
    size_t piece;
    size_t sent;
    bool gone;
    char written[WRITTEN_MAX];
    size_t written_before_reading;
};

static enum problem client_read(void *connection, char *bytes, size_t size, size_t *got, struct err *err)
{
    struct client *client = connection;
    size_t most = client->total < client->length ? client->total : client->length;
    size_t left = most - client->sent;
    size_t step = size < client->piece ? size : client->piece;
    if (step > left)
        step = left;
    if (client->sent == 0)
        client->written_before_reading = strlen(client->written);
    for (size_t i = 0; i < step; i++)
        bytes[i] = (char)('a' + (client->sent + i) % 26);
    client->sent += step;
    *got = step;
    if (step > 0 || client->sent == client->length)
        return PROBLEM_NONE;
    err_set(err, ERR_INPUT, "late");
    return PROBLEM_REQUEST_TIMEOUT;
}

static int client_write(void *connection, const char *bytes, size_t size)
{
    struct client *client = connection;
    if (client->gone)
        return -1;
    assert_true(size < WRITTEN_MAX);
    memcpy(client->written, bytes, size);
    return 0;
}

static enum problem receive(struct client *client, struct exchange *x, struct arena *arena)
{
    static struct peer peer;
    peer = (struct peer){.connection = client, .read = client_read, .write = client_write};
    x->peer = &peer;
    client->length = x->head->message.chunked ? client->total : (size_t)x->head->message.content_length;
    x->arena = arena;
    return receive_body(x);
}

static void bodies_arrive_whole(void **state)
{
    static const size_t sizes[] = {1, 2, 15, 16, 17, 511, 512, 513, 65535, 65536};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t piece = 1; piece <= 100000; piece *= 10) {
            struct arena *arena = arena_new(CEILING);
            struct client client = {.total = sizes[i] + 7,
                                    .piece = piece}; /* the next request follows at once */
            struct request_head head = {.message = {(long long)sizes[i], true, false, true, false}};
            struct exchange x = {.head = &head, .close = true};
            assert_int_equal(receive(&client, &x, arena), PROBLEM_NONE);
            assert_int_equal(x.body_length, sizes[i]);
            assert_int_equal(client.sent, sizes[i]); /* not a byte more */
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(x.body[j], 'a' + j % 26);
            assert_false(x.close);
            assert_string_equal(client.written, "");
            arena_free(arena);
        }
}

static void no_body_reads_nothing(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct client client = {.total = 10, .piece = 10};
    struct request_head head = {.message = {0, true, false, true, false}};
    struct exchange x = {.head = &head};
    (void)state;
    assert_int_equal(receive(&client, &x, arena), PROBLEM_NONE);
    assert_null(x.body);
    assert_int_equal(client.sent, 0);
    arena_free(arena);
}

static void a_short_body_is_refused(void **state)
{
    (void)state;
    for (size_t total = 0; total < 20; total++) {
        struct arena *arena = arena_new(CEILING);
        struct client client = {.total = total, .piece = 7};
        struct request_head head = {.message = {20, true, false, true, false}};
        struct exchange x = {.head = &head, .close = true};
        assert_int_equal(receive(&client, &x, arena), PROBLEM_REQUEST_TIMEOUT);
        assert_null(x.body);
        assert_true(x.close);
        arena_free(arena);
    }
}

/* A chunked body says its length only at its end. */
static void a_body_without_a_length_has_a_limit(void **state)
{
    (void)state;
    for (size_t total = REQUEST_BODY_MAX - 1; total <= REQUEST_BODY_MAX + 2; total++) {
        struct arena *arena = arena_new(CEILING);
        struct client client = {.total = total, .piece = 1000};
        struct request_head head = {.message = {.chunked = true, .keep_alive = true}};
        struct exchange x = {.head = &head, .close = true};
        bool good = total <= REQUEST_BODY_MAX;
        assert_int_equal(receive(&client, &x, arena), good ? PROBLEM_NONE : PROBLEM_CONTENT_TOO_LARGE);
        assert_int_equal(x.body_length, good ? total : 0);
        assert_int_equal(x.close, !good);
        arena_free(arena);
    }
}

static void an_invitation_comes_first(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct client client = {.total = 20, .piece = 20};
    struct request_head head = {.message = {20, true, false, true, true}};
    struct exchange x = {.head = &head};
    (void)state;
    assert_int_equal(receive(&client, &x, arena), PROBLEM_NONE);
    assert_string_equal(client.written, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(client.written_before_reading, strlen(client.written));
    arena_free(arena);
}

static void a_client_that_is_gone_ends_it(void **state)
{
    struct arena *arena = arena_new(CEILING);
    struct client client = {.total = 20, .piece = 20, .gone = true};
    struct request_head head = {.message = {20, true, false, true, true}};
    struct exchange x = {.head = &head, .close = true};
    (void)state;
    assert_true(receive(&client, &x, arena) != PROBLEM_NONE);
    assert_int_equal(client.sent, 0);
    assert_true(x.close);
    arena_free(arena);
}

static void memory_that_is_out_is_told(void **state)
{
    struct arena *arena = arena_new(64);
    struct client client = {.total = 4096, .piece = 4096};
    struct request_head head = {.message = {4096, true, false, true, false}};
    struct exchange x = {.head = &head, .close = true};
    (void)state;
    assert_int_equal(receive(&client, &x, arena), PROBLEM_INTERNAL);
    assert_true(x.close);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_arrive_whole),
        cmocka_unit_test(no_body_reads_nothing),
        cmocka_unit_test(a_short_body_is_refused),
        cmocka_unit_test(an_invitation_comes_first),
        cmocka_unit_test(a_body_without_a_length_has_a_limit),
        cmocka_unit_test(a_client_that_is_gone_ends_it),
        cmocka_unit_test(memory_that_is_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
