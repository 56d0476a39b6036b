/* sandbox/command/seed.h - a YAML file to the state that the sandbox starts with. */
#ifndef SANDBOX_COMMAND_SEED_H
#define SANDBOX_COMMAND_SEED_H

#include "base/base.h"
#include "config/reader/report.h"
#include "sandbox/state/state.h"

/* Reads the file at `path`; NULL: the state that is built in.  `now` (seconds) becomes the createTime of all.
 * NULL when anything was wrong: the report tells everything, and never a secret_key or token. */
MUST_USE struct state *seed_load(const char *path, int64_t now, struct report *report);

/* The same from memory; `name` is what the places in the report say. */
MUST_USE struct state *seed_parse(const char *yaml, size_t length, const char *name, int64_t now,
                                  struct report *report);

#endif
