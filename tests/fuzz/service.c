/* countersign.yaml of any bytes: a whole configuration, or findings with their places. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE_FUZZ_MAX = 64 * 1024 };

static char secret[40];

/* Another one for every input, so that the input does not hold it: FNV-1a. */
static void choose_secret(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 1099511628211u;
    (void)snprintf(secret, sizeof secret, "%016llx%016llx", (unsigned long long)hash,
                   (unsigned long long)~hash);
    if (setenv("FUZZ_ID", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", 1) != 0 ||
        setenv("FUZZ_KEY", secret, 1) != 0)
        abort();
}

/* Each finding is one line that starts with the file's name, and no finding tells a secret. */
static void check_findings(const struct report *report, bool good)
{
    const char *text = buf_text(&report->errors);
    size_t lines = 0;
    FUZZ_MUST(good == (report->error_count == 0));
    FUZZ_MUST(strstr(text, secret) == NULL && strstr(buf_text(&report->warnings), secret) == NULL);
    FUZZ_MUST(text_is_utf8(text, strlen(text)));
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        FUZZ_MUST(strncmp(at, "fuzz.yaml:", 10) == 0 || lines == REPORT_ERRORS_MAX);
        FUZZ_MUST(!text_has_control(at, strcspn(at, "\n")));
        lines++;
    }
    FUZZ_MUST((lines > 0) == (report->error_count > 0));
}

static void check_upstream(const struct config_upstream *upstream)
{
    FUZZ_MUST(upstream->credential != NULL && upstream->credential->id != NULL &&
              upstream->credential->key != NULL);
    FUZZ_MUST(upstream->url.path[0] == '/' && upstream->host[0] != '\0');
    FUZZ_MUST(strpbrk(upstream->host, "/&=?# \r\n") == NULL);
    FUZZ_MUST(text_is_name(upstream->region));
    FUZZ_MUST(upstream->slots >= 1 && upstream->timeout >= 100);
}

static void check_good(const struct config *config)
{
    FUZZ_MUST(config->workers >= 2 && config->workers <= 10000);
    FUZZ_MUST(config->policy_file != NULL && config->listen.count > 0);
    FUZZ_MUST(config->upstream_count > 0);
    for (size_t i = 0; i < config->upstream_count; i++)
        check_upstream(&config->upstreams[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct report report;
    if (size > SERVICE_FUZZ_MAX)
        return 0;
    choose_secret(bytes, size);
    struct config config = {.arena = fuzz_arena()};
    report_init(&report);
    struct loader loader = {.arena = config.arena, .report = &report, .config = &config};
    const struct yaml_node *root = yaml_parse((const char *)bytes, size, "fuzz.yaml", config.arena, &report);
    bool good = root != NULL && settings_read(&loader, root) == 0 && report.error_count == 0;
    check_findings(&report, good);
    if (good)
        check_good(&config);
    config_done(&config);
    report_done(&report);
    return 0;
}
