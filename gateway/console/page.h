/* gateway/console/page.h - what all pages of the console have: head, navigation, style; and what each
 * gets.
 *
 * The pages are HTML from the server, can be read without a script, and are the same for a screen reader:
 * headings, labels, names of tables. */
#ifndef GATEWAY_CONSOLE_PAGE_H
#define GATEWAY_CONSOLE_PAGE_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"
#include "gateway/exchange/shared.h"

/* Everything is borrowed. */
struct page {
    struct shared *gateway;
    const struct config *config; /* in force */
    const char *name;            /* the operator's; NULL: nobody is signed in */
    bool operates;               /* has the role operator, else viewer */
    const char *form;            /* what each form must bring along */
    const char *query;           /* of the address, or NULL */
    const char *fields;          /* of a form that was sent here, or NULL */
    const char *message;         /* what an action did, or why not; NULL: there was none */
    bool failed;                 /* it is why not */
    const char *ready;           /* the body of /readyz, and of /metrics: for the pages that need them */
    const char *metrics;
    int64_t now; /* seconds since 1970 */
};

/* From the doctype to the message. */
void page_begin(struct buf *out, const struct page *page, const char *title);
void page_end(struct buf *out);

/* The start of a form that is posted, with its hidden field. */
void page_begin_form(struct buf *out, const struct page *page, const char *action);

/* A table that can be wider than the window: `label` names it for those who do not see it.  Its head follows
 * as HTML. */
void page_begin_table(struct buf *out, const char *label);
void page_end_table(struct buf *out);

/* Milliseconds since 1970, as logs and records have them. */
void page_put_time(struct buf *out, int64_t millis);

/* Signing in. */
void page_put_login(struct buf *out, const struct page *page);

/* A page that only says something. */
void page_put_message(struct buf *out, const struct page *page);

/* console.css */
const char *page_style(void);

/* console.js, embedded by CMake: all that moves; pages can be read without it. */
extern const char console_script[];
extern const size_t console_script_size;

#endif
