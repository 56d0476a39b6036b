#include "gateway/listener/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST = 3,   /* SD_LISTEN_FDS_START */
    MOST = 1024, /* far more than any unit lists */
};

/* A whole number of an environment variable, 0 where it is none. */
static long number_of(const char *name)
{
    char *end = NULL;
    const char *text = getenv(name);
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return 0;
    long number = strtol(text, &end, 10);
    return *end == '\0' ? number : 0;
}

int passed_count(void)
{
    long count = number_of("LISTEN_PID") == (long)getpid() ? number_of("LISTEN_FDS") : 0;
    return count > 0 && count <= MOST ? (int)count : 0;
}

/* Is that the name of socket `index` in the list of names, which colons separate? */
static bool is_named(const char *name, int index)
{
    const char *names = getenv("LISTEN_FDNAMES");
    for (; names != NULL && index > 0; index--) {
        names = strchr(names, ':');
        names = names == NULL ? NULL : names + 1;
    }
    return names != NULL && strcspn(names, ":") == strlen(name) && strncmp(names, name, strlen(name)) == 0;
}

static int prepare(int fd, struct err *err)
{
    int listening = 0;
    int type = 0;
    socklen_t size = sizeof listening;
    socklen_t type_size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || type != SOCK_STREAM)
        return err_set(
            err, ERR_INPUT,
            "descriptor %d of systemd is no listening stream socket: its unit has ListenStream=, and "
            "no Accept=yes",
            fd);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_set(err, ERR_SYSTEM, "cannot use descriptor %d of systemd: %s", fd, strerror(errno));
    return 0;
}

int passed_sockets(const char *name, int *fds, size_t size, size_t *count, struct err *err)
{
    int all = passed_count();
    *count = 0;
    if (all == 0)
        return err_set(err, ERR_SYSTEM,
                       "systemd has passed no sockets (LISTEN_FDS): start the gateway by its socket unit, or "
                       "listen on an address");
    for (int i = 0; i < all; i++) {
        if (name != NULL && !is_named(name, i))
            continue;
        if (*count == size)
            return err_set(err, ERR_LIMIT, "systemd has passed more than %zu sockets", size);
        if (prepare(FIRST + i, err) != 0)
            return -1;
        fds[(*count)++] = FIRST + i;
    }
    if (*count == 0)
        return err_set(err, ERR_SYSTEM, "systemd has passed no socket with FileDescriptorName=%s", name);
    return 0;
}
