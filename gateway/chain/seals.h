/* gateway/chain/seals.h - the chain of seals, as it is read: is each the next one, made with the key, and
 * in time?
 *
 * A gateway seals the first record of a file, then whatever came, at least once within `every`, and the
 * end. Records that a start found behind the last seal (a gateway was killed, or somebody wrote them) are
 * vouched for by no seal, also when later ones follow: that is told as a note.  One thread. */
#ifndef GATEWAY_CHAIN_SEALS_H
#define GATEWAY_CHAIN_SEALS_H

#include "base/base.h"
#include "base/secret.h"
#include "gateway/chain/seal.h"

enum { SEALS_TEXT = 200 };

/* Where the reading may begin. */
enum seals_scope {
    SEALS_FROM_FIRST, /* at the first record of a chain */
    SEALS_FROM_FILE,  /* at the beginning of any file, which goes on from another */
    SEALS_FROM_LINE,  /* anywhere */
};

struct seals {
    const struct secret *key; /* borrowed; NULL: seals are counted, and not looked at */
    enum seals_scope scope;
    bool begun;      /* a record was read since the chain began, or the reading */
    bool file_begun; /* or the file */

    struct seal last;           /* number 0: none yet, or of format 1 */
    bool any;                   /* `last` is one of this chain */
    unsigned long long count;   /* of seals, by all chains */
    unsigned long long sealed;  /* the last record that a seal vouches for, by seq */
    unsigned long long old;     /* the last one that only a seal of format 1 vouches for */
    unsigned long long unfound; /* records that a start found without a seal */
    unsigned long long first;   /* of the records behind the last seal, by seq; 0: there are none */
    int64_t since;              /* the first outcome behind the last seal, ms; 0: there is none */
    bool late;                  /* they come for longer than `every` */
};

void seals_init(struct seals *seals, const struct secret *key, enum seals_scope scope);

/* Another file begins; another chain does. */
void seals_take_file(struct seals *seals);
void seals_take_chain(struct seals *seals);

enum seals_find { SEALS_GOOD, SEALS_NOTE, SEALS_BROKEN };

/* The next whole line, of that seq; `text` says what there is to say.  After SEALS_BROKEN it goes on with
 * what the line claims, so that one alteration is one finding. */
MUST_USE enum seals_find seals_take(struct seals *seals, const char *bytes, size_t length,
                                    unsigned long long seq, char text[SEALS_TEXT]);

#endif
