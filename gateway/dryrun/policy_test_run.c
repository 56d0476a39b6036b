#include "gateway/dryrun/policy_test_run.h"

#include "gateway/dryrun/dry_run.h"

#include <string.h>

enum { POLICY_TEST_RUN_ARENA = 4 * 1024 * 1024 };

static const char *verdict_name(bool allowed)
{
    return allowed ? "allow" : "deny";
}

/* One test, and where its failure goes. */
struct run {
    const struct config_trial *trial;
    struct report *report;
    struct report_kind kind;
};

/* "deny by never-bastion", "deny by no rule" */
static int report_other(struct run *run, const struct policy_verdict *verdict)
{
    const struct config_trial *trial = run->trial;
    report_find(run->report, &run->kind, "the test expects %s%s%s, but the policy says %s by %s%s",
                verdict_name(trial->expect_allow), trial->by == NULL ? "" : " by ",
                trial->by == NULL ? "" : trial->by, verdict_name(verdict->allowed),
                verdict->because == NULL ? "no rule" : "rule ",
                verdict->because == NULL ? "" : verdict->because->id);
    return -1;
}

/* A test that passes today and fails on the day on which a rule ends says nothing on either. */
static int check_time(struct run *run, const struct config *config, const struct policy_question *question)
{
    const struct config_rule *rule = run->trial->at == CONFIG_NEVER ? policy_timed(config, question) : NULL;
    if (rule == NULL)
        return 0;
    report_find(run->report, &run->kind,
                "the test needs `at`: rule '%s' has %s, so the verdict changes with time", rule->id,
                rule->when != NULL ? "when" : "expires");
    return -1;
}

static int run_one(struct run *run, const struct config *config, int64_t now, struct arena *arena)
{
    const struct config_trial *trial = run->trial;
    struct exchange x = {.config = config, .arena = arena, .client = trial->client};
    struct policy_question question = {.client = trial->client,
                                       .subject = trial->subject,
                                       .now = trial->at == CONFIG_NEVER ? now : trial->at,
                                       .owner = policy_owner_of(trial->own)};
    run->kind.mark = &trial->mark;
    if (dry_run_translate(&x, trial->method, trial->path, trial->body) != 0 ||
        !network_parse_peer(trial->from == NULL ? "127.0.0.1" : trial->from, &question.source)) {
        report_find(run->report, &run->kind, "the test's request cannot become a call: %s", x.err.text);
        return -1;
    }
    question.call = x.call;
    if (check_time(run, config, &question) != 0)
        return -1;
    struct policy_verdict verdict = policy_decide(&question);
    const char *by = verdict.because == NULL ? "" : verdict.because->id;
    if (verdict.allowed != trial->expect_allow || (trial->by != NULL && strcmp(trial->by, by) != 0))
        return report_other(run, &verdict);
    return 0;
}

int policy_test_run_run(const struct config *config, int64_t now, enum report_severity severity,
                        struct report *report)
{
    int result = 0;
    struct run run = {.report = report, .kind = {.severity = severity}};
    struct arena *arena = arena_new(POLICY_TEST_RUN_ARENA);
    if (severity != REPORT_ERROR)
        run.kind.advice = "correct the policy or the test: until then reloads are refused";
    if (arena == NULL)
        return report_error(report, NULL, "out of memory");
    for (size_t i = 0; i < config->trial_count; i++) {
        run.trial = &config->trials[i];
        if (run_one(&run, config, now, arena) != 0)
            result = -1;
        arena_reset(arena);
    }
    arena_free(arena);
    return result;
}
