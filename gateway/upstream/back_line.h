/* gateway/upstream/back_line.h - one line to an upstream: a connection that libcurl makes, verifies and reads
 * and writes bytes on, and the buffers of one call.  Part of the back door (gateway/upstream/back.h); the
 * only file that has met libcurl, which here speaks TCP and TLS; the HTTP is ours: one write of what was
 * signed, and gateway/upstream/response.h.
 *
 * So a request is written at most once per back_line_send() by construction: nothing repeats it.  libcurl's
 * own HTTP would, when a reused connection dies without an answer.  A line is one thread's at a time. */
#ifndef GATEWAY_UPSTREAM_BACK_LINE_H
#define GATEWAY_UPSTREAM_BACK_LINE_H

#include "auth/sign.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/upstream/back.h"

/* What all lines of an upstream share: its header fields and trusted CAs. */
struct back_site;
struct back_line;

/* Borrows both; reads ca_file; connects to nothing.  For `abandoned` see back_new(). */
MUST_USE struct back_site *back_line_site(const struct config_upstream *upstream,
                                          const atomic_bool *abandoned, struct err *err);
void back_line_site_free(struct back_site *site);

/* Borrows the site.  NULL when memory is out. */
MUST_USE struct back_line *back_line_new(struct back_site *site);
void back_line_free(struct back_line *line);

/* What is sent. */
struct signed_request *back_line_request(struct back_line *line);

/* Connects, unless the line's connection is fit for use.  What came of it is told by back_line_send(), which
 * follows. */
void back_line_connect(struct back_line *line, int64_t now_us, int64_t until_us);

/* See back_send() and back_distrust(). */
void back_line_send(struct back_line *line, int64_t until_us, struct back_result *result, struct err *err);
void back_line_distrust(struct back_line *line);

/* Between two calls: what an uncommonly large one took is given back. */
void back_line_rest(struct back_line *line);

/* Once per process, before threads; back_line_global_done() when they are gone. */
MUST_USE int back_line_global_init(void);
void back_line_global_done(void);

#endif
