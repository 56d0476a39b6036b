/* config/reader/report.h - everything that is wrong with the configuration, in one go.
 *
 * A report collects findings, each with its place; it prints them sorted as they were found, one a line:
 * "countersign.yaml:41:5: upstream has no key 'timout' (url, signature, timeout)".
 * An error refuses the file.  A security warning says where a file lets more happen than its reader may
 * think; a suggestion, what could be tidier: both say in brackets what to do.
 * Nothing that could be secret may be formatted into a finding. */
#ifndef CONFIG_READER_REPORT_H
#define CONFIG_READER_REPORT_H

#include "base/base.h"
#include "base/buf.h"

enum { REPORT_ERRORS_MAX = 100 }; /* more help nobody */

struct mark {
    const char *file; /* as it was named; borrowed from the document's arena */
    unsigned line;    /* from 1 */
    unsigned column;  /* from 1 */
};

enum report_severity { REPORT_ERROR, REPORT_SECURITY, REPORT_SUGGESTION };

/* What is found, beside its sentence.  All but the severity may be left out. */
struct report_kind {
    enum report_severity severity;
    const struct mark *mark; /* without a line (0) it prints the file alone; NULL: no place */
    const char *advice;      /* what to do about it */
    const char *owner;       /* who answers for the rule or client, and */
    const char *note;        /* what they say about it */
};

enum { REPORT_LAST_WORD = 64 };

/* It is not copied: errors may be in it. */
struct report {
    struct buf errors;   /* lines; never none where there is an error */
    struct buf warnings; /* lines: security warnings and suggestions */
    struct buf json;     /* all of them again, as elements of an array */
    unsigned error_count;
    unsigned warning_count;           /* of both kinds */
    char last_word[REPORT_LAST_WORD]; /* the errors, once there is no memory for them */
    bool json_lines; /* `notices: json` was read: a start tells what is found as it says everything */
};

void report_init(struct report *report);
void report_done(struct report *report);

void report_find(struct report *report, const struct report_kind *kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same for an error without advice.  Always returns -1. */
int report_error(struct report *report, const struct mark *mark, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
