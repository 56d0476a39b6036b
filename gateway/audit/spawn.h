/* gateway/audit/spawn.h - another program, run to its end within a deadline: no shell, nothing of ours but
 * its input. */
#ifndef GATEWAY_AUDIT_SPAWN_H
#define GATEWAY_AUDIT_SPAWN_H

#include "base/base.h"
#include "base/err.h"

enum {
    SPAWN_INPUT_MAX = 32 * 1024
}; /* bytes that a pipe takes before its reader is there (pipe(7): 64 KiB) */

/* `argv` is a path and arguments, ended by NULL.  The program reads `length` bytes from standard input; its
 * output is thrown away.  It inherits no other descriptor, of the environment PATH, HOME and LANG only, and
 * signals as they are by default.  -1: it did not exit with 0, or was killed with all of its process group
 * after `millis`. */
MUST_USE int spawn_run(const char *const *argv, const char *input, size_t length, long long millis,
                       struct err *err);

#endif
