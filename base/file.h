/* base/file.h - a whole file, read once, with a bound, or written anew. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum file_care {
    FILE_PLAIN,   /* a regular file                                                                    */
    FILE_PRIVATE, /* and not a link, owned by us or root, and closed to group and others (mode & 077)  */
};

/* Reads the regular file at `path` into `out` (appending; the ceiling of `out` is the size limit).  Refuses
 * directories, FIFOs, sockets and devices without blocking on them. */
MUST_USE int file_read(const char *path, enum file_care care, struct buf *out, struct err *err);

/* Puts a file with these bytes in the place of the old one, at once and on the disk, or not at all: mode 600.
 * -1: errno says why. */
MUST_USE int file_replace(const char *path, const struct buf *bytes);

#endif
