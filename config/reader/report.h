/* config/reader/report.h - everything that is wrong with the configuration, in one go.
 *
 * A report collects findings, each with its place; it prints them sorted as they were found, one a line:
 * "countersign.yaml:41:5: upstream has no key 'timout' (url, signature, timeout)".
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

struct report {
    struct buf errors;   /* lines */
    struct buf warnings; /* lines */
    unsigned error_count;
    unsigned warning_count;
};

void report_init(struct report *report);
void report_done(struct report *report);

/* Always returns -1.  A mark without a line (0) prints the file alone; NULL prints no place. */
int report_error(struct report *report, const struct mark *mark, const char *format, ...) PRINTF_LIKE(3, 4);
void report_warning(struct report *report, const struct mark *mark, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
