#include "gateway/audit/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new file's name must survive too (fsync(2)).  Best effort: not every file system can. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

int audit_file_open(const struct config_audit *what, struct err *err)
{
    struct stat status;
    int fd = open(what->file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be opened: %s", what->file,
                       strerror(errno));
    if (fstat(fd, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) {
        err_set(err, ERR_INPUT, "the audit file '%s' is not a regular file", what->file);
    } else if (S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be locked: %s", what->file,
                errno == EWOULDBLOCK ? "it is in use by another process, and each gateway needs its own"
                                     : strerror(errno));
    } else {
        if (what->sync)
            sync_folder(what->file);
        return fd;
    }
    (void)close(fd); /* nothing was written to it */
    return -1;
}

size_t audit_file_write(int fd, const char *bytes, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t written = write(fd, bytes + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

bool audit_file_is_removed(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

bool audit_file_is_at(int fd, const char *path)
{
    struct stat there;
    struct stat here;
    return stat(path, &there) == 0 && fstat(fd, &here) == 0 && there.st_dev == here.st_dev &&
           there.st_ino == here.st_ino;
}
