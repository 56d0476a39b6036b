/* gateway/chain/witnessed.h - what a witness has got, held against audit files: each of its seals must be
 * there.
 *
 * Seals that stand before the files' first one are of older files and not asked for.  One thread. */
#ifndef GATEWAY_CHAIN_WITNESSED_H
#define GATEWAY_CHAIN_WITNESSED_H

#include "base/base.h"
#include "base/err.h"
#include "base/secret.h"

#include <stdio.h>

struct witnessed;

/* Reads all of it; `key` may be NULL: then any whole line will do.  NULL: it cannot be read, or holds
 * something that is no seal, or not one of that key.  A last line without its line feed is left out. */
MUST_USE struct witnessed *witnessed_read(const char *path, const struct secret *key, struct err *err);
void witnessed_free(struct witnessed *witnessed);

/* A sealed record of the files.  -1: memory is out. */
MUST_USE int witnessed_take(struct witnessed *witnessed, const char *line, size_t length);

/* Prints what the files lack, and how far the witness reaches; how many faults that are. */
long witnessed_print(const struct witnessed *witnessed, FILE *out);

#endif
