/* gateway/upstream/upstream_conn.h - one connection to an upstream, which libcurl makes, verifies and reads
 * and writes bytes on, and the buffers of one call.  Part of the upstream pool
 * (gateway/upstream/upstream_pool.h); the only file of the gateway that includes libcurl, which does TCP and
 * TLS here; the HTTP is ours: one write of what was signed, and gateway/upstream/response.h.
 *
 * So a request is written at most once per upstream_conn_write() by construction: nothing repeats it.
 * libcurl's own HTTP would, when a reused connection dies without an answer.  A connection is one
 * thread's at a time. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_CONN_H
#define GATEWAY_UPSTREAM_UPSTREAM_CONN_H

#include "auth/sign/sign.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/upstream/upstream_pool.h"

/* What all lines of an upstream share: its header fields and trusted CAs. */
struct back_site;
struct upstream_conn;

/* Borrows both; reads ca_file; connects to nothing.  For `abandoned` see upstream_pool_new(). */
MUST_USE struct back_site *upstream_conn_site(const struct config_upstream *upstream,
                                              const atomic_bool *abandoned, struct err *err);
void upstream_conn_site_free(struct back_site *site);

/* Borrows the site.  NULL when memory is out. */
MUST_USE struct upstream_conn *upstream_conn_new(struct back_site *site);
void upstream_conn_free(struct upstream_conn *line);

/* What is sent. */
struct signed_request *upstream_conn_request(struct upstream_conn *line);

/* Connects, unless the line's connection is fit for use.  What came of it is told by upstream_conn_read(),
 * behind upstream_conn_write(). */
void upstream_conn_connect(struct upstream_conn *line, int64_t now_us, int64_t until_us);

/* See upstream_pool_write(), upstream_pool_read() and upstream_pool_distrust(). */
void upstream_conn_write(struct upstream_conn *line, int64_t until_us);
void upstream_conn_read(struct upstream_conn *line, int64_t until_us, struct upstream_pool_result *result,
                        struct err *err);
void upstream_conn_distrust(struct upstream_conn *line);

/* Between two calls: what an uncommonly large one took is given back. */
void upstream_conn_rest(struct upstream_conn *line);

/* Once per process, before threads; upstream_conn_global_done() when they are gone. */
MUST_USE int upstream_conn_global_init(void);
void upstream_conn_global_done(void);

#endif
