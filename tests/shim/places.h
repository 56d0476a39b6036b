/* tests/shim/places.h - which allocations fail: what a test and the process share, a file named by
 * SHIM_MEMORY, or just the process's own memory where there is none.  What called the one that failed
 * last is in the file that SHIM_SHOW names. */
#ifndef TESTS_SHIM_PLACES_H
#define TESTS_SHIM_PLACES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MEMORY_PLACES = 32768 };
enum { MEMORY_FRESH = 1, CALLS_FRESH = 2 };

/* Either the n-th allocation fails, by `countdown`, or one at a place where none has failed yet.  A place
 * is what calls what to get there: the innermost calls of our own program, so that a library's inside is
 * one place. */
struct memory {
    atomic_llong countdown; /* 1: the next one fails; 0: none does */
    atomic_llong calls;
    atomic_llong failed;
    atomic_llong fresh; /* MEMORY_FRESH, CALLS_FRESH: the next one at a new place fails, and it is 0 again */
    atomic_llong every; /* of so many places one is looked at: which, says */
    atomic_llong first;
    _Atomic uint64_t places[MEMORY_PLACES]; /* where one has failed; 0: free */
};

/* Never NULL. */
struct memory *memory_shared(void);

/* Does this allocation fail?  For what allocates without the C library. */
bool memory_fails(void);

/* The same of what is asked of the system, or of a library: of those, one fails only as a new place. */
bool memory_call_fails(void);

#endif
