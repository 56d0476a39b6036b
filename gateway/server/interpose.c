#include "gateway/server/interpose.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Thread_local const struct interpose *chosen;

void interpose_thread(const struct interpose *interpose)
{
    chosen = interpose;
}

int listen(int fd, int backlog);

int listen(int fd, int backlog)
{
    if (chosen == NULL || chosen->listen == NULL)
        return (int)syscall(SYS_listen, fd, backlog);
    return chosen->listen(chosen->context, fd);
}

int accept(int fd, struct sockaddr *address, socklen_t *length);

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    struct sockaddr_in peer = {0};
    if (chosen == NULL || chosen->accept == NULL || address == NULL || *length < sizeof peer)
        return accept4(fd, address, length, 0);
    int accepted = chosen->accept(chosen->context, &peer);
    memcpy(address, &peer, sizeof peer);
    *length = sizeof peer;
    return accepted;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags);

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    if (chosen == NULL || chosen->recv == NULL)
        return recvfrom(fd, bytes, size, flags, NULL, NULL);
    return chosen->recv(chosen->context, bytes, size);
}

int poll(struct pollfd *fds, nfds_t count, int millis);

int poll(struct pollfd *fds, nfds_t count, int millis)
{
    const struct timespec wait = {.tv_sec = millis / 1000, .tv_nsec = millis % 1000 * 1000000L};
    if (chosen == NULL || count != 1)
        return ppoll(fds, count, millis < 0 ? NULL : &wait, NULL);
    bool ready = chosen->poll == NULL || chosen->poll(chosen->context, millis);
    fds->revents = ready ? POLLIN : 0;
    return ready;
}
