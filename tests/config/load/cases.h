/* tests/config/load/cases.h - the cases of tests/vectors/config, laid out as files. */
#ifndef TESTS_CONFIG_LOAD_CASES_H
#define TESTS_CONFIG_LOAD_CASES_H

/* 2026-11-24: nothing in the vectors has expired then. */
#define CASES_TODAY 1795478400

enum { CASES_PATH = 512 };

extern char cases_home[]; /* the working folder of all cases, once cases_enter() has made it */

/* For cmocka_run_group_tests(). */
int cases_enter(void **state);
int cases_leave(void **state);

/* An empty working folder, whatever the last case left. */
void cases_start_afresh(void);

/* The files of tests/vectors/FOLDER in it, set up. */
void cases_lay_out(const char *folder);

#endif
