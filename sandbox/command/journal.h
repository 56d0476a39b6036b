/* sandbox/command/journal.h - one JSON line per API request: on standard output, and into a file.
 *
 * It never shows a Signature, a Token or a key; the SecretId is a name, and is shown. */
#ifndef SANDBOX_COMMAND_JOURNAL_H
#define SANDBOX_COMMAND_JOURNAL_H

#include "base/base.h"
#include "base/err.h"
#include "sandbox/fault/api_request.h"

struct journal;

/* `path` NULL: no file.  It is appended to, and made with mode 0600. */
MUST_USE struct journal *journal_open(const char *path, bool quiet, struct err *err);
void journal_close(struct journal *journal);

/* May be called by many threads.  When nobody reads standard output, lines are lost rather than waited
 * for. */
void journal_write(struct journal *journal, const struct api_request *exchange);

#endif
