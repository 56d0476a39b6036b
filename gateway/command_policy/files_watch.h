/* gateway/command_policy/files_watch.h - a few files, until one of them is another than it was.
 *
 * By looking at them five times a second: that finds what an editor writes, renames or removes, on any file
 * system, and FILES_WATCH_MAX files bound what it costs. */
#ifndef GATEWAY_COMMAND_POLICY_FILES_WATCH_H
#define GATEWAY_COMMAND_POLICY_FILES_WATCH_H

#include "base/base.h"
#include "base/err.h"

#include <limits.h>
#include <sys/stat.h>

enum { FILES_WATCH_MAX = 64 };

struct files_watch {
    struct files_watch_item {
        char *path;
        struct stat seen; /* zeros where there is none */
    } * items;            /* FILES_WATCH_MAX */
    size_t count;
    int signals; /* SIGINT, SIGTERM and SIGHUP as a descriptor */
};

MUST_USE int files_watch_init(struct files_watch *watch, struct err *err);
void files_watch_done(struct files_watch *watch);

/* From now on; one that is there already stays as it was seen.  More than FILES_WATCH_MAX are not watched. */
void files_watch_add(struct files_watch *watch, const char *path);

/* Waits until one of them has changed: its path, which belongs to `watch`.  NULL after a signal that ends the
 * program. */
const char *files_watch_wait(struct files_watch *watch);

#endif
