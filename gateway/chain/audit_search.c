#include "gateway/chain/audit_search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEEDLE_MAX = 128 };

/* The end of the file, for the caller to free; NULL: it cannot be read. */
static char *read_end(int fd, size_t *length)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return NULL;
    off_t from = status.st_size > AUDIT_SEARCH_MAX ? status.st_size - AUDIT_SEARCH_MAX : 0;
    size_t wanted = (size_t)(status.st_size - from), have = 0;
    char *bytes = malloc(wanted + 1);
    while (bytes != NULL && have < wanted) {
        ssize_t got = pread(fd, bytes + have, wanted - have, from + (off_t)have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(bytes);
            return NULL;
        }
        have += (size_t)got;
    }
    *length = have;
    return bytes;
}

static enum audit_search judge(const char *bytes, size_t length, const char *hash, const char *request)
{
    char needle[NEEDLE_MAX];
    int size = snprintf(needle, sizeof needle, "\"requestId\":\"%s\"", request);
    const char *known = memmem(bytes, length, hash, strlen(hash));
    if (known == NULL || hash[0] == '\0' || size >= NEEDLE_MAX)
        return AUDIT_SEARCH_UNSURE;
    size_t left = length - (size_t)(known - bytes);
    return memmem(known, left, needle, (size_t)size) == NULL ? AUDIT_SEARCH_NOTHING : AUDIT_SEARCH_THERE;
}

enum audit_search audit_search(const char *file, const char *hash, const char *request)
{
    size_t length = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *bytes = fd < 0 ? NULL : read_end(fd, &length);
    enum audit_search found = bytes == NULL ? AUDIT_SEARCH_UNSURE : judge(bytes, length, hash, request);
    free(bytes);
    if (fd >= 0)
        (void)close(fd); /* only read from */
    return found;
}
