#include "gateway/server/probe.h"

#include "base/buf.h"
#include "gateway/http/framing.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PROBE_WAIT_S = 2, PROBE_MAX = FRAMING_REQUEST_MAX };

#define LINE "GET /healthz HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define END  "\r\n"

/* Every way in which CivetWeb 1.15 is lax and framing.c is not, and what must go on to work. */
static const struct {
    bool good;
    const char *request;
    size_t fields; /* that many more */
} rows[] = {
    {true, LINE HOST END, 0},
    {true, "GET /healthz?a=b&c HTTP/1.1\r\n" HOST END, 0},
    {true, "HEAD /healthz HTTP/1.0\r\n" HOST END, 0},
    {true, LINE "A:\r\nHost:localhost\r\nB: c  \r\nC:  d:e\r\n" END, 0},
    {true, LINE HOST, FRAMING_FIELDS_MAX - 1},
    {false, LINE HOST, FRAMING_FIELDS_MAX},
    {false, LINE HOST, FRAMING_FIELDS_MAX + 20},
    {false, LINE HOST "A: b\r\n c\r\n" END, 0},
    {false, LINE HOST "A: b\r\n\tc\r\n" END, 0},
    {false, LINE HOST "A: b\r\n C: d\r\n" END, 0},
    {false, LINE HOST ": b\r\nC: d\r\n" END, 0},
    {false, LINE HOST "A: b\nC: d\r\n" END, 0},
    {false, LINE HOST "A: b\n\r\n" END, 0},
    {false, "GET /healthz HTTP/1.1\nHost: localhost\n\n", 0},
    {false, "GET /healthz HTTP/1.1\n" HOST END, 0},
    {false, "GET /healthz HTTP/1.1\n " HOST END, 0},
    {false, "GET /healthz HTTP/1.1\r\r" HOST END, 0},
    {false, LINE HOST "A : b\r\n" END, 0},
    {false, LINE HOST "A\t: b\r\n" END, 0},
    {false, "GET  /healthz HTTP/1.1\r\n" HOST END, 0},
    {false, "GET /healthz  HTTP/1.1\r\n" HOST END, 0},
    {false, "GET\t/healthz HTTP/1.1\r\n" HOST END, 0},
    {false, "GET /healthz HTTP/1.1 \r\n" HOST END, 0},
    {false, "GET /healthz HTTP/1.1\r\n\r\n" HOST END, 0},
    {false, LINE HOST HOST END, 0},
    {false, LINE HOST "Content-Length: 0\r\nContent-Length: 0\r\n" END, 0},
    {false, LINE HOST "Content-Length: +0\r\n" END, 0},
    {false, LINE HOST "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n", 0},
};

static int ask(const struct sockaddr_in *address)
{
    const struct timeval patience = {.tv_sec = PROBE_WAIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* The status line's beginning is enough; an answer of ours comes in one piece. */
static bool is_answered_as_expected(int fd, const struct buf *request, bool good)
{
    static const char ok[] = "HTTP/1.1 200 ";
    char answer[sizeof ok] = "";
    if (request->failed ||
        send(fd, buf_text(request), request->length, MSG_NOSIGNAL) != (ssize_t)request->length)
        return false;
    ssize_t got = recv(fd, answer, sizeof ok - 1, MSG_WAITALL);
    if (got < 0 || (good && got < (ssize_t)sizeof ok - 1))
        return false;
    return (strcmp(answer, ok) == 0) == good;
}

static bool try_row(const struct sockaddr_in *address, size_t i, struct buf *request)
{
    buf_reset(request);
    buf_put(request, rows[i].request);
    for (size_t j = 0; j < rows[i].fields; j++)
        buf_put_format(request, "X-%zu: 1\r\n", j);
    if (rows[i].fields > 0)
        buf_put(request, END);
    int fd = ask(address);
    bool as_expected = fd >= 0 && is_answered_as_expected(fd, request, rows[i].good);
    if (fd >= 0)
        (void)close(fd);
    return as_expected;
}

bool probe_run(const struct sockaddr_in *address)
{
    bool verified = true;
    struct buf request;
    struct sockaddr_in target = *address;
    if (target.sin_addr.s_addr == htonl(INADDR_ANY))
        target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    buf_init(&request, PROBE_MAX);
    for (size_t i = 0; verified && i < COUNT(rows); i++)
        verified = try_row(&target, i, &request);
    buf_done(&request);
    return verified;
}
