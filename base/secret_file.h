/* base/secret_file.h - a secret in a file. */
#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/base.h"
#include "base/err.h"
#include "base/file.h"
#include "base/secret.h"

/* Its length without the line ends that editors and `kubectl create secret` leave behind it. */
size_t secret_file_length(const char *bytes, size_t length);

/* The whole file without them; NULL with `err` set. */
MUST_USE struct secret *secret_file_read(const char *path, enum file_care care, struct err *err);

/* Printable ASCII without blanks, and at least one of it: what can be sent. */
bool secret_file_is_clean(const struct secret *secret);

#endif
