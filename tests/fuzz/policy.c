/* policy.yaml of any bytes: findings with their places, or a policy whose verdicts are those of a reader that
 * looks at every rule of the file, one after the other. */
#include "tests/fuzz/fuzz.h"

#include "auth/policy.h"
#include "base/text.h"
#include "config/model/config.h"
#include "config/policy/policy_file.h"
#include "config/reader/keyword.h"

#include <stdlib.h>
#include <string.h>

enum { POLICY_FUZZ_MAX = 64 * 1024, POLICY_ARENA = 64 * 1024 * 1024, POLICY_NOW = 1795478400 };

static void check_findings(const struct report *report, bool good)
{
    const char *text = buf_text(&report->errors);
    FUZZ_MUST(good == (report->error_count == 0) && good == (text[0] == '\0'));
    FUZZ_MUST(text_is_utf8(text, strlen(text)));
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1)
        FUZZ_MUST(!text_has_control(at, strcspn(at, "\n")));
}

/* Silence is no; any deny beats every allow; the first rule of the file that made the verdict is named. */
static struct policy_verdict decide_naively(const struct config *config,
                                            const struct policy_question *question)
{
    const struct config_rule *first[2] = {NULL, NULL};
    for (size_t i = config->rule_count; i-- > 0;)
        if (!config->rules[i]->audit && policy_try(config->rules[i], question, NULL) == POLICY_MATCHES)
            first[config->rules[i]->effect == CONFIG_DENY] = config->rules[i];
    return (struct policy_verdict){.allowed = first[0] != NULL && first[1] == NULL,
                                   .because = first[1] != NULL ? first[1] : first[0]};
}

static struct call *make_call(const struct config_route *route, const char *id, struct arena *arena)
{
    struct err err = {0};
    const char **values = arena_array(arena, 1, sizeof *values);
    struct call *call = call_new(route, NULL, arena);
    FUZZ_MUST(values != NULL && call != NULL);
    values[0] = id;
    for (size_t i = 0; i < route->param_count; i++)
        FUZZ_MUST(call_add(call, &route->params[i], values, 1, &err) == 0);
    FUZZ_MUST(call_set_region(call, "ap-guangzhou", &err) == 0);
    call_seal(call);
    return call;
}

static void check_verdicts(const struct config *config)
{
    static const char *const ids[] = {"vpc-2ari9m7h", "ins-bastion-1", "7", "gz_vpc_247", "qcvm10005"};
    for (size_t i = 0; i < config->route_count * COUNT(ids); i++) {
        const struct call *call =
            make_call(&config->routes[i / COUNT(ids)], ids[i % COUNT(ids)], config->arena);
        size_t asked = 0;
        for (const struct config_client *client = config->clients; client != NULL && asked < 8; asked++) {
            struct policy_question question = {.client = client, .call = call, .now = POLICY_NOW};
            FUZZ_MUST(network_parse_address("127.0.0.1", &question.source));
            struct policy_verdict verdict = policy_decide(&question);
            struct policy_verdict expected = decide_naively(config, &question);
            FUZZ_MUST(verdict.allowed == expected.allowed && verdict.because == expected.because);
            client = client->hh.next;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *scratch;
    struct report report;
    if (size > POLICY_FUZZ_MAX)
        return 0;
    if (scratch == NULL && (scratch = arena_new(POLICY_ARENA)) == NULL)
        abort();
    arena_reset(scratch);
    struct config config = *fuzz_config(); /* the routes are borrowed */
    config.arena = fuzz_arena();
    report_init(&report);
    struct loader loader = {
        .arena = config.arena, .scratch = scratch, .report = &report, .config = &config, .now = POLICY_NOW};
    const struct yaml_node *root = yaml_parse((const char *)bytes, size, "fuzz.yaml", scratch, &report);
    bool good = root != NULL && policy_file_read(&loader, root) == 0 && report.error_count == 0;
    check_findings(&report, good);
    if (good)
        check_verdicts(&config);
    HASH_CLEAR(hh, config.clients);
    HASH_CLEAR(hh, config.certificates);
    report_done(&report);
    return 0;
}
