/* gateway/connection/inbox.h - what a connection's client has sent and nobody has used yet, and how far
 * the next request's head is read.
 *
 * Its memory comes from a pool and is wiped when it goes back: no byte of one connection is ever seen by
 * another.  A pool may be used by many threads; an inbox by one at a time. */
#ifndef GATEWAY_CONNECTION_INBOX_H
#define GATEWAY_CONNECTION_INBOX_H

#include "base/base.h"
#include "base/err.h"
#include "gateway/http/request_head.h"

enum {
    INBOX_SIZE = 20 * 1024
}; /* the largest head, and room for what follows while its strings are needed */

struct inbox {
    char *bytes; /* NULL: none was taken */
    struct request_head *head;
    size_t begin;
    size_t end;     /* what lies between them is not used yet */
    size_t touched; /* nothing was ever written from here on */
};

struct inbox_pool;

/* Memory for `count` inboxes at a time.  Pages that were never used cost nothing; those of more than `kept`
 * inboxes go back to the system when they were used. */
MUST_USE struct inbox_pool *inbox_pool_new(size_t count, size_t kept, struct err *err);
void inbox_pool_free(struct inbox_pool *pool);

/* An empty inbox, whose head has begun; false when all memory is taken. */
MUST_USE bool inbox_take(struct inbox_pool *pool, struct inbox *inbox);

/* Also one that was never taken. */
void inbox_give(struct inbox_pool *pool, struct inbox *inbox);

/* `length` bytes were written at the end. */
void inbox_grow(struct inbox *inbox, size_t length);

/* Moves what is not used yet to the front, and begins the next head. */
void inbox_settle(struct inbox *inbox);

#endif
