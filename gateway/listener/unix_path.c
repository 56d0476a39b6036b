#include "gateway/listener/unix_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does anybody listen there?  A full queue is an answer, too. */
static bool is_answered(const struct sockaddr_un *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)path, sizeof *path) != 0 &&
                   (errno == ECONNREFUSED || errno == ENOENT);
    if (fd >= 0)
        (void)close(fd);
    return !refused;
}

/* What a process that was killed has left behind is taken away; nothing else ever is. */
static int clear_path(const struct sockaddr_un *path, struct err *err)
{
    struct stat found;
    if (lstat(path->sun_path, &found) != 0)
        return errno == ENOENT ? 0
                               : err_set(err, ERR_SYSTEM, "cannot listen on unix:%s: %s", path->sun_path,
                                         strerror(errno));
    if (!S_ISSOCK(found.st_mode))
        return err_set(err, ERR_SYSTEM,
                       "cannot listen on unix:%s: there is something else, which is no socket",
                       path->sun_path);
    if (is_answered(path))
        return err_set(err, ERR_SYSTEM,
                       "cannot listen on unix:%s: another process listens there, or we may not ask",
                       path->sun_path);
    if (unlink(path->sun_path) != 0)
        return err_set(err, ERR_SYSTEM, "cannot replace the socket %s, on which nobody listens: %s",
                       path->sun_path, strerror(errno));
    return 0;
}

/* Nobody can connect before listen(2), so the path never has more rights than it shall.  What may have taken
 * its place meanwhile is not followed: a link could lead to anything of ours. */
static int set_mode(struct unix_path *path, unsigned mode)
{
    struct stat made;
    if (lstat(path->address.sun_path, &made) != 0)
        return -1;
    path->device = made.st_dev;
    path->inode = made.st_ino;
    return fchmodat(AT_FDCWD, path->address.sun_path, mode, AT_SYMLINK_NOFOLLOW);
}

int unix_path_open(struct unix_path *path, const struct config_listener *config, int *fd, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, config->name, strlen(config->name)); /* checked: it fits */
    if (clear_path(&address, err) != 0)
        return -1;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0 || bind(*fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", config->address, strerror(errno));
    path->address = address;
    if (set_mode(path, config->mode) != 0)
        return err_set(err, ERR_SYSTEM, "cannot listen on %s: %s", config->address, strerror(errno));
    return 0;
}

void unix_path_remove(struct unix_path *path)
{
    struct stat found;
    if (path->address.sun_path[0] != '\0' && lstat(path->address.sun_path, &found) == 0 &&
        found.st_dev == path->device && found.st_ino == path->inode)
        (void)unlink(path->address.sun_path);
    path->address.sun_path[0] = '\0';
}
