#include "tests/fuzz/fuzz.h"

#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUZZ_ARENA = 64 * 1024 * 1024 };

extern const char config_catalog_yaml[]; /* catalog.yaml, embedded by CMake */
extern const size_t config_catalog_yaml_size;

_Noreturn void fuzz_broken(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
    size_t length = strnlen((const char *)bytes, size);
    char *text = malloc(length + 1);
    if (text == NULL)
        abort();
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

struct arena *fuzz_arena(void)
{
    static struct arena *arena;
    if (arena == NULL && (arena = arena_new(FUZZ_ARENA)) == NULL)
        abort();
    arena_reset(arena);
    return arena;
}

static void set_url(struct config_upstream *upstream, const char *text, struct arena *arena)
{
    struct err err = {0};
    if (url_parse(text, arena, &upstream->url, &err) != 0)
        abort();
    upstream->host = upstream->url.authority;
}

const struct config *fuzz_config(void)
{
    static struct config config;
    static struct config_credential credential;
    static struct config_upstream upstreams[] = {
        {.name = "vpc",
         .region = "ap-guangzhou",
         .sent_region = "ap-guangzhou",
         .scheme = CONFIG_HMAC_SHA256,
         .method = CONFIG_GET},
        {.name = "cvm",
         .region = "ap-shanghai",
         .sent_region = "sh",
         .scheme = CONFIG_HMAC_SHA1,
         .method = CONFIG_POST},
    };
    struct report report;
    if (config.arena != NULL)
        return &config;
    credential.id = secret_new("AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", 36);
    credential.key = secret_new("Gu5t9xGARNpq86cd98joQYCN3Cozk1qA", 32);
    config.arena = arena_new(FUZZ_ARENA);
    config.upstreams = upstreams;
    config.upstream_count = COUNT(upstreams);
    for (size_t i = 0; i < COUNT(upstreams); i++)
        upstreams[i].credential = &credential;
    set_url(&upstreams[0], "https://vpc.api.qcloud.com/v2/index.php", config.arena);
    set_url(&upstreams[1], "https://cvm.api.qcloud.com/v2/index.php", config.arena);
    report_init(&report);
    struct loader loader = {.arena = config.arena, .report = &report, .config = &config};
    const struct yaml_node *root =
        yaml_parse(config_catalog_yaml, config_catalog_yaml_size, "catalog.yaml", config.arena, &report);
    if (root == NULL || catalog_read(&loader, root) != 0)
        abort();
    report_done(&report);
    return &config;
}
