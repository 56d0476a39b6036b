/* tests/unit.h - what the unit tests share: cmocka, vectors that are files, and tables that show every row
 * that is wrong in one run. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h> /* cmocka.h wants these four before it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/* 0 when they are equal (both can be NULL); 1, and the difference is printed under the row's name. */
MUST_USE int unit_differs(const char *row, const char *expected, const char *got);

/* 0 when `good`; 1, and the row's name is printed. */
MUST_USE int unit_wrong(const char *row, bool good);

/* tests/vectors/FOLDER/NAME as text, without its last line feed; NULL when there is no such file.  Lines that
 * start with '#' are left out: they name the source.  The caller frees it. */
MUST_USE char *unit_vector(const char *folder, const char *name);

/* Calls `run` with the name of each folder in tests/vectors/FOLDER, sorted; the sum of what it returned. */
MUST_USE int unit_each_folder(const char *folder, int (*run)(const char *name));

/* The absolute path of tests/vectors/FOLDER/NAME; the caller frees it. */
MUST_USE char *unit_path(const char *folder, const char *name);

/* Numbers that are the same in every run: xorshift64, `state` is not 0. */
uint64_t unit_random(uint64_t *state);

/* Lets time pass, where the time is what is tested.  What another thread does is waited for with
 * unit_await(); tests/house refuses any other sleep. */
void unit_elapse(long millis);

/* Until the condition holds, for a minute at most; fails then. */
#define unit_await(condition)                                                                                \
    do {                                                                                                     \
        int unit_tries = 60000;                                                                              \
        while (!(condition) && --unit_tries > 0)                                                             \
            unit_elapse(1);                                                                                  \
        if (unit_tries == 0)                                                                                 \
            fail_msg("waited for a minute: %s", #condition);                                                 \
    } while (0)

#endif
