/* base/file.h - a whole file, read once, with a bound. */
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

#endif
