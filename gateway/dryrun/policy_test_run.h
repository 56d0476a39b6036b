/* gateway/dryrun/policy_test_run.h - the policy's own tests, by the code that serves requests. */
#ifndef GATEWAY_DRYRUN_POLICY_TEST_RUN_H
#define GATEWAY_DRYRUN_POLICY_TEST_RUN_H

#include "base/base.h"
#include "config/model/config.h"
#include "config/reader/report.h"

/* Runs every test of the policy; each that fails is a finding of that severity at its line.  `now` (seconds)
 * is for tests without `at`: they may not depend on it.  -1 when one failed. */
MUST_USE int policy_test_run_run(const struct config *config, int64_t now, enum report_severity severity,
                                 struct report *report);

#endif
