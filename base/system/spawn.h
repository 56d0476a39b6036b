/* base/system/spawn.h - another program, run to its end within a deadline: no shell, nothing of ours but
 * its input. */
#ifndef BASE_SYSTEM_SPAWN_H
#define BASE_SYSTEM_SPAWN_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    SPAWN_INPUT_MAX = 32 * 1024, /* bytes that a pipe takes before its reader is there (pipe(7): 64 KiB) */
    SPAWN_FILES = 1024,          /* descriptors that the program may open */
};

/* `argv` is a path and arguments, ended by NULL.  The program reads `length` bytes from standard input.  What
 * it writes to standard output goes to `output`, and more than that takes ends it; NULL: it is thrown away.
 * Standard error is thrown away.  It inherits no other descriptor, of the environment PATH, HOME and LANG
 * only, and signals as they are by default; it writes no core, and has no more processor time than `millis`.
 * -1: it did not exit with 0, or was killed with all of its process group after `millis`. */
MUST_USE int spawn_run(const char *const *argv, const char *input, size_t length, struct buf *output,
                       long long millis, struct err *err);

#endif
