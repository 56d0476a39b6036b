#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_CHUNK = 2048, FILE_PATH = 1024 };

static int file_open(const char *path, enum file_care care, struct err *err)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    if (care == FILE_PRIVATE)
        flags |= O_NOFOLLOW;
    int fd = open(path, flags);
    if (fd < 0 && errno == ELOOP && care == FILE_PRIVATE)
        return err_set(err, ERR_INPUT, "'%s' is a symbolic link; name the file itself", path);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "cannot open '%s': %s", path, strerror(errno));
    return fd;
}

static int file_check(int fd, const char *path, enum file_care care, const struct buf *out, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set(err, ERR_SYSTEM, "cannot look at '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INPUT, "'%s' is not a regular file", path);
    if (care == FILE_PRIVATE && (status.st_mode & 077) != 0)
        return err_set(err, ERR_INPUT, "'%s' can be read or written by others (mode %03o); run: chmod 600 %s",
                       path, (unsigned)(status.st_mode & 0777), path);
    if (care == FILE_PRIVATE && status.st_uid != geteuid() && status.st_uid != 0)
        return err_set(err, ERR_INPUT, "'%s' belongs to another user (uid %u)", path,
                       (unsigned)status.st_uid);
    if (status.st_size < 0 || (uintmax_t)status.st_size > out->ceiling - out->length)
        return err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes", path, out->ceiling);
    return 0;
}

int file_read(const char *path, enum file_care care, struct buf *out, struct err *err)
{
    char chunk[FILE_CHUNK];
    int result = -1;
    int fd = file_open(path, care, err);
    if (fd < 0)
        return -1;
    if (file_check(fd, path, care, out, err) != 0)
        goto done;
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            err_set(err, ERR_SYSTEM, "cannot read '%s': %s", path, strerror(errno));
            goto done;
        }
        if (got == 0)
            break;
        buf_put_bytes(out, chunk, (size_t)got);
        if (out->failed) {
            err_set(err, ERR_LIMIT, "'%s' is larger than %zu bytes, or memory is out", path, out->ceiling);
            goto done;
        }
    }
    result = 0;
done:
    OPENSSL_cleanse(chunk, sizeof chunk);
    (void)close(fd); /* only read from: nothing can be lost */
    return result;
}

static int write_all(int fd, const struct buf *bytes)
{
    size_t done = 0;
    while (done < bytes->length) {
        ssize_t put = write(fd, buf_text(bytes) + done, bytes->length - done);
        if (put < 0 && errno != EINTR)
            return -1;
        done += put < 0 ? 0 : (size_t)put;
    }
    return fsync(fd);
}

int file_replace(const char *path, const struct buf *bytes)
{
    char new[FILE_PATH];
    int length = snprintf(new, sizeof new, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof new)
        return -1;
    (void)unlink(new); /* of somebody who was killed, or of nobody */
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int result = write_all(fd, bytes);
    if (close(fd) != 0 || result != 0 || rename(new, path) != 0) {
        (void)unlink(new);
        return -1;
    }
    return 0;
}
