#include "tests/client/scripted.h"

#include "tests/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Content-Length of a head; 0: there is none. */
static size_t length_of(const char *head)
{
    const char *field = strstr(head, "\r\nContent-Length: ");
    return field == NULL ? 0 : (size_t)strtoul(field + strlen("\r\nContent-Length: "), NULL, 10);
}

static bool is_whole(const char *request, size_t length)
{
    const char *end = strstr(request, "\r\n\r\n");
    return end != NULL && (size_t)(end + 4 - request) + length_of(request) <= length;
}

/* False: its client has gone. */
static bool read_request(int fd, char *into)
{
    size_t length = 0;
    memset(into, 0, SCRIPTED_SIZE);
    while (!is_whole(into, length)) {
        ssize_t got = recv(fd, into + length, SCRIPTED_SIZE - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
    }
    return true;
}

/* One request and its answer; false: the connection is over. */
static bool serve(struct scripted *scripted, int fd, int connection)
{
    size_t n = scripted->request_count;
    if (n == SCRIPTED_REQUESTS || !read_request(fd, scripted->requests[n]))
        return false;
    const struct scripted_answer *answer =
        &scripted->answers[n < scripted->answer_count ? n : scripted->answer_count - 1];
    scripted->request_count++;
    scripted->connections[n] = connection;
    if (answer->bytes == NULL)
        return false;
    size_t length = strlen(answer->bytes);
    return send(fd, answer->bytes, length, MSG_NOSIGNAL) == (ssize_t)length && !answer->close;
}

/* The listener is the first of them, and connection n stands at n; -1 is one that is over. */
static void *run(void *context)
{
    struct scripted *scripted = context;
    struct pollfd fds[1 + SCRIPTED_REQUESTS] = {{.fd = scripted->listener, .events = POLLIN}};
    nfds_t count = 1;
    while (poll(fds, count, -1) > 0) {
        for (nfds_t i = 1; i < count; i++)
            if (fds[i].revents != 0 && !serve(scripted, fds[i].fd, (int)i)) {
                (void)close(fds[i].fd);
                fds[i].fd = -1;
            }
        if (fds[0].revents == 0 || count == COUNT(fds))
            continue;
        fds[count] = (struct pollfd){.fd = accept(scripted->listener, NULL, NULL), .events = POLLIN};
        if (fds[count++].fd < 0)
            break; /* scripted_end() */
    }
    for (nfds_t i = 1; i < count; i++)
        if (fds[i].fd >= 0)
            (void)close(fds[i].fd);
    return NULL;
}

void scripted_begin(struct scripted *scripted, const struct scripted_answer *answers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *scripted = (struct scripted){.answers = answers, .answer_count = count};
    scripted->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(scripted->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(scripted->listener, 16), 0);
    assert_int_equal(getsockname(scripted->listener, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(scripted->url, sizeof scripted->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&scripted->thread, NULL, run, scripted), 0);
}

void scripted_end(struct scripted *scripted)
{
    (void)shutdown(scripted->listener, SHUT_RDWR); /* accept() ends */
    assert_int_equal(pthread_join(scripted->thread, NULL), 0);
    (void)close(scripted->listener);
}
