/* sandbox/fault/fault.h - what shall go wrong, with which action, and when:
 * ACTION:KIND[=VALUE][:count=N][:after=M][:every=K]
 *
 * Of each class the first fault of the list that is due strikes, so that a delay, an outcome and a skewed
 * clock can come together. */
#ifndef SANDBOX_FAULT_FAULT_H
#define SANDBOX_FAULT_FAULT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "sandbox/fault/fault_kind.h"

enum { FAULTS_MAX = 256, FAULT_SPEC_MAX = 8192 };

struct fault {
    char *spec;                    /* as it was given                        */
    char *action;                  /* its own; "*" is any                    */
    const struct fault_kind *kind; /* static                                 */
    char *text;                    /* VALUE; "" when there is none           */
    long long number;              /* VALUE, where the kind takes a number   */
    long long after;               /* so many requests are let through first */
    long long every;               /* then every so-manieth is struck        */
    long long count;               /* at most so many in all; 0: no end      */
    long long seen;
    long long struck;
};

/* -1 with one sentence that tells what is wrong. */
MUST_USE int fault_parse(struct fault *fault, const char *spec, struct err *err);
void fault_done(struct fault *fault);

struct fault_set;

MUST_USE struct fault_set *fault_set_new(void);
void fault_set_free(struct fault_set *set);

/* Adds one; all functions on a set may be called by many threads. */
MUST_USE int fault_set_add(struct fault_set *set, const char *spec, struct err *err);

/* One spec a line, blank lines and those that start with '#' left out, in the place of all that were there.
 * When one is wrong nothing changes. */
MUST_USE int fault_set_replace(struct fault_set *set, const char *lines, struct err *err);

/* What strikes one request: of each class a copy of the fault, or one whose kind is NULL. */
struct fault_strike {
    struct fault by_class[FAULT_CLASSES];
};

/* Counts the request.  -1 when memory is out.  The owner calls fault_strike_done(), in either case. */
MUST_USE int fault_set_strike(struct fault_set *set, const char *action, struct fault_strike *strike);
void fault_strike_done(struct fault_strike *strike);

/* The array "faults" of the control page: spec, seen, struck. */
void fault_set_put(struct fault_set *set, struct buf *out);

#endif
