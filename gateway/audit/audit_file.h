/* gateway/audit/audit_file.h - the audit file as bytes: opened for one writer, written to without losing
 * count. */
#ifndef GATEWAY_AUDIT_AUDIT_FILE_H
#define GATEWAY_AUDIT_AUDIT_FILE_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"

/* A regular file, created with mode 600 where there is none and locked against another process, or a device
 * such as /dev/null.  A descriptor, or -1. */
MUST_USE int audit_file_open(const struct config_audit *what, struct err *err);

/* Does another process, a gateway as a rule, hold it?  Where it cannot be opened: no. */
bool audit_file_is_locked(const char *path);

/* Gives the file another name, "audit.log.broken-20261128T010203Z": one that was not there.  `now` is in ms.
 * The new name, which the caller frees; or NULL with ERR_INPUT: somebody has to move it away. */
MUST_USE char *audit_file_set_aside(const char *path, int64_t now, struct err *err);

/* How much was written; when that is less than `length`, errno has the reason. */
MUST_USE size_t audit_file_write(int fd, const char *bytes, size_t length);

/* Somebody removed it: nobody would ever see what is written to it. */
bool audit_file_is_removed(int fd);

/* Is it still what the path names? */
bool audit_file_is_at(int fd, const char *path);

#endif
