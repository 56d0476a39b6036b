/* Who is answered by the guard because no worker can come: only when every worker has a connection. */
#include "gateway/guard.h"

#include "tests/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 2, LONG_MS = 20 * GUARD_QUEUE_MS, PATIENCE_MS = 20000 };

struct client {
    int fd[2]; /* ours, the guard's */
    unsigned place;
};

static struct client come(struct guard *guard)
{
    struct client client;
    const struct in_addr source = {.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client.fd), 0);
    client.place = guard_admit(guard, client.fd[1], source);
    assert_int_not_equal(client.place, 0);
    return client;
}

static void go(struct guard *guard, const struct client *client)
{
    guard_leave(guard, client->place);
    (void)close(client->fd[0]);
    (void)close(client->fd[1]);
}

/* Does anything come within the time? */
static bool hears(const struct client *client, int millis)
{
    struct pollfd watched = {.fd = client->fd[0], .events = POLLIN};
    return poll(&watched, 1, millis) > 0;
}

/* A slow machine is no overload: an idle worker will come, and it finds the connection untouched. */
static void test_an_idle_worker_is_waited_for(void **state)
{
    (void)state;
    struct err err = {0};
    struct guard *guard = guard_new(WORKERS, 0, &err);
    assert_non_null(guard);
    struct client first = come(guard);
    guard_enter(guard);
    assert_true(guard_begin(guard, first.place));
    struct client second = come(guard);
    assert_false(hears(&second, LONG_MS));
    guard_enter(guard);
    assert_true(guard_begin(guard, second.place));
    go(guard, &second);
    go(guard, &first);
    guard_free(guard);
}

/* Every worker has a connection and works on its request: the third is told so, and not served later. */
static void test_without_a_worker_it_is_answered(void **state)
{
    (void)state;
    char answer[1024] = "";
    struct err err = {0};
    struct guard *guard = guard_new(WORKERS, 0, &err);
    assert_non_null(guard);
    struct client served[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        served[i] = come(guard);
        guard_enter(guard);
        assert_true(guard_begin(guard, served[i].place));
    }
    struct client third = come(guard);
    assert_true(hears(&third, PATIENCE_MS));
    assert_true(recv(third.fd[0], answer, sizeof answer - 1, 0) > 0);
    assert_int_equal(strncmp(answer, "HTTP/1.1 503 ", 13), 0);
    guard_enter(guard);
    assert_false(guard_begin(guard, third.place));
    assert_false(hears(&served[0], 0));
    go(guard, &third);
    for (size_t i = 0; i < WORKERS; i++)
        go(guard, &served[i]);
    guard_free(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_idle_worker_is_waited_for),
        cmocka_unit_test(test_without_a_worker_it_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
