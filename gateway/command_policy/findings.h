/* gateway/command_policy/findings.h - what a report found, for a person who has the files at hand: each
 * finding with its line, and a caret under its column. */
#ifndef GATEWAY_COMMAND_POLICY_FINDINGS_H
#define GATEWAY_COMMAND_POLICY_FINDINGS_H

#include "base/base.h"
#include "config/reader/report.h"

#include <stdio.h>

/* All of them, coloured where `stream` is a terminal that wants it.  Of a line the
 * keys are shown, and the values that its sentence says: another may be a secret that should not be there. */
void findings_print(const struct report *report, FILE *stream);

/* Calls `each` with the name of every file that something was found in; a name may come again. */
void findings_files(const struct report *report, void (*each)(void *context, const char *file),
                    void *context);

#endif
