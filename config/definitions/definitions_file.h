/* config/definitions/definitions_file.h - definitions in a folder: SERVICE-YYYYMMDD.txt, or the same
 * compressed by gzip, SERVICE-YYYYMMDD.txt.gz. */
#ifndef CONFIG_DEFINITIONS_DEFINITIONS_FILE_H
#define CONFIG_DEFINITIONS_DEFINITIONS_FILE_H

#include "base/digest.h"
#include "config/definitions/definitions.h"

/* The file's definitions, in `arena`; its text, not compressed, goes to `digest`, which may be NULL.  -1:
 * it cannot be read, is cut, or is something else. */
MUST_USE int definitions_file_read(const char *path, struct definitions *definitions, struct arena *arena,
                                   struct digest *digest, struct err *err);

/* The paths of the folder's files, sorted; of `service` alone where that is not NULL.  Its versions follow
 * each other, the oldest first.  -1: there is no such folder.  A file that is there in both forms is an
 * error: nobody could say which counts. */
MUST_USE int definitions_file_list(const char *folder, const char *service, const char ***paths,
                                   size_t *count, struct arena *arena, struct err *err);

#endif
