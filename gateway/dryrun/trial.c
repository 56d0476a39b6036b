#include "gateway/dryrun/trial.h"

#include "gateway/dryrun/offline.h"

#include <string.h>

enum { TRIAL_ARENA = 4 * 1024 * 1024 };

static const char *verdict_name(bool allowed)
{
    return allowed ? "allow" : "deny";
}

/* "deny by never-bastion", "deny by no rule" */
static int report_other(struct report *report, const struct config_trial *trial,
                        const struct policy_verdict *verdict)
{
    return report_error(report, &trial->mark, "the test expects %s%s%s, but the policy says %s by %s%s",
                        verdict_name(trial->expect_allow), trial->by == NULL ? "" : " by ",
                        trial->by == NULL ? "" : trial->by, verdict_name(verdict->allowed),
                        verdict->because == NULL ? "no rule" : "rule ",
                        verdict->because == NULL ? "" : verdict->because->id);
}

static int run_one(const struct config *config, const struct config_trial *trial, int64_t now,
                   struct arena *arena, struct report *report)
{
    struct exchange x = {.config = config, .arena = arena};
    struct policy_question question = {.client = trial->client,
                                       .now = trial->at == CONFIG_NEVER ? now : trial->at,
                                       .owner = policy_owner_of(trial->own)};
    if (offline_translate(&x, trial->method, trial->path, trial->body) != 0)
        return report_error(report, &trial->mark, "the test's request cannot become a call: %s", x.err.text);
    if (!network_parse_address(trial->from == NULL ? "127.0.0.1" : trial->from, &question.source))
        return report_error(report, &trial->mark, "from must be an address");
    question.call = x.call;
    struct policy_verdict verdict = policy_decide(&question);
    const char *by = verdict.because == NULL ? "" : verdict.because->id;
    if (verdict.allowed != trial->expect_allow || (trial->by != NULL && strcmp(trial->by, by) != 0))
        return report_other(report, trial, &verdict);
    return 0;
}

int trial_run(const struct config *config, int64_t now, struct report *report)
{
    int result = 0;
    struct arena *arena = arena_new(TRIAL_ARENA);
    if (arena == NULL)
        return report_error(report, NULL, "out of memory");
    for (size_t i = 0; i < config->trial_count; i++) {
        if (run_one(config, &config->trials[i], now, arena, report) != 0)
            result = -1;
        arena_reset(arena);
    }
    arena_free(arena);
    return result;
}
