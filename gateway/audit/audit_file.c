#include "gateway/audit/audit_file.h"

#include "base/buf.h"
#include "base/time/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_ROOM = 8192,  /* of a path, and what is put behind it */
    ASIDE_TRIES = 100, /* names within a second */
};

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

/* 20261128T010203Z */
static void put_stamp(struct buf *name, int64_t now)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(now, time);
    for (const char *at = time; *at != '.'; at++)
        if (*at != '-' && *at != ':')
            buf_put_char(name, *at);
    buf_put_char(name, 'Z');
}

bool audit_file_is_locked(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        (void)close(fd); /* only looked at; a lock of ours ends with it */
    return locked;
}

char *audit_file_set_aside(const char *path, int64_t now, struct err *err)
{
    struct buf name;
    struct stat status;
    buf_init(&name, NAME_ROOM);
    for (int i = 0; i < ASIDE_TRIES; i++) {
        buf_reset(&name);
        buf_put_format(&name, "%s.broken-", path);
        put_stamp(&name, now);
        if (i > 0)
            buf_put_format(&name, ".%d", i);
        if (name.failed || lstat(buf_text(&name), &status) != 0)
            break;
    }
    char *kept = name.failed ? NULL : strdup(buf_text(&name));
    if (kept == NULL) {
        err_memory(err);
    } else if (rename(path, kept) != 0) {
        err_set(err, ERR_INPUT,
                "the audit file does not hold, and cannot be kept: %s: move it away: '%.150s'",
                strerror(errno), path);
        free(kept);
        kept = NULL;
    }
    buf_done(&name);
    return kept;
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
